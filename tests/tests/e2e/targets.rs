//! Attacks whose code lies where no hash covers it: a manifest names a file outside of its package.

use tests::files;
use tests::krate::greeting_source;
use tests::project::{CLEAN, EVIL, package};
use tests::{Krate, Project, Sandbox};

use super::git;

/// Expects that plain cargo compiles the file outside, and that neither `init` nor a policy lets the package in.
#[track_caller]
fn refused_where_cargo_compiles(plain: Project<'_>, name: &str) {
    plain.says(EVIL);
    plain.provenance(["init"]).run().code(1).stderr_has(&format!("error[target-outside]: `{name}"));
    assert!(!plain.path("Provenance.lock").exists());
    let target = "[checks]\ntarget-outside = \"allow\"\n";
    files::write(&plain.path("Provenance.toml"), format!("version = 1\n{target}"));
    plain.provenance(["init"]).run().code(2).stderr_has("target-outside");
}

#[test]
fn a_build_script_outside_of_a_published_package() {
    let sandbox = Sandbox::new();
    let outside = sandbox.path("outside.rs");
    let mark = sandbox.path("mark");
    files::write(&outside, format!("fn main() {{ std::fs::write({mark:?}, \"\").unwrap(); }}"));
    let line = format!("build = {:?}", outside.display().to_string());
    sandbox.registry().publish(&Krate::greeting("stray", "1.0.0", EVIL).package_line(&line));
    refused_where_cargo_compiles(
        Project::greeter(&sandbox, "work", "stray = \"1\"", "stray::greeting()"),
        "stray v1.0.0",
    );
    assert!(mark.exists(), "the build script did not run");
}

#[test]
fn a_library_outside_of_a_path_package() {
    let sandbox = Sandbox::new();
    for (name, path) in [("one", "../outside.rs"), ("two", "target/lib.rs"), ("three", ".git/lib.rs")] {
        let directory = sandbox.path(&format!("near-{name}"));
        let text = format!("{}\n[lib]\npath = \"{path}\"\n", package("neighbor", ""));
        files::write(&directory.join("Cargo.toml"), text);
        files::write(&directory.join(path), greeting_source(EVIL));
        let line = format!("neighbor.path = \"../near-{name}\"");
        let project = Project::greeter(&sandbox, name, &line, "neighbor::greeting()");
        refused_where_cargo_compiles(project, "neighbor v0.1.0");
    }
}

#[test]
fn a_library_outside_of_a_checkout() {
    let sandbox = Sandbox::new();
    let origin = git::repository(&sandbox);
    let manifest = |path: &str| format!("{}\n[lib]\npath = \"{path}\"\n", package("victim", ""));
    // Beside the package, but in the checkout, which is hashed as a whole.
    let inside = manifest("../../shared.rs");
    origin.with("crates/victim/Cargo.toml", &inside).with("shared.rs", &greeting_source(CLEAN)).commit("2");
    let project = git::dependent(&sandbox, "inside");
    project.says(CLEAN);
    project.provenance(["init"]).ok();

    let outside = sandbox.cargo_home().join("outside.rs");
    files::write(&outside, greeting_source(EVIL));
    for (name, path) in [
        ("absolute", outside.display().to_string()),
        // Past checkout, repository, `checkouts` and `git`.
        ("relative", "../../../../../../outside.rs".to_owned()),
    ] {
        origin.with("crates/victim/Cargo.toml", &manifest(&path)).commit(name);
        refused_where_cargo_compiles(git::dependent(&sandbox, name), "victim v0.1.0");
    }
}
