//! `db update` and `db status`: where databases come from, what is accepted as one, and what stays when anything fails.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tests::advisories::{RUSTSEC, first};
use tests::{Advisory, AdvisoryDb, Output, Project, Run, Sandbox, files};

use crate::interruption::Random;

fn update(project: Project<'_>) -> Run {
    project.provenance(["db", "update"])
}

fn status(project: Project<'_>) -> Output {
    project.provenance(["db", "status"]).run()
}

/// The folder of the one database below the cargo home.
fn folder(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.cargo_home().join("provenance/advisory-db");
    let mut databases = std::fs::read_dir(&folder).expect("a fetched database").flatten();
    databases.next().expect("a fetched database").path()
}

/// The names in that folder, the lock and the state left out.
fn generations(sandbox: &Sandbox) -> Vec<String> {
    let entries = std::fs::read_dir(folder(sandbox)).expect("a folder").flatten();
    let mut names = entries.map(|it| it.file_name().into_string().expect("UTF-8")).collect::<Vec<_>>();
    names.retain(|name| !["lock", "state.json"].contains(&name.as_str()));
    names.sort();
    names
}

/// A value of the state file.
fn state(sandbox: &Sandbox, key: &str) -> String {
    let text = files::read(&folder(sandbox).join("state.json"));
    let state: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    state[key].to_string().trim_matches('"').to_owned()
}

fn set_state(sandbox: &Sandbox, key: &str, value: serde_json::Value) {
    let path = folder(sandbox).join("state.json");
    let mut state: serde_json::Value = serde_json::from_str(&files::read(&path)).expect("JSON");
    state[key] = value;
    files::write(&path, state.to_string());
}

#[test]
fn a_database_is_fetched_told_and_fetched_again() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    let project = Project::empty(&sandbox, "work");
    status(project).code(3).stderr_has("was never fetched").stderr_has("cargo provenance db update");

    update(project).ok().stderr_has("for the first time").stderr_has("1 advisory in 1 database");
    let head = sandbox.git(&db.path("")).args(["rev-parse", "HEAD"]).ok().stdout.trim().to_owned();
    assert_eq!((state(&sandbox, "commit"), state(&sandbox, "url")), (head.clone(), RUSTSEC.to_owned()));
    assert_eq!(
        (state(&sandbox, "newest"), state(&sandbox, "advisories")),
        ("2025-01-02".to_owned(), "1".to_owned())
    );
    let told = status(project).code(0);
    told.stderr_has(RUSTSEC)
        .stderr_has(&head[..12])
        .stderr_has("less than an hour ago")
        .stderr_has("2025-01-02");
    let files = files::list(&folder(&sandbox));
    assert!(files.iter().all(|it| !it.components().any(|part| part.as_os_str() == ".git")), "{files:?}");

    // The same once more takes no room; a new one stands beside the old one, for those who are just reading it.
    update(project).ok().stderr_has("unchanged");
    assert_eq!(generations(&sandbox).len(), 1);
    db.publish(&[Advisory::new("RUSTSEC-2025-0002", "victim").date("2025-02-03").patched(">= 1.0.1")]);
    update(project).ok().stderr_has("the newest advisory of 2025-02-03 (before: the newest of 2025-01-02)");
    assert_eq!(generations(&sandbox).len(), 2);
    db.publish(&[Advisory::new("RUSTSEC-2025-0003", "victim").date("2025-02-04")]);
    update(project).ok();
    assert_eq!(generations(&sandbox).len(), 2);

    let told = project.provenance(["db", "status", "--message-format", "json"]).ok();
    let summary = told.stdout.lines().last().expect("a summary");
    let summary: serde_json::Value = serde_json::from_str(summary).expect("JSON");
    assert_eq!((&summary["counts"]["advisories"], &summary["counts"]["databases"]), (&3.into(), &1.into()));
}

#[test]
fn an_older_state_of_a_database_is_refused_unless_it_is_meant() {
    let sandbox = Sandbox::new();
    let db =
        AdvisoryDb::new(&sandbox).publish(&[Advisory::new("RUSTSEC-2025-0002", "victim").date("2025-02-03")]);
    let project = Project::empty(&sandbox, "work");
    update(project).ok();
    let commit = state(&sandbox, "commit");
    db.remove("crates/victim");
    update(project).run().code(3).stderr_has("2025-02-03").stderr_has("--allow-rollback");
    assert_eq!(state(&sandbox, "commit"), commit);
    status(project).code(0).stderr_has("2 advisories");
    project.provenance(["db", "update", "--allow-rollback"]).ok();
    status(project).code(0).stderr_has("1 advisory");
}

