//! Cargo configuration of a repository, with its `include`, source replacement and recorded settings.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use provenance_build::Source;
use provenance_build::config::{Configuration, Surroundings};
use provenance_build::name::CRATES_IO;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let root = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(root.path().join("work/.cargo")).expect("a directory");
    root
});

fuzz_target!(|text: &str| {
    let root = ROOT.path().join("work");
    fs::write(root.join(".cargo/config.toml"), text).expect("written");
    let surroundings = Surroundings {
        root: root.clone(),
        starts: vec![],
        members: vec![],
        cargo_home: ROOT.path().join("home"),
        arguments: vec![],
        lockfile: None,
    };
    let Ok(configuration) = Configuration::read(&surroundings) else { return };
    let git = "git+https://example.com/r?branch=main#0123456789abcdef0123456789abcdef01234567";
    for view in &configuration.views {
        let _ = view.directories();
        for source in [CRATES_IO, "sparse+https://example.com/i/", git].into_iter().filter_map(Source::parse) {
            let _ = view.replacement(&source);
        }
    }
    let _ = configuration.lockfile(&root);
});
