//! `add` in a vendored workspace: the vendor folder changes together with everything else, and only over known bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tests::files;
use tests::krate::greeting_source;
use tests::project::{CLEAN, EVIL, make_evil, package};
use tests::{Krate, Project, Registry, Run, Sandbox};

use crate::interruption::Random;
use crate::vendor::vendor;

const PLAIN: &[&str] = &[];
const VERSIONED: &[&str] = &["--versioned-dirs"];

/// Every file of a directory, by its path there.
fn snapshot(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files::list(directory).into_iter();
    files.map(|it| (it.strip_prefix(directory).expect("inside").to_owned(), files::read_bytes(&it))).collect()
}

/// What the workspace holds, `target` and git's own files left out.
fn state(project: Project<'_>) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = snapshot(&project.root());
    files.retain(|path, _| !path.starts_with("target") && !path.starts_with(".git"));
    files
}

fn put(project: Project<'_>, state: &BTreeMap<PathBuf, Vec<u8>>) {
    for path in self::state(project).keys().filter(|path| !state.contains_key(*path)) {
        files::remove(&project.path(&path.to_string_lossy()));
    }
    for (path, bytes) in state {
        let path = project.path(&path.to_string_lossy());
        if !path.exists() || files::read_bytes(&path) != *bytes {
            files::write(&path, bytes);
        }
    }
}

/// The directories in the vendor folder.
fn vendored(project: Project<'_>) -> Vec<String> {
    let entries = std::fs::read_dir(project.path("vendor")).expect("a vendor folder").flatten();
    let mut names = entries.map(|it| it.file_name().into_string().expect("UTF-8")).collect::<Vec<_>>();
    names.sort();
    names
}

/// A project behind the gate with vendored dependencies, committed.
fn gated<'s>(sandbox: &'s Sandbox, name: &'s str, style: &[&str]) -> Project<'s> {
    settled(Project::app(sandbox, name).gate(), style)
}

fn settled<'s>(project: Project<'s>, style: &[&str]) -> Project<'s> {
    let project = vendor(project);
    if !style.is_empty() {
        files::remove(&project.path("vendor"));
        files::remove(&project.path(".cargo"));
        project.cargo(["vendor", "--quiet", "--respect-source-config"]).args(style).ok();
        project.git(["init", "--quiet"]).ok();
        configure(project, "vendor");
    }
    project.provenance(["pin"]).ok();
    project.is_clean();
    project.commit("gated");
    project
}

fn configure(project: Project<'_>, directory: &str) {
    project.with(
        ".cargo/config.toml",
        &format!(
            "[source.crates-io]\nreplace-with = \"vendored-sources\"\n\n[source.vendored-sources]\ndirectory = \"{directory}\"\n"
        ),
    );
}

/// Expects the vendor folder to be the one that `cargo vendor` makes of the lockfile.
#[track_caller]
fn is_as_cargo_vendors(project: Project<'_>, style: &[&str]) {
    let twin = Project::empty(project.sandbox(), "twin");
    for file in ["Cargo.toml", "Cargo.lock", "src/main.rs", "build.rs"] {
        files::write(&twin.path(file), files::read(&project.path(file)));
    }
    twin.cargo(["vendor", "--quiet", "--locked", "--respect-source-config"]).args(style).ok();
    let (found, expected) = (snapshot(&project.path("vendor")), snapshot(&twin.path("vendor")));
    let names = |snapshot: &BTreeMap<PathBuf, Vec<u8>>| snapshot.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected));
    assert!(found == expected, "the same files hold something else");
    files::remove(&twin.root());
}

/// A `PATH` with a cargo that is a script: `{cargo}` stands for the real one, `{last}` for the last argument.
fn scripted_cargo(sandbox: &Sandbox, script: &str) -> PathBuf {
    let tools = sandbox.tools_without(&["cargo"]);
    let cargo = sandbox.tools().join("cargo").display().to_string();
    let script = script.replace("{cargo}", &cargo).replace("{last}", "$last");
    files::script(&tools.join("cargo"), &format!("for last; do :; done\n{script}"));
    tools
}

