//! `add` in its first form: everything is proven before anything changes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tests::files;
use tests::krate::{Entry, EntryType, days_ago};
use tests::project::CLEAN;
use tests::{Krate, Project, Registry, Response, Sandbox};

/// Every file of the project outside `target`, to see that nothing changed.
fn state(project: Project<'_>) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files::list(&project.root()).into_iter();
    let files = files.filter(|it| !it.starts_with(project.path("target")));
    files.map(|it| (it.clone(), files::read_bytes(&it))).collect()
}

#[test]
fn add_puts_manifest_lockfile_and_pins_in_place_together() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("deeper", "1.0.0", CLEAN));
    registry.publish(
        &Krate::greeting("newcomer", "1.2.0", CLEAN).dependency("deeper", "1").feature("extra", &[]),
    );
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let output = gated.provenance(["add", "newcomer", "--features", "extra"]).ok();
    assert!(output.stderr.contains("newcomer") && output.stderr.contains("deeper"), "{output}");

    let manifest = files::read(&gated.path("Cargo.toml"));
    assert!(manifest.contains("newcomer = { version = \"1.2.0\", features = [\"extra\"] }"), "{manifest}");
    let pins = files::read(&gated.path("Provenance.lock"));
    assert!(pins.contains("name = \"newcomer\"") && pins.contains("name = \"deeper\""), "{pins}");
    files::replace(&gated.path("src/main.rs"), "victim::", "newcomer::");
    gated.is_clean();
    gated.cargo(["build", "--locked"]).ok();
}

#[test]
fn add_leaves_the_rest_of_the_manifest_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    let before = files::read(&gated.path("Cargo.toml"));
    gated.provenance(["add", "newcomer@1"]).ok();
    let after = files::read(&gated.path("Cargo.toml"));
    assert_eq!(after.replace("newcomer = \"1\"\n", ""), before);
}

#[test]
fn add_to_a_member_of_an_inheriting_workspace() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let gated = crate::flows::inheriting(&sandbox, "gated").gate();
    gated.is_clean();
    gated.provenance(["add", "newcomer", "--package", "app"]).ok();
    gated.is_clean();
    gated.provenance(["add", "newcomer", "--package", "part", "--dev"]).ok();
    gated.is_clean();
    let manifest = files::read(&gated.path("crates/app/Cargo.toml"));
    assert!(manifest.contains("newcomer"), "{manifest}");
}

