//! The sandbox and the registry do what the other tests rely on.

use std::fs;

use tests::krate::{greeting_macro_source, sha256};
use tests::project::{self, CLEAN};
use tests::{Krate, Project, Registry, Response, Sandbox};

#[test]
fn cargo_builds_from_the_local_registry_and_asks_for_nothing_else() {
    let sandbox = Sandbox::new();
    let project = Project::app(&sandbox, "plain");
    project.says(CLEAN);
    let asked = sandbox.registry().requests();
    assert!(asked.contains(&Registry::download_path("victim", "1.0.0")), "{asked:?}");
    assert!(asked.contains(&Registry::index_path("victim")), "{asked:?}");
    assert!(sandbox.source("victim-1.0.0").join("src/lib.rs").is_file());
    let lock = tests::files::read(&project.path("Cargo.lock"));
    let archive = fs::read(sandbox.archive("victim-1.0.0")).expect("a cached archive");
    assert!(lock.contains(&sha256(&archive)), "{lock}");
    assert!(lock.contains("registry+https://github.com/rust-lang/crates.io-index"), "{lock}");
}

#[test]
fn cargo_builds_procedural_macros_build_scripts_and_features() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    registry.publish(
        &Krate::new("victim-macro", "1.0.0")
            .proc_macro()
            .dependency("victim", "1")
            .file("src/lib.rs", &greeting_macro_source("victim")),
    );
    registry.publish(
        &Krate::new("scripted", "1.0.0")
            .build_script("fn main() { println!(\"cargo::rustc-env=SAID=from the script\"); }")
            .optional_dependency("victim", "1")
            .feature("extra", &["dep:victim"])
            .file("src/lib.rs", "pub const SAID: &str = env!(\"SAID\");"),
    );
    let project = Project::greeter(
        &sandbox,
        "plain",
        "victim-macro = \"1\"\nscripted = { version = \"1\", features = [\"extra\"] }",
        "victim_macro::greeting!().to_owned() + scripted::SAID",
    );
    project.says("cleanfrom the script");
}

#[test]
fn cargo_builds_from_the_alternative_registry() {
    let sandbox = Sandbox::new();
    sandbox.alternative().publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    let line = "victim = { version = \"1\", registry = \"test\" }";
    Project::greeter(&sandbox, "plain", line, "victim::greeting()").says(CLEAN);
}

#[test]
fn the_registry_misbehaves_when_told_to() {
    let sandbox = Sandbox::new();
    let project = Project::app(&sandbox, "plain");
    let path = Registry::download_path("victim", "1.0.0");
    let archive = Krate::greeting("victim", "1.0.0", CLEAN).old_manifest().to_archive();
    for (response, says) in [
        (Response::Status(500), "500"),
        (Response::Truncated(archive.clone(), 100), "victim"),
        (Response::Body(b"something else".to_vec()), "checksum"),
    ] {
        sandbox.registry().respond(&path, response);
        project.cargo(["fetch"]).run().code(101).stderr_has(says);
    }
    sandbox.registry().behave(&path);
    project.says(CLEAN);
    sandbox.registry().yank("victim", "1.0.0");
    tests::files::remove(&project.path("Cargo.lock"));
    project.cargo(["generate-lockfile"]).run().code(101).stderr_has("yanked");
}

#[test]
fn the_compiled_helper_is_fresh_in_every_project() {
    let sandbox = Sandbox::new();
    for name in ["one", "two"] {
        let helper = sandbox.helper().display();
        let project = Project::empty(&sandbox, name)
            .with(
                "Cargo.toml",
                &project::package("app", "").replace("[dependencies]", "[build-dependencies]"),
            )
            .with("src/main.rs", "fn main() {}")
            .with("build.rs", "use provenance_build as _;\nfn main() {}");
        tests::files::append(&project.path("Cargo.toml"), &format!("provenance-build.path = \"{helper}\"\n"));
        sandbox.seed_target(&project.path("target"));
        let output = project.cargo(["build"]).ok();
        assert!(output.stderr.contains("Compiling app"), "{output}");
        let compiled = output.stderr.matches("Compiling").count();
        assert_eq!(compiled, 1, "{output}");
    }
}

#[test]
fn the_environment_holds_nothing_of_the_outside() {
    let sandbox = Sandbox::new();
    let project = Project::app(&sandbox, "plain")
        .with("src/main.rs", "fn main() { for (name, _) in std::env::vars() { println!(\"{name}\"); } }");
    let output = project.cargo(["run", "--quiet"]).ok();
    for name in output.stdout.lines() {
        let known = ["HOME", "LC_ALL", "NO_COLOR", "PATH", "PWD", "TERM", "TMPDIR", "LD_LIBRARY_PATH"];
        // Cargo itself sets the variables about certificates.
        let known =
            known.contains(&name) || ["CARGO", "GIT_", "SSL_CERT_"].iter().any(|it| name.starts_with(it));
        assert!(known, "`{name}` came in from outside");
    }
}
