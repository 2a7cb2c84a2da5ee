//! `Cargo.lock`: no bytes make the strict reader panic, and what it accepts is sorted and complete.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use provenance_build::Lockfile;

fuzz_target!(|bytes: &[u8]| {
    let Ok(lockfile) = Lockfile::parse(bytes, Path::new("Cargo.lock")) else { return };
    assert!(lockfile.packages.windows(2).all(|pair| pair[0].id.name <= pair[1].id.name));
    for package in &lockfile.packages {
        let published = package.id.source.as_ref().is_some_and(|source| !source.is_git());
        assert_eq!(published, package.checksum.is_some());
    }
});
