//! `Provenance.toml`: no text makes the reader panic, and the same text has the same digest.
#![no_main]

use std::path::Path;

use cargo_provenance::policy::Policy;
use cargo_provenance::vet::catalogue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = Path::new("Provenance.toml");
    match (Policy::parse(bytes, file, catalogue()), Policy::parse(bytes, file, catalogue())) {
        (Ok(one), Ok(other)) => assert_eq!(one.digest(), other.digest()),
        (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
        _ => panic!("two answers to one text"),
    }
});
