//! `fix`: what is vulnerable goes to the nearest version that passes, and nothing else moves.

use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::{Advisory, AdvisoryDb, Krate, Project, Sandbox, files};

const ID: &str = "RUSTSEC-2025-0007";

fn krate(name: &str, version: &str) -> Krate {
    Krate::greeting(name, version, CLEAN)
}

fn young(name: &str, version: &str) -> Krate {
    krate(name, version).published(Some(&days_ago(2)))
}

fn publish(sandbox: &Sandbox, krates: &[Krate]) {
    krates.iter().for_each(|krate| drop(sandbox.registry().publish(krate)));
}

/// From now on, an advisory speaks against `package`.
fn advise(project: Project<'_>, advisories: &[Advisory]) {
    AdvisoryDb::new(project.sandbox()).publish(advisories);
    project.provenance(["db", "update"]).ok();
}

fn vulnerable(patched: &str) -> Advisory {
    Advisory::new(ID, "victim").patched(patched)
}

fn state(project: Project<'_>) -> [String; 3] {
    ["Cargo.toml", "Cargo.lock", "Provenance.lock"].map(|file| files::read(&project.path(file)))
}

#[test]
fn a_vulnerable_package_goes_to_the_nearest_version_that_passes_and_nothing_else_moves() {
    let sandbox = Sandbox::new();
    publish(&sandbox, &[krate("victim", "1.0.0"), krate("other", "1.0.0")]);
    let app =
        Project::greeter(&sandbox, "app", "victim = \"1\"\nother = \"1\"", "victim::greeting()").pinned();
    publish(
        &sandbox,
        &[
            krate("victim", "1.0.1"),
            krate("victim", "1.0.2").yanked(),
            krate("victim", "1.0.3").license(Some("OSL-3.0")),
            krate("victim", "1.0.4"),
            krate("victim", "1.1.0"),
            krate("victim", "2.0.0"),
            krate("other", "1.1.0"),
        ],
    );
    advise(app, &[vulnerable(">= 1.0.2")]);
    app.provenance(["check"]).run().code(1);
    let before = state(app);
    let dry = app.provenance(["fix", "--dry-run"]).run().code(0).stdout_has("+version = \"1.0.4\"");
    dry.stderr_has("1 package would be mended: dry run: 1 package would move");
    assert_eq!(state(app), before);

    let output = app.provenance(["fix"]).ok();
    let output = output.stderr_has("Mending victim v1.0.0 -> v1.0.4: RUSTSEC-2025-0007");
    output.stderr_has("1 package mended: 1 new package entered, 2 files changed");
    assert_eq!((app.locked("victim"), app.locked("other")), ("1.0.4".into(), "1.0.0".into()));
    app.provenance(["check"]).ok();
    app.provenance(["verify"]).ok();
    assert_eq!(files::read(&app.path("Cargo.toml")), before[0], "only what is locked is changed");
    let after = state(app);
    app.provenance(["fix"]).ok().stderr_has("nothing to fix in 2 packages");
    assert_eq!(state(app), after);
}

#[test]
fn a_fix_that_is_too_new_waits_unless_the_policy_lets_fixes_be_younger() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    // Somebody looks after it.
    publish(&sandbox, &[krate("victim", "0.9.9").published(Some(&days_ago(60))), young("victim", "1.0.1")]);
    advise(app, &[vulnerable(">= 1.0.1")]);
    let before = state(app);
    let output = app.provenance(["fix"]).run().code(1).stderr_has("error[vulnerability]");
    let output = output.stderr_has("`fix` leaves it: 1.0.1 mends it and does not pass (");
    let output = output.stderr_has("`fixes-advisory = true` in the policy would let it in");
    output.stderr_has("1 of 1 package cannot be mended; nothing was changed");
    assert_eq!(state(app), before);

    app.policy("[checks]\nversion-too-new = { fixes-advisory = true }\n");
    app.provenance(["pin"]).ok();
    // An even newer one that mends nothing more is none of its business.
    publish(&sandbox, &[young("victim", "1.0.2")]);
    app.provenance(["fix"]).ok().stderr_has("Mending victim v1.0.0 -> v1.0.1");
    assert_eq!(app.locked("victim"), "1.0.1");
    app.provenance(["verify"]).ok();
}

