//! Sets of others and databases: filters that keep nothing, what keeps the network out, and bundles.

use tests::registry::Response;
use tests::{Advisory, AdvisoryDb, Project, Sandbox, files};

use crate::audits_demand::{audit, state};

#[test]
fn a_misspelt_filter_of_an_import_is_told_wherever_the_set_counts() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    files::write(&app.path("theirs.toml"), audit("victim", "safe-to-deploy"));
    app.provenance(["db", "import", "theirs", "theirs.toml", "--yes"]).ok();
    for (filter, said) in [
        (
            "exclude = [\"victm\"]",
            "what `exclude` of `[audits.import.theirs]` names and the set does not have: `victm`",
        ),
        ("auditors = [\"ann@example.com\"]", "what `auditors` of `[audits.import.theirs]` names"),
        ("kinds = [\"delta\"]", "what `kinds` of `[audits.import.theirs]` names"),
    ] {
        let policy = files::read(&app.path("Provenance.toml"));
        files::append(&app.path("Provenance.toml"), &format!("{filter}\n"));
        app.provenance(["pin"]).ok().stderr_has(said);
        app.provenance(["check"]).ok().stderr_has(&format!("Not checked {said}"));
        app.provenance(["db", "status"]).run().stderr_has(&format!("Odd {said}"));
        files::write(&app.path("Provenance.toml"), policy);
    }
    app.provenance(["pin"]).ok();
    app.provenance(["check"]).ok().stderr_lacks("audits.import.theirs");
}

#[test]
fn what_keeps_cargo_off_the_network_keeps_updates_off_it_too() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    let app = Project::app(&sandbox, "app").pinned();
    let set = audit("victim", "safe-to-deploy").into_bytes();
    sandbox.registry().respond("/set.toml", Response::Body(set));
    let url = sandbox.registry().url("/set.toml");
    app.provenance(["db", "import", "theirs", &url, "--yes"]).ok();
    let home = sandbox.cargo_home().join("config.toml");
    let nearer = app.path(".cargo/config.toml");
    files::replace(&home, "[net]\n", "[net]\noffline = true\n");
    db.publish(&[Advisory::new("RUSTSEC-2025-0003", "other")]);
    let commands: [&[&str]; 4] = [
        &["db", "update"],
        &["db", "update", "theirs"],
        &["db", "import", "more", &url, "--yes"],
        &["db", "bundle", "--output", "bundle.tar"],
    ];
    for command in commands {
        sandbox.registry().forget_requests();
        app.provenance([])
            .args(command)
            .run()
            .code(3)
            .stderr_has(&format!("without `net.offline` in `{}`, line ", home.display()));
        assert!(sandbox.registry().requests().is_empty(), "{command:?}");
    }
    // A nearer file goes before the cargo home's, and a variable before both.
    app.provenance(["db", "update", "theirs"]).env("CARGO_NET_OFFLINE", "false").ok();
    files::write(&nearer, "net.offline = false\n");
    app.provenance(["db", "update", "theirs"]).ok();
    files::write(&nearer, "net.offline = \"perhaps\"\n");
    app.provenance(["db", "update", "theirs"]).run().code(3).stderr_has("which cannot be read");
    app.provenance(["db", "status"]).run().code(0);
}

#[test]
fn a_bundle_is_written_over_nothing_but_a_bundle() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox);
    let app = Project::app(&sandbox, "app").pinned();
    let before = state(app);
    app.provenance(["db", "bundle", "--output", "Cargo.lock"])
        .run()
        .code(2)
        .stderr_has("`Cargo.lock` is there, and is no bundle")
        .stderr_has("nothing of this one was changed");
    assert_eq!(state(app), before);
    app.provenance(["db", "bundle", "--output", "bundle.tar"]).ok();
    app.provenance(["db", "bundle", "--output", "bundle.tar"]).ok();
}

#[test]
fn whoever_keeps_the_first_copy_of_a_database_from_being_fetched_is_told() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox);
    let app = Project::app(&sandbox, "app").pinned();
    files::remove(&sandbox.cargo_home().join("provenance/advisory-db"));
    let app = app.with(".cargo/config.toml", "[net]\noffline = true\n");
    app.provenance(["check"])
        .run()
        .code(3)
        .stderr_has("was never fetched; offline by `net.offline` in `")
        .stderr_has("app/.cargo/config.toml`, line 2");
}
