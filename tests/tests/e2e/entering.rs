//! `add`, `update` and `remove`: what passes comes in, what does not is held back, and what a person accepted is remembered.

use tests::advisories::{Advisory, AdvisoryDb};
use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::{Krate, Project, Sandbox, files};

fn krate(name: &str, version: &str) -> Krate {
    Krate::greeting(name, version, CLEAN)
}

fn young(name: &str, version: &str, days: u64) -> Krate {
    krate(name, version).published(Some(&days_ago(days)))
}

const FILES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "Provenance.lock", "Provenance.toml"];

fn state(project: Project<'_>) -> Vec<String> {
    FILES.iter().map(|file| files::read(&project.path(file))).collect()
}

#[test]
fn update_takes_the_newest_version_that_passes() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    sandbox.registry().publish(&krate("victim", "1.1.0"));
    sandbox.registry().publish(&young("victim", "1.2.0", 2));
    let output = app.provenance(["update"]).ok();
    let held = output.stderr.lines().find(|line| line.contains("Holding")).unwrap_or_default();
    assert!(held.contains("victim at v1.1.0, not v1.2.0: version-too-new"), "{output}");
    assert_eq!(app.locked("victim"), "1.1.0");
    app.provenance(["verify"]).ok();
}

#[test]
fn update_stays_where_nothing_newer_passes() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    sandbox.registry().publish(&young("victim", "1.1.0", 2));
    let before = state(app);
    app.provenance(["update"]).ok().stderr_has("victim at v1.0.0, not v1.1.0: version-too-new");
    assert!(before == state(app), "something was changed");
    // What is asked for by its number is not replaced by something else.
    app.provenance(["update", "victim", "--precise", "1.1.0"]).run().code_in(&[0, 1]);
    assert!(before == state(app), "something was changed");
}

#[test]
fn add_takes_an_older_version_and_its_requirement() {
    let sandbox = Sandbox::new();
    for krate in [krate("newcomer", "1.0.0"), young("newcomer", "1.1.0", 3)] {
        sandbox.registry().publish(&krate);
    }
    let app = Project::app(&sandbox, "app").pinned();
    let before = state(app);
    app.provenance(["add", "newcomer@=1.1.0"]).run().code(1).stderr_has("version-too-new");
    assert!(before == state(app), "something was changed");
    app.provenance(["add", "newcomer"]).ok().stderr_has("newcomer at v1.0.0, not v1.1.0");
    assert_eq!(app.locked("newcomer"), "1.0.0");
    let manifest = files::read(&app.path("Cargo.toml"));
    assert!(manifest.contains("newcomer = \"1.0.0\""), "{manifest}");
    app.provenance(["verify"]).ok();
}

#[test]
fn what_pulls_in_a_young_crate_is_held_back_too() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&young("fresh", "0.1.0", 10));
    registry.publish(&krate("between", "1.0.0"));
    registry.publish(&krate("between", "1.1.0").dependency("fresh", "0.1"));
    registry.publish(&krate("newcomer", "1.0.0").dependency("between", "1"));
    let app = Project::app(&sandbox, "app").pinned();
    let output = app.provenance(["add", "newcomer"]).ok();
    output.clone().stderr_has("between at v1.0.0, not v1.1.0: it pulls in `fresh v0.1.0` (crate-too-young)");
    assert!(!files::read(&app.path("Cargo.lock")).contains("fresh"), "{output}");
    app.provenance(["verify"]).ok();
}

#[test]
fn nothing_passes_and_nothing_changes() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&young("fresh", "0.1.0", 10));
    registry.publish(&krate("newcomer", "1.0.0").dependency("fresh", "0.1"));
    let app = Project::app(&sandbox, "app").pinned();
    let before = state(app);
    let output = app.provenance(["add", "newcomer"]).run().code(1);
    output.stderr_has("crate-too-young").stderr_has("app > newcomer").stderr_has("nothing was changed");
    assert!(before == state(app), "something was changed");
}