#[test]
fn what_pulls_in_a_vulnerable_version_is_moved_as_little_as_will_do() {
    let sandbox = Sandbox::new();
    let on = |version: &str, wants: &str| krate("middle", version).dependency("victim", wants);
    publish(&sandbox, &[krate("victim", "1.0.0"), on("1.0.0", "=1.0.0")]);
    let app = Project::greeter(&sandbox, "app", "middle = \"1\"", "middle::greeting()").pinned();
    assert_eq!(app.locked("victim"), "1.0.0");
    publish(
        &sandbox,
        &[
            krate("victim", "1.0.1"),
            krate("victim", "1.0.2"),
            on("1.1.0", "=1.0.0"),
            on("1.2.0", "1.0.1"),
            on("1.3.0", "1.0.1"),
        ],
    );
    advise(app, &[vulnerable(">= 1.0.1")]);
    let output = app.provenance(["fix"]).ok().stderr_has("Mending victim v1.0.0 -> v1.0.1");
    output.stderr_has("Changing middle v1.0.0 -> v1.2.0");
    assert_eq!((app.locked("middle"), app.locked("victim")), ("1.2.0".into(), "1.0.1".into()));
    app.provenance(["verify"]).ok();
    app.provenance(["check"]).ok();
}

#[test]
fn who_holds_a_vulnerable_version_is_named() {
    let sandbox = Sandbox::new();
    let on = |wants: &str| krate("middle", "1.0.0").dependency("victim", wants);
    publish(&sandbox, &[krate("victim", "1.0.0"), on("=1.0.0")]);
    let app = Project::greeter(&sandbox, "app", "middle = \"1\"", "middle::greeting()").pinned();
    publish(&sandbox, &[krate("victim", "1.0.1")]);
    advise(app, &[vulnerable(">= 1.0.1")]);
    let before = state(app);
    app.provenance(["fix"])
        .run()
        .code(1)
        .stderr_has("1.0.1 mends it, and what asks for it does not take that")
        .stderr_has("held by `middle v1.0.0`");
    // What would help is too new itself.
    publish(&sandbox, &[young("middle", "1.1.0").dependency("victim", "1.0.1")]);
    app.provenance(["fix"])
        .run()
        .code(1)
        .stderr_has("1.0.1 mends it and takes `middle v1.1.0`, which does not pass (")
        .stderr_has("version-too-new")
        .stderr_has("`1.0.0`, which is locked, would pass");
    assert_eq!(state(app), before);
}

#[test]
fn a_requirement_of_the_team_is_for_the_team_to_change() {
    let sandbox = Sandbox::new();
    publish(&sandbox, &[krate("victim", "1.0.0")]);
    let app = Project::greeter(&sandbox, "app", "victim = \"=1.0.0\"", "victim::greeting()").pinned();
    publish(&sandbox, &[krate("victim", "1.0.1")]);
    advise(app, &[vulnerable(">= 1.0.1")]);
    let output = app.provenance(["fix"]).run().code(1);
    let output = output.stderr_has("`Cargo.toml` asks for `victim = \"=1.0.0\"`");
    output.stderr_has("cargo provenance add victim@1.0.1");
    // And that is what helps.
    app.provenance(["add", "victim@1.0.1"]).ok();
    app.provenance(["fix"]).ok().stderr_has("nothing to fix");
}

#[test]
fn where_only_an_incompatible_version_mends_it_the_exact_change_is_told() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    publish(&sandbox, &[krate("victim", "1.0.1"), krate("victim", "2.0.0"), krate("victim", "3.0.0")]);
    advise(app, &[vulnerable(">= 2.0.0")]);
    let before = state(app);
    let output = app.provenance(["fix"]).run().code(1);
    let output = output.stderr_has("no compatible release mends it; 2.0.0 does");
    let output = output.stderr_has("`Cargo.toml` asks for `victim = \"^1\"`; to ask for \"2.0.0\"");
    output.stderr_has("`cargo provenance add victim@2.0.0`");
    assert_eq!(state(app), before);
    app.provenance(["add", "victim@2.0.0"]).ok();
    app.provenance(["check"]).ok();
}

