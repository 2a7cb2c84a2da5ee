//! Trusted publishers: whose quiet releases pass by their name, and what a taken-over account does not get through.

use serde_json::{Value, json};
use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::registry::Response;
use tests::{Krate, Project, Registry, Sandbox, files};

const CONFIG: &str = "\n# cargo-vet config file\n\n[cargo-vet]\nversion = \"0.10\"\n";

/// An entry that trusts user 1 with publishing a crate.
fn entry(name: &str) -> String {
    format!(
        "[[trusted.{name}]]\ncriteria = \"safe-to-deploy\"\nuser-id = 1\nstart = \"2015-01-01\"\nend = \"{}\"\n",
        &days_ago(0)[..10]
    )
}

/// What crates.io would say of the versions of a crate: who published each, and how many days ago.
fn says(registry: &Registry, name: &str, versions: &[(&str, u64, u64)]) {
    let version = |(num, days, user): &(&str, u64, u64)| -> Value {
        json!({
            "crate": name, "num": num, "created_at": days_ago(*days), "yanked": false, "trustpub_data": null,
            "published_by": {"id": user, "login": format!("user{user}"), "name": "A Name", "avatar": "", "url": ""},
        })
    };
    let versions = versions.iter().map(version).collect::<Vec<_>>();
    let body = json!({"versions": versions, "meta": {"total": versions.len(), "next_page": null}});
    registry.respond(&path(name), Response::Body(body.to_string().into_bytes()));
}

fn path(name: &str) -> String {
    format!("/api/v1/crates/{name}/versions")
}

/// Two crates of one publisher: an update of the one is quiet, one of the other brings a build script.
fn published(registry: &Registry) {
    for name in ["quiet", "loud"] {
        let krate = |version, days| Krate::greeting(name, version, CLEAN).published(Some(&days_ago(days)));
        registry.publish(&krate("1.0.0", 800));
        let update = krate("1.0.1", 400);
        let update = if name == "loud" { update.build_script("fn main() {}\n") } else { update };
        registry.publish(&update);
        says(registry, name, &[("1.0.0", 800, 1), ("1.0.1", 400, 1)]);
    }
}

/// `app` behind the gate, where somebody is trusted and reviews are required.
fn app<'s>(sandbox: &'s Sandbox, required: &str) -> Project<'s> {
    let app = Project::app(sandbox, "app").pinned();
    let app = app
        .with("supply-chain/config.toml", CONFIG)
        .with("supply-chain/audits.toml", &format!("[audits]\n\n{}\n{}", entry("loud"), entry("quiet")))
        .with("supply-chain/imports.lock", "");
    let from = sandbox.registry().url("");
    app.policy(&format!("[audits]\nrequired = \"{required}\"\npublishers-from = \"{from}\""));
    app
}

const PUBLISHERS: &str = "supply-chain/publishers.toml";

#[test]
fn a_quiet_release_passes_by_its_publishers_name_and_one_with_a_new_build_script_does_not() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    published(registry);
    let app = app(&sandbox, "new");
    app.provenance(["add", "quiet@=1.0.1"])
        .run()
        .code(1)
        .stderr_has("error[not-audited]: `quiet v1.0.1`")
        .stderr_has("who published 1.0.1 is not known; `cargo provenance db update` asks crates.io");
    assert!(!registry.requests().iter().any(|path| path.contains("/api/v1/crates/")), "nobody is asked");
    app.provenance(["db", "update"])
        .ok()
        .stderr_has("`supply-chain/publishers.toml`: who published 4 versions of 2 crates (4 new)");
    let rows = files::read(&app.path(PUBLISHERS));
    assert!(rows.contains("[[publisher.quiet]]\nversion = \"1.0.1\"\n"), "{rows}");

    app.provenance(["add", "quiet@=1.0.1"]).ok();
    let pins = files::read(&app.path("Provenance.lock"));
    let basis = "trust = { basis = \"publisher\", criteria = \"safe-to-deploy\", from = [\"supply-chain\"] }";
    assert!(pins.contains(basis), "{pins}");
    app.provenance(["explain", "quiet"])
        .ok()
        .stdout_has("its publisher is trusted for safe-to-deploy (supply-chain)");
    for command in ["check", "pin"] {
        app.provenance([command]).ok();
    }
    app.provenance(["pin", "--recheck"]).ok();
    assert!(files::read(&app.path("Provenance.lock")).contains(basis));

    // However long it has been there, it is compared with the version before it.
    let before = [files::read(&app.path("Cargo.toml")), files::read(&app.path("Provenance.lock"))];
    app.provenance(["add", "loud@=1.0.1"])
        .run()
        .code(1)
        .stderr_has("error[publisher-not-enough]: only the name of its publisher speaks for `loud v1.0.1`")
        .stderr_has("it has a build script, and 1.0.0 had none")
        .stderr_has("required here");
    assert_eq!(before, [files::read(&app.path("Cargo.toml")), files::read(&app.path("Provenance.lock"))]);
    app.provenance(["vet", "loud@1.0.1"]).run().code(1).stderr_has("error[publisher-not-enough]");
    // A review of what runs is what it takes.
    app.provenance(["certify", "loud", "1.0.1", "--who", "Ann <ann@example.org>"]).ok();
    app.provenance(["vet", "loud@1.0.1"]).run().stderr_lacks("publisher-not-enough");
}