#[test]
fn what_was_added_builds_at_once_on_a_machine_that_never_downloaded_anything() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(
        &Krate::greeting("deeper", "1.0.0", CLEAN).file(".gitignore", "x").build_script("fn main() {}"),
    );
    registry.publish(&Krate::greeting("newcomer", "1.2.0", CLEAN).dependency("deeper", "1"));
    let gated = gated(&sandbox, "gated", PLAIN);
    let before = state(gated);

    let dry = gated.provenance(["add", "newcomer", "--dry-run"]).ok();
    dry.stderr_has("vendor/newcomer, added").stderr_has("vendor/deeper, added").stderr_lacks("vendor/victim");
    assert!(before == state(gated), "a dry run changed something");

    // On a machine that never downloaded anything, only what is new travels.
    files::remove(&sandbox.cargo_home().join("registry"));
    registry.forget_requests();
    let output = gated.provenance(["add", "newcomer"]).ok();
    output.stderr_has("2 vendored directories changed").stderr_lacks("not-vendored");
    let mut requests = registry.requests();
    requests.retain(|path| path.starts_with("/dl/"));
    requests.sort();
    assert_eq!(
        requests,
        ["deeper", "newcomer"].map(|name| {
            let version = if name == "deeper" { "1.0.0" } else { "1.2.0" };
            Registry::download_path(name, version)
        })
    );
    is_as_cargo_vendors(gated, PLAIN);
    let changed = gated.git(["status", "--porcelain", "--", "vendor"]).ok().stdout;
    assert_eq!(changed, "?? vendor/deeper/\n?? vendor/newcomer/\n");
    gated.provenance(["verify", "--full"]).ok();

    files::remove(&sandbox.cargo_home().join("registry"));
    registry.forget_requests();
    files::replace(&gated.path("src/main.rs"), "victim::", "newcomer::");
    gated.is_clean();
    gated.cargo(["build", "--frozen"]).ok();
    assert_eq!(registry.requests(), Vec::<String>::new());

    // And it is behind the gate.
    make_evil(&gated.path("vendor/newcomer"));
    gated.verify_finds("newcomer");
}

#[test]
fn what_leaves_and_what_changes_is_as_cargo_vendors_it() {
    for style in [PLAIN, VERSIONED] {
        let sandbox = Sandbox::new();
        let registry = sandbox.registry();
        registry.publish(&Krate::greeting("old-part", "1.0.0", CLEAN));
        registry.publish(&Krate::greeting("main-part", "1.0.0", CLEAN).dependency("old-part", "1"));
        let app = Project::greeter(&sandbox, "app", "main-part = \"1\"", "main_part::greeting()").gate();
        let app = settled(app, style);
        is_as_cargo_vendors(app, style);

        registry.publish(&Krate::greeting("main-part", "2.0.0", CLEAN));
        let output = app.provenance(["add", "main-part@2"]).ok();
        output.stderr_has("removed");
        is_as_cargo_vendors(app, style);
        assert!(!vendored(app).iter().any(|name| name.starts_with("old-part")));
        app.is_clean();

        // The first version comes back beside the second, and so does what it needs.
        registry.publish(&Krate::greeting("newcomer", "1.0.0", CLEAN).dependency("main-part", "1"));
        app.provenance(["add", "newcomer"]).ok();
        is_as_cargo_vendors(app, style);
        let names = vendored(app);
        let second = if style == PLAIN { "main-part" } else { "main-part-2.0.0" };
        assert!(
            ["main-part-1.0.0", second].iter().all(|name| names.iter().any(|it| it == name)),
            "{names:?}"
        );
        app.is_clean();
        app.provenance(["verify", "--full"]).ok();

        registry.publish(&Krate::greeting("main-part", "2.1.0", CLEAN));
        app.provenance(["update"]).ok();
        is_as_cargo_vendors(app, style);
        app.provenance(["remove", "newcomer"]).ok();
        is_as_cargo_vendors(app, style);
        assert!(!vendored(app).iter().any(|name| name.starts_with("newcomer") || name.contains("1.0.0")));
        app.is_clean();
    }
}

#[test]
fn what_others_vendored_into_the_folder_stays() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("old-part", "1.0.0", CLEAN));
    registry.publish(&Krate::greeting("main-part", "1.0.0", CLEAN).dependency("old-part", "1"));
    registry.publish(&Krate::greeting("theirs", "1.0.0", CLEAN));
    let app = Project::greeter(&sandbox, "app", "main-part = \"1\"", "main_part::greeting()").gate();
    let app = settled(app, PLAIN);
    let other = Project::greeter(&sandbox, "other", "theirs = \"1\"", "theirs::greeting()");
    other.cargo(["vendor", "--quiet", "--respect-source-config"]).ok();
    files::copy(&other.path("vendor/theirs"), &app.path("vendor/theirs"));
    app.is_clean();

    registry.publish(&Krate::greeting("main-part", "2.0.0", CLEAN));
    let output = app.provenance(["add", "main-part@2"]).ok();
    output.stderr_has("vendor/old-part").stderr_has("Keeping");
    assert!(app.path("vendor/old-part").exists() && app.path("vendor/theirs").exists());
    assert!(files::read(&app.path("vendor/main-part/Cargo.toml")).contains("2.0.0"));
    app.is_clean();
}

