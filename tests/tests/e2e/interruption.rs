//! What comes between a command and its end: kills, full disks, missing permissions, missing tools, other commands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tests::files;
use tests::krate::sha256;
use tests::project::CLEAN;
use tests::{Krate, Project, Run, Sandbox};

/// SplitMix64: the same choices in every run, so that a failure comes back.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }
}

const FILES: [&str; 3] = ["Cargo.toml", "Cargo.lock", "Provenance.lock"];

fn state(project: Project<'_>) -> Vec<String> {
    FILES.iter().map(|file| files::read(&project.path(file))).collect()
}

fn put(project: Project<'_>, state: &[String]) {
    for (file, text) in FILES.iter().zip(state) {
        files::write(&project.path(file), text);
    }
}

/// Kills `command` at many moments of its course and expects the old state or the new one, and that it is said which.
fn killed(project: Project<'_>, command: impl Fn() -> Run, rounds: usize) {
    let old = state(project);
    let started = Instant::now();
    command().ok();
    let duration = started.elapsed();
    let new = state(project);
    assert!(old != new, "the command changes something");
    let mut random = Random::new(7);
    let mut seen = [0, 0];
    for round in 0..rounds {
        put(project, &old);
        // Every other kill falls into the last third, where the writing is.
        let share = if round % 2 == 0 { random.below(1000) } else { 667 + random.below(400) };
        command().start().kill_after(duration.mul_f64(share as f64 / 1000.0));
        let verdict = project.provenance(["verify"]).run();
        if verdict.exit_code() != Some(0) {
            assert!(verdict.stderr.contains("interrupted"), "not said: {verdict}");
            project.provenance(["pin"]).run();
            project.provenance(["verify"]).ok();
        }
        let now = state(project);
        assert!(now == old || now == new, "neither old nor new: {now:#?}");
        seen[usize::from(now == new)] += 1;
        // A later command finds nothing in its way.
        project.provenance(["pin"]).ok();
        let now = state(project);
        assert!(now == old || now == new, "neither old nor new: {now:#?}");
    }
    assert!(seen[0] > 0, "no kill came before the end of {rounds}");
}

#[test]
fn killed_at_any_moment_add_leaves_the_old_state_or_the_new_one() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    killed(gated, || gated.provenance(["add", "newcomer"]), 30);
    gated.is_clean();
}

#[test]
fn killed_at_any_moment_pin_leaves_the_old_state_or_the_new_one() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let pinned = files::read(&gated.path("Provenance.lock"));
    files::replace(&gated.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nnewcomer = \"1\"");
    gated.cargo(["fetch"]).ok();
    gated.provenance(["pin"]).ok();
    let new = files::read(&gated.path("Provenance.lock"));
    let mut random = Random::new(11);
    for _ in 0..20 {
        files::write(&gated.path("Provenance.lock"), &pinned);
        gated.provenance(["pin"]).start().kill_after(Duration::from_millis(random.below(120) as u64));
        let now = files::read(&gated.path("Provenance.lock"));
        assert!(now == pinned || now == new, "neither old nor new: {now}");
        let verdict = gated.provenance(["verify"]).run();
        let expected = if now == new { 0 } else { 4 };
        assert!(verdict.exit_code() == Some(expected) || verdict.stderr.contains("interrupted"), "{verdict}");
    }
    gated.provenance(["pin"]).ok();
    gated.is_clean();
}

#[test]
fn killed_at_any_moment_repair_leaves_what_can_be_repaired() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let source = sandbox.source("victim-1.0.0");
    let mut random = Random::new(13);
    for _ in 0..20 {
        if source.join("src/lib.rs").exists() {
            files::write(&source.join("src/lib.rs"), "pub fn greeting() -> &'static str { \"EVIL\" }");
        }
        gated
            .provenance(["verify", "--repair"])
            .start()
            .kill_after(Duration::from_millis(random.below(80) as u64));
        gated.provenance(["verify"]).run().code_in(&[0, 4]);
        gated.provenance(["verify", "--repair"]).ok();
        gated.provenance(["verify"]).ok();
    }
    gated.is_clean();
    // Nothing is left beside the packages.
    for entry in std::fs::read_dir(source.parent().expect("a directory")).expect("a directory").flatten() {
        let name = entry.file_name().into_string().expect("UTF-8");
        assert!(entry.path().join("Cargo.toml").exists(), "`{name}` was left");
    }
}

