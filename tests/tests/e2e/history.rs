//! How a release came about: out of a long silence, in a burst, with a dependency that nobody had heard of.
//!
//! Cargo takes every one of these without a word.

use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::{Krate, Output, Project, Sandbox, files};

fn publish(sandbox: &Sandbox, name: &str, versions: &[(&str, u64)]) {
    for (version, days) in versions {
        let krate = Krate::greeting(name, version, CLEAN).published(Some(&days_ago(*days)));
        sandbox.registry().publish(&krate);
    }
}

fn vet(project: Project<'_>, words: &[&str]) -> Output {
    project.provenance(["vet"]).args(words).run()
}

#[test]
fn what_a_history_says_is_told() {
    let sandbox = Sandbox::new();
    publish(&sandbox, "stirring", &[("1.0.0", 2_000), ("1.0.1", 20)]);
    publish(&sandbox, "dozing", &[("1.0.0", 800), ("1.0.1", 20)]);
    publish(&sandbox, "leaper", &[("1.0.0", 500), ("3.0.0", 200)]);
    publish(&sandbox, "newish", &[("1.0.0", 200)]);
    let burst = ["1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4"].map(|version| (version, 400));
    publish(&sandbox, "busy", &burst);
    let nowhere = Project::empty(&sandbox, "nowhere");
    let output = vet(nowhere, &["stirring", "dozing", "leaper", "newish", "busy"]).code(1);
    for expected in [
        "review[dormant-revival]: `stirring v1.0.1` was published after 1980 days without any version",
        "note[dormant-revival]: `dozing v1.0.1` was published after 780 days without any version",
        "note[version-jump]: `leaper v3.0.0` follows on 1.0.0",
        "note[few-versions]: crate `newish` has 1 version, the first of which was published 200 days ago",
        "note[burst]: `busy v1.0.4` is one of 5 versions that were published within a day",
    ] {
        assert!(output.stderr.contains(expected), "{expected}: {output}");
    }
    // A version from before the silence is none that came out of it.
    vet(nowhere, &["stirring@1.0.0"]).code(0).stderr_lacks("dormant-revival");
    // Nobody found anything wrong with it for a year.
    publish(&sandbox, "woken", &[("1.0.0", 2_000), ("1.0.1", 370)]);
    vet(nowhere, &["woken"]).code(0).stderr_lacks("dormant-revival");
}

/// Publishes `hungry`, whose newest version needs a package that was 5 days old when it came out.
fn hungry(sandbox: &Sandbox) {
    publish(sandbox, "hungry", &[("1.0.0", 400)]);
    publish(sandbox, "sapling", &[("0.1.0", 25)]);
    let newest = Krate::greeting("hungry", "1.0.1", CLEAN).dependency("sapling", "0.1");
    sandbox.registry().publish(&newest.published(Some(&days_ago(20))));
}

#[test]
fn a_young_stranger_among_the_dependencies_stays_out() {
    let sandbox = Sandbox::new();
    hungry(&sandbox);
    let gated = Project::app(&sandbox, "gated").pinned();
    let first = "`hungry v1.0.1` needs `sapling`, and 1.0.0 needed nothing";
    let young =
        "error[dependency-too-young]: `hungry v1.0.1` newly needs `sapling`, which was 5 days old then";
    let output = gated.provenance(["add", "hungry@=1.0.1"]).run().code(1);
    output
        .stderr_has(&format!("review[dependency-first-ever]: {first}"))
        .stderr_has(young)
        .stderr_has("nothing of `hungry` had been published for 380 days");
    // A version that would pass is taken where any will do.
    gated.provenance(["add", "hungry"]).ok();
    assert_eq!(gated.locked("hungry"), "1.0.0");
    gated.provenance(["update"]).ok().stderr_has("hungry at v1.0.0, not v1.0.1");
    assert_eq!(gated.locked("hungry"), "1.0.0");

    // Past the gate, with plain cargo: `check` and `pin` find it in the lockfile.
    gated.cargo(["update", "hungry"]).ok();
    gated.provenance(["pin"]).run().code(1).stderr_has(young);
    gated.provenance(["check"]).run().code(4).stderr_has(young).stderr_has(first);
}

