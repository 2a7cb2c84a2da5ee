//! Sources: any bytes as a build script, as one of its modules, as a macro and as a library.
#![no_main]

use cargo_provenance::archive::File;
use cargo_provenance::survey::{Sources, Survey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let cut = bytes.first().map_or(0, |at| usize::from(*at) % bytes.len());
    let file = |path, content| File { path, executable: false, content };
    for proc_macro in [false, true] {
        let sources = Sources {
            files: vec![
                file("build.rs", bytes),
                file("a.rs", &bytes[cut..]),
                file("src/lib.rs", &bytes[..cut]),
                file("src/a.rs", bytes),
            ],
            build_scripts: vec!["build.rs".to_owned()],
            library: Some("src/lib.rs".to_owned()),
            proc_macro,
            ..Sources::default()
        };
        let survey = Survey::of(&sources);
        assert_eq!(survey, Survey::of(&sources));
        assert!(survey.code.changes_since(&survey.code).is_empty());
    }
});
