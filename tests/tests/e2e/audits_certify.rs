//! Reviewing: what is shown and asked at a terminal, lists of reviews, what is recorded besides reviews, and that the files stay
//! those of cargo-vet and of whoever wrote them.

use std::time::{Duration, Instant};

use tests::project::CLEAN;
use tests::{Krate, Output, Project, Sandbox, files, slow_peer};

const ANN: [&str; 2] = ["--who", "Ann <ann@example.org>"];

/// `victim 1.0.1`, in which everything risky changed, and what no build needs.
fn risky_change() -> Krate {
    Krate::greeting("victim", "1.0.1", "still clean")
        .build_script("fn main() { println!(\"cargo::rerun-if-changed=build.rs\"); }\n")
        .file("src/raw.rs", "pub fn raw() { unsafe { core::hint::unreachable_unchecked() } }\n")
        .file(
            "src/odd.rs",
            "// \u{1b}[2J\u{202e}gone\nmacro_rules! gen { () => { include!(\"../examples/gen.rs\") } }\n",
        )
        .file("examples/gen.rs", "pub fn generated() {}\n")
        .file("tests/plain.rs", "#[test]\nfn it() {}\n")
        .file("README.md", "read me\n")
}

fn audits(app: Project<'_>) -> String {
    files::read(&app.path("supply-chain/audits.toml"))
}

#[cfg(target_os = "linux")]
mod at_the_terminal {
    use super::*;
    use crate::accepting::at_a_terminal;

    /// `app`, whose store vouches for `victim 1.0.0`, and `victim 1.0.1` beside it.
    fn app(sandbox: &Sandbox) -> Project<'_> {
        let app = Project::app(sandbox, "app").pinned();
        app.provenance(["certify", "victim", "1.0.0"]).args(ANN).ok();
        sandbox.registry().publish(&risky_change());
        app
    }

    /// Where each of the texts stands first in what was seen.
    fn places(output: &Output, texts: &[&str]) -> Vec<usize> {
        texts
            .iter()
            .map(|text| output.stdout.find(text).unwrap_or_else(|| panic!("{text:?}: {output}")))
            .collect()
    }

    #[test]
    fn somebody_is_walked_through_what_changed_and_says_what_it_meets() {
        let sandbox = Sandbox::new();
        let app = app(&sandbox);
        let command = "certify victim 1.0.0 1.0.1 --who 'Ann <ann@example.org>'";
        // On, back, to the second, then to the end; what is folded is opened; a criterion that is none; notes; yes.
        let typed = "\nb\n2\n\n\n\n\n\no\n\n\n3\n1 2\nread it\ny\n";
        let seen = at_a_terminal(app, command, typed, &[]).code(0);
        let order = [
            "1 of ",
            "build.rs (build-script",
            "Cargo.toml (manifest",
            "src/raw.rs (unsafe",
            "examples/gen.rs (other",
        ];
        let found = places(&seen, &order);
        assert!(found.is_sorted(), "{found:?} {seen}");
        let seen = seen
            .stdout_has("+fn main() { println!(\"cargo::rerun-if-changed=build.rs\"); }")
            .stdout_has("that no build needs")
            .stdout_has("README.md (added")
            .stdout_has("tests/plain.rs (added")
            // What a source brings in is not folded.
            .stdout_lacks("  examples/gen.rs (added")
            .stdout_has("safe-to-deploy")
            .stdout_has("that is no criterion of the store")
            .stdout_has("delta = \"1.0.0 -> 1.0.1\"");
        // What the crate holds does nothing to the terminal.
        seen.stdout_lacks("\u{1b}[2J").stdout_lacks("\u{202e}").stdout_has("\\u{1b}[2J");
        let entry = "criteria = \"safe-to-deploy\"\ndelta = \"1.0.0 -> 1.0.1\"\nnotes = \"read it\"\n";
        assert!(audits(app).ends_with(entry), "{}", audits(app));
    }

    #[test]
    fn whoever_stops_anywhere_has_recorded_nothing() {
        let sandbox = Sandbox::new();
        let app = app(&sandbox);
        let before = audits(app);
        let through = "\n".repeat(12);
        for typed in [
            "q\n".to_owned(),
            String::new(),
            "\n\nq\n".to_owned(),
            format!("{through}q\n"),
            "99\n\n\n\nq\n".to_owned(),
            // Nothing said is no.
            format!("{through}\n\n\n\n\n\n"),
            format!("{through}\u{3}"),
        ] {
            let seen = at_a_terminal(app, "certify victim 1.0.0 1.0.1 --who Ann", &typed, &[]).fails();
            assert_eq!(audits(app), before, "{typed:?} {seen}");
        }
        // Notes that nobody can see are asked for again.
        let typed = "99\n\n\n2\nbidi \u{202e}\nseen\ny\n";
        let seen = at_a_terminal(app, "certify victim 1.0.0 1.0.1 --who Ann", typed, &[]).code(0);
        seen.stdout_has("hold characters that cannot be seen");
        assert!(audits(app).contains("notes = \"seen\""), "{}", audits(app));
    }

    #[test]
    fn without_a_version_the_cheapest_review_is_walked_through() {
        let sandbox = Sandbox::new();
        let app = app(&sandbox);
        app.cargo(["update"]).ok();
        let command = "certify victim --who Ann --criteria safe-to-run --notes short";
        let seen = at_a_terminal(app, command, "q\n", &[]).code(1);
        seen.stdout_has("Comparing victim v1.0.0 with v1.0.1").stdout_has("nothing was recorded");
        let whole = Krate::greeting("other", "2.0.0", CLEAN);
        sandbox.registry().publish(&whole);
        let seen = at_a_terminal(app, "certify other 2.0.0 --who Ann", "\n\n\n\n\ny\n", &[]).code(0);
        seen.stdout_has("Reading other v2.0.0").stdout_has("src/lib.rs (source, added");
        // Nobody is there, and the flags say it all.
        app.provenance(["certify", "victim"])
            .args(ANN)
            .run()
            .code(2)
            .stderr_has("nobody is there to be asked");
        app.provenance(["certify", "victim", "--yes"]).args(ANN).ok();
        assert!(audits(app).contains("delta = \"1.0.0 -> 1.0.1\""), "{}", audits(app));
        app.provenance(["certify", "victim", "--yes"])
            .args(ANN)
            .ok()
            .stderr_has("no review of victim is missing");
    }

    #[test]
    fn what_is_no_review_is_shown_and_asked_about_once() {
        let sandbox = Sandbox::new();
        let app = app(&sandbox);
        let seen = at_a_terminal(app, "certify victim 1.0.1 --exempt", "\n", &[]).code(1);
        seen.stdout_has("[[exemptions.victim]]").stdout_has("Is it so? [y/N]").stdout_lacks("1 of ");
        at_a_terminal(app, "certify victim 1.0.1 --exempt", "y\n", &[]).code(0);
        assert!(files::read(&app.path("supply-chain/config.toml")).contains("[[exemptions.victim]]"));
    }
}