#[test]
fn what_a_person_accepts_is_bound_to_the_bytes() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&young("newcomer", "1.0.0", 100));
    let app = Project::app(&sandbox, "app").pinned();
    let before = state(app);
    let flag = "--accept 'newcomer@1.0.0:crate-too-young=REASON'";
    app.provenance(["add", "newcomer"]).run().code(1).stderr_has(flag);
    for wrong in ["crate-too-young", "crate-too-young=", "crate-too-jung=x", "archive-link=x"] {
        app.provenance(["add", "newcomer", "--accept", wrong]).run().code(2);
    }
    app.provenance(["add", "newcomer", "--accept", "other:crate-too-young=x"]).run().code(1);
    assert!(before == state(app), "something was changed");

    let reason = "newcomer@1.0.0:crate-too-young=read it all";
    app.provenance(["add", "newcomer", "--accept", reason]).env("GIT_AUTHOR_EMAIL", "me@example.org").ok();
    let pins = files::read(&app.path("Provenance.lock"));
    assert!(
        pins.contains("{ check = \"crate-too-young\", by = \"") && pins.contains("reason = \"read it all\""),
        "{pins}"
    );
    assert!(pins.contains("basis = \"accepted\""), "{pins}");
    app.provenance(["verify"]).ok();
    // The same bytes are not asked for again, other bytes are. What passes every check is baseline no longer.
    app.provenance(["pin", "--recheck"]).ok();
    let rechecked = files::read(&app.path("Provenance.lock"));
    assert_eq!(pins.replace("basis = \"baseline\"", "basis = \"policy\""), rechecked);
    sandbox.registry().publish(&young("newcomer", "1.0.1", 50));
    app.provenance(["update"]).ok().stderr_has("newcomer at v1.0.0, not v1.0.1: crate-too-young");
    app.provenance(["update", "--accept", "crate-too-young=again"]).ok();
    assert_eq!(app.locked("newcomer"), "1.0.1");
}

#[test]
fn one_acceptance_accepts_one_thing() {
    let sandbox = Sandbox::new();
    for name in ["one", "two"] {
        sandbox.registry().publish(&young(name, "1.0.0", 100));
    }
    let app = Project::app(&sandbox, "app").pinned();
    let output = app.provenance(["add", "one", "two", "--accept", "crate-too-young=why"]).run().code(2);
    output.stderr_has("fits several packages").stderr_has("--accept 'one@1.0.0:crate-too-young=REASON'");
    let accepts = ["--accept", "one:crate-too-young=why", "--accept", "two:crate-too-young=why"];
    app.provenance(["add", "one", "two"]).args(accepts).ok();
    app.provenance(["verify"]).ok();
}

#[test]
fn remove_takes_the_pins_along() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&krate("deeper", "1.0.0"));
    sandbox.registry().publish(&krate("newcomer", "1.0.0").dependency("deeper", "1"));
    let app = Project::app(&sandbox, "app").pinned();
    let before = state(app);
    app.provenance(["add", "newcomer"]).ok();
    let dry = app.provenance(["remove", "newcomer", "--dry-run"]).ok();
    dry.stdout_has("-newcomer = \"1.0.0\"").stdout_has("-name = \"deeper\"");
    app.provenance(["remove", "newcomer"]).ok().stderr_has("deeper").stderr_has("Leaving");
    assert!(before == state(app), "something was left");
    app.provenance(["remove", "nobody"]).run().fails().stderr_has("nobody");
    assert!(before == state(app), "something was changed");
}

