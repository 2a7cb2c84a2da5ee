//! Every command of cargo that compiles is refused, not only `cargo build`.

use tests::files;
use tests::project::{CLEAN, EVIL, make_clean, make_evil, refused};
use tests::sandbox::host;
use tests::{Krate, Project, Sandbox};

/// A project whose compilation itself fails unless `victim` is honest, so that `cargo check` is attacked too.
fn checked<'sandbox>(sandbox: &'sandbox Sandbox, name: &'sandbox str) -> Project<'sandbox> {
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    Project::greeter(sandbox, name, "victim = \"1\"", "victim::greeting()")
        .with("tests/it.rs", "#[test]\nfn it() { assert_eq!(victim::greeting(), \"clean\"); }\n")
}

#[test]
fn edited_registry_source_under_every_command() {
    let sandbox = Sandbox::new();
    let plain = checked(&sandbox, "plain");
    let gated = checked(&sandbox, "gated").gate();
    plain.cargo(["fetch"]).ok();
    gated.is_clean();
    let source = sandbox.source("victim-1.0.0");
    let target = ["--target", host()];
    let commands: [&[&str]; 8] = [
        &["check"],
        &["build", "--release"],
        &["test", "--no-run"],
        &["clippy"],
        &["doc", "--no-deps"],
        &["run"],
        &["bench", "--no-run"],
        &["rustc", "--bin", "app"],
    ];

    make_evil(&source);
    for arguments in commands {
        plain.cargo([]).args(arguments).ok();
        refused(gated.cargo([]).args(arguments), "victim");
        refused(gated.cargo([]).args(arguments).args(target), "victim");
    }
    plain.says(EVIL);

    make_clean(&source);
    for arguments in commands {
        gated.cargo([]).args(arguments).ok();
    }
    gated.cargo(["test", "--quiet"]).ok();
    gated.cargo(["run", "--quiet"]).args(target).ok().stdout_has(CLEAN);
    gated.is_clean();
}

#[test]
fn the_refusal_says_what_where_and_what_to_do() {
    let sandbox = Sandbox::new();
    let gated = checked(&sandbox, "gated").gate();
    gated.is_clean();
    make_evil(&sandbox.source("victim-1.0.0"));
    let manifest = files::read(&gated.path("Provenance.lock"));
    let entry = manifest.split("[[package]]").find(|it| it.contains("name = \"victim\"")).expect("a pin");
    let pinned = entry.split('"').find(|it| it.starts_with("b3:")).expect("a tree digest").to_owned();

    let output = refused(gated.cargo(["build"]), "victim").stderr_has(&pinned).stderr_has("found");
    let output =
        output.stderr_has("victim-1.0.0").stderr_has("src/lib.rs").stderr_has("cargo provenance diff victim");
    // The same place in the same way, however often it is asked.
    let told = |stderr: &str| {
        stderr.lines().filter(|line| line.starts_with("error: app@")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(&output.stderr), told(&refused(gated.cargo(["build"]), "victim").stderr));
}

#[test]
fn a_build_without_changes_runs_nothing() {
    let sandbox = Sandbox::new();
    let gated = checked(&sandbox, "gated").gate();
    gated.is_clean();
    let output = gated.cargo(["build"]).ok();
    assert!(!output.stderr.contains("Compiling"), "{output}");
    let output = gated.cargo(["build", "--verbose"]).ok();
    assert!(!output.stderr.contains("Running") && !output.stderr.contains("Dirty"), "{output}");
}