/// Rows of a publisher, as cargo-vet keeps them.
const PUBLISHERS: &str = "\n# cargo-vet imports lock\n\n[[publisher.victim]]\nversion = \"1.0.0\"\nwhen = \"2026-01-02\"\nuser-id = 7\nuser-login = \"ann\"\nuser-name = \"Ann A.\"\n";

/// Whether the real cargo-vet lets the workspace pass, and would change nothing.
#[track_caller]
fn cargo_vet_agrees(app: Project<'_>) {
    let vet = |arguments: &[&str]| {
        let cache = app.sandbox().path("vet-cache");
        let run = slow_peer(app.sandbox(), "cargo-vet", &app.root())?.args(["vet"]);
        let run = run.env("CARGO", app.sandbox().tools().join("cargo").display().to_string());
        Some(run.args(arguments).args([format!("--cache-dir={}", cache.display())]))
    };
    let Some(check) = vet(&["--locked", "--frozen"]) else { return };
    check.ok();
    let names = ["config.toml", "audits.toml", "imports.lock"].map(|name| format!("supply-chain/{name}"));
    let state = || names.clone().map(|name| files::read(&app.path(&name)));
    let before = state();
    vet(&["fmt", "--frozen", "--locked"]).expect("there").ok();
    assert_eq!(state(), before);
}