#[test]
fn how_old_a_dependency_is_that_is_not_in_the_graph_is_told_as_not_looked_up() {
    let sandbox = Sandbox::new();
    hungry(&sandbox);
    let nowhere = Project::empty(&sandbox, "nowhere");
    let output = vet(nowhere, &["hungry"]).code(1);
    output
        .stderr_has("review[dependency-first-ever]")
        .stderr_has("note[dependency-too-young]: `hungry v1.0.1` needs `sapling`, which 1.0.0 did not need")
        .stderr_has("how old that is was not looked up: it is not in the lockfile");
    assert!(sandbox.registry().requests().iter().all(|path| !path.contains("sapling")));
    // What is at hand of the index is enough.
    vet(nowhere, &["sapling"]).code(1);
    vet(nowhere, &["hungry"]).code(1).stderr_has("error[dependency-too-young]");
}

#[test]
fn a_second_version_of_a_package_is_noted_and_can_be_refused() {
    let sandbox = Sandbox::new();
    publish(&sandbox, "twice", &[("1.0.0", 500), ("2.0.0", 400)]);
    let old = Krate::greeting("other", "1.0.0", CLEAN).dependency("twice", "1");
    sandbox.registry().publish(&old);
    let gated = Project::app(&sandbox, "gated").pinned();
    gated.provenance(["add", "twice"]).ok();
    let note = "[duplicate-version]: `twice v1.0.0` is in the graph beside 2.0.0";
    gated.provenance(["add", "other"]).ok().stderr_has(&format!("note{note}"));
    let policy = gated.path("Provenance.toml");
    files::replace(&policy, "[checks]\n", "[checks]\nduplicate-version = \"deny\"\n");
    gated.provenance(["pin"]).ok();
    gated.provenance(["check"]).run().code(1).stderr_has(&format!("error{note}"));
}

#[test]
fn cargos_own_cool_down_asks_for_more_and_never_for_less() {
    let sandbox = Sandbox::new();
    publish(&sandbox, "fresh", &[("1.0.0", 380), ("1.0.1", 20), ("1.0.2", 3)]);
    let set = |days: &str| format!("[registry]\nglobal-min-publish-age = \"{days}\"\n");
    let project =
        |name, days: &str| Project::app(&sandbox, name).with(".cargo/config.toml", &set(days)).pinned();
    let found = "was published 20 days ago, and cargo's configuration asks for 30 days";
    let gated = project("gated", "30 days");
    let output = gated.provenance(["add", "fresh@=1.0.1"]).run().code(1).stderr_has(found);
    output.stderr_has("set by `registry.global-min-publish-age` in .cargo/config.toml:2");
    gated.provenance(["add", "fresh"]).ok();
    assert_eq!(gated.locked("fresh"), "1.0.0");

    // An attacker's configuration makes nothing younger than the tool's own week.
    let gated = project("loose", "0");
    gated.provenance(["add", "fresh@=1.0.2"]).run().code(1).stderr_has("version-too-new");
    gated.provenance(["add", "fresh"]).ok();
    assert_eq!(gated.locked("fresh"), "1.0.1");

    // The policy has the last word, and a value that cargo would not take is no silent pass.
    let gated = project("own", "30 days").policy("[checks]\nversion-too-new = { days = 14 }");
    gated.provenance(["add", "fresh"]).ok();
    assert_eq!(gated.locked("fresh"), "1.0.1");
    files::write(&gated.path(".cargo/config.toml"), set("soon"));
    gated.provenance(["check"]).run().code(4).stderr_has("error[cargo-setting]");
    let output = gated.provenance(["pin"]).run().code(2);
    output.stderr_has("`registry.global-min-publish-age` is not a time span").stderr_has("config.toml:2");
}