#[test]
fn what_is_no_database_does_not_replace_one() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    let project = Project::empty(&sandbox, "work");
    update(project).ok();
    let honest = state(&sandbox, "digest");

    let refused = |why: &str| {
        update(project).run().code(3).stderr_has(why);
        assert_eq!(state(&sandbox, "digest"), honest);
        assert_eq!(generations(&sandbox).len(), 1);
        status(project).code(0);
    };
    db.remove("crates").publish_file("README.md", "A database once.\n");
    refused("has no directory `crates`");
    db.publish_file("crates", "A file.\n");
    refused("has a `crates` that is no directory");
    db.remove("crates").publish_file("crates/victim/RUSTSEC-2025-0009.md", "What is this?\n");
    refused("has no advisory that can be read");
    db.remove("crates/victim").publish(&[first()]);
    for (target, why) in
        [("/etc/hostname", "links to an absolute path"), ("RUSTSEC-2025-0001.md", "is a symbolic link")]
    {
        let link = db.path("crates/nobody-uses-this/RUSTSEC-2025-0009.md");
        files::link(target.as_ref(), &link);
        db.commit();
        refused(why);
        files::remove(&link);
    }
    db.remove("crates");
    files::link("elsewhere".as_ref(), &db.path("crates"));
    db.publish_file("elsewhere/victim/RUSTSEC-2025-0001.md", first().to_text());
    refused("is a symbolic link");

    db.remove("crates").publish(&[first()]);
    update(project).ok();
}

#[test]
fn an_odd_file_is_told_and_hides_nothing_else() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox)
        .publish(&[
            Advisory::new("RUSTSEC-2025-0002", "victim").key("cvss = \"CVSS:9.9/AV:N\""),
            Advisory::new("RUSTSEC-2025-0003", "victim").date("2025-02-30"),
        ])
        .publish_file(
            "crates/other/RUSTSEC-2025-0001.md",
            Advisory::new("RUSTSEC-2025-0001", "other").to_text(),
        )
        .publish_file("crates/latin/RUSTSEC-2025-0004.md", b"```toml\n[advisory]\n\xe9")
        .publish_file("crates/latin/sub/file.md", "")
        .publish_file("rust/std/CVE-2025-1.md", "");
    let project = Project::empty(&sandbox, "work");
    update(project).ok().stderr_has("3 files of the databases");
    status(project)
        .code(0)
        .stderr_has("`crates/victim/RUSTSEC-2025-0003.md` cannot be read: invalid date")
        .stderr_has("nothing can be decided about `victim`")
        .stderr_has("`crates/latin/RUSTSEC-2025-0004.md` is not UTF-8")
        .stderr_has("`crates/latin/sub` is a directory")
        .stderr_has("`crates/victim/RUSTSEC-2025-0002.md`: its `advisory.cvss` cannot be read")
        .stderr_has("`crates/other/RUSTSEC-2025-0001.md`: has the same id as")
        .stderr_has("3 advisories in 1 database");
}

#[test]
fn nothing_is_fetched_offline_and_what_is_there_is_told() {
    let sandbox = Sandbox::new();
    let project = Project::empty(&sandbox, "work");
    for flag in ["--offline", "--frozen"] {
        project.provenance(["db", "update", flag]).run().code(3).stderr_has("offline");
    }
    update(project).env("CARGO_NET_OFFLINE", "true").run().code(3).stderr_has("offline");
    assert!(!sandbox.cargo_home().join("provenance").exists());
    update(project).ok();
    project.provenance(["db", "status", "--offline"]).ok().stderr_has("less than an hour ago");
}

#[test]
fn a_repository_that_cannot_be_reached_is_named_with_what_git_said() {
    let sandbox = Sandbox::new();
    let project = Project::empty(&sandbox, "work");
    update(project).ok();
    let gone = "[advisories]\ndatabases = [\"file:///nowhere/advisories\"]\n";
    files::write(&project.path("Provenance.toml"), format!("version = 1\n{gone}"));
    update(project).run().code(3).stderr_has("file:///nowhere/advisories").stderr_has("git ls-remote");
    update(project).env("PATH", sandbox.tools_without(&["git"])).run().code(3).stderr_has("install git");
    status(project).code(3).stderr_has("was never fetched");
}