#[test]
fn every_kind_of_entry_is_as_cargo_vet_writes_it() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let note = "it's \"so\":\n\ttwo lines\\";
    for (arguments, entry) in [
        (&["1.0.0"][..], "[[audits.victim]]"),
        (&["1.0.0", "--exempt"], "[[exemptions.victim]]"),
        (&["--wildcard", "ann"], "user-id = 7 # Ann A. (ann)\nstart = \"2026-01-02\""),
        (&["--wildcard", "7", "--start", "2026-01-01", "--end", "2026-12-01"], "end = \"2026-12-01\""),
        (&["--trusted", "ann"], "[[trusted.victim]]"),
    ] {
        app.with("supply-chain/imports.lock", PUBLISHERS)
            .with("supply-chain/audits.toml", "\n# cargo-vet audits file\n\n[audits]\n")
            .with(
                "supply-chain/config.toml",
                "\n# cargo-vet config file\n\n[cargo-vet]\nversion = \"0.10\"\n",
            );
        let is_signed = !arguments.iter().any(|it| matches!(*it, "--exempt" | "--trusted"));
        let who = if is_signed { &ANN[..] } else { &[] };
        app.provenance(["certify", "victim", "--notes", note]).args(arguments).args(who).ok();
        let written = audits(app) + &files::read(&app.path("supply-chain/config.toml"));
        assert!(written.contains(entry), "{arguments:?}: {written}");
        cargo_vet_agrees(app);
    }
    // All of them together, with what is about other versions.
    for arguments in [
        &["1.0.0", "--exempt"][..],
        &["--violation", "=9.9.9", "--who", "Ann"],
        &[
            "0.9.0",
            "1.0.0",
            "--unbound",
            "--who",
            "Ann",
            "--who",
            "Bob",
            "--criteria",
            "safe-to-run",
            "--criteria",
            "safe-to-deploy",
        ],
        &["--wildcard", "github:org/repo", "--start-date", "2026-01-01", "--who", "Ann"],
    ] {
        app.provenance(["certify", "victim"]).args(arguments).ok();
    }
    cargo_vet_agrees(app);
    assert!(
        audits(app).contains("who = [\"Ann\", \"Bob\"]\ncriteria = \"safe-to-deploy\""),
        "{}",
        audits(app)
    );
    app.provenance(["certify", "--renew", "all"]).ok();
    cargo_vet_agrees(app);
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let long = "x".repeat(65 * 1024);
    for (arguments, said) in [
        (&["1.0.0", "--notes", "a\u{1b}[2Jb"][..], "hold characters that cannot be seen"),
        (&["1.0.0", "--notes", "\u{202e}evil"], "hold characters that cannot be seen"),
        (&["1.0.0", "--notes", &long], "the notes are too long"),
        (&["--wildcard", "ann"], "`ann` is no publisher of `supply-chain/imports.lock`"),
        (&["--wildcard", "github:org"], "names no repository"),
        (&["--wildcard", "7"], "nothing says since when `7` publishes `victim`"),
        (&["--wildcard", "7", "--start", "2026-01-01", "--end", "9999-01-01"], "more than a year ahead"),
        (
            &["--wildcard", "7", "--start", "2026-01-01", "--end", "2025-01-01"],
            "would end on 2025-01-01, and begin on",
        ),
        (&["1.0.0", "--start", "2026-01-01"], "only what somebody publishes begins and ends"),
    ] {
        app.provenance(["certify", "victim"]).args(arguments).args(ANN).run().code(2).stderr_has(said);
    }
    app.provenance(["certify", "--renew", "victim"])
        .run()
        .code(2)
        .stderr_has("no wildcard entry is for `victim`");
    assert!(!app.path("supply-chain").exists());
    // Notes that look like entries are notes.
    let notes = "\"\"\"\n[[audits.evil]]\ncriteria = \"safe-to-deploy\"\nversion = \"6.6.6\"\n'''";
    app.provenance(["certify", "victim", "1.0.0", "--notes", notes]).args(ANN).ok();
    app.provenance(["certify", "victim", "1.0.0", "--notes", notes])
        .args(ANN)
        .ok()
        .stderr_has("nothing was changed");
    cargo_vet_agrees(app);
}

