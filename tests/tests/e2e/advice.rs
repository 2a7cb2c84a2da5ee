//! What messages advise, followed to the letter.

use tests::files;
use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::{Advisory, AdvisoryDb, Krate, Output, Project, Sandbox};

/// Runs the commands that stand between backticks in the lines that hold `beginning`, all of them `cargo`'s or git's.
#[track_caller]
fn follow(project: Project<'_>, output: &Output, beginning: &str) -> Vec<String> {
    let line = output.stderr.lines().find(|line| line.contains(beginning));
    let line = line.unwrap_or_else(|| panic!("nothing says `{beginning}`: {output}"));
    let line = line.split_once(beginning).map(|(_, rest)| rest).unwrap_or_default();
    let literals = line.split('`').skip(1).step_by(2).map(str::to_owned);
    let commands =
        literals.filter(|it| it.starts_with("cargo ") || it.starts_with("git ")).collect::<Vec<_>>();
    for command in &commands {
        let words = command.split(' ').collect::<Vec<_>>();
        match words[..] {
            ["cargo", "provenance", ..] => project.provenance([]).args(&words[2..]).run().code(0),
            ["cargo", ..] => project.cargo([]).args(&words[1..]).ok(),
            _ => project.git([]).args(&words[1..]).ok(),
        };
    }
    assert!(!commands.is_empty(), "`{line}` holds no command");
    commands
}

/// `app`, behind the gate and committed, in which somebody asked for more than may enter.
fn bumped<'s>(sandbox: &'s Sandbox, asked: &str) -> Project<'s> {
    let registry = sandbox.registry();
    let app = Project::app(sandbox, "app").pinned();
    app.commit("gated");
    registry.publish(&Krate::greeting("victim", "1.0.1", CLEAN).published(Some(&days_ago(50))));
    registry.publish(&Krate::greeting("victim", "1.0.2", CLEAN).published(Some(&days_ago(1))));
    files::replace(&app.path("Cargo.toml"), "victim = \"1\"", &format!("victim = \"{asked}\""));
    app.cargo(["update"]).ok();
    app
}

#[test]
fn a_lockfile_with_a_version_that_is_too_new_is_led_to_the_one_that_passes() {
    for command in ["pin", "check"] {
        let sandbox = Sandbox::new();
        let app = bumped(&sandbox, "1.0");
        let output = app.provenance([command]).run().code_in(&[1, 4]);
        let commands = follow(app, &output, "`1.0.1` would pass: run");
        assert_eq!(commands, ["cargo update victim@1.0.2 --precise 1.0.1", "cargo provenance pin"]);
        assert_eq!(app.locked("victim"), "1.0.1");
        app.provenance(["check"]).run().code(0);
    }
}

#[test]
fn a_requirement_that_excludes_what_passes_is_named() {
    let sandbox = Sandbox::new();
    let app = bumped(&sandbox, "1.0.2");
    let output = app.provenance(["pin"]).run().code(1);
    let beginning =
        "`1.0.1` would pass, and `app` asks for `^1.0.2`: ask for `1.0.1` in its `Cargo.toml`, run";
    files::replace(&app.path("Cargo.toml"), "\"1.0.2\"", "\"1.0.1\"");
    follow(app, &output, beginning);
    assert_eq!(app.locked("victim"), "1.0.1");
    app.provenance(["check"]).run().code(0);
}

#[test]
fn a_change_that_may_not_enter_is_undone() {
    let sandbox = Sandbox::new();
    let app = bumped(&sandbox, "1.0.2");
    let output = app.provenance(["pin"]).run().code(1);
    follow(app, &output, "to undo the change:");
    assert_eq!(app.locked("victim"), "1.0.0");
    app.provenance(["check"]).run().code(0);
}