#[test]
fn a_refused_add_leaves_the_vendor_folder_as_it_was() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("gone", "1.0.0", CLEAN));
    let honest = Krate::greeting("liar", "1.0.0", CLEAN);
    registry.publish(&honest.clone().checksum(&"0".repeat(64)));
    let gated = gated(&sandbox, "gated", PLAIN);
    registry.yank("gone", "1.0.0");
    let before = state(gated);
    gated.provenance(["add", "gone@=1.0.0"]).run().fails().stderr_has("gone");
    gated.provenance(["add", "liar"]).run().fails().stderr_has("liar");
    // Drift comes first.
    registry.publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    make_evil(&gated.path("vendor/victim"));
    let drifted = state(gated);
    gated.provenance(["add", "newcomer"]).run().code(4).stderr_has("victim");
    assert!(drifted == state(gated), "something was changed");
    gated.restore();
    assert!(before == state(gated), "something was changed");
    gated.provenance(["add", "newcomer"]).ok();
    gated.is_clean();
}

#[test]
fn what_cargo_vendors_is_only_taken_if_it_is_what_was_proven() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let gated = gated(&sandbox, "gated", PLAIN);
    let before = state(gated);
    files::write(&sandbox.path("evil.rs"), greeting_source(EVIL));
    let source = sandbox.path("evil.rs").display().to_string();
    let script = format!(
        "{{cargo}} \"$@\" || exit 1\n\
         case \" $* \" in *' vendor '*) cat '{source}' > \"{{last}}/newcomer-1.0.0/src/lib.rs\";; esac"
    );
    let evil = scripted_cargo(&sandbox, &script);
    let output = gated.provenance(["add", "newcomer"]).env("PATH", &evil).run();
    output.code(1).stderr_has("newcomer").stderr_has("not what was proven");
    assert!(before == state(gated), "something was changed");
    gated.provenance(["add", "newcomer"]).ok();
    gated.is_clean();
}

#[test]
fn a_vendored_package_that_is_edited_meanwhile_is_not_overwritten() {
    let sandbox = Sandbox::new();
    let gated = gated(&sandbox, "gated", PLAIN);
    sandbox.registry().publish(&Krate::greeting("victim", "2.0.0", CLEAN));
    let edited = gated.path("vendor/victim/src/lib.rs");
    let script = format!(
        "case \" $* \" in *' vendor '*) printf '// precious\\n' > '{}';; esac\nexec {{cargo}} \"$@\"",
        edited.display()
    );
    let slow = scripted_cargo(&sandbox, &script);
    let mut before = state(gated);
    let output = gated.provenance(["add", "victim@2"]).env("PATH", &slow).run();
    output.code_in(&[2, 3]).stderr_has("victim").stderr_has("changed by somebody else");
    assert_eq!(files::read(&edited), "// precious\n");
    before.insert("vendor/victim/src/lib.rs".into(), b"// precious\n".to_vec());
    assert!(before == state(gated), "something was changed");
    gated.restore();
    gated.provenance(["add", "victim@2"]).ok();
    gated.is_clean();
}

#[test]
fn what_lies_at_the_place_of_a_new_package_is_not_overwritten() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let gated = gated(&sandbox, "gated", PLAIN).with("vendor/newcomer/notes.txt", "precious");
    let before = state(gated);
    let output = gated.provenance(["add", "newcomer"]).run().code(2);
    output.stderr_has("vendor/newcomer").stderr_has("in the way");
    assert!(before == state(gated), "something was changed");
    // What is vendored already is taken for what it is.
    files::remove(&gated.path("vendor/newcomer"));
    let ahead = Project::greeter(&sandbox, "ahead", "newcomer = \"1\"", "newcomer::greeting()");
    ahead.cargo(["vendor", "--quiet", "--respect-source-config"]).ok();
    files::copy(&ahead.path("vendor/newcomer"), &gated.path("vendor/newcomer"));
    gated.provenance(["add", "newcomer"]).ok().stderr_lacks("vendor/newcomer, added");
    gated.is_clean();
}

/// Kills `command` at many moments of its course and expects the old state or the new one, vendor folder included.
fn killed(project: Project<'_>, command: impl Fn() -> Run, rounds: usize) {
    let old = state(project);
    let started = Instant::now();
    command().ok();
    let duration = started.elapsed();
    let new = state(project);
    assert!(old != new, "the command changes something");
    let mut random = Random::new(19);
    let mut seen = [0, 0];
    for round in 0..rounds {
        put(project, &old);
        // Three of four kills fall into the last third, where the writing is.
        let share = if round % 4 == 0 { random.below(1000) } else { 667 + random.below(400) };
        command().start().kill_after(duration.mul_f64(share as f64 / 1000.0));
        let verdict = project.provenance(["verify"]).run();
        if verdict.exit_code() != Some(0) {
            assert!(verdict.stderr.contains("interrupted"), "not said: {verdict}");
        }
        // The next command finishes or undoes it. Nothing is left beside the packages.
        project.provenance(["pin"]).ok();
        project.provenance(["verify"]).ok();
        let now = state(project);
        let names = vendored(project);
        assert!(now == old || now == new, "neither old nor new: {names:?}");
        assert!(!names.iter().any(|name| name.starts_with('.')), "{names:?}");
        seen[usize::from(now == new)] += 1;
    }
    assert!(seen[0] > 0, "no kill came before the end of {rounds}");
}