#[test]
fn a_list_is_recorded_whole_or_not_at_all() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let list = "[[review]]\ncrate = \"victim\"\nversion = \"1.0.0\"\nnotes = \"fine\"\n\n\
                [[review]]\ncrate = \"victim\"\nexempt = \"0.9.0\"\n\n\
                [[review]]\ncrate = \"victim\"\nviolation = \"=6.6.6\"\nwho = [\"Bob\", \"Eve\"]\ncriteria = \"safe-to-run\"\n";
    let bad = format!(
        "{list}\n[[review]]\ncrate = \"victim\"\nversion = \"1\"\n\n[[review]]\ncrate = \"victim\"\nversion = \"1.0.0\"\ncriteria = [\"unheard-of\"]\n"
    );
    let app = app.with("bad.toml", &bad).with("good.toml", list);
    app.provenance(["certify", "--batch", "bad.toml"])
        .args(ANN)
        .run()
        .code(2)
        .stderr_has("2 reviews of 5 in")
        .stderr_has("line 17: `version` is not a full version")
        .stderr_has("line 21: `unheard-of` is no criterion of the store");
    assert!(!app.path("supply-chain").exists());
    app.provenance(["certify", "--batch", "good.toml"]).args(ANN).ok().stderr_has("3 entries recorded");
    let written = audits(app);
    assert!(written.contains("who = [\"Bob\", \"Eve\"]"), "{written}");
    assert!(files::read(&app.path("supply-chain/config.toml")).contains("[[exemptions.victim]]"));
    cargo_vet_agrees(app);
    app.provenance(["certify", "--batch", "-"])
        .args(ANN)
        .input(&app.path("good.toml"))
        .ok()
        .stderr_has("3 reviews that the store has already");
    assert_eq!(audits(app), written);
    app.provenance(["certify", "--batch", "none.toml"]).run().code(2).stderr_has("cannot be read");
}

#[test]
fn what_suggest_prints_is_a_list_once_somebody_says_that_it_is_done() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let lines = app.provenance(["suggest", "--message-format", "json"]).ok().stdout;
    assert!(
        lines.contains("\"reason\":\"missing-review\",\"crate\":\"victim\",\"version\":\"1.0.0\""),
        "{lines}"
    );
    let app = app.with("list.json", &lines);
    app.provenance(["certify", "--batch", "list.json"])
        .args(ANN)
        .ok()
        .stderr_has("1 review that nobody says is done")
        .stderr_has("nothing was changed");
    assert!(!app.path("supply-chain").exists());
    let template = app.provenance(["suggest", "--batch"]).ok().stdout;
    let app = app.with("list.toml", &template);
    app.provenance(["certify", "--batch", "list.toml"]).args(ANN).ok().stderr_has("nothing was changed");
    let done =
        template.replace("#[[", "[[").replace("\n#crate", "\ncrate").replace("\n#version", "\nversion");
    let app =
        app.with("list.toml", &done.replace("\n#criteria", "\ncriteria").replace("\n#notes", "\nnotes"));
    app.provenance(["certify", "--batch", "list.toml"]).args(ANN).ok().stderr_has("Certifying victim 1.0.0");
    let app = app.with("list.json", &lines.replace("\"reviewed\":false", "\"reviewed\":true"));
    app.provenance(["certify", "--batch", "list.json"])
        .args(ANN)
        .ok()
        .stderr_has("1 review that the store has already");
}

#[test]
fn the_comments_of_a_store_outlive_what_is_recorded() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let config = "# the team's own words\n[cargo-vet]\nversion = \"0.10\" # do not raise\n";
    let by_hand = "# ours\n[audits]\n\n# about zeta\n[[audits.zeta]]\ncriteria = \"safe-to-run\" # enough\nversion = \"1.0.0\"\n";
    app.with("supply-chain/config.toml", config).with("supply-chain/audits.toml", by_hand);
    app.provenance(["certify", "victim", "1.0.0"]).args(ANN).ok();
    let entry = "[[audits.victim]]\nwho = \"Ann <ann@example.org>\"\ncriteria = \"safe-to-deploy\"\nversion = \"1.0.0\"\n\n";
    assert_eq!(
        audits(app),
        by_hand.replace("\n# about", &format!("\n\n{entry}# about")).replace("\n\n\n", "\n\n")
    );
    app.provenance(["certify", "victim", "0.9.0", "--exempt"]).ok();
    let exemption = "\n[[exemptions.victim]]\nversion = \"0.9.0\"\ncriteria = \"safe-to-deploy\"\n";
    assert_eq!(files::read(&app.path("supply-chain/config.toml")), format!("{config}{exemption}"));
    // What no entry can be put into stays as it is, and the entry is there to be put in by hand.
    let inline = "# mine\naudits = { zeta = [{ criteria = \"safe-to-run\", version = \"1.0.0\" }] }\n";
    app.with("supply-chain/audits.toml", inline);
    app.provenance(["certify", "victim", "1.0.0"])
        .args(ANN)
        .run()
        .code(2)
        .stderr_has("written by hand in a way that entries cannot be put into")
        .stderr_has("[[audits.victim]]");
    assert_eq!(audits(app), inline);
}