#[test]
fn killed_init_can_be_run_again() {
    let sandbox = Sandbox::new();
    let mut random = Random::new(17);
    let app = Project::app(&sandbox, "app");
    let made = ["Provenance.toml", "Provenance.lock", ".gitattributes"];
    let manifest = files::read(&app.path("Cargo.toml"));
    let helper = sandbox.helper().to_str().expect("UTF-8").to_owned();
    let init = || app.provenance(["init", "--build-helper", "--helper-path", &helper]);
    for _ in 0..20 {
        for file in made.iter().chain(&["build.rs", "Cargo.lock"]) {
            if app.path(file).exists() {
                files::remove(&app.path(file));
            }
        }
        files::write(&app.path("Cargo.toml"), &manifest);
        app.cargo(["generate-lockfile"]).ok();
        init().start().kill_after(Duration::from_millis(random.below(400) as u64));
        if !app.path("Provenance.lock").exists() {
            // It begins anew, or brings the interrupted one to its end.
            let output = init().run();
            assert!(output.exit_code() == Some(0) || output.stderr.contains("interrupted"), "{output}");
        }
        // Where it was interrupted while it wrote, the next command brings it to an end or undoes it.
        if app.provenance(["verify"]).run().exit_code() != Some(0) {
            app.provenance(["pin"]).run();
            if !app.path("Provenance.lock").exists() {
                init().ok();
            }
        }
        app.provenance(["verify"]).ok();
        assert!(made.iter().all(|file| app.path(file).exists()));
    }
}

/// The files of a project by their paths below its root.
type Contents = BTreeMap<String, String>;

fn contents(project: Project<'_>) -> Contents {
    let root = project.root();
    let listed = std::fs::read_dir(&root).expect("a directory").flatten().map(|entry| entry.path());
    let paths = listed.filter(|path| !path.ends_with("target") && !path.ends_with(".provenance"));
    let name = |file: &Path| file.strip_prefix(&root).expect("below").to_str().expect("UTF-8").to_owned();
    paths.flat_map(|path| files::list(&path)).map(|file| (name(&file), files::read(&file))).collect()
}

/// Puts a project into the state of a command that was killed when it had replaced `count` files. Returns whether there
/// was one more to replace.
fn halt(project: Project<'_>, old: &Contents, new: &Contents, count: usize) -> bool {
    for file in contents(project).keys() {
        files::remove(&project.path(file));
    }
    old.iter().for_each(|(file, text)| files::write(&project.path(file), text));
    let changed: Vec<_> = new.iter().filter(|(file, text)| old.get(*file) != Some(text)).collect();
    let mut entries = vec![];
    for (index, (file, text)) in changed.iter().enumerate() {
        let target = project.path(file);
        let copy = |kind: &str| {
            let name = target.file_name().and_then(|name| name.to_str()).expect("a name");
            target.with_file_name(format!(".provenance-{kind}-{name}"))
        };
        let before = old.get(*file);
        if let Some(before) = before {
            files::write(&copy("old"), before);
        }
        files::write(&if index < count { target.clone() } else { copy("new") }, text);
        let before = before.map_or("null".to_owned(), |before| format!("{:?}", sha256(before.as_bytes())));
        let after = sha256(text.as_bytes());
        entries.push(format!("{{\"path\":{file:?},\"kind\":\"file\",\"old\":{before},\"new\":{after:?}}}"));
    }
    let entries = entries.join(",");
    let journal = format!("{{\"version\":2,\"phase\":\"replacing\",\"entries\":[{entries}]}}");
    files::write(&project.path(".provenance/journal.json"), journal);
    files::permissions(&project.path(".provenance"), 0o1700);
    count < changed.len()
}

#[test]
fn add_killed_between_any_two_files_is_noticed_by_verify_and_finished_by_pin() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let old = contents(gated);
    gated.provenance(["add", "newcomer"]).ok();
    let new = contents(gated);
    for count in 0.. {
        let more = halt(gated, &old, &new, count);
        let halted = contents(gated);
        let verdict = gated.provenance(["verify"]).run().stderr_has("[interrupted]");
        let verdict = verdict.stderr_has("run `cargo provenance pin`, which finishes or undoes it");
        // All old or all new agree with each other, and that there is work left to do is no drift.
        let is_half = count > 0 && more;
        let verdict = verdict.code(if is_half { 4 } else { 0 });
        if is_half {
            let note = verdict.stderr.find("[interrupted]");
            assert!(note < verdict.stderr.find("error["), "what explains the drift comes first: {verdict}");
        }
        assert_eq!(contents(gated), halted, "to look changes nothing");

        // A command that fails afterwards does not conceal what it did first.
        files::append(&gated.path("Provenance.toml"), "nonsense");
        gated.provenance(["verify"]).run().code(2).stderr_has("which finishes or undoes it");
        let command: &[&str] = if count % 2 == 0 { &["pin"] } else { &["add", "newcomer"] };
        gated
            .provenance([])
            .args(command)
            .run()
            .code(2)
            .stderr_has("Recovering")
            .stderr_has("Provenance.toml:");
        files::replace(&gated.path("Provenance.toml"), "nonsense", "");
        assert_eq!(contents(gated), new);

        halt(gated, &old, &new, count);
        gated.provenance(["pin"]).ok().stderr_has("Recovering");
        assert_eq!(contents(gated), new);
        gated.provenance(["verify"]).ok().stderr_lacks("interrupted");
        if !more {
            break;
        }
    }
    gated.is_clean();
}

