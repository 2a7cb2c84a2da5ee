//! Holding back: the choice is cargo's own but for what is refused, whatever lies in the cargo home.

use tests::advisories::{Advisory, AdvisoryDb};
use tests::krate::{Entry, EntryType, days_ago};
use tests::project::CLEAN;
use tests::{Krate, Project, Registry, Sandbox, files};

fn krate(name: &str, version: &str) -> Krate {
    Krate::greeting(name, version, CLEAN)
}

fn young(name: &str, version: &str) -> Krate {
    krate(name, version).published(Some(&days_ago(2)))
}

/// The archives that were asked for, sorted.
fn downloads(registry: &Registry) -> Vec<String> {
    let mut paths =
        registry.requests().into_iter().filter(|path| path.starts_with("/dl/")).collect::<Vec<_>>();
    paths.sort();
    paths
}

#[test]
fn what_was_downloaded_before_decides_nothing() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&krate("deep", "1.0.0"));
    let other = Project::greeter(&sandbox, "other", "deep = \"1\"", "deep::greeting()");
    other.cargo(["fetch"]).ok();
    registry.publish(&krate("deep", "1.1.0"));
    registry.publish(&krate("newcomer", "1.0.0").dependency("deep", "1"));
    registry.publish(&young("newcomer", "1.1.0"));
    let app = Project::app(&sandbox, "app").pinned();
    app.provenance(["add", "newcomer"]).ok().stderr_has("newcomer at v1.0.0, not v1.1.0: version-too-new");
    assert_eq!(app.locked("deep"), "1.1.0");

    let app = Project::greeter(&sandbox, "updating", "between = \"1\"", "between::greeting()");
    registry.publish(&krate("between", "1.0.0"));
    let app = app.pinned();
    registry.publish(&krate("between", "1.1.0").dependency("deep", "1"));
    registry.publish(&young("between", "1.2.0"));
    app.provenance(["update"]).ok().stderr_has("between at v1.1.0, not v1.2.0: version-too-new");
    assert_eq!(app.locked("deep"), "1.1.0");
}

/// `outer` asks for `inner` of its own version.
fn nested(sandbox: &Sandbox) {
    let registry = sandbox.registry();
    for version in ["1.0.0", "1.1.0"] {
        registry.publish(&krate("inner", version));
        registry.publish(&krate("outer", version).dependency("inner", version));
    }
}

#[test]
fn packages_that_need_each_other_are_held_back_together() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&krate("inner", "1.0.0"));
    registry.publish(&krate("outer", "1.0.0").dependency("inner", "1.0.0"));
    let app = Project::greeter(&sandbox, "app", "outer = \"1\"", "outer::greeting()").pinned();
    nested(&sandbox);
    registry.publish(&young("inner", "1.2.0"));
    registry.publish(&krate("outer", "1.2.0").dependency("inner", "1.2.0"));
    let output = app.provenance(["update"]).ok();
    let output = output.stderr_has("inner at v1.1.0, not v1.2.0: version-too-new");
    output.stderr_has("outer at v1.1.0, not v1.2.0: it goes with what is held back of `inner`");
    assert_eq!((app.locked("outer"), app.locked("inner")), ("1.1.0".into(), "1.1.0".into()));
    assert!(!files::read(&app.path("Cargo.toml")).contains("bound"));
    app.provenance(["verify"]).ok();
    app.cargo(["metadata", "--locked", "--format-version", "1"]).ok();
}

#[test]
fn where_only_what_is_refused_fits_nothing_advises_a_version_that_is_locked_nowhere() {
    let sandbox = Sandbox::new();
    nested(&sandbox);
    sandbox.registry().publish(&young("inner", "1.2.0"));
    sandbox.registry().publish(&krate("outer", "1.2.0").dependency("inner", "1.2.0"));
    let app = Project::app(&sandbox, "app").pinned();
    let output = app.provenance(["add", "outer@=1.2.0"]).run().code(1);
    let output = output.stderr_has("error[version-too-new]: `inner v1.2.0`");
    let output = output.stderr_has("`1.1.0` would pass, where what pulls it in takes it");
    assert!(!output.stderr.contains("--precise"), "{output}");
    app.provenance(["add", "outer"]).ok();
    assert_eq!((app.locked("outer"), app.locked("inner")), ("1.1.0".into(), "1.1.0".into()));
}

