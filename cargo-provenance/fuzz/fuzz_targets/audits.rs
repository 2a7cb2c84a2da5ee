//! Audit files, own and foreign: reading never panics, and what is written reads as it was.

#![no_main]

use std::path::Path;

use cargo_provenance::audit::{Answer, Config, Imports, Publications, Published, Set};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = Path::new("audits.toml");
    let _ = Config::read(bytes, file);
    let _ = Imports::read(bytes, file);
    if let Ok(publications) = Publications::read(bytes, file) {
        let text = publications.text();
        let again = Publications::read(text.as_bytes(), file).expect("what was written");
        assert_eq!(again.text(), text);
    }
    if let Ok(answer) = Answer::read(bytes, "a") {
        let mut publications = Publications::default();
        publications.take("a", &answer, &Default::default());
        Publications::read(publications.text().as_bytes(), file).expect("what was written");
    }
    if let Ok(published) = Published::read(bytes, file) {
        let text = published.set.text();
        let again = Set::read(text.as_bytes(), file).expect("what was written");
        assert_eq!(again.text(), text);
    }
});