#[test]
fn a_vulnerable_version_does_not_come_in_without_an_exception() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox).publish(&[
        Advisory::new("RUSTSEC-2025-0001", "leaky").patched(">= 2.0.0"),
        Advisory::new("RUSTSEC-2025-0002", "evil").malicious(),
        Advisory::new("RUSTSEC-2025-0003", "loose").informational("unsound"),
        Advisory::new("RUSTSEC-2025-0004", "lonely").informational("unmaintained"),
    ]);
    for name in ["leaky", "evil", "loose", "lonely"] {
        sandbox.registry().publish(&krate(name, "1.0.0"));
    }
    let app = Project::app(&sandbox, "app").pinned();
    let before = state(app);
    app.provenance(["add", "leaky"])
        .run()
        .code(1)
        .stderr_has("error[vulnerability]")
        .stderr_has("RUSTSEC-2025-0001");
    app.provenance(["add", "evil"]).run().code(1).stderr_has("error[malicious]");
    app.provenance(["add", "loose"])
        .run()
        .code(1)
        .stderr_has("--accept 'loose@1.0.0:unsound/RUSTSEC-2025-0003=REASON'");
    assert!(before == state(app), "something was changed");
    app.provenance(["add", "lonely"]).ok().stderr_has("note[unmaintained]");
    app.provenance(["add", "loose", "--accept", "unsound/RUSTSEC-2025-0003=we never call it"]).ok();

    let exception = |check: &str, name: &str, ends: &str| {
        format!(
            "[[exception]]\ncheck = \"{check}\"\npackage = \"{name}\"\nreason = \"no way yet\"\nexpires = \"{ends}\"\n"
        )
    };
    let policy = files::read(&app.path("Provenance.toml"));
    files::write(
        &app.path("Provenance.toml"),
        format!("{policy}\n{}", exception("malicious", "evil", "2999-01-01")),
    );
    app.provenance(["pin"]).run().code(2).stderr_has("nobody may wave `malicious` through");
    files::write(&app.path("Provenance.toml"), &policy);
    let app = app.policy(&exception("vulnerability", "leaky@1.0.0", "2999-01-01"));
    app.provenance(["add", "leaky"]).ok();
    app.provenance(["verify"]).ok();
    // Its end is the end.
    files::replace(&app.path("Provenance.toml"), "2999-01-01", "2020-01-01");
    app.provenance(["pin"]).run().code(1).stderr_has("exception-expired");
}

#[test]
fn a_fix_may_be_younger_where_the_policy_says_so() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    AdvisoryDb::new(&sandbox).publish(&[Advisory::new("RUSTSEC-2025-0001", "victim").patched(">= 1.0.1")]);
    sandbox.registry().publish(&young("victim", "1.0.1", 1));
    let output = app.provenance(["db", "update"]).run();
    assert_eq!(output.exit_code(), Some(0), "{output}");
    app.provenance(["update"]).ok().stderr_has("victim at v1.0.0, not v1.0.1: version-too-new");
    let app = app.policy("[checks]\nversion-too-new = { fixes-advisory = true }");
    app.provenance(["update"]).ok().stderr_has("RUSTSEC-2025-0001");
    assert_eq!(app.locked("victim"), "1.0.1");
}

#[test]
fn without_an_advisory_database_nothing_enters() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&krate("newcomer", "1.0.0"));
    let app = Project::app(&sandbox, "app").pinned();
    let app = app.policy("[advisories]\ndatabases = [\"../no-such-directory\"]");
    let before = state(app);
    app.provenance(["add", "newcomer"])
        .run()
        .code(3)
        .stderr_has("not-judged")
        .stderr_has("no-such-directory");
    assert!(before == state(app), "something was changed");
    let app = app.policy("").with("Provenance.toml", &before[3].replace("\"../no-such-directory\"", ""));
    app.provenance(["pin"]).ok();
    app.provenance(["add", "newcomer"]).ok().stderr_has("the policy names no database");
}

#[test]
fn banned_packages_and_foreign_sources_stay_out() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&krate("newcomer", "1.0.0"));
    sandbox.alternative().publish(&krate("internal", "1.0.0"));
    let app = Project::app(&sandbox, "app").pinned();
    let app = app.policy("[[ban]]\npackage = \"newcomer\"\nreason = \"no C\"\ninstead = \"victim\"");
    app.provenance(["add", "newcomer"])
        .run()
        .code(1)
        .stderr_has("banned: no C")
        .stderr_has("use `victim` instead");
    app.provenance(["add", "internal", "--registry", "test"]).run().code(1).stderr_has("error[source]");
}