#[test]
fn what_cannot_be_mended_stays_and_the_rest_is_mended() {
    let sandbox = Sandbox::new();
    publish(&sandbox, &["victim", "hopeless"].map(|name| krate(name, "1.0.0")));
    let app =
        Project::greeter(&sandbox, "app", "victim = \"1\"\nhopeless = \"=1.0.0\"", "victim::greeting()")
            .pinned();
    publish(&sandbox, &[krate("victim", "1.0.1")]);
    advise(app, &[vulnerable(">= 1.0.1"), Advisory::new("RUSTSEC-2025-0008", "hopeless")]);
    let output = app.provenance(["fix"]).run().code(1).stderr_has("Mending victim v1.0.0 -> v1.0.1");
    let output = output.stderr_has("no release mends it").stderr_has("RUSTSEC-2025-0008");
    let output = output.stderr_has("check = \"vulnerability\"");
    output.stderr_has(
        "1 of 2 packages cannot be mended; 1 package mended, 1 new package entered, 2 files changed",
    );
    assert_eq!((app.locked("victim"), app.locked("hopeless")), ("1.0.1".into(), "1.0.0".into()));
    app.provenance(["verify"]).ok();
    // What the team lives with is told, and refuses nothing.
    app.policy("[[exception]]\ncheck = \"vulnerability\"\npackage = \"hopeless\"\nreason = \"r\"\nexpires = \"2099-01-01\"\n");
    app.provenance(["pin"]).ok();
    app.provenance(["fix"]).ok().stderr_has("excepted until 2099-01-01");
}

#[test]
fn what_the_team_lives_with_is_mended_once_it_can_be() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    app.policy("[[exception]]\ncheck = \"vulnerability\"\npackage = \"victim\"\nreason = \"r\"\nexpires = \"2099-01-01\"\n");
    advise(app, &[vulnerable(">= 1.0.1")]);
    app.provenance(["fix"]).ok().stderr_has("no release mends it").stderr_lacks("Mending");
    publish(&sandbox, &[krate("victim", "1.0.1")]);
    app.provenance(["fix"]).ok().stderr_has("Mending victim v1.0.0 -> v1.0.1");
}

#[test]
fn what_a_fix_brings_in_must_pass_too() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    publish(&sandbox, &[young("newcomer", "1.0.0"), krate("victim", "1.0.1").dependency("newcomer", "1")]);
    advise(app, &[vulnerable(">= 1.0.1")]);
    let before = state(app);
    app.provenance(["fix"])
        .run()
        .code(1)
        .stderr_has("1.0.1 mends it and takes `newcomer v1.0.0`, which does not pass (");
    assert_eq!(state(app), before);
    // An older one of it will do.
    publish(&sandbox, &[krate("newcomer", "0.9.0"), krate("newcomer", "1.0.1"), young("newcomer", "1.0.2")]);
    app.provenance(["fix"]).ok();
    assert_eq!((app.locked("victim"), app.locked("newcomer")), ("1.0.1".into(), "1.0.1".into()));
}

#[test]
fn a_yank_is_nothing_to_fix() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    publish(&sandbox, &[krate("victim", "1.0.1")]);
    sandbox.registry().yank("victim", "1.0.0");
    let before = state(app);
    app.provenance(["fix"]).ok().stderr_has("nothing to fix in 1 package");
    assert_eq!(state(app), before);
    // It is left even where something else is mended.
    advise(app, &[vulnerable(">= 1.0.1")]);
    app.provenance(["fix"]).ok();
    assert_eq!(app.locked("victim"), "1.0.1");
}

#[test]
fn nothing_goes_back_to_an_older_version() {
    let sandbox = Sandbox::new();
    publish(&sandbox, &[krate("victim", "1.0.0"), krate("deep", "1.0.0"), krate("deep", "1.1.0")]);
    let app =
        Project::greeter(&sandbox, "app", "victim = \"1\"\ndeep = \"1\"", "victim::greeting()").pinned();
    assert_eq!(app.locked("deep"), "1.1.0");
    // The first version that mends it needs an older `deep`.
    publish(&sandbox, &[krate("victim", "1.0.1").dependency("deep", "=1.0.0")]);
    advise(
        app,
        &[vulnerable(">= 1.0.1, < 1.0.2"), Advisory::new("RUSTSEC-2025-0009", "deep").patched(">= 1.1.0")],
    );
    let before = state(app);
    app.provenance(["fix"]).run().code(1);
    assert_eq!(state(app), before);
}

