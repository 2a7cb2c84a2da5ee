//! The scanner of sources: any bytes as every kind of file that is looked into, and cut in two that may include each other.
#![no_main]

use cargo_provenance::archive::File;
use cargo_provenance::survey::{Sources, Survey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let names = ["build.rs", "src/lib.rs", "src/a.rs", "tests/a.rs", "a.toml", "a.lib", "a.png", "a.in"];
    let file = |(number, path): (usize, &&'static str)| File {
        path,
        executable: number % 2 == 0,
        content: [bytes, first, second][number % 3],
    };
    for proc_macro in [false, true] {
        let sources = Sources {
            files: names.iter().enumerate().map(file).collect(),
            build_scripts: vec!["build.rs".to_owned()],
            library: Some("src/lib.rs".to_owned()),
            proc_macro,
            above: 1,
            nested: vec!["src/b/".to_owned()],
            ..Sources::default()
        };
        let survey = Survey::of(&sources);
        assert!(survey.content.sights.iter().all(|sight| names.contains(&&*sight.path)));
        assert!(survey == Survey::of(&sources));
    }
});
