//! Signatures that the guard and a strict build demand.

use std::path::Path;

use tests::files;
use tests::project::{CLEAN, refused};
use tests::sandbox::GUARD;
use tests::{Project, Sandbox};

/// Makes the user's own key and returns its line for the policy.
fn own_key(project: Project<'_>) -> String {
    let output = project.provenance(["keygen", "--no-passphrase", "--comment", "me@example.org"]).ok();
    output.stdout.trim().to_owned()
}

fn demand(project: Project<'_>, line: &str) {
    project.policy(&format!("[signing]\nrequired = true\nkeys = [{line:?}]"));
}

#[test]
fn the_guard_compiles_nothing_under_a_manifest_that_nobody_trusted_signed() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").guarded();
    app.says(CLEAN);
    files::remove(&app.path("target"));
    let line = own_key(app);
    demand(app, &line);
    let build = || app.cargo(["build"]).run();
    build().code(101).stderr_has("`Provenance.lock` is not signed");
    app.provenance(["sign"]).ok();
    app.says(CLEAN);

    // A line more, and another policy.
    files::remove(&app.path("target"));
    let (manifest, policy) =
        (files::read(&app.path("Provenance.lock")), files::read(&app.path("Provenance.toml")));
    files::write(
        &app.path("Provenance.lock"),
        manifest.replace("basis = \"baseline\"", "basis = \"policy\""),
    );
    build().code(101).stderr_has("is not signed by a trusted key");
    files::write(&app.path("Provenance.lock"), &manifest);
    files::write(
        &app.path("Provenance.toml"),
        format!("{policy}\n[[ban]]\npackage = \"x\"\nreason = \"y\"\n"),
    );
    build().code(101).stderr_has("`Provenance.toml` is not the one that was signed");
    files::remove(&app.path("Provenance.toml"));
    build().code(101).stderr_has("Provenance.toml`").stderr_has("the manifest was written under it");
    files::write(&app.path("Provenance.toml"), &policy);
    app.says(CLEAN);

    // Whoever may write into the repository names a key of their own; a list from outside it wins.
    files::remove(&app.path("target"));
    let list = sandbox.cargo_home().join("provenance/trusted-keys");
    files::write(&list, format!("{line}\n"));
    app.says(CLEAN);
    let key = sandbox.path("thief");
    let thief =
        app.provenance(["keygen", "--no-passphrase", "--comment", "thief", "--output"]).args([&key]).ok();
    files::replace(&app.path("Provenance.toml"), &format!("{line:?}"), &format!("{:?}", thief.stdout.trim()));
    files::remove(&list);
    app.provenance(["pin"]).run();
    app.provenance(["sign", "--key"]).args([&key]).ok();
    app.says(CLEAN);
    files::write(&list, format!("{line}\n"));
    files::remove(&app.path("target"));
    build().code(101).stderr_has("its key is not trusted");
    app.provenance(["build"]).run().code(5);
}

#[test]
fn the_guard_added_later_keeps_a_signed_manifest_signed() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let line = own_key(app);
    demand(app, &line);
    app.provenance(["sign"]).ok();
    app.provenance(["init", "--guard"]).ok().stderr_has("Signing");
    app.provenance(["verify"]).ok();
    app.says(CLEAN);
}

#[test]
fn a_strict_build_demands_guard_signature_and_no_setting_from_outside() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").with_signatures().gate();
    files::replace(
        &app.path("build.rs"),
        "provenance_build::enforce()",
        "provenance_build::Enforcer::new().strict().enforce()",
    );
    let build = || app.cargo(["build"]);
    refused(build(), "`Provenance.lock` is not signed: there is no `Provenance.lock.sig`");
    let line = own_key(app);
    demand(app, &line);
    app.provenance(["sign"]).ok();
    refused(build(), "nothing is rustc's wrapper, and a strict build demands `provenance-guard`");
    let other = sandbox.path("other");
    files::script(&other, "exec \"$@\"\n");
    refused(build().env("RUSTC_WRAPPER", &other), "other` is rustc's wrapper");
    let guarded = |directory: &Path| {
        let build = app.cargo(["build"]).env("RUSTC_WRAPPER", GUARD).env("PROVENANCE_WORKSPACE", app.root());
        build.env("CARGO_HOME", directory)
    };
    // The configuration of the cargo home says where crates.io is.
    let home = sandbox.cargo_home();
    refused(
        guarded(&home),
        "a strict build allows no setting from outside the repository: `registries.test.index",
    );
    let settings = files::read(&home.join("config.toml"));
    files::remove(&home.join("config.toml"));
    files::write(&app.path(".cargo/config.toml"), settings);
    // Settings are new in the manifest: a person signs it.
    app.provenance(["pin"]).ok().stderr_has("it records a cargo setting that is new");
    app.provenance(["sign"]).ok();
    guarded(&home).ok();
    app.provenance(["run", "--quiet"]).ok().stdout_has(CLEAN);
    files::remove(&app.path("Provenance.lock.sig"));
    refused(guarded(&home), "is not signed");
    files::remove(&app.path("Provenance.toml"));
    refused(guarded(&home), "there is no");
}
