//! The file of allowed signers: no text makes the reader panic, and each key that counts was listed.
#![no_main]

use cargo_provenance::commit::{Signers, matches};
use libfuzzer_sys::fuzz_target;
use provenance_build::Moment;

fuzz_target!(|bytes: &[u8]| {
    let Ok(signers) = Signers::parse(bytes) else { return };
    for key in signers.keys() {
        assert!(key.is_supported());
        let _ = signers.standing(key, "alice@example.org", Moment(0), Moment(0));
    }
    let text = String::from_utf8_lossy(bytes);
    if let Some((list, name)) = text.split_once('\n') {
        let _ = matches(list, name);
    }
});
