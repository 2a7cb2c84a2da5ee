//! `vet`: what would be said of a package, without adding anything.

use std::time::{Duration, SystemTime};

use tests::files;
use tests::krate::{DAYS, Entry, EntryType, time};
use tests::project::CLEAN;
use tests::{Advisory, AdvisoryDb, Krate, Output, Project, Registry, Response, Sandbox};

fn vet(project: Project<'_>, words: &[&str]) -> Output {
    project.provenance(["vet"]).args(words).run()
}

fn days_ago(days: u64) -> String {
    time(SystemTime::now() - Duration::from_secs(days * 86_400))
}

/// What lies in cargo's cache of archives and sources.
fn cached(sandbox: &Sandbox) -> Vec<std::path::PathBuf> {
    let registry = sandbox.cargo_home().join("registry");
    [files::list(&registry.join("cache")), files::list(&registry.join("src"))].concat()
}

#[test]
fn a_crate_is_judged_outside_of_any_workspace_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("thing", "1.0.0", CLEAN).dependency("deep", "1"));
    registry.publish(
        &Krate::greeting("thing", "1.1.0", CLEAN)
            .build_script("fn main() {}")
            .dependency("deep", "1")
            .optional_dependency("maybe", "1"),
    );
    registry.publish(&Krate::greeting("thing", "1.2.0", CLEAN).yanked());
    registry.publish(&Krate::greeting("thing", "2.0.0-rc.1", CLEAN));
    let nowhere = Project::empty(&sandbox, "nowhere");
    let before = cached(&sandbox);
    let output = vet(nowhere, &["thing"]).code(0);
    for expected in [
        "Vetting thing v1.1.0 from crates-io",
        &format!("Published {}", &days_ago(DAYS)[..10]),
        "4 versions",
        "Depends on deep, maybe (optional)",
        "Build time a build script",
        "Holding 4 files",
        "Checksum sha256:",
        "Tree b3:",
        "Not checked the dependencies of thing v1.1.0: `add` judges all that would come in",
        "`thing v1.1.0` would pass",
    ] {
        assert!(output.stderr.contains(expected), "{expected}: {output}");
    }
    assert_eq!(cached(&sandbox), before);
    assert!(files::list(&nowhere.root()).is_empty());

    // Compatible versions, which cargo would never resolve together, and one of them twice.
    let output = vet(nowhere, &["thing", "thing@1.1.0", "thing@1.0.0"]).code(0);
    assert_eq!(output.stderr.matches("Vetting thing v1.1.0").count(), 1, "{output}");
    assert!(output.stderr.contains("2 packages would pass"), "{output}");
}

#[test]
fn two_versions_of_one_semver_line_are_judged_at_once() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("thing", "1.0.0", CLEAN));
    sandbox.registry().publish(&Krate::greeting("thing", "1.1.0", CLEAN));
    let nowhere = Project::empty(&sandbox, "nowhere");
    vet(nowhere, &["thing@1.0.0", "thing@1.1.0"]).code(0).stderr_has("2 packages would pass");
}

#[test]
fn what_cargo_has_is_judged_without_the_network() {
    let sandbox = Sandbox::new();
    let project = Project::app(&sandbox, "work");
    project.cargo(["fetch"]).ok();
    project.provenance(["db", "update"]).ok();
    sandbox.registry().forget_requests();
    vet(project, &["victim"]).code(0);
    vet(project, &["victim@1.0.0", "--offline"]).code(0);
    assert_eq!(sandbox.registry().requests(), Vec::<String>::new());
    let output = vet(project, &["victim", "--message-format", "json"]).code(0);
    assert!(output.stdout.contains("\"verb\":\"Checksum\",\"message\":\"sha256:"), "{output}");
    let last = output.stdout.lines().last().expect("a summary");
    assert!(last.contains("\"passing\":1") && last.contains("\"outcome\":\"fine\""), "{last}");
}

#[test]
fn what_is_not_at_hand_offline_is_not_judged() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("thing", "1.0.0", CLEAN));
    let nowhere = Project::empty(&sandbox, "nowhere");
    nowhere.provenance(["db", "update"]).ok();
    vet(nowhere, &["thing", "--offline"]).code(3).stderr_has("`thing` could not be judged");
    vet(nowhere, &["thing"]).code(0);
    // The index is there now, the archive was thrown away.
    vet(nowhere, &["thing", "--offline"])
        .code(3)
        .stderr_has("its `.crate` is not in cargo's cache")
        .stderr_has("archive-missing");
}

