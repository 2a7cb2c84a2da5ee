//! Bundles for machines without a network: reading never panics.

#![no_main]

use cargo_provenance::collect::bundle::Bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Bundle::parse(bytes.to_vec());
});