#[test]
fn hooks_filters_and_submodules_run_nothing() {
    let sandbox = Sandbox::new();
    let mark = sandbox.path("mark");
    let run = sandbox.path("run.sh");
    files::script(&run, &format!("echo ran >> '{}'; cat", mark.display()));
    let db = AdvisoryDb::new(&sandbox).publish_file(".gitattributes", "*.md filter=evil\n");
    let template = sandbox.path("template/hooks");
    for hook in ["post-checkout", "reference-transaction", "post-merge"] {
        files::script(&template.join(hook), &format!("echo hook >> '{}'", mark.display()));
    }
    let configuration = sandbox.home().join(".gitconfig");
    let own = files::read(&configuration);
    let evil = format!(
        "{own}[core]\nhooksPath = {hooks}\nfsmonitor = {run}\n[init]\ntemplateDir = {template}\n\
         [filter \"evil\"]\nsmudge = {run}\nrequired = true\n[submodule]\nrecurse = true\n",
        hooks = template.display(),
        run = run.display(),
        template = sandbox.path("template").display(),
    );
    files::write(&configuration, evil);
    sandbox.git(&sandbox.path("")).args(["clone", "--quiet", RUSTSEC, "plain"]).ok();
    assert!(files::read(&mark).contains("ran") && files::read(&mark).contains("hook"), "plain git runs them");

    files::remove(&mark);
    let project = Project::empty(&sandbox, "work");
    update(project).ok();
    assert!(!mark.exists(), "{}", files::read(&mark));
    let fetched = folder(&sandbox).join(&generations(&sandbox)[0]).join(first().path());
    assert_eq!(files::read(&fetched), first().to_text());

    // A submodule is not fetched, and a database that needs one is none.
    files::write(&configuration, own);
    let inner = format!("160000,{},crates/inner", "5".repeat(40));
    sandbox.git(&db.path("")).args(["update-index", "--add", "--cacheinfo", &inner]).ok();
    sandbox.git(&db.path("")).args(["commit", "--quiet", "--message", "a submodule"]).ok();
    update(project).run().code(3).stderr_has("cannot be used: `.gitmodules`");
    status(project).code(0);
}

#[test]
fn the_repository_that_a_hook_runs_in_is_left_alone() {
    let sandbox = Sandbox::new();
    let project = Project::empty(&sandbox, "work").with("file", "mine\n");
    project.commit("mine");
    let before = files::list(&project.path(".git"));
    project.git(["config", "url.file:///nowhere.insteadOf", RUSTSEC]).ok();
    update(project)
        .env("GIT_DIR", project.path(".git"))
        .env("GIT_WORK_TREE", project.root())
        .env("GIT_INDEX_FILE", project.path(".git/index"))
        .env("GIT_OBJECT_DIRECTORY", project.path(".git/objects"))
        .ok();
    assert_eq!(files::list(&project.path(".git")), before);
    project.git(["status", "--porcelain"]).ok().stdout_lacks("file");
}

#[test]
fn a_copy_that_was_changed_decides_nothing_until_it_is_fetched_again() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox).publish(&[Advisory::new("RUSTSEC-2025-0002", "victim")]);
    let project = Project::empty(&sandbox, "work");
    update(project).ok();
    let directory = || folder(&sandbox).join(state(&sandbox, "directory"));
    let damages: [&dyn Fn(); 5] = [
        &|| files::remove(&directory().join("crates/victim/RUSTSEC-2025-0002.md")),
        &|| files::remove(&directory().join("crates/victim")),
        &|| files::append(&directory().join("crates/victim/RUSTSEC-2025-0002.md"), "more\n"),
        &|| files::remove(&directory()),
        &|| set_state(&sandbox, "digest", "b3:00".into()),
    ];
    for damage in damages {
        status(project).code(0);
        damage();
        status(project).code(3);
        update(project).ok();
        assert!(generations(&sandbox).len() <= 2);
    }
    for (key, value) in [
        ("directory", serde_json::json!("../../../../outside")),
        ("directory", serde_json::json!("")),
        ("url", serde_json::json!("https://example.org/other")),
        ("version", serde_json::json!(2)),
        ("more", serde_json::json!(1)),
    ] {
        set_state(&sandbox, key, value);
        status(project).code(3).stderr_has("damaged state");
        update(project).ok();
        status(project).code(0);
    }
}