#[test]
fn the_policy_of_the_workspace_counts() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("young", "1.0.0", CLEAN).published(Some(&days_ago(2))));
    registry.publish(&Krate::greeting("gone", "1.0.0", CLEAN).yanked());
    registry.publish(&Krate::greeting("victim", "1.0.1", CLEAN));
    let project = Project::app(&sandbox, "work");
    project.cargo(["generate-lockfile"]).ok();
    project.cargo(["update", "victim", "--precise", "1.0.0"]).ok();
    project.provenance(["init"]).ok();
    let lock = files::read(&project.path("Provenance.lock"));

    let output = vet(project, &["young", "gone@1.0.0", "victim"]).code(1);
    for expected in [
        "error[version-too-new]: `young v1.0.0` was published 2 days ago",
        "review[version-yanked]: `gone v1.0.0` was yanked",
        "`cargo provenance add gone@1.0.0 --accept 'gone@1.0.0:version-yanked=REASON'`",
        "Replacing v1.0.0, which is pinned",
        "to let in 3 packages: ",
    ] {
        assert!(output.stderr.contains(expected), "{expected}: {output}");
    }
    vet(project, &["victim"]).code(0);
    vet(project, &["victim@1.0.0"]).code(0).stderr_has("Pinned Provenance.lock:");
    let policy = "version = 1\n[checks]\nversion-too-new = \"note\"\ncrate-too-young = \"allow\"\n[[ban]]\npackage = \"victim\"\nreason = \"no\"\n";
    files::write(&project.path("Provenance.toml"), policy);
    vet(project, &["young"]).code(0).stderr_has("note[version-too-new]").stderr_has("would pass, with ");
    vet(project, &["victim"]).code(1).stderr_has("error[banned]").stderr_has("Provenance.toml:5");
    assert_eq!(files::read(&project.path("Provenance.lock")), lock);
}

#[test]
fn what_does_not_exist_is_no_pass() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("thing", "1.0.0", CLEAN));
    let nowhere = Project::empty(&sandbox, "nowhere");
    vet(nowhere, &["nothing-there"]).code(3).stderr_has("`nothing-there` could not be judged");
    vet(nowhere, &["thing@9.9.9"]).code(1).stderr_has("error[version-vanished]");
    // One that is missing does not take the others along.
    vet(nowhere, &["nothing-there", "thing"]).code(3).stderr_has("Vetting thing v1.0.0");
    for words in
        [&["thing", "--registry", "unknown"][..], &["../thing"], &["thing@1"], &["absent-1.0.0.crate"], &[]]
    {
        vet(nowhere, words).code(2);
    }
}

#[test]
fn what_the_registry_does_not_have_is_said_plainly() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("thing", "1.0.0", CLEAN));
    AdvisoryDb::new(&sandbox).publish(&[
        Advisory::new("RUSTSEC-2026-0001", "thingg").malicious().title("thingg stole keys"),
        Advisory::new("RUSTSEC-2026-0002", "thinggg"),
    ]);
    let nowhere = Project::empty(&sandbox, "nowhere");
    // Twice: that it was asked about must not make the second answer another.
    for _ in 0..2 {
        vet(nowhere, &["thingg"])
            .code(1)
            .stderr_has("error[malicious]: `thingg` is malicious: thingg stole keys (RUSTSEC-2026-0001)")
            .stderr_has("`thingg` could not be judged: crates-io has no such crate")
            .stderr_has("did you mean `cargo provenance vet thinggg`?")
            .stderr_lacks("errand")
            .stderr_lacks("[[exception]]");
        vet(nowhere, &["Thing"])
            .code(3)
            .stderr_has("its name is `thing`")
            .stderr_has("run `cargo provenance vet thing`");
    }
    vet(nowhere, &["thing"]).code(0);
    vet(nowhere, &["Thing"]).code(3).stderr_has("its name is `thing`");
    vet(nowhere, &["thing@9.9.9"])
        .code(1)
        .stderr_has("`thing` has no version `9.9.9`; the newest is `1.0.0`")
        .stderr_has("run `cargo provenance vet thing@1.0.0`")
        .stderr_lacks("[[exception]]");
    // What came out since the registry was last asked is there.
    registry.publish(&Krate::greeting("thing", "1.0.1", CLEAN));
    vet(nowhere, &["thing@1.0.1"]).code(0);
    registry.publish(&Krate::greeting("thing", "1.0.2", CLEAN));
    vet(nowhere, &["thing@1.0.2", "--offline"])
        .code(3)
        .stderr_has("what cargo has cached of crates-io has no version `1.0.2`");
    registry.respond(&Registry::index_path("other"), Response::Status(500));
    vet(nowhere, &["other"]).code(3).stderr_lacks("errand").stderr_has("could not be asked");
}