#[test]
fn a_release_beyond_the_requirement_is_asked_for_and_pinned() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let app = Project::app(&sandbox, "app").pinned();
    app.commit("gated");
    registry.publish(&Krate::greeting("other", "1.0.0", CLEAN).published(Some(&days_ago(1))));
    registry.publish(&Krate::greeting("other", "2.0.0", CLEAN));
    files::replace(&app.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nother = \"1\"");
    app.cargo(["fetch"]).ok();
    let output = app.provenance(["pin"]).run().code(1);
    files::replace(&app.path("Cargo.toml"), "other = \"1\"", "other = \"2.0.0\"");
    follow(
        app,
        &output,
        "`2.0.0` would pass, and `app` asks for `^1`: ask for `2.0.0` in its `Cargo.toml`, run",
    );
    app.provenance(["check"]).run().code(0);
}

/// The lines of the exceptions that were printed, as they would be copied from the screen.
fn printed_exceptions(output: &Output) -> String {
    let blocks = output.stderr.split("\n[[exception]]\n").skip(1);
    let blocks =
        blocks.map(|rest| format!("\n[[exception]]\n{}\n", rest.split("\n\n").next().unwrap_or_default()));
    blocks.collect()
}

#[test]
fn an_exception_is_pasted_as_it_is_printed() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    AdvisoryDb::new(&sandbox).publish(&[
        Advisory::new("RUSTSEC-2026-0001", "victim"),
        Advisory::new("RUSTSEC-2026-0002", "victim"),
    ]);
    app.provenance(["db", "update"]).ok();
    let output = app.provenance(["check"]).run().code(1);
    let exceptions = printed_exceptions(&output);
    assert_eq!(exceptions.matches("id = \"RUSTSEC-2026-000").count(), 2, "{exceptions}");
    files::append(&app.path("Provenance.toml"), &exceptions);
    follow(app, &output, "add this to `Provenance.toml`, then run");
    app.provenance(["check"]).run().code(0);

    let explained = app.provenance(["explain", "victim"]).ok();
    assert!(explained.stdout.contains("the exceptions below cover it"), "{explained}");
    let explained = app.provenance(["explain", "rustsec-2026-0001"]).ok();
    for expected in
        ["RUSTSEC-2026-0001 (vulnerability)", "Something is wrong with victim", "patched     no version"]
    {
        assert!(explained.stdout.contains(expected), "{expected}: {explained}");
    }
    app.provenance(["explain", "RUSTSEC-2026-0009"])
        .run()
        .code(2)
        .stderr_has("no advisory database at hand has");
}

#[test]
fn the_words_for_a_reason_are_no_reason() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    for (name, file) in Krate::greeting("neighbor", "1.0.0", CLEAN).license(None).all_files() {
        files::write(&sandbox.path("neighbor").join(name), file);
    }
    files::replace(
        &app.path("Cargo.toml"),
        "victim = \"1\"",
        "victim = \"1\"\nneighbor.path = \"../neighbor\"",
    );
    app.cargo(["fetch"]).ok();
    let output = app.provenance(["pin"]).run().code(1).stderr_has("review[license-missing]");
    let output = output.stderr_has("`cargo provenance pin --own neighbor=REASON`");
    app.provenance(["pin", "--own", "neighbor=REASON"]).run().code(2).stderr_has("put your own reason");
    let flag =
        output.stderr.split("`--accept '").nth(1).and_then(|rest| rest.split('\'').next()).expect("a flag");
    app.provenance(["pin", "--accept", flag]).run().code(2).stderr_has("put your own reason");
    app.provenance(["pin", "--own", "neighbor=the team writes it"]).ok();
    app.provenance(["check"]).run().code(0);
}

#[test]
fn an_edited_path_package_is_compared_by_version_control() {
    let sandbox = Sandbox::new();
    for (name, file) in Krate::greeting("neighbor", "1.0.0", CLEAN).all_files() {
        files::write(&sandbox.path("neighbor").join(name), file);
    }
    let app =
        Project::greeter(&sandbox, "app", "neighbor.path = \"../neighbor\"", "neighbor::greeting()").pinned();
    tests::project::make_evil(&sandbox.path("neighbor"));
    let output = app.provenance(["verify"]).run().code(4).stderr_lacks("--repair");
    follow(app, &output, "compare it with your version control; if the change is meant, run");
    app.provenance(["verify"]).ok();
}

