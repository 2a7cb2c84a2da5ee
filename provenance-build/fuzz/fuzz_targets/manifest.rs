//! `Provenance.lock`: what the reader accepts is, byte for byte, what the writer writes.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use provenance_build::Manifest;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::parse(bytes, Path::new("Provenance.lock")) {
        assert_eq!(manifest.to_text().as_bytes(), bytes);
        assert!(manifest.packages.iter().all(|pin| manifest.pin_for(&pin.id()) == Some(pin)));
    }
});