#[test]
fn killed_at_any_moment_add_leaves_the_old_vendor_folder_or_the_new_one() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("old-part", "1.0.0", CLEAN));
    registry.publish(&Krate::greeting("main-part", "1.0.0", CLEAN).dependency("old-part", "1"));
    let app = Project::greeter(&sandbox, "app", "main-part = \"1\"", "main_part::greeting()").gate();
    let app = settled(app, PLAIN);
    let mut large = Krate::greeting("main-part", "2.0.0", CLEAN).dependency("newcomer", "1");
    for number in 0..40 {
        large = large.file(&format!("src/part{number}/mod.rs"), "//! A part.\n");
    }
    registry.publish(&large);
    registry.publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    // One package changes, one enters, one leaves.
    killed(app, || app.provenance(["add", "main-part@2"]), 24);
    app.is_clean();
}

#[test]
fn a_git_dependency_of_a_vendored_workspace() {
    let sandbox = Sandbox::new();
    let origin = crate::git::repository(&sandbox);
    origin
        .with("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n")
        .with("crates/second/Cargo.toml", &package("second", ""))
        .with("crates/second/src/lib.rs", &greeting_source(CLEAN))
        .commit("second");
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let head = |project: Project<'_>| project.git(["rev-parse", "HEAD"]).ok().stdout.trim().to_owned();
    let (url, commit) = (format!("file://{}", origin.root().display()), head(origin));
    let line = format!("victim = {{ git = \"{url}\", rev = \"{commit}\" }}");
    let gated = Project::greeter(&sandbox, "gated", &line, "victim::greeting()").gate();
    let printed = gated.cargo(["vendor", "--respect-source-config"]).ok().stdout;
    files::write(&gated.path(".cargo/config.toml"), printed);
    gated.provenance(["pin"]).ok();
    gated.is_clean();
    gated.commit("gated");

    gated.provenance(["add", "newcomer"]).ok();
    assert!(gated.path("vendor/newcomer").exists());
    gated.is_clean();
    // Another package of a repository that is vendored already.
    let added = gated.provenance(["add", "second", "--git", &url, "--rev", &commit]).ok();
    added.stderr_lacks("no vendor directory");
    assert!(gated.path("vendor/second/.cargo-checksum.json").exists());
    let pins = files::read(&gated.path("Provenance.lock"));
    let pin = pins.split("[[package]]").find(|it| it.contains("name = \"second\"")).expect("a pin");
    assert!(pin.contains("vendor-tree"), "{pin}");
    gated.is_clean();
    gated.provenance(["verify", "--full"]).ok();
    is_as_cargo_vendors(gated, PLAIN);

    // One of a repository that is not: it is said what is missing.
    let other = Project::empty(&sandbox, "other")
        .with("Cargo.toml", &package("third", ""))
        .with("src/lib.rs", &greeting_source(CLEAN));
    other.commit("first");
    let (url, commit) = (format!("file://{}", other.root().display()), head(other));
    files::replace(&gated.path("Provenance.toml"), "git = [", &format!("git = [{url:?}, "));
    gated.provenance(["pin"]).ok();
    gated
        .provenance(["add", "third", "--git", &url, "--rev", &commit])
        .ok()
        .stderr_has("no vendor directory")
        .stderr_has("third");
    assert!(!gated.path("vendor/third").exists());
    gated.is_clean();
}

#[test]
fn a_vendor_folder_that_a_parent_folder_configures() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let outer = Project::empty(&sandbox, "outer");
    outer.git(["init", "--quiet"]).ok();
    for (name, directory, inside) in [("outer/in", "in/vendor", true), ("outer/beside", "shared", false)] {
        let app = Project::app(&sandbox, name).gate();
        let folder = outer.path(directory);
        app.cargo(["vendor", "--quiet", "--respect-source-config"]).args([&folder]).ok();
        configure(outer, directory);
        app.provenance(["pin"]).ok();
        app.is_clean();
        let before = (state(app), snapshot(&folder));
        let output = app.provenance(["add", "newcomer"]).run();
        if inside {
            output.code(0);
            assert!(folder.join("newcomer/Cargo.toml").exists());
            app.is_clean();
        } else {
            output.code(2).stderr_has("outside the workspace").stderr_has("cargo vendor");
            assert!(before == (state(app), snapshot(&folder)), "something was changed");
        }
        files::remove(&outer.path(".cargo"));
    }
}
