//! DSSE envelopes and bundles of them: nothing passes that nobody signed, and what is read is written alike.
#![no_main]

use cargo_provenance::attest::bundle::Bundle;
use cargo_provenance::attest::envelope::{Envelope, verify};
use libfuzzer_sys::fuzz_target;
use provenance_build::signing::PublicKey;

fuzz_target!(|bytes: &[u8]| {
    // The public key of RFC 8032, test 1: no input holds a signature of it over an encoding of its own.
    let key = b"\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";
    let key = PublicKey::from_bytes(key).expect("a key");
    if let Ok(envelope) = Envelope::read(bytes) {
        assert!(verify(&envelope, &[key], 0).is_err());
        assert_eq!(Envelope::read(envelope.to_line().as_bytes()), Ok(envelope));
    }
    let _ = Bundle::read(bytes);
});