#[test]
fn a_copy_that_is_too_old_or_dated_ahead_decides_nothing() {
    let sandbox = Sandbox::new();
    let project = Project::empty(&sandbox, "work");
    update(project).ok();
    let fetched = state(&sandbox, "fetched").parse::<u64>().expect("a number");
    set_state(&sandbox, "fetched", (fetched - 13 * 86_400).into());
    status(project).code(0).stderr_has("fetched 13 days ago");
    set_state(&sandbox, "fetched", (fetched - 15 * 86_400).into());
    status(project).code(3).stderr_has("was fetched 15 days ago, and at most 14 days are allowed");
    files::write(&project.path("Provenance.toml"), "version = 1\n[advisories]\nmax-age = \"3 weeks\"\n");
    status(project).code(0);
    set_state(&sandbox, "fetched", (fetched + 3 * 86_400).into());
    status(project).code(3).stderr_has("still to come");
    update(project).ok();
    status(project).code(0);
}

#[test]
fn directories_of_the_policy_are_taken_as_they_are() {
    let sandbox = Sandbox::new();
    let mine = Advisory::new("TEAM-1", "victim");
    let databases = |list: &str| format!("version = 1\n[advisories]\ndatabases = [{list}]\n");
    let project = Project::empty(&sandbox, "work")
        .with(&format!("team/{}", mine.path()), &mine.to_text())
        .with("inner/Cargo.toml", "")
        .with("Provenance.toml", &databases("\"team\""));
    // Its age is that of its newest advisory.
    status(project).code(3).stderr_has("has its newest advisory from").stderr_has("at most 14 days");
    update(project).run().code(3).stderr_has("has its newest advisory from");
    assert!(!sandbox.cargo_home().join("provenance").exists(), "there is nothing to fetch");
    files::write(&project.path("Provenance.toml"), databases("{ from = \"team\", max-age = \"any\" }"));
    status(project).code(0).stderr_has("`team`: a directory").stderr_has("1 advisory in 1 database");
    // Relative to the policy, wherever the command is started.
    let inner = project.provenance(["db", "status"]).directory(&project.path("inner"));
    inner.ok().stderr_has("1 advisory in 1 database");
    files::write(
        &project.path("Provenance.toml"),
        databases(&format!("\"{RUSTSEC}\", {{ from = \"team\", max-age = \"any\" }}")),
    );
    update(project).ok().stderr_has("2 advisories in 2 databases");
    files::write(&project.path("Provenance.toml"), databases("\"elsewhere\""));
    status(project).code(3).stderr_has("`elsewhere` has no directory `crates`");
    files::write(&project.path("Provenance.toml"), databases(""));
    status(project).code(0).stderr_has("names no advisory database");
    files::write(&project.path("Provenance.toml"), databases("\"http://example.org/x\""));
    status(project).code(2).stderr_has("Provenance.toml:3");
}

#[test]
fn two_updates_at_once_wait_for_each_other() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox);
    let project = Project::empty(&sandbox, "work");
    let all = (0..6).map(|_| update(project).start()).collect::<Vec<_>>();
    for one in all {
        one.wait().code(0);
        status(project).code(0);
    }
    assert_eq!(generations(&sandbox).len(), 1);
}

#[test]
fn killed_at_any_moment_the_old_database_is_in_force_or_the_new_one() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    let project = Project::empty(&sandbox, "work");
    update(project).ok();
    let mut random = Random::new(17);
    let mut seen = [0, 0];
    for round in 0..25 {
        let old = state(&sandbox, "digest");
        db.publish(&[Advisory::new(&format!("RUSTSEC-2025-1{round:03}"), "victim")]);
        let started = Instant::now();
        // The whole takes about as long as the one before; half of the kills fall into its end.
        let share = if round % 2 == 0 { random.below(100) } else { 60 + random.below(60) };
        let whole = duration(project).max(started.elapsed());
        update(project).start().kill_after(whole.mul_f64(share as f64 / 100.0));
        status(project).code(0);
        seen[usize::from(state(&sandbox, "digest") != old)] += 1;
    }
    assert!(seen[0] > 0, "no kill came before the end: {seen:?}");
    // Git may still be at work for those that were killed; what it leaves is swept by a later update.
    std::thread::sleep(Duration::from_millis(500));
    update(project).ok();
    status(project).code(0).stderr_has("26 advisories");
    let left = generations(&sandbox);
    assert!(left.len() <= 2 && left.iter().all(|name| !name.starts_with('.')), "{left:?}");
}

/// How long an update takes that changes nothing.
fn duration(project: Project<'_>) -> Duration {
    static ONCE: std::sync::OnceLock<Duration> = std::sync::OnceLock::new();
    *ONCE.get_or_init(|| {
        let started = Instant::now();
        update(project).ok();
        started.elapsed()
    })
}
