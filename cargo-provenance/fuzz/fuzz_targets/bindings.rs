//! Bindings of reviews to bytes: reading never panics, and what is written reads as it was.

#![no_main]

use std::path::Path;

use cargo_provenance::audit::Bindings;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = Path::new("bindings.toml");
    let Ok(bindings) = Bindings::read(bytes, file) else { return };
    for (krate, list) in &bindings.crates {
        for binding in list {
            let _ = binding.signers(krate);
        }
    }
    let text = bindings.text();
    let again = Bindings::read(text.as_bytes(), file).expect("what was written");
    assert_eq!(again.text(), text);
});