#[test]
fn what_is_yanked_or_too_young_is_refused_with_nothing_changed() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("young", "1.0.0", CLEAN).published(Some(&days_ago(2))));
    registry.publish(&Krate::greeting("fine", "1.0.0", CLEAN).dependency("young", "1"));
    registry.publish(&Krate::greeting("old", "0.9.0", CLEAN));
    registry.publish(&Krate::greeting("old", "1.0.0", CLEAN).published(Some(&days_ago(9))));
    registry.publish(&Krate::greeting("gone", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let before = state(gated);

    gated.provenance(["add", "young"]).run().code(1).stderr_has("young");
    // A young one behind an old one enters just as well.
    gated.provenance(["add", "fine"]).run().code(1).stderr_has("young");
    registry.yank("gone", "1.0.0");
    gated.provenance(["add", "gone@=1.0.0"]).run().fails().stderr_has("gone");
    assert!(before == state(gated), "something was changed");
    gated.is_clean();

    gated.provenance(["add", "old"]).ok();
    gated.is_clean();
}

#[test]
fn a_yanked_version_that_is_already_locked_is_refused_by_pin() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("gone", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    files::replace(&gated.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\ngone = \"1\"");
    gated.cargo(["fetch"]).ok();
    registry.yank("gone", "1.0.0");
    let before = files::read(&gated.path("Provenance.lock"));

    gated.provenance(["pin"]).run().code(1).stderr_has("gone");
    assert_eq!(before, files::read(&gated.path("Provenance.lock")));
}

#[test]
fn a_yanked_version_that_is_already_pinned_does_not_stand_in_the_way() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    registry.publish(&Krate::greeting("another", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    registry.yank("victim", "1.0.0");

    gated.provenance(["add", "newcomer"]).ok();
    gated.is_clean();
    files::replace(&gated.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nanother = \"1\"");
    gated.cargo(["fetch"]).ok();
    gated.provenance(["pin"]).ok();
    gated.is_clean();
}

#[test]
fn an_archive_that_is_not_what_the_index_says_is_refused_with_nothing_changed() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let honest = Krate::greeting("newcomer", "1.0.0", CLEAN);
    let gated = Project::app(&sandbox, "gated").gate();
    let before = state(gated);
    let path = Registry::download_path("newcomer", "1.0.0");

    registry.publish(&honest.clone().checksum(&"0".repeat(64)));
    gated.provenance(["add", "newcomer"]).run().code_in(&[1, 2, 3, 4]).stderr_has("newcomer");
    registry.publish(&honest);
    for response in [
        Response::Status(500),
        Response::Status(404),
        Response::Truncated(honest.to_archive(), 64),
        Response::Body(vec![]),
        Response::Body(b"<html>".to_vec()),
    ] {
        registry.respond(&path, response);
        gated.provenance(["add", "newcomer"]).run().code_in(&[1, 2, 3, 4]).stderr_has("newcomer");
    }
    registry.respond(&Registry::index_path("newcomer"), Response::Body(b"{\"name\":".to_vec()));
    gated.provenance(["add", "newcomer"]).run().code_in(&[2, 3]).stderr_has("newcomer");
    assert!(before == state(gated), "something was changed");

    registry.behave(&path);
    registry.behave(&Registry::index_path("newcomer"));
    gated.provenance(["add", "newcomer"]).ok();
    gated.is_clean();
}

#[test]
fn hostile_archives_are_refused_with_nothing_changed() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let gated = Project::app(&sandbox, "gated").gate();
    let before = state(gated);
    let outside = sandbox.path("outside");
    let file = |path: &[u8]| Entry {
        path: path.to_vec(),
        kind: EntryType::Regular,
        target: None,
        content: b"EVIL".to_vec(),
    };
    let link = |kind, target: &str| Entry {
        path: b"src/link".to_vec(),
        kind,
        target: Some(target.into()),
        content: vec![],
    };
    let base = || Krate::greeting("hostile", "1.0.0", CLEAN);
    let hostile = [
        ("path above the root", base().entry(file(b"../../../../outside"))),
        ("another package's directory", base().entry(file(b"../victim-1.0.0/src/lib.rs"))),
        ("symbolic link", base().entry(link(EntryType::Symlink, "/etc/passwd"))),
        ("hard link", base().entry(link(EntryType::Link, "hostile-1.0.0/src/lib.rs"))),
        ("pipe", base().entry(Entry { kind: EntryType::Fifo, ..file(b"src/pipe") })),
        ("device", base().entry(Entry { kind: EntryType::Char, ..file(b"src/device") })),
        ("not UTF-8", base().entry(file(b"src/\xff\xfe"))),
        ("control characters", base().entry(file(b"src/new\nline"))),
        ("the same file twice", base().entry(file(b"src/lib.rs"))),
        ("a file and a directory of one name", base().entry(file(b"src"))),
        ("empty", base().archive(vec![])),
        ("no archive", base().archive(b"no archive".to_vec())),
        ("cut off", base().archive(base().to_archive()[..200].to_vec())),
        ("half a megabyte that becomes half a gigabyte", base().archive(bomb())),
        ("another package's archive", base().archive(Krate::greeting("victim", "1.0.0", CLEAN).to_archive())),
    ];
    for (what, krate) in hostile {
        registry.publish(&krate);
        let output = gated.provenance(["add", "hostile"]).run();
        assert!(matches!(output.exit_code(), Some(1..=4)), "{what}: {output}");
        assert!(output.stderr.contains("hostile"), "{what}: {output}");
        assert!(before == state(gated), "{what}: something was changed");
        assert!(!outside.exists(), "{what}: written outside");
        // Cargo keeps an archive that has the checksum of the index.
        for left in files::list(&sandbox.cargo_home().join("registry/cache")) {
            if left.ends_with("hostile-1.0.0.crate") {
                files::remove(&left);
            }
        }
    }
    gated.is_clean();
}

#[test]
fn add_without_the_network_says_so() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    let before = state(gated);
    gated.provenance(["add", "newcomer", "--offline"]).run().code_in(&[2, 3]).stderr_has("newcomer");
    assert!(before == state(gated), "something was changed");
}

#[test]
fn a_dry_run_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    let before = state(gated);
    gated.provenance(["add", "newcomer", "--dry-run"]).ok();
    assert!(before == state(gated), "something was changed");
}

#[test]
fn verify_asks_no_registry() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    sandbox.registry().forget_requests();
    gated.provenance(["verify"]).ok();
    assert_eq!(sandbox.registry().requests(), Vec::<String>::new());
}

/// Half a gigabyte of zeros, compressed.
fn bomb() -> Vec<u8> {
    Krate::new("hostile", "1.0.0").zeros("src/zeros", 512 << 20).to_archive()
}