#[test]
fn a_path_package_of_another_workspace_is_pinned_or_the_teams_own() {
    let sandbox = Sandbox::new();
    let library = |path: &str, name: &str| {
        files::write(
            &sandbox.path(&format!("{path}/Cargo.toml")),
            format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\nlicense = \"MIT\"\n\n[workspace]\n"
            ),
        );
        files::write(&sandbox.path(&format!("{path}/src/lib.rs")), "");
    };
    library("libs/theirs", "theirs");
    library("libs/ours", "ours");
    let app = Project::app(&sandbox, "app").pinned();
    app.provenance(["add", "--path", "../libs/theirs"]).ok().stderr_has("Entering");
    let pins = files::read(&app.path("Provenance.lock"));
    assert!(pins.contains("path = \"../libs/theirs\""), "{pins}");
    app.provenance(["verify"]).ok();
    files::write(&sandbox.path("libs/theirs/src/lib.rs"), "pub fn evil() {}");
    app.provenance(["verify"]).run().code(4).stderr_has("theirs");
    files::write(&sandbox.path("libs/theirs/src/lib.rs"), "");

    let policy = files::read(&app.path("Provenance.toml")).replace("own = []", "own = [\"../libs/ours\"]");
    files::write(&app.path("Provenance.toml"), policy);
    app.provenance(["pin"]).ok();
    app.provenance(["add", "--path", "../libs/ours"]).ok().stderr_has("Listing");
    app.provenance(["verify"]).ok();
    files::write(&sandbox.path("libs/ours/src/lib.rs"), "pub fn fine() {}");
    app.provenance(["verify"]).ok();
}

#[test]
fn every_kind_of_dependency_comes_in() {
    let sandbox = Sandbox::new();
    for name in ["normal", "renamed", "optional", "target", "dev", "build"] {
        sandbox.registry().publish(&krate(name, "1.0.0").feature("extra", &[]));
    }
    let app = Project::app(&sandbox, "app").pinned();
    for (arguments, line) in [
        (&["normal", "--features", "extra"][..], "normal = { version = \"1.0.0\", features = [\"extra\"] }"),
        (&["renamed@1", "--rename", "other"], "other = { version = \"1\", package = \"renamed\" }"),
        (&["optional", "--optional"], "optional = { version = \"1.0.0\", optional = true }"),
        (&["target", "--target", "cfg(unix)"], "[target.\"cfg(unix)\".dependencies]\ntarget = \"1.0.0\""),
        (&["dev", "--dev"], "[dev-dependencies]\ndev = \"1.0.0\""),
        (&["build", "--build"], "[build-dependencies]\nbuild = \"1.0.0\""),
    ] {
        app.provenance(["add"]).args(arguments).ok();
        let manifest = files::read(&app.path("Cargo.toml"));
        assert!(manifest.contains(line) || manifest.replace("'", "\"").contains(line), "{line}: {manifest}");
    }
    app.provenance(["verify", "--full"]).ok();
}

#[test]
fn every_flag_of_cargos_commands_is_there() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app");
    let flags = |text: &str| {
        let words =
            text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|it| it.starts_with("--"));
        words.filter(|it| it.len() > 2).map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    for command in ["add", "update", "remove"] {
        let cargo = flags(&app.cargo([command, "--help"]).ok().stdout);
        let ours = flags(&app.provenance([command, "--help"]).ok().stdout);
        // Cargo writes where nightly flags are explained, and names none of its own there.
        let missing = cargo.difference(&ours).filter(|flag| *flag != "--lockfile-path").collect::<Vec<_>>();
        assert!(missing.is_empty() && cargo.len() > 8, "{command}: {missing:?}");
    }
}

#[test]
fn offline_and_frozen_open_no_socket() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&krate("newcomer", "1.0.0"));
    let app = Project::app(&sandbox, "app").pinned();
    sandbox.registry().publish(&krate("victim", "1.1.0"));
    sandbox.registry().forget_requests();
    for arguments in [&["add", "newcomer"][..], &["update"], &["remove", "victim"], &["pin"]] {
        for flag in ["--offline", "--frozen"] {
            app.provenance([]).args(arguments).args([flag, "--dry-run"]).run();
        }
    }
    assert_eq!(sandbox.registry().requests(), Vec::<String>::new());
}