#[test]
fn malice_is_left_for_an_honest_version() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    publish(&sandbox, &[krate("victim", "1.0.1"), krate("victim", "1.0.2")]);
    advise(app, &[Advisory::new(ID, "victim").malicious().patched(">= 1.0.2")]);
    app.provenance(["fix"]).ok().stderr_has("Mending victim v1.0.0 -> v1.0.2");
}

#[test]
fn only_the_named_packages_are_looked_at() {
    let sandbox = Sandbox::new();
    publish(&sandbox, &[krate("victim", "1.0.0"), krate("other", "1.0.0")]);
    let app =
        Project::greeter(&sandbox, "app", "victim = \"1\"\nother = \"1\"", "victim::greeting()").pinned();
    publish(&sandbox, &[krate("other", "1.0.1"), krate("victim", "1.0.1")]);
    advise(app, &[vulnerable(">= 1.0.1"), Advisory::new("RUSTSEC-2025-0008", "other").patched(">= 1.0.1")]);
    app.provenance(["fix", "victim@1.0.0"]).ok();
    assert_eq!((app.locked("victim"), app.locked("other")), ("1.0.1".into(), "1.0.0".into()));
    app.provenance(["fix", "victim@1.0.0"]).run().code(2).stderr_has("no package `victim@1.0.0` is locked");
    app.provenance(["fix", "nobody"]).run().code(2).stderr_has("no package `nobody` is locked");
    app.provenance(["fix", "--locked"]).run().code(2).stderr_has("`--locked` forbids");
}

#[test]
fn what_is_unsound_is_mended_where_check_refuses_it_or_it_is_named() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    publish(&sandbox, &[krate("victim", "1.0.1")]);
    let unsound = Advisory::new(ID, "victim").informational("unsound").patched(">= 1.0.1");
    advise(app, &[unsound]);
    app.policy("[checks]\nunsound = \"note\"\n");
    app.provenance(["pin"]).ok();
    app.provenance(["fix"]).ok().stderr_has("nothing to fix");
    app.provenance(["fix", "victim"]).ok().stderr_has("Mending victim v1.0.0 -> v1.0.1");
}

#[test]
fn nothing_is_called_fixed_that_could_not_be_judged() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let db = AdvisoryDb::new(&sandbox).publish_file("crates/victim/RUSTSEC-2025-0009.md", "What is this?\n");
    app.provenance(["db", "update"]).ok();
    app.provenance(["fix"]).run().code(3).stderr_has("RUSTSEC-2025-0009.md` may be about it");
    db.remove("crates/victim/RUSTSEC-2025-0009.md");
    app.provenance(["db", "update"]).ok();
    app.provenance(["fix"]).ok();
    files::remove(&sandbox.cargo_home().join("provenance/advisory-db"));
    app.provenance(["fix", "--offline"]).run().code(3).stderr_has("was never fetched");
}

#[test]
fn machines_are_told_what_was_mended_and_what_stays() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    publish(&sandbox, &[krate("victim", "1.0.1")]);
    advise(app, &[vulnerable(">= 1.0.1"), Advisory::new("RUSTSEC-2025-0008", "victim")]);
    let output = app.provenance(["fix", "--message-format", "json"]).run().code(1);
    let lines = output.stdout.lines().map(|it| serde_json::from_str::<serde_json::Value>(it).expect("JSON"));
    let lines = lines.collect::<Vec<_>>();
    let summary = lines.last().expect("a summary");
    let counts = &summary["counts"];
    assert_eq!(
        (&counts["mended"], &counts["left"], &counts["packages"]),
        (&0.into(), &1.into(), &1.into()),
        "{output}"
    );
    let stays = lines.iter().filter(|it| it["reason"] == "finding" && it["id"] == "vulnerability").count();
    assert_eq!(stays, 2, "{output}");
}