#[test]
fn a_vulnerable_version_that_stays_is_named() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    AdvisoryDb::new(&sandbox).publish(&[Advisory::new("RUSTSEC-2025-0001", "victim").patched(">= 1.0.1")]);
    app.provenance(["db", "update"]).ok();
    app.provenance(["update"])
        .ok()
        .stderr_has("note[vulnerability]")
        .stderr_has("`update` leaves it in place: nothing newer is within what is asked for");
    sandbox.registry().publish(&young("victim", "1.0.1"));
    app.provenance(["update"])
        .ok()
        .stderr_has("RUSTSEC-2025-0001")
        .stderr_has("`update` leaves it in place: v1.0.1 is held back (version-too-new)");
    sandbox.registry().publish(&krate("victim", "1.0.2"));
    let output = app.provenance(["update"]).ok();
    assert!(!output.stderr.contains("leaves it in place"), "{output}");
}

#[test]
fn a_license_is_for_a_person_to_decide_and_for_no_older_version() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    for number in 0..9 {
        registry.publish(&krate("odd", &format!("1.0.{number}")).license(Some("MIT AND OSL-3.0")));
    }
    registry.publish(&krate("newcomer", "1.0.0"));
    registry.publish(&krate("newcomer", "1.1.0").dependency("odd", "1"));
    let app = Project::app(&sandbox, "app").pinned();
    registry.forget_requests();
    let output = app.provenance(["add", "newcomer"]).run().code(1);
    let output = output.stderr_has("error[license]: `odd v1.0.8` is licensed under `MIT AND OSL-3.0`");
    let output =
        output.stderr_has("if you may use it, add \"OSL-3.0\" to `allow` in `Provenance.toml`, line ");
    output.stderr_has("then run `cargo provenance pin`, and this command again");
    let expected = [("newcomer", "1.1.0"), ("odd", "1.0.8")];
    assert_eq!(downloads(registry), expected.map(|(name, version)| Registry::download_path(name, version)));
}

#[test]
fn an_update_stays_where_the_license_was_another() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    for version in ["1.1.0", "1.2.0"] {
        sandbox.registry().publish(&krate("victim", version).license(Some("OSL-3.0")));
    }
    let output = app.provenance(["update"]).ok().stderr_has("victim at v1.0.0, not v1.2.0: license");
    output.stderr_has("add \"OSL-3.0\" to `allow`");
    assert_eq!(app.locked("victim"), "1.0.0");
}

#[test]
fn another_version_is_fetched_alone() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let names = (0..6).map(|number| format!("part-{number}")).collect::<Vec<_>>();
    names.iter().for_each(|name| drop(registry.publish(&krate(name, "1.0.0"))));
    let newcomer =
        |version| names.iter().fold(krate("newcomer", version), |it, name| it.dependency(name, "1"));
    registry.publish(&newcomer("1.0.0"));
    for version in ["1.1.0", "1.2.0"] {
        registry.publish(&newcomer(version).entry(Entry {
            path: b"way".to_vec(),
            kind: EntryType::Symlink,
            target: Some("/etc".into()),
            content: vec![],
        }));
    }
    let app = Project::app(&sandbox, "app").pinned();
    registry.forget_requests();
    app.provenance(["add", "newcomer"]).ok().stderr_has("newcomer at v1.0.0, not v1.2.0: archive-link");
    let mut expected = ["1.0.0", "1.1.0", "1.2.0"].map(|it| Registry::download_path("newcomer", it)).to_vec();
    expected.extend(names.iter().map(|name| Registry::download_path(name, "1.0.0")));
    assert_eq!(downloads(registry), expected);
    app.provenance(["verify"]).ok();
    // All of it got into the user's cache, whichever round fetched it.
    app.cargo(["fetch", "--locked", "--offline"]).ok();
}

