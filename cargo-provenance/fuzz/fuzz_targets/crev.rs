//! Proof files of crev: reading never panics, and nothing is a review that the key did not sign.

#![no_main]

use cargo_provenance::audit::crev::{Digest, Proofs, latest};
use libfuzzer_sys::fuzz_target;
use provenance_build::signing::PublicKey;

// The base point of the curve: a key like any other to somebody who only tries texts.
const KEY: [u8; 32] = {
    let mut key = [0x66; 32];
    key[0] = 0x58;
    key
};

fuzz_target!(|bytes: &[u8]| {
    let key = PublicKey::from_bytes(&KEY).expect("a key");
    let mut proofs = Proofs::default();
    if proofs.read(bytes, "fuzz.proof.crev", &key).is_ok() {
        assert!(latest(proofs.reviews).is_empty());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Digest::of_files(text.lines().map(|line| (line, bytes)));
        if let Some(digest) = Digest::parse(text) {
            assert_eq!(digest.to_string(), text);
        }
    }
});
