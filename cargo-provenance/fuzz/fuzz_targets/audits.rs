//! Audit files, own and foreign: reading never panics, and what is written reads as it was.

#![no_main]

use std::path::Path;

use cargo_provenance::audit::{Config, Imports, Published, Set};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = Path::new("audits.toml");
    let _ = Config::read(bytes, file);
    let _ = Imports::read(bytes, file);
    if let Ok(published) = Published::read(bytes, file) {
        let text = published.set.text();
        let again = Set::read(text.as_bytes(), file).expect("what was written");
        assert_eq!(again.text(), text);
    }
});