#[test]
fn init_killed_between_any_two_files_is_finished_by_init_and_by_pin() {
    let sandbox = Sandbox::new();
    let helper = sandbox.helper().to_str().expect("UTF-8").to_owned();
    for (name, form) in [("binaries", "--build-helper"), ("guard", "--build-helper=guard")] {
        let app = Project::app(&sandbox, name).with("README.md", "mine\n");
        app.cargo(["generate-lockfile"]).ok();
        let old = contents(app);
        let init = || app.provenance(["init", form, "--helper-path", &helper]);
        init().ok();
        let new = contents(app);
        for count in 0.. {
            let more = halt(app, &old, &new, count);
            init().ok().stderr_has("Recovering").stderr_has("an interrupted `init` was brought to its end");
            assert_eq!(contents(app), new, "{form}: {count}");
            // Now it is there, and nothing was interrupted.
            init().ok().stderr_has("nothing was changed").stderr_lacks("interrupted");

            halt(app, &old, &new, count);
            app.provenance(["pin"]).ok().stderr_has("Recovering");
            assert_eq!(contents(app), new, "{form}: {count}");
            app.provenance(["verify"]).ok().stderr_lacks("interrupted");
            if !more {
                break;
            }
        }
    }
}

#[test]
fn init_that_finishes_one_without_the_helper_says_so() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app");
    app.cargo(["generate-lockfile"]).ok();
    let old = contents(app);
    app.provenance(["init"]).ok();
    let new = contents(app);
    halt(app, &old, &new, 1);
    app.init([]).code(0).stderr_has("member-without-gate").stderr_has("run this command again");
    assert_eq!(contents(app), new);
    app.init([]).code(0).stderr_has("the helper is in place");
}

#[test]
fn full_disk() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let before = state(gated);
    files::replace(&gated.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nnewcomer = \"1\"");
    gated.cargo(["fetch"]).ok();
    let changed = state(gated);
    let tool = tests::sandbox::provenance_binary().display();

    // Files may not grow beyond one block, which is what a write to a full disk looks like: it stops in the middle.
    let script = format!("trap '' XFSZ; ulimit -f 1; exec {tool} pin");
    let output = sandbox.program("sh", &gated.root()).args(["-c", &script]).run().code_in(&[2, 3]);
    assert!(output.stderr.contains("error"), "{output}");
    assert!(changed == state(gated), "something was changed");
    gated.provenance(["pin"]).ok();
    gated.is_clean();
    put(gated, &before);
    gated.is_clean();
}

#[test]
fn read_only_directory() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    files::replace(&gated.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nnewcomer = \"1\"");
    gated.cargo(["fetch"]).ok();
    let before = state(gated);

    files::permissions(&gated.root(), 0o555);
    let verify = unprivileged(&sandbox, gated, "verify").run();
    let pin = unprivileged(&sandbox, gated, "pin").run();
    let add = unprivileged(&sandbox, gated, "add newcomer").run();
    files::permissions(&gated.root(), 0o755);

    // To look needs no right to write.
    verify.code(4).stderr_has("newcomer");
    for output in [pin, add] {
        let output = output.code_in(&[2, 3]);
        assert!(
            output.stderr.contains(gated.root().to_str().expect("UTF-8")),
            "the place is not named: {output}"
        );
    }
    assert!(before == state(gated), "something was changed");
    gated.provenance(["pin"]).ok();
    gated.is_clean();
}

/// The subcommand without root's right to write everywhere.
fn unprivileged(sandbox: &Sandbox, project: Project<'_>, arguments: &str) -> Run {
    let tool = tests::sandbox::provenance_binary().display();
    let is_root = files::is_root();
    let drop = if is_root { "setpriv --bounding-set=-dac_override,-dac_read_search " } else { "" };
    let system = "/usr/bin:/bin:/usr/sbin:/sbin";
    let path = format!("{}:{system}", sandbox.tools().display());
    sandbox
        .program("sh", &project.root())
        .env("PATH", path)
        .args(["-c".to_owned(), format!("exec {drop}{tool} {arguments}")])
}

