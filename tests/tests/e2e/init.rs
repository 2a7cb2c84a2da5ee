//! `init` where little is at hand: a cold cargo home, no advisory database. And how to catch up afterwards.

use tests::files;
use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::{Advisory, AdvisoryDb, Krate, Project, Sandbox};

/// A policy whose advisories come from `db` in the workspace.
const POLICY: &str = "version = 1\n\n[licenses]\nallow = [\"MIT\"]\n\n[advisories]\ndatabases = [{ from = \"db\", max-age = \"any\" }]\n";

fn publish(project: Project<'_>, advisory: &Advisory) {
    files::write(&project.path("db").join(advisory.path()), advisory.to_text());
}

#[test]
fn the_registries_are_asked_where_the_cargo_home_is_cold() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    AdvisoryDb::new(&sandbox).publish(&[Advisory::new("RUSTSEC-2026-0001", "victim").patched(">= 2.0.0")]);
    registry.publish(&Krate::greeting("young", "1.0.0", CLEAN).published(Some(&days_ago(2))));
    registry.publish(&Krate::greeting("victim", "2.0.0", CLEAN));
    let app = Project::app(&sandbox, "app");
    files::replace(&app.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nyoung = \"1\"");
    app.cargo(["generate-lockfile"]).ok();
    files::remove(&sandbox.cargo_home().join("registry"));
    let output = app.provenance(["init"]).run().code(0);
    output
        .stderr_lacks("could not be judged")
        .stderr_has("crate-too-young (1)")
        .stderr_has("version-too-new (1)")
        .stderr_has("note[vulnerability]: `victim v1.0.0` is vulnerable")
        .stderr_has("no compatible release would pass; `2.0.0` would")
        // It is an exception, not a part of the baseline.
        .stderr_lacks("vulnerability (");
    app.provenance(["check"]).run().code(0);
}

#[test]
fn nothing_is_said_of_releases_that_nobody_asked_about() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox).publish(&[Advisory::new("RUSTSEC-2026-0001", "victim")]);
    let app = Project::app(&sandbox, "app");
    app.cargo(["fetch"]).ok();
    app.provenance(["db", "update"]).ok();
    files::remove(&sandbox.cargo_home().join("registry/index"));
    let output = app.provenance(["init", "--offline"]).run().code(0);
    output
        .stderr_has("`victim v1.0.0` could not be judged: cargo has not cached")
        .stderr_has("run `cargo provenance check` with the network at hand")
        .stderr_lacks("no other release of it would pass");
}

#[test]
fn what_no_advisories_were_at_hand_for_is_caught_up_with() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").with("Provenance.toml", POLICY);
    app.cargo(["generate-lockfile"]).ok();
    let output = app.provenance(["init"]).run().code(0);
    output
        .stderr_has("nothing was compared with advisories")
        .stderr_has(
            "bring the database in `db` up to date, or change `[advisories] databases` (Provenance.toml:7)",
        )
        .stderr_has("run `cargo provenance pin --recheck`");
    let help = "bring the database in `db` up to date";
    app.provenance(["check"]).run().code(3).stderr_has(help).stderr_lacks("with the network at hand");

    publish(app, &Advisory::new("RUSTSEC-2026-0001", "victim"));
    publish(app, &Advisory::new("RUSTSEC-2026-0002", "victim").informational("unsound"));
    let output = app.provenance(["check"]).run().code(1);
    output.stderr_has("run `cargo provenance pin --recheck` to live with it for a while");
    let dry = app.provenance(["pin", "--recheck", "--dry-run"]).ok();
    assert!(
        dry.stdout.contains("+id = \"RUSTSEC-2026-0001\"") && dry.stdout.contains("b/Provenance.lock"),
        "{dry}"
    );
    assert_eq!(files::read(&app.path("Provenance.toml")), POLICY);
    let output = app.provenance(["pin", "--recheck"]).run().code(0);
    output.stderr_has("it is an exception in `Provenance.toml` now, which ends: decide before then");
    let policy = files::read(&app.path("Provenance.toml"));
    assert!(
        policy.contains("[[exception]]\ncheck = \"vulnerability\"\npackage = \"victim@1.0.0\""),
        "{policy}"
    );
    app.provenance(["check"]).run().code(0);

    // They have been looked at now: what comes later is for a person.
    publish(app, &Advisory::new("RUSTSEC-2026-0003", "victim"));
    app.provenance(["pin", "--recheck"]).run().code(1).stderr_has("error[vulnerability]");
    let output = app.provenance(["check"]).run().code(1);
    output.stderr_lacks("as `init` would have");
    assert_eq!(files::read(&app.path("Provenance.toml")), policy);
}

