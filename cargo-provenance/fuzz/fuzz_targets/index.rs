//! Cargo's index cache, and the plain index files of a local registry.
#![no_main]

use cargo_provenance::index::{parse_cache, parse_lines};
use libfuzzer_sys::fuzz_target;
use provenance_build::PackageName;

fuzz_target!(|bytes: &[u8]| {
    let Some(name) = PackageName::parse("a") else { return };
    let _ = parse_cache(bytes, &name);
    let _ = parse_lines(bytes, &name);
});
