//! What messages advise, followed to the letter.

use tests::files;
use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::{Krate, Output, Project, Sandbox};

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