#[test]
fn conflict_markers_are_resolved_first() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let asked = "<<<<<<< HEAD\nvictim = \"1\"\n=======\nvictim = \"1.0\"\n>>>>>>> other\n";
    files::replace(&app.path("Cargo.toml"), "victim = \"1\"\n", asked);
    for command in ["pin", "check", "init"] {
        let output = app.provenance([command]).run();
        output.fails().stderr_has("resolve the merge in ");
    }
}

#[test]
fn a_lockfile_that_lags_behind_has_one_way_out() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    files::replace(&app.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nnewcomer = \"1\"");
    for command in ["verify", "check", "pin"] {
        app.provenance([command]).run().code(4).stderr_has("run `cargo fetch`, then `cargo provenance pin`");
    }
    let output = app.provenance(["verify"]).run();
    follow(app, &output, "= help: ");
    app.provenance(["check"]).run().code(0);
}

#[test]
fn what_was_done_is_told_in_its_own_words() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    app.cargo(["fetch"]).ok();
    app.provenance(["diff"]).run().code(0).stderr_has("no source on disk differs from its pin");
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("victim", "1.0.1", CLEAN));
    registry.publish(&Krate::greeting("victim", "1.0.2", CLEAN).published(Some(&days_ago(1))));
    let output = app.provenance(["update"]).run().code(0).stderr_has("v1.0.0 -> v1.0.1");
    output.stderr_lacks("-> v1.0.2");
    files::write(&app.path("src/main.rs"), "fn main() {}\n");
    app.provenance(["remove", "victim"])
        .run()
        .code(0)
        .stderr_has("1 package left, ")
        .stderr_lacks("no new package");
}

#[test]
fn a_git_dependency_is_fixed_by_the_flag_that_is_named() {
    let sandbox = Sandbox::new();
    let origin = crate::git::repository(&sandbox);
    let app = Project::greeter(&sandbox, "app", "", "\"nothing\"").pinned();
    let url = format!("file://{}", origin.root().display());
    let add = |more: &[&str]| app.provenance(["add", "--git", &url, "victim"]).args(more).run();
    let output = add(&[]).code(1).stderr_has("error[git-dependency-mutable]");
    let flag = output
        .stderr
        .split("name the commit: `")
        .nth(1)
        .and_then(|rest| rest.split('`').next())
        .expect("a flag");
    add(&flag.split(' ').collect::<Vec<_>>()).stderr_lacks("git-dependency-mutable");
}

#[test]
fn hundreds_that_are_not_pinned_are_told_in_a_few_lines() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").gate();
    let names = (0..30).map(|at| format!("dep-{at}")).collect::<Vec<_>>();
    for name in &names {
        sandbox.registry().publish(&Krate::greeting(name, "1.0.0", CLEAN));
    }
    let asked = names.iter().map(|name| format!("{name} = \"1\"\n")).collect::<String>();
    files::replace(&app.path("Cargo.toml"), "victim = \"1\"\n", &format!("victim = \"1\"\n{asked}"));
    app.cargo(["fetch"]).ok();
    let output = app.provenance(["verify"]).run().code(4);
    output.stderr_has("and 29 more like it").stderr_has("30 differences found");
    let output = app.provenance(["verify"]).run();
    assert!(output.stderr.lines().count() < 20, "{output}");
    let json = app.provenance(["verify", "--message-format", "json"]).run().code(4);
    assert_eq!(json.stdout.matches("\"id\":\"not-pinned\"").count(), 30, "{json}");
    let build = tests::project::refused(app.cargo(["build"]), "`dep-0 v1.0.0` is not pinned");
    let told = build.stderr.lines().filter(|line| line.starts_with("error: app@")).collect::<Vec<_>>();
    assert!(told.len() <= 8, "{build}");
    assert_eq!(told.iter().filter(|line| line.contains("run `cargo provenance pin`")).count(), 1, "{build}");
}
