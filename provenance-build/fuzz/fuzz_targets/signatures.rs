//! Signature files and trusted keys: no text makes their readers panic, and none makes a signature count.
//!
//! The input is the text of a signature file, a zero byte, and a list of trusted keys.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use provenance_build::Moment;
use provenance_build::signing::{Trust, TrustedKey, check, sshsig};

fuzz_target!(|text: &str| {
    let (signatures, keys) = text.split_once('\0').unwrap_or((text, text));
    if let Ok(blocks) = sshsig::parse(signatures) {
        for block in &blocks {
            // What was read is a file of its own that reads alike.
            let again = sshsig::parse(&block.text).expect("a block");
            assert_eq!((again.len(), &again[0].signature), (1, &block.signature));
        }
    }
    let keys = TrustedKey::parse_all(keys, Path::new("keys")).unwrap_or_default();
    for trusted in &keys {
        let line = trusted.key.to_string();
        assert_eq!(TrustedKey::parse(&line, Path::new("keys"), 1).expect("a key").key, trusted.key);
        let print = trusted.key.fingerprint();
        assert_eq!(provenance_build::signing::Fingerprint::parse(&print.to_string()), Some(print));
    }
    let trust = Trust { keys, ..Trust::default() };
    let manifest = b"no signature of these bytes was ever made";
    assert!(check(manifest, Some(signatures), &trust, Moment(0)).is_err());
});
