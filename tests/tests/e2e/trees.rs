//! Links, devices and odd names in the sources of a registry package: none is ever skipped.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tests::files;
use tests::project::{CLEAN, EVIL};
use tests::{Krate, Project, Sandbox};

/// A gated project and the sources of its `victim`, which includes `src/said.txt`.
fn gated(sandbox: &Sandbox) -> (Project<'_>, PathBuf) {
    let source = "pub fn greeting() -> &'static str { include_str!(\"said.txt\").trim() }";
    let published = Krate::new("victim", "1.0.0").file("src/lib.rs", source).file("src/said.txt", CLEAN);
    sandbox.registry().publish(&published);
    let make = |name| Project::greeter(sandbox, name, "victim = \"1\"", "victim::greeting()");
    let gated = make("gated").gate();
    gated.is_clean();
    make("plain").cargo(["fetch"]).ok();
    (gated, sandbox.source("victim-1.0.0"))
}

#[test]
fn a_link_in_the_place_of_a_file() {
    let sandbox = Sandbox::new();
    let (gated, source) = gated(&sandbox);
    let plain = Project::empty(&sandbox, "plain");
    files::write(&sandbox.path("outside.txt"), "EVIL");
    let said = source.join("src/said.txt");

    files::remove(&said);
    files::link(&sandbox.path("outside.txt"), &said);
    plain.says(EVIL);
    gated.refuses("victim");
    // The very same bytes behind a link are refused too: they can change without a trace.
    files::write(&sandbox.path("outside.txt"), CLEAN);
    gated.refuses("victim");

    files::remove(&said);
    files::write(&said, CLEAN);
    gated.is_clean();
}

#[test]
fn a_link_in_the_place_of_the_package() {
    let sandbox = Sandbox::new();
    let (gated, source) = gated(&sandbox);
    let plain = Project::empty(&sandbox, "plain");
    let elsewhere = sandbox.path("elsewhere");
    fs::rename(&source, &elsewhere).expect("a movable directory");
    files::link(&elsewhere, &source);

    files::write(&elsewhere.join("src/said.txt"), EVIL);
    plain.says(EVIL);
    gated.refuses("victim");

    files::remove(&source);
    files::write(&elsewhere.join("src/said.txt"), CLEAN);
    fs::rename(&elsewhere, &source).expect("a movable directory");
    gated.is_clean();
}

#[test]
fn links_and_odd_names_beside_the_sources() {
    let sandbox = Sandbox::new();
    let (gated, source) = gated(&sandbox);
    let plain = Project::empty(&sandbox, "plain");
    let odd: [&[u8]; 6] = [
        b"src/new\nline.rs",
        b"src/\xff\xfe.rs",
        b"src/\x1b[31mred.rs",
        b".cargo-ok.rs",
        b"src/.cargo-ok",
        b".git/config",
    ];
    for name in odd {
        let path = source.join(OsStr::from_bytes(name));
        files::write(&path, "");
        plain.says(CLEAN);
        gated.verify_finds("victim");
        gated.build_refuses("victim");
        if name.starts_with(b".git") {
            files::remove(path.parent().expect("a directory"));
        } else {
            files::remove(&path);
        }
    }
    let links: [(&Path, &str); 3] = [
        (Path::new("/nowhere"), "src/dangling"),
        (Path::new("."), "src/loop"),
        (Path::new("lib.rs"), "src/same.rs"),
    ];
    for (target, link) in links {
        files::link(target, &source.join(link));
        plain.says(CLEAN);
        gated.verify_finds("victim");
        gated.build_refuses("victim");
        files::remove(&source.join(link));
    }
    gated.is_clean();
}

#[test]
fn a_pipe_among_the_sources_does_not_block() {
    let sandbox = Sandbox::new();
    let (gated, source) = gated(&sandbox);
    let pipe = source.join("src/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("`mkfifo` runs");
    assert!(made.success());
    gated.refuses("victim");

    files::remove(&pipe);
    gated.is_clean();
}

#[test]
fn an_empty_directory_is_no_drift() {
    let sandbox = Sandbox::new();
    let (gated, source) = gated(&sandbox);
    fs::create_dir(source.join("empty")).expect("a directory");
    gated.is_clean();
}

#[test]
fn a_changed_unpacking_marker() {
    let sandbox = Sandbox::new();
    let (gated, source) = gated(&sandbox);
    let marker = source.join(".cargo-ok");
    let honest = files::read(&marker);
    files::write(&marker, "pub fn greeting() -> &'static str { \"EVIL\" }");
    // Included from `.cargo-ok` it would be code; cargo itself takes such a package for not unpacked.
    gated.verify_finds("victim");

    files::write(&marker, honest);
    gated.is_clean();
}
