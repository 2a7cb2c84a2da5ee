//! Acceptances at the terminal: asked one at a time, default no, and the same as `--accept` would have been.
//!
//! The terminal is a real one: `script` of util-linux makes a pseudo terminal and types what a file holds.

#![cfg(target_os = "linux")]

use tests::krate::{days_ago, minutes_ago};
use tests::project::CLEAN;
use tests::{Krate, Output, Project, Sandbox, files};

const FILES: [&str; 3] = ["Cargo.toml", "Cargo.lock", "Provenance.lock"];

/// A crate that is young enough to be reviewed, and old enough not to be refused.
fn teen(name: &str) -> Krate {
    Krate::greeting(name, "1.0.0", CLEAN).published(Some(&days_ago(100)))
}

fn state(project: Project<'_>) -> [String; 3] {
    FILES.map(|file| files::read(&project.path(file)))
}

/// Runs the command at a terminal where `typed` is typed. Everything that is seen there comes as standard output.
pub fn at_a_terminal(project: Project<'_>, command: &str, typed: &str, variables: &[(&str, &str)]) -> Output {
    let sandbox = project.sandbox();
    let answers = sandbox.path("answers");
    files::write(&answers, typed);
    let program = tests::sandbox::provenance_binary().display();
    let run = sandbox.outer_program("script", &project.root()).input(&answers);
    let run = run.args(["--quiet", "--return", "--command", &format!("'{program}' {command}"), "/dev/null"]);
    let run = run.env("SHELL", "/bin/sh").env("TERM", "xterm");
    variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run()
}

fn acceptance(project: Project<'_>, package: &str) -> String {
    let pins = files::read(&project.path("Provenance.lock"));
    let pin = pins.split("[[package]]").find(|pin| pin.contains(&format!("name = \"{package}\"")));
    pin.unwrap_or_default().to_owned()
}

#[test]
fn an_answer_is_what_the_flag_would_have_been() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&teen("teen"));
    sandbox.registry().publish(&teen("other"));
    let typed = Project::app(&sandbox, "typed").pinned();
    let flagged = Project::app(&sandbox, "flagged").pinned();
    let seen = at_a_terminal(typed, "add teen other", "them too\nwe know them\n", &[]).code(0);
    let seen = seen.stdout_has("Accept `crate-too-young` of teen v1.0.0? reason (empty: no):");
    let seen = seen.stdout_has("Accept `crate-too-young` of other v1.0.0? reason (empty: no):");
    seen.stdout_has("review[crate-too-young]").stdout_has("2 new packages entered");
    flagged
        .provenance(["add", "teen", "other"])
        .args(["--accept", "teen@1.0.0:crate-too-young=we know them"])
        .args(["--accept", "other@1.0.0:crate-too-young=them too"])
        .ok();
    for package in ["teen", "other"] {
        assert_eq!(acceptance(typed, package), acceptance(flagged, package));
        assert!(acceptance(typed, package).contains("crate-too-young"), "{package}");
    }
    typed.provenance(["verify"]).ok();
}

#[test]
fn whatever_is_no_reason_is_no() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&teen("teen"));
    let app = Project::app(&sandbox, "app").pinned();
    let before = state(app);
    for typed in ["\n", "q\n", "   \n", "", "REASON\n\n"] {
        let seen = at_a_terminal(app, "add teen", typed, &[]).code(1);
        let seen = seen.stdout_has("reason (empty: no):").stdout_has("nothing was changed");
        assert_eq!(state(app), before, "{typed:?}: {seen}");
    }
    // An interrupt ends it there and then.
    let seen = at_a_terminal(app, "add teen", "\u{3}", &[]).fails();
    assert_eq!(state(app), before, "{seen}");
    app.provenance(["verify"]).ok();
}

#[test]
fn nothing_is_asked_where_no_answer_would_help_or_nobody_is_there() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&teen("teen"));
    sandbox.registry().publish(&Krate::greeting("new", "1.0.0", CLEAN).published(Some(&minutes_ago(9))));
    let app = Project::app(&sandbox, "app").pinned();
    let before = state(app);
    for (command, variables) in [
        ("add teen new", &[][..]),
        ("add teen", &[("CI", "true")]),
        ("add teen --dry-run", &[]),
        ("add teen --quiet", &[]),
        ("add teen --message-format json", &[]),
        ("add teen --message-format short", &[]),
    ] {
        let seen = at_a_terminal(app, command, "we know them\nand them\n", variables).code(1);
        seen.stdout_lacks("reason (empty: no)");
        assert_eq!(state(app), before, "{command}");
    }
    // What is piped in is nobody's answer.
    let answers = sandbox.path("answers");
    app.provenance(["add", "teen"]).input(&answers).run().code(1).stderr_lacks("reason (empty: no)");
    assert_eq!(state(app), before);
}

#[test]
fn pin_asks_about_what_came_in_by_hand() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&teen("teen"));
    let app = Project::app(&sandbox, "app").pinned();
    files::replace(&app.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nteen = \"1\"");
    app.cargo(["fetch"]).ok();
    let before = state(app);
    at_a_terminal(app, "pin", "\n", &[]).code(1).stdout_has("Accept `crate-too-young` of teen v1.0.0?");
    assert_eq!(state(app), before);
    at_a_terminal(app, "pin", "we know them\n", &[]).code(0).stdout_has("pins written: 1 added");
    assert!(acceptance(app, "teen").contains("we know them"));
    app.provenance(["verify"]).ok();
}

#[test]
fn a_build_script_that_changed_is_shown_by_what_changed_and_nothing_else() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let script = |line: &str| {
        let filler = (0..40).map(|number| format!("    let _ = {number};\n")).collect::<String>();
        let run = "    std::process::Command::new(\"cc\").status().unwrap();\n";
        format!("fn main() {{\n{run}{filler}{line}{filler}}}\n")
    };
    let victim = |version: &str, line: &str| {
        let krate = Krate::greeting("victim", version, CLEAN);
        krate.build_script(&script(line))
    };
    registry.publish(&victim("1.0.0", ""));
    let app = Project::greeter(&sandbox, "app", "victim = \"1\"", "victim::greeting()").pinned();
    app.policy("[checks]\nbuild-exec = \"review\"\n");
    // What it prints would clear the screen.
    registry.publish(&victim("1.0.1", "    println!(\"\u{1b}[2Jevil\");\n"));
    files::replace(&app.path("Cargo.toml"), "victim = \"1\"", "victim = \"1.0.1\"");
    app.cargo(["update"]).ok();
    let seen = at_a_terminal(app, "pin", "read it\n", &[("NO_COLOR", "1")]).code(0);
    let seen = seen.stdout_has("`build.rs` since v1.0.0 (there at `init`, nobody has looked at it yet):");
    let seen = seen.stdout_has("Accept `build-exec/build.rs` of victim v1.0.1?");
    let shown = seen.stdout.split("since v1.0.0").nth(1).expect("a difference");
    let shown = shown.split("reason (empty: no)").next().expect("a question");
    assert!(shown.contains("+    println!"), "{shown}");
    assert!(shown.contains("let _ = 39;") && !shown.contains("let _ = 20;"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    assert!(acceptance(app, "victim").contains("read it"));

    // Of the next one, what changed since then is shown, with what was said then.
    registry.publish(&victim("1.0.2", "    println!(\"more\");\n"));
    app.cargo(["update"]).ok();
    let seen = at_a_terminal(app, "pin", "\n", &[("NO_COLOR", "1")]).code(1);
    seen.stdout_has("`build.rs` since v1.0.1 (accepted by tester@example.org on").stdout_has(": read it):");
}