#[test]
fn only_what_init_let_in_is_caught_up_with() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").with("Provenance.toml", POLICY);
    app.cargo(["generate-lockfile"]).ok();
    app.provenance(["init"]).ok();
    // As if it had come in later.
    files::replace(&app.path("Provenance.lock"), "basis = \"baseline\"", "basis = \"policy\"");
    publish(app, &Advisory::new("RUSTSEC-2026-0001", "victim"));
    app.provenance(["pin", "--recheck"]).run().code(1).stderr_has("error[vulnerability]");
    assert_eq!(files::read(&app.path("Provenance.toml")), POLICY);
}

#[test]
fn malice_is_never_let_in_late() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").with("Provenance.toml", POLICY);
    app.cargo(["generate-lockfile"]).ok();
    app.provenance(["init"]).ok();
    publish(app, &Advisory::new("RUSTSEC-2026-0001", "victim").malicious());
    app.provenance(["pin", "--recheck"]).run().code(1).stderr_has("error[malicious]");
    let output = app.provenance(["check"]).run().code(1);
    output.stderr_lacks("as `init` would have");
}

#[test]
fn the_helper_is_added_to_a_workspace_behind_the_gate() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app");
    sandbox.seed_target(&app.path("target"));
    let app = app.pinned();
    app.commit("gated");
    let (policy, pins) =
        (files::read(&app.path("Provenance.toml")), files::read(&app.path("Provenance.lock")));
    let (_, victim) = pins.split_once("name = \"victim\"").expect("a pin");

    // What nobody pinned does not come in along with it.
    files::append(&app.path("Provenance.toml"), "\n[[ban]]\npackage = \"x\"\nreason = \"y\"\n");
    app.init([])
        .code(4)
        .stderr_has("run `cargo provenance pin`")
        .stderr_has("the workspace is not what its manifest says");
    app.restore();

    app.init([])
        .code(0)
        .stderr_has("the helper is in place, ")
        .stderr_has("Pinning blake3 ")
        .stderr_has("Gating member app");
    assert_eq!(files::read(&app.path("Provenance.toml")), policy);
    let now = files::read(&app.path("Provenance.lock"));
    assert!(now.contains(victim.trim_end()), "{now}");
    assert!(
        now.contains("name = \"blake3\"") && now.contains("own = \"the build helper of this tool\""),
        "{now}"
    );
    app.provenance(["check"]).run().code(0);
    app.is_clean();
    app.init([]).code(0).stderr_has("nothing was changed");
    tests::project::make_evil(&sandbox.source("victim-1.0.0"));
    app.refuses("victim");
}

#[test]
fn the_guard_package_is_added_to_a_workspace_behind_the_gate() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app");
    sandbox.seed_target(&app.path("target"));
    let app = app.pinned();
    let helper = sandbox.helper().to_str().expect("UTF-8");
    app.provenance(["init", "--build-helper=guard", "--helper-path", helper]).ok();
    app.provenance(["check"]).run().code(0);
    app.is_clean();
}

#[test]
fn what_is_too_new_does_not_come_in_with_the_helper() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let before = files::read(&app.path("Provenance.lock"));
    sandbox.registry().publish(&tests::helper::krate().published(Some(&days_ago(1))));
    let output = app.provenance(["init", "--build-helper"]).run().code(1);
    output.stderr_has("error[version-too-new]: `provenance-build").stderr_has("nothing was changed");
    assert_eq!(files::read(&app.path("Provenance.lock")), before);
    assert!(!app.path("build.rs").exists());
}

#[test]
fn a_helper_from_a_path_is_named_with_its_version() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").gate();
    sandbox.registry().publish(&tests::helper::krate());
    let manifest = files::read(&app.path("Cargo.toml"));
    let version = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
    let line =
        manifest.lines().find(|line| line.starts_with("provenance-build = { path = ")).expect("a line");
    assert!(line.contains(&version), "{line}");
    app.commit("gated");
    app.cargo(["package", "--quiet"]).ok();
}