#[test]
fn missing_cargo() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let tools = sandbox.tools_without(&["cargo"]);
    let before = state(gated);

    gated.provenance(["verify"]).env("PATH", &tools).ok();
    for arguments in [&["add", "victim"][..], &["pin", "--own", "victim=no"]] {
        let output = gated.provenance([]).args(arguments).env("PATH", &tools).run();
        let output = output.code_in(&[2, 3]).stderr_has("cargo");
        assert!(!output.stderr.contains("Caused by:\n  Caused by"), "{output}");
    }
    assert!(before == state(gated), "something was changed");
    let app = Project::app(&sandbox, "app");
    app.provenance(["init"]).env("PATH", &tools).run().code_in(&[2, 3]).stderr_has("cargo");
    assert!(!app.path("Provenance.lock").exists() && !app.path("Provenance.toml").exists());
}

#[test]
fn missing_git() {
    let sandbox = Sandbox::new();
    crate::git::repository(&sandbox);
    let gated = crate::git::dependent(&sandbox, "gated").gate();
    gated.is_clean();
    let tools = sandbox.tools_without(&["git"]);
    let before = state(gated);
    gated.provenance(["verify"]).env("PATH", &tools).ok();
    // The commit's files are git's to name.
    let entry = before[2].split("\n\n").find(|it| it.contains("name = \"victim\"")).expect("a pin");
    files::write(&gated.path("Provenance.lock"), crate::merge::without(&before[2], entry.trim()));
    let without = files::read(&gated.path("Provenance.lock"));
    let output = gated.provenance(["pin"]).env("PATH", &tools).run();
    match output.exit_code() {
        Some(0) => assert_eq!(files::read(&gated.path("Provenance.lock")), before[2]),
        Some(2 | 3) => {
            assert!(output.stderr.contains("git"), "{output}");
            assert_eq!(files::read(&gated.path("Provenance.lock")), without);
        }
        _ => panic!("{output}"),
    }
}

#[test]
fn two_commands_at_once() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    sandbox.registry().publish(&Krate::greeting("another", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let slow = slow_cargo(&sandbox);

    let first = gated.provenance(["add", "newcomer"]).env("PATH", &slow).start();
    let id = first.id().to_string();
    std::thread::sleep(Duration::from_millis(700));
    let second = gated.provenance(["add", "another"]).run();
    if second.exit_code() != Some(0) {
        second.clone().code_in(&[2, 3]);
    }
    // Whether it waits or gives up, it says for whom.
    second.stderr_has(&id);
    first.wait().code(0);
    gated.is_clean();
    gated.provenance(["add", "another"]).ok();
    gated.is_clean();
    // To look, nobody has to wait.
    let first = gated.provenance(["pin"]).env("PATH", &slow).start();
    let started = Instant::now();
    gated.provenance(["verify"]).ok();
    assert!(started.elapsed() < Duration::from_secs(2));
    first.wait();
}

#[test]
fn many_commands_at_once() {
    let sandbox = Sandbox::new();
    for number in 0..4 {
        sandbox.registry().publish(&Krate::greeting(&format!("newcomer{number}"), "1.0.0", CLEAN));
    }
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let running: Vec<_> = (0..4)
        .map(|number| gated.provenance([]).args(["add", &format!("newcomer{number}")]).start())
        .collect();
    let codes: Vec<_> = running.into_iter().map(|it| it.wait().code_in(&[0, 2, 3]).exit_code()).collect();
    assert!(codes.contains(&Some(0)), "{codes:?}");
    let manifest = files::read(&gated.path("Cargo.toml"));
    for (number, code) in codes.iter().enumerate() {
        let added = manifest.contains(&format!("newcomer{number}"));
        assert_eq!(added, *code == Some(0), "{number}: {code:?}:\n{manifest}");
    }
    gated.is_clean();
}

/// A `PATH` with a cargo that takes its time.
fn slow_cargo(sandbox: &Sandbox) -> PathBuf {
    let tools = sandbox.tools_without(&["cargo"]);
    let cargo = sandbox.tools().join("cargo");
    let sleep = "/bin/sleep";
    files::script(&tools.join("cargo"), &format!("{sleep} 2\nexec {} \"$@\"", cargo.display()));
    tools
}