#[test]
fn a_pin_that_somebody_wrote_by_hand_does_not_get_a_build_script_past_check() {
    let sandbox = Sandbox::new();
    published(sandbox.registry());
    let app = app(&sandbox, "none");
    app.provenance(["db", "update"]).ok();
    let accept =
        ["build-script-new", "build-time-code"].map(|it| format!("--accept=loud@1.0.1:{it}=why not"));
    app.provenance(["add", "loud@=1.0.1"]).args(&accept).ok();
    let pins = files::read(&app.path("Provenance.lock"));
    let (_, pin) = pins.split_once("name = \"loud\"").expect("a pin");
    let trust = pin.lines().find(|line| line.starts_with("trust = ")).expect("a line").to_owned();
    assert!(!trust.contains("publisher"), "no name is pinned that is not enough: {trust}");
    let (head, tail) = pins.split_at(pins.len() - pin.len());
    let by_hand =
        "trust = { basis = \"publisher\", criteria = \"safe-to-deploy\", from = [\"supply-chain\"] }";
    files::write(&app.path("Provenance.lock"), format!("{head}{}", tail.replacen(&trust, by_hand, 1)));
    let policy = files::read(&app.path("Provenance.toml"));
    files::write(&app.path("Provenance.toml"), policy.replace("required = \"none\"", "required = \"all\""));
    app.with(
        "supply-chain/audits.toml",
        &format!(
            "[[audits.victim]]\ncriteria = \"safe-to-deploy\"\nversion = \"1.0.0\"\n\n{}",
            entry("loud")
        ),
    );
    for command in [&["check"][..], &["pin", "--recheck"]] {
        let output = app.provenance([]).args(command).run().code(1);
        assert!(output.stderr.contains("error[publisher-not-enough]"), "{output}");
    }
}

#[test]
fn answers_that_contradict_what_is_known_are_never_preferred() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    published(registry);
    let app = app(&sandbox, "new");
    app.provenance(["db", "update"]).ok();
    app.provenance(["vet", "quiet@1.0.1"]).ok();
    // Whoever answers now, and whoever wrote the file: one of them is wrong.
    says(registry, "quiet", &[("1.0.0", 800, 1), ("1.0.1", 400, 2)]);
    app.provenance(["db", "update"])
        .ok()
        .stderr_has("who published `quiet v1.0.1`: what crates.io says now is not what it said before");
    app.provenance(["vet", "quiet@1.0.1"])
        .run()
        .code(1)
        .stderr_has("two entries contradict each other about who published 1.0.1");
    // The same between the two files.
    std::fs::remove_file(app.path(PUBLISHERS)).expect("removed");
    let row = |user| {
        format!(
            "\n[[publisher.quiet]]\nversion = \"1.0.1\"\nwhen = \"{}\"\nuser-id = {user}\nuser-login = \"user{user}\"\n",
            &days_ago(400)[..10]
        )
    };
    let app = app.with("supply-chain/imports.lock", &row(1));
    app.provenance(["db", "update"])
        .ok()
        .stderr_has("who published `quiet v1.0.1`: `supply-chain/imports.lock`");
    app.provenance(["vet", "quiet@1.0.1"]).run().code(1).stderr_has("two entries contradict each other");
    // A row that was written before there was such a release is not of its day.
    std::fs::remove_file(app.path(PUBLISHERS)).expect("removed");
    let early = row(1).replace(&days_ago(400)[..10], &days_ago(700)[..10]);
    let app = app.with(
        "supply-chain/imports.lock",
        &(early + &row(1).replace("1.0.1", "1.0.0").replace(&days_ago(400)[..10], &days_ago(800)[..10])),
    );
    app.provenance(["vet", "quiet@1.0.1"]).run().code(1).stderr_has("1.0.1 is said to be of");
}

#[test]
fn what_is_no_answer_is_not_taken_for_one() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    published(registry);
    let app = app(&sandbox, "new");
    registry.respond(&path("quiet"), Response::Body(b"<html>".to_vec()));
    registry.respond(&path("loud"), Response::Status(404));
    app.provenance(["db", "update"])
        .ok()
        .stderr_has("who published `quiet`: `")
        .stderr_has("who published `loud`: `");
    assert!(!app.path(PUBLISHERS).exists());
    registry.respond(&path("quiet"), Response::Status(500));
    app.provenance(["db", "update"]).run().code(3).stderr_has("answers with status 500");
    app.provenance(["db", "update", "--offline"]).run().code(3).stderr_has("offline");
    files::write(&app.path(PUBLISHERS), "version = 9\n");
    app.provenance(["check"]).run().code(3).stderr_has("supply-chain/publishers.toml:1: is not of version 1");
}