#[test]
fn a_new_policy_allows_the_licenses_that_are_common() {
    let sandbox = Sandbox::new();
    let empty = Project::empty(&sandbox, "empty")
        .with("Cargo.toml", "[package]\nname = \"empty\"\nversion = \"0.1.0\"\nlicense = \"MIT\"\n")
        .with("src/lib.rs", "")
        .pinned();
    let license = "(MIT OR Apache-2.0) AND Unicode-3.0";
    sandbox.registry().publish(&krate("ident", "1.0.0").license(Some(license)));
    empty.provenance(["add", "ident"]).ok();
    sandbox.registry().publish(&krate("copyleft", "1.0.0").license(Some("GPL-3.0-only")));
    empty.provenance(["add", "copyleft"]).run().code(1).stderr_has("error[license]");
}

#[test]
fn what_the_build_helper_brings_in_is_vetted_and_what_is_locked_stays() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    // The helper needs it, and so does the app, which has an older one that will do.
    registry.publish(&krate("cfg-if", "1.0.0"));
    let app = Project::greeter(&sandbox, "app", "cfg-if = \"1\"", "cfg_if::greeting()");
    app.cargo(["generate-lockfile"]).ok();
    app.cargo(["update", "cfg-if", "--precise", "1.0.0"]).ok();
    registry.publish(&young("blake3", "1.99.0"));
    let output = app.init([]).code(0).stderr_has("Holding blake3 at v1.");
    let output = output.stderr_has("not v1.99.0: version-too-new").stderr_has("Entering blake3 v1.");
    assert_eq!(app.locked("cfg-if"), "1.0.0", "{output}");
    let pins = files::read(&app.path("Provenance.lock"));
    let basis = |name: &str| {
        let pin = pins.split("[[package]]").find(|pin| pin.contains(&format!("name = \"{name}\"")));
        pin.and_then(|pin| pin.split_once("basis = \"")).map(|(_, rest)| rest.split('"').next().unwrap_or(""))
    };
    assert_eq!((basis("cfg-if"), basis("blake3")), (Some("baseline"), Some("policy")), "{pins}");
    app.provenance(["verify"]).ok();
}

#[test]
fn a_build_helper_of_which_nothing_passes_is_refused_and_nothing_changes() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app");
    app.cargo(["generate-lockfile"]).ok();
    AdvisoryDb::new(&sandbox).publish(&[Advisory::new("RUSTSEC-2025-0001", "blake3")]);
    let state = || ["Cargo.toml", "Cargo.lock"].map(|file| files::read(&app.path(file)));
    let before = state();
    let output = app.init([]).code(1).stderr_has("error[vulnerability]: `blake3 v1.");
    output.stderr_has("it would enter for provenance-build").stderr_has("`init` without `--build-helper`");
    assert_eq!(state(), before);
    assert!(!app.path("Provenance.lock").exists() && !app.path("build.rs").exists());
    app.provenance(["init"]).ok();
}

#[test]
fn what_passes_in_no_version_is_refused_at_once_and_alone() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&krate("lively", "1.0.0"));
    registry.publish(&young("lively", "1.1.0"));
    for number in 0..12 {
        let version = format!("1.{number}.0");
        registry.publish(&young("doomed", &version));
        registry.publish(&krate("middle", &version).dependency("doomed", "1"));
        registry.publish(&krate("newcomer", &version).dependency("middle", "1").dependency("lively", "1"));
    }
    let app = Project::app(&sandbox, "app").pinned();
    registry.forget_requests();
    let output = app.provenance(["add", "newcomer"]).run().code(1);
    let output = output.stderr_has("error[version-too-new]: `doomed v1.11.0`");
    // That could be held back, and is not what speaks against it.
    assert!(!output.stderr.contains("lively"), "{output}");
    assert!(downloads(registry).is_empty());
    // Each time that cargo resolves it asks the index once more.
    let asked = registry.requests().iter().filter(|path| path.ends_with("/doomed")).count();
    assert!(asked <= 4, "{asked}: {output}");

    // A version that does without it is found all the same.
    registry.publish(&krate("middle", "1.1.1"));
    app.provenance(["add", "newcomer"]).ok();
    assert_eq!(app.locked("middle"), "1.1.1");
}