#[test]
fn another_registry_is_named_as_cargo_names_it() {
    let sandbox = Sandbox::new();
    sandbox.alternative().publish(&Krate::greeting("internal", "1.0.0", CLEAN));
    let nowhere = Project::empty(&sandbox, "nowhere");
    vet(nowhere, &["internal"]).code(3);
    // The registry is reached; that the policy does not list it is the finding.
    let output = vet(nowhere, &["internal", "--registry", "test"]).code(1);
    assert!(output.stderr.contains("error[source]: `internal v1.0.0` comes from"), "{output}");
    assert!(output.stderr.contains("Checksum sha256:"), "{output}");
    assert!(output.stderr.contains("comes from another registry than crates.io"), "{output}");
}

#[test]
fn a_file_is_judged_by_what_it_holds() {
    let sandbox = Sandbox::new();
    let nowhere = Project::empty(&sandbox, "nowhere");
    let file = |name: &str, krate: &Krate| {
        files::write(&nowhere.path(name), krate.to_archive());
        name.to_owned()
    };
    let honest = file("sha-1-0.1.0.crate", &Krate::greeting("sha-1", "0.1.0", CLEAN));
    vet(nowhere, &[&honest])
        .code(0)
        .stderr_has("Vetting sha-1 v0.1.0 from `")
        .stderr_has(
            "Not checked age and index record of sha-1 v0.1.0: no index at hand lists this version of it",
        )
        .stderr_has("Tree b3:");
    let link = Entry {
        path: b"src/link".to_vec(),
        kind: EntryType::Symlink,
        target: Some("/etc/passwd".into()),
        content: vec![],
    };
    let hostile = file("hostile-1.0.0.crate", &Krate::greeting("hostile", "1.0.0", CLEAN).entry(link));
    vet(nowhere, &[&hostile]).code(1).stderr_has("error[archive-link]");
    let liar = file("liar-1.0.0.crate", &Krate::greeting("other", "1.0.0", CLEAN));
    vet(nowhere, &[&liar]).code(1);
    files::write(
        &nowhere.path("cut-1.0.0.crate"),
        &Krate::greeting("cut", "1.0.0", CLEAN).to_archive()[..99],
    );
    vet(nowhere, &["cut-1.0.0.crate"]).code(1).stderr_has("error[archive-malformed]");
    file("nameless.crate", &Krate::greeting("nameless", "1.0.0", CLEAN));
    vet(nowhere, &["nameless.crate"]).code(2).stderr_has("is not called `NAME-VERSION.crate`");
}

#[test]
fn a_file_that_is_not_what_was_published_is_refused() {
    let sandbox = Sandbox::new();
    let project = Project::app(&sandbox, "work");
    project.cargo(["fetch"]).ok();
    files::write(&project.path("victim-1.0.0.crate"), files::read_bytes(&sandbox.archive("victim-1.0.0")));
    vet(project, &["victim-1.0.0.crate"]).code(0).stderr_has(&format!("Published {}", &days_ago(DAYS)[..10]));
    let other = Krate::greeting("victim", "1.0.0", "EVIL").to_archive();
    files::write(&project.path("victim-1.0.0.crate"), other);
    vet(project, &["victim-1.0.0.crate"])
        .code(1)
        .stderr_has("error[checksum-changed]")
        .stderr_has("and crates-io published sha256:");
}

#[test]
fn a_name_of_the_teams_own_is_not_given_away() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let policy = app.path("Provenance.toml");
    let text = files::read(&policy) + "\n[names]\ninternal = [\"acme-*\"]\n";
    files::write(&policy, &text);
    sandbox.registry().forget_requests();
    let output = app.provenance(["vet", "acme-core"]).run().code(1);
    let output = output.stderr_has("error[internal-name]: `acme-core` is the team's own name");
    output.stderr_has("packages called `acme-*` do not come from crates.io").stderr_has("with `--registry`");
    let asked = sandbox.registry().requests();
    assert!(!asked.iter().any(|path| path.contains("acme-core")), "{asked:?}");
}