#[test]
fn killed_at_any_moment_both_files_are_old_or_both_are_new() {
    let sandbox = Sandbox::new();
    let list = "[[review]]\ncrate = \"victim\"\nversion = \"1.0.0\"\n\n[[review]]\ncrate = \"victim\"\nexempt = \"0.9.0\"\n";
    let app = Project::app(&sandbox, "app").pinned().with("list.toml", list);
    let command = || app.provenance(["certify", "--batch", "list.toml"]).args(ANN);
    let begun = Instant::now();
    command().ok();
    let duration = begun.elapsed();
    for round in 0..16 {
        std::fs::remove_dir_all(app.path("supply-chain")).ok();
        command()
            .start()
            .kill_after(duration.mul_f64(0.3 + 0.05 * f64::from(round)).max(Duration::from_millis(1)));
        // Whoever comes next finishes what was begun, or undoes it. A child of the killed command holds its lock until it has
        // become another program.
        let next = || app.provenance(["certify", "victim", "--violation", "=5.0.0"]).args(ANN).run();
        let mut output = next();
        while output.stderr.contains("another command is at work") {
            output = next();
        }
        output.code(0);
        let exempted = files::read(&app.path("supply-chain/config.toml")).contains("exemptions.victim");
        assert_eq!(exempted, audits(app).contains("version = \"1.0.0\""), "round {round}");
    }
}

#[test]
fn the_cheapest_review_comes_first_and_what_is_risky_is_said() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let long = "pub fn line() {}\n".repeat(200);
    registry.publish(&Krate::new("long", "1.0.0").file("src/lib.rs", &long));
    registry.publish(
        &Krate::greeting("made", "1.0.0", CLEAN)
            .build_script(&format!("fn main() {{}}\n{}", "// x\n".repeat(90))),
    );
    let app = Project::app(&sandbox, "app");
    files::replace(&app.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nlong = \"1\"\nmade = \"1\"");
    let app = app.pinned();
    let rows = PUBLISHERS.replace("publisher.victim", "publisher.made");
    let rows = rows.replace("imports lock\n", "imports lock\n\n[[publisher.elsewhere]]\nversion = \"1.0.0\"\nwhen = \"2026-01-02\"\nuser-id = 7\nuser-login = \"ann\"\nuser-name = \"Ann A.\"\n");
    app.with("supply-chain/imports.lock", &rows)
        .with("supply-chain/config.toml", "[cargo-vet]\nversion = \"0.10\"\n")
        .with("supply-chain/audits.toml", "[audits]\n");
    app.provenance(["certify", "elsewhere", "--trusted", "ann"]).ok();
    let output = app.provenance(["suggest"]).ok();
    let at = |text: &str| output.stdout.find(text).unwrap_or_else(|| panic!("{text}: {output}"));
    assert!(at("certify victim 1.0.0  # ") < at("certify long 1.0.0  # "), "{output}");
    assert!(at("certify long 1.0.0  # ") < at("certify made 1.0.0  # "), "{output}");
    let output = output.stdout_has("91 of them risky: build script");
    output.stdout_has("`ann` published it on 2026-01-02, and is trusted for elsewhere: cargo provenance certify made --trusted 7");
    let one = app
        .provenance(["suggest", "--limit", "1"])
        .ok()
        .stdout_has("certify victim")
        .stdout_lacks("certify long");
    one.stderr_has("the 1 cheapest of 3 reviews").stderr_has("3 reviews missing");
    app.provenance(["suggest", "--for", "made"])
        .ok()
        .stdout_has("certify made")
        .stdout_lacks("certify victim");
    app.provenance(["suggest", "--for", "nobody"])
        .run()
        .code(2)
        .stderr_has("no package of the workspace is called `nobody`");
    // Offline, what is at hand is shown.
    app.provenance(["suggest", "--offline"]).ok().stdout_has("certify made 1.0.0  # ");
    // Two versions of a crate: the second one costs what changed since the first.
    registry.publish(&Krate::new("long", "2.0.0").file("src/lib.rs", &format!("{long}pub fn more() {{}}\n")));
    files::replace(
        &app.path("Cargo.toml"),
        "long = \"1\"",
        "long = \"1\"\nlonger = { package = \"long\", version = \"2\" }",
    );
    app.cargo(["update", "--workspace"]).ok();
    let output = app.provenance(["suggest", "--for", "long"]).ok();
    output
        .stdout_has("certify long 1.0.0  # ")
        .stdout_has("certify long 1.0.0 2.0.0  # ")
        .stdout_has("once 1.0.0 is reviewed");
}
