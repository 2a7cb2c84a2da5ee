//! `check`: the whole graph against policy, advisories and registries, and only what is new since a commit.

use std::fs;
use std::time::{Duration, SystemTime};

use tests::advisories::{Advisory, AdvisoryDb};
use tests::files;
use tests::krate::time;
use tests::project::{CLEAN, package};
use tests::{Krate, Output, Project, Registry, Response, Sandbox};

use crate::since::{committed, since};

/// `app`, which depends on `victim 1.0.0`, pinned without a build helper.
pub(crate) fn pinned<'s>(sandbox: &'s Sandbox, name: &'s str) -> Project<'s> {
    pin(Project::app(sandbox, name))
}

pub(crate) fn pin(project: Project<'_>) -> Project<'_> {
    project.cargo(["generate-lockfile"]).ok();
    project.provenance(["init"]).ok();
    project
}

pub(crate) fn check<const N: usize>(project: Project<'_>, more: [&str; N]) -> Output {
    project.provenance(["check"]).args(more).run()
}

/// A publication time that many days before now.
pub(crate) fn days_ago(days: u64) -> String {
    time(SystemTime::now() - Duration::from_secs(days * 86_400))
}

/// Makes everything that cargo and the tool know of the registries that many days old.
fn age_indices(sandbox: &Sandbox, days: u64) {
    let old = SystemTime::now() - Duration::from_secs(days * 86_400);
    for file in files::list(&sandbox.cargo_home().join("registry/index")) {
        fs::File::options().append(true).open(&file).and_then(|file| file.set_modified(old)).expect("a time");
    }
    let records = sandbox.cargo_home().join("provenance/index");
    if records.exists() {
        files::remove(&records);
    }
}

pub(crate) fn replace_in_pin(project: Project<'_>, name: &str, from: &str, to: &str) {
    let path = project.path("Provenance.lock");
    let text = files::read(&path);
    let (before, rest) = text.split_once(&format!("name = \"{name}\"\n")).expect("a pin");
    assert!(rest.contains(from), "`{from}` is not in {rest}");
    files::write(&path, format!("{before}name = \"{name}\"\n{}", rest.replacen(from, to, 1)));
}

#[test]
fn what_is_pinned_and_unchanged_passes() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    let output = check(project, []).code(0);
    assert!(output.stderr.contains("1 package checked and proven"), "{output}");
    let output = check(project, ["--message-format", "json"]).code(0);
    let last = output.stdout.lines().last().expect("a summary");
    for count in ["\"packages\":1", "\"proven\":1", "\"not-judged\":0", "\"baseline\":0"] {
        assert!(last.contains(count), "{count}: {last}");
    }
}

#[test]
fn a_crate_put_into_the_manifest_by_hand_is_drift_and_is_judged() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    sandbox.registry().publish(&Krate::greeting("deep", "1.0.0", CLEAN).published(Some(&days_ago(2))));
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN).dependency("deep", "1"));
    files::replace(&project.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nnewcomer = \"1\"");
    project.cargo(["fetch"]).ok();
    let output = check(project, []).code(4);
    for expected in [
        "error[not-pinned]: `newcomer v1.0.0` is not pinned",
        "error[not-pinned]: `deep v1.0.0` is not pinned",
        "error[version-too-new]: `deep v1.0.0` was published 2 days ago",
        "`app` depends on it",
        "pulled in by app > newcomer",
        "Cargo.lock:",
    ] {
        assert!(output.stderr.contains(expected), "{expected}: {output}");
    }
}

#[test]
fn an_edited_pin_is_found_although_the_sources_match() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    replace_in_pin(project, "victim", "trust = ", "build-time = [\"build-script\"]\ntrust = ");
    project.provenance(["verify"]).ok();
    check(project, []).code(4).stderr_has("error[pin-differs]").stderr_has("`build-time`");
}

#[test]
fn everything_that_verify_finds_is_found() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    project.cargo(["fetch"]).ok();
    let source = sandbox.source("victim-1.0.0");
    tests::project::make_evil(&source);
    check(project, []).code(4).stderr_has("error[source-differs]");
    tests::project::make_clean(&source);
    files::append(&project.path("Provenance.toml"), "\n[[ban]]\npackage = \"victim\"\nreason = \"no\"\n");
    // Drift weighs more than a denial, and hides none.
    check(project, []).code(4).stderr_has("error[policy-changed]").stderr_has("error[banned]");
}

#[test]
fn a_lockfile_that_lags_behind_is_told_once() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    files::replace(&project.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nnewcomer = \"1\"");
    let output = check(project, []).code(4);
    assert_eq!(output.stderr.matches("error[lock-stale]").count(), 1, "{output}");
    assert!(!files::read(&project.path("Cargo.lock")).contains("newcomer"));
}

#[cfg(unix)]
#[test]
fn what_a_pull_request_configures_runs_nothing() {
    let sandbox = Sandbox::new();
    sandbox.alternative().publish(&Krate::greeting("internal", "1.0.0", CLEAN));
    let line = "internal = { version = \"1\", registry = \"test\" }";
    let project = pin(Project::greeter(&sandbox, "work", line, "internal::greeting()"));
    check(project, []).code(0);
    let trap = sandbox.path("trap");
    files::script(&project.path("evil"), &format!("touch '{}'", trap.display()));
    files::write(
        &project.path(".cargo/config.toml"),
        "[registry]\nglobal-credential-providers = [\"./evil\"]\n[build]\nrustc = \"./evil\"\n",
    );
    age_indices(&sandbox, 3);
    sandbox.alternative().respond(&Registry::index_path("internal"), Response::Status(401));
    check(project, []).code(4).stderr_has("error[cargo-setting]").stderr_has("no package was judged");
    assert!(!trap.exists());
}

#[cfg(unix)]
#[test]
fn what_a_pull_request_records_itself_runs_nothing() {
    let sandbox = Sandbox::new();
    let project = committed(&sandbox, "repository/work");
    let trap = sandbox.path("trap");
    files::script(&project.path("evil"), &format!("touch '{}'", trap.display()));
    let config = project.path(".cargo/config.toml");
    let settings = [
        "[build]\nrustc = \"./evil\"\n",
        "[build]\nrustflags = [\"-Zcodegen-backend=./evil\"]\n",
        "[env]\nLD_PRELOAD = \"./evil\"\n",
        "[registry]\nglobal-credential-providers = [\"./evil\"]\n",
    ];
    for setting in settings {
        files::write(&config, setting);
        for full in [&["verify", "--full"][..], &["check"]] {
            let output = project.provenance([]).args(full).run().code(4);
            assert!(output.stderr.contains("error[cargo-setting]"), "{output}");
        }
        // Whoever opens a pull request writes the manifest as well.
        let lock = project.path("Provenance.lock");
        let honest = files::read(&lock);
        let told = project.provenance(["verify"]).run().stderr;
        let key = told.split('`').nth(1).expect("a key");
        let value =
            told.split(" = note: in force ").nth(1).and_then(|it| it.split(" (").next()).expect("a value");
        let (head, pins) = honest.split_once("\n[[member]]").expect("members");
        files::write(&lock, format!("{head}\n[cargo-config]\n\"{key}\" = {value}\n\n[[member]]{pins}"));
        project.provenance(["verify"]).ok();
        age_indices(&sandbox, 3);
        sandbox.registry().respond("/config.json", Response::Status(401));
        since(project, "HEAD")
            .code(1)
            .stderr_has(&format!("error[setting-new]: cargo setting `{key}` was not recorded at `HEAD`"))
            .stderr_has("Setting ")
            .stderr_has("no package was judged");
        sandbox.registry().behave("/config.json");
        files::write(&lock, honest);
    }
    assert!(!trap.exists());
    // What runs nothing is listed and judged, and a compiler that was recorded is not asked either.
    files::write(&config, "[alias]\nb = \"build\"\n");
    project.provenance(["pin"]).ok();
    since(project, "HEAD").code(0).stderr_has("Setting alias.b");
    files::write(&config, settings[0]);
    project.provenance(["pin"]).ok();
    check(project, []).code(0);
    assert!(!trap.exists(), "the recorded compiler ran");
}

#[test]
fn a_replaced_archive_is_told_once() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    project.cargo(["fetch"]).ok();
    files::write(&sandbox.archive("victim-1.0.0"), Krate::greeting("victim", "1.0.0", "other").to_archive());
    let output = check(project, []).code(4).stderr_has("error[archive-differs]");
    assert!(!output.stderr.contains("[checksum-changed]"), "{output}");
    assert!(!output.stderr.contains("[pin-differs]"), "{output}");
}

#[test]
fn of_a_hundred_packages_the_three_young_ones_are_named_and_no_others() {
    let sandbox = Sandbox::new();
    let names = (0..100).map(|number| format!("crate-{number:02}")).collect::<Vec<_>>();
    for (number, name) in names.iter().enumerate() {
        let young = matches!(number, 7 | 42 | 99);
        let at = days_ago(if young { 3 } else { 900 });
        sandbox
            .registry()
            .publish(&Krate::new(name, "1.0.0").without_commit().published(Some(&days_ago(900))));
        if young {
            sandbox.registry().publish(&Krate::new(name, "1.0.1").without_commit().published(Some(&at)));
        }
    }
    let dependencies = names.iter().map(|name| format!("{name} = \"1\"\n")).collect::<String>();
    let policy = "version = 1\n[checks]\nversion-too-new = { days = 2 }\n";
    let project = pin(Project::empty(&sandbox, "work")
        .with("Cargo.toml", &package("app", &dependencies))
        .with("src/lib.rs", "")
        .with("Provenance.toml", policy));
    check(project, []).code(0).stderr_has("100 packages checked and proven");

    files::replace(&project.path("Provenance.toml"), "days = 2", "days = 7");
    project.provenance(["pin"]).ok();
    let output = check(project, []).code(1).stderr_has("to pass: 3 denials in 100 packages");
    // What was known of the bytes when they were pinned is no news.
    assert!(output.stderr.contains("100 vcs-missing; `-v` lists them"), "{output}");
    assert!(!output.stderr.contains("note["), "{output}");
    let verbose = check(project, ["-v"]).code(1);
    assert_eq!(verbose.stderr.matches("note[vcs-missing]").count(), 100, "{verbose}");
    let json = check(project, ["--message-format", "json"]).code(1);
    assert_eq!(json.stdout.matches("\"id\":\"vcs-missing\"").count(), 100, "{json}");
    for (number, name) in names.iter().enumerate() {
        let named = output.stderr.contains(&format!("error[version-too-new]: `{name} "));
        assert_eq!(named, matches!(number, 7 | 42 | 99), "{name}: {output}");
    }
    assert!(output.stderr.contains("Provenance.toml:3"), "the line that decided is shown: {output}");
}

#[test]
fn what_was_there_at_init_does_not_fail_and_is_counted() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("young", "1.0.0", CLEAN).published(Some(&days_ago(3))));
    let project = pin(Project::greeter(&sandbox, "work", "young = \"1\"", "young::greeting()"));
    let output = check(project, []).code(0);
    assert!(output.stderr.contains("Living with 2 findings: 2 baseline; `-v` lists them"), "{output}");
    assert!(!output.stderr.contains("version-too-new"), "{output}");
    check(project, ["-v"]).code(0).stderr_has("Baseline `young v1.0.0` was published 3 days ago");
}

#[test]
fn exceptions_that_ended_deny_and_those_that_nothing_needs_are_noted() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox).publish(&[
        Advisory::new("RUSTSEC-2025-0002", "victim"),
        Advisory::new("RUSTSEC-2025-0003", "victim"),
    ]);
    let exception = |id: &str, package: &str, expires: &str| {
        format!(
            "[[exception]]\ncheck = \"vulnerability\"\npackage = \"{package}\"\nid = \"{id}\"\nreason = \"known\"\nexpires = \"{expires}\"\n"
        )
    };
    let policy = format!(
        "version = 1\n{}{}{}",
        exception("RUSTSEC-2025-0002", "victim", "2099-01-01"),
        exception("RUSTSEC-2025-0003", "victim", "2099-01-01"),
        exception("RUSTSEC-2025-0004", "victim", "2099-01-01"),
    );
    let project = pin(Project::app(&sandbox, "work").with("Provenance.toml", &policy));
    check(project, [])
        .code(0)
        .stderr_has("Living with 2 findings: 2 excepted")
        .stderr_has(
            "note[exception-unused]: nothing needs the exception of `vulnerability/RUSTSEC-2025-0004` for `victim`",
        );
    check(project, ["-v"]).stderr_has("until 2099-01-01 (Provenance.toml:2)");

    // The day has come.
    let ended = policy.replacen("2099-01-01", "2025-01-01", 1);
    let text = files::read(&project.path("Provenance.toml"));
    files::write(&project.path("Provenance.toml"), text.replacen("2099-01-01", "2025-01-01", 1));
    check(project, [])
        .code(4)
        .stderr_has("error[policy-changed]")
        .stderr_has(
            "error[exception-expired]: the exception of `vulnerability` for `victim` ended on 2025-01-01",
        )
        .stderr_has("error[vulnerability]");
    files::remove(&project.path("Provenance.lock"));
    files::write(&project.path("Provenance.toml"), ended);
    project.provenance(["init"]).ok();
    check(project, []).code(1).stderr_has("error[exception-expired]").stderr_has("Provenance.toml:2");
}

#[test]
fn an_advisory_published_later_is_found() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    let project = pinned(&sandbox, "work");
    check(project, []).code(0);
    db.publish(&[Advisory::new("RUSTSEC-2025-0002", "victim").patched(">= 1.0.1")]);
    // Young databases are not fetched anew.
    check(project, []).code(0);
    project.provenance(["db", "update"]).ok();
    check(project, [])
        .code(1)
        .stderr_has("error[vulnerability]: `victim v1.0.0` is vulnerable")
        .stderr_has("[[exception]]");
}

#[test]
fn a_database_that_is_older_than_what_a_pin_knew_decides_nothing() {
    let sandbox = Sandbox::new();
    let advisory = |id: &str, date: &str| Advisory::new(id, "nobody-uses-this").date(date);
    let (old, new) =
        (advisory("RUSTSEC-2025-0001", "2025-01-02"), advisory("RUSTSEC-2025-0009", "2025-06-01"));
    let policy = "version = 1\n[advisories]\ndatabases = [{ from = \"db\", max-age = \"any\" }]\n";
    let project = Project::app(&sandbox, "work").with("Provenance.toml", policy);
    for advisory in [&old, &new] {
        files::write(&project.path("db").join(advisory.path()), advisory.to_text());
    }
    pin(project);
    assert!(files::read(&project.path("Provenance.lock")).contains("advisories = \"2025-06-01\""));
    check(project, []).code(0);
    files::remove(&project.path("db").join(new.path()));
    check(project, [])
        .code(3)
        .stderr_has("error[not-judged]: `victim v1.0.0` could not be judged")
        .stderr_has("of 2025-01-02, and a pin was compared with one of 2025-06-01");
}

#[test]
fn a_pin_that_knows_advisories_of_the_future_keeps_nothing_from_being_decided() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox);
    let project = pinned(&sandbox, "work");
    replace_in_pin(project, "victim", "advisories = \"2025-01-02\"", "advisories = \"2999-01-01\"");
    check(project, []).code(0).stderr_has("claims to know advisories of 2999-01-01");
}

#[test]
fn a_database_that_is_too_old_decides_nothing() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    let states = files::list(&sandbox.cargo_home().join("provenance/advisory-db"));
    let state = states.iter().find(|path| path.ends_with("state.json")).expect("a state");
    let fetched_days_ago = |days: u64| {
        let mut value: serde_json::Value = serde_json::from_slice(&files::read_bytes(state)).expect("JSON");
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
        value["fetched"] = (now - days * 86_400).into();
        files::write(state, value.to_string());
    };
    fetched_days_ago(3);
    check(project, ["--offline"]).code(0).stderr_has("fetched 3 days ago");
    fetched_days_ago(15);
    check(project, ["--offline"])
        .code(3)
        .stderr_has("was fetched 15 days ago, and at most 14 days are allowed");
    check(project, []).code(0).stderr_has("Updating advisory database");
}

#[test]
fn a_database_that_lags_behind_a_colleagues_pin_is_fetched_at_once() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    let project = pinned(&sandbox, "work");
    db.publish(&[Advisory::new("RUSTSEC-2025-0009", "nobody-uses-this").date("2025-06-01")]);
    replace_in_pin(project, "victim", "advisories = \"2025-01-02\"", "advisories = \"2025-06-01\"");
    check(project, ["--offline"]).code(3);
    check(project, []).code(0).stderr_has("Updating advisory database");
}

#[test]
fn indices_are_asked_again_after_a_day() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let project = pinned(&sandbox, "work");
    let asked = || registry.requests().iter().filter(|it| **it == Registry::index_path("victim")).count();
    registry.forget_requests();
    check(project, []).code(0);
    assert_eq!(registry.requests(), Vec::<String>::new(), "what cargo asked today is not asked again");

    registry.yank("victim", "1.0.0");
    age_indices(&sandbox, 3);
    check(project, ["--offline"])
        .code(0)
        .stderr_has("what changed since the registries were last asked about some packages, 3 days ago");
    assert_eq!(registry.requests(), Vec::<String>::new(), "the network is left alone");
    check(project, []).code(0).stderr_has("note[version-yanked]: `victim v1.0.0` was yanked");
    assert!(asked() > 0, "{:?}", registry.requests());

    // The answer may have changed nothing: that it was asked for is remembered.
    let old = SystemTime::now() - Duration::from_secs(5 * 86_400);
    for file in files::list(&sandbox.cargo_home().join("registry/index")) {
        fs::File::options().append(true).open(&file).and_then(|file| file.set_modified(old)).expect("a time");
    }
    registry.forget_requests();
    check(project, []).code(0);
    assert_eq!(registry.requests(), Vec::<String>::new());
}

#[test]
fn a_registry_that_cannot_be_asked_is_told_of() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    age_indices(&sandbox, 3);
    sandbox.registry().respond(&Registry::index_path("victim"), Response::Status(500));
    check(project, [])
        .code(0)
        .stderr_has("Not checked what the registry says now, since it could not be asked")
        .stderr_has("3 days ago");
}

#[test]
fn a_version_that_vanished_is_found() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let project = pinned(&sandbox, "work");
    let other = Krate::greeting("victim", "1.1.0", CLEAN);
    let line = format!("{}\n", other.to_index_line(&other.to_archive()));
    registry.respond(&Registry::index_path("victim"), Response::Body(line.into_bytes()));
    age_indices(&sandbox, 3);
    check(project, []).code(4).stderr_has("[version-vanished]");
}

#[test]
fn packages_that_no_database_speaks_of_are_counted_and_listed() {
    let sandbox = Sandbox::new();
    let beside = Project::empty(&sandbox, "beside").with("Cargo.toml", &package("beside", ""));
    files::write(&beside.path("src/lib.rs"), "");
    let project = Project::app(&sandbox, "work");
    files::replace(
        &project.path("Cargo.toml"),
        "victim = \"1\"",
        "victim = \"1\"\nbeside = { path = \"../beside\" }",
    );
    pin(project);
    check(project, [])
        .code(0)
        .stderr_has("Not checked advisories about 1 package that no database speaks of; `-v` lists them");
    check(project, ["-v"]).stderr_has("Uncovered beside v0.1.0 comes from a path");
}

#[test]
fn an_acceptance_dies_with_the_bytes() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("teen", "1.0.0", CLEAN).published(Some(&days_ago(100))));
    let project = pinned(&sandbox, "work");
    project.provenance(["add", "teen"]).run().code(1).stderr_has("crate-too-young");
    project.provenance(["add", "teen", "--accept", "crate-too-young=we know them"]).ok();
    check(project, []).code(0).stderr_has("1 accepted");
    check(project, ["-v"]).stderr_has("we know them");
    // Somebody moves the acceptance to other bytes.
    replace_in_pin(project, "teen", "tree = \"b3:", "tree = \"b3:0000");
    let text = files::read(&project.path("Provenance.lock"));
    let start = text.find("b3:0000").expect("edited");
    files::write(&project.path("Provenance.lock"), format!("{}{}", &text[..start + 67], &text[start + 71..]));
    check(project, []).code(4).stderr_has("[pin-differs]").stderr_has("review[crate-too-young]");
}

#[test]
fn checks_that_are_newer_than_a_pin_only_note_until_it_is_judged_again() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("teen", "1.0.0", CLEAN).published(Some(&days_ago(100))));
    let project = pinned(&sandbox, "work");
    project.provenance(["add", "teen", "--accept", "crate-too-young=we know them"]).ok();
    // As an older version of the tool would have written it.
    let path = project.path("Provenance.lock");
    let text = files::read(&path);
    let pin = text.split("name = \"teen\"").nth(1).expect("a pin");
    let vetted = pin.lines().find(|line| line.starts_with("vetted = ")).expect("a line");
    let start = text.find("accepted = [").expect("an acceptance");
    let accepted = &text[start..start + text[start..].find("\n]").expect("its end") + 2];
    let (before, set) = vetted.split_once("checks = ").expect("a check set");
    let set = set.trim_start_matches(|c: char| c.is_ascii_digit());
    let text =
        text.replace(&format!("{accepted}\n"), "").replace("basis = \"accepted\"", "basis = \"policy\"");
    files::write(&path, text);
    replace_in_pin(project, "teen", vetted, &format!("{before}checks = 1{set}"));

    check(project, [])
        .code(0)
        .stderr_has("note[crate-too-young]")
        .stderr_has("`cargo provenance pin --recheck` judges by it");
    project.provenance(["pin", "--recheck"]).run().code(1).stderr_has("review[crate-too-young]");
}

/// Makes a pin say that an older check set judged its package.
fn judged_by(project: Project<'_>, name: &str, set: &str) {
    let text = files::read(&project.path("Provenance.lock"));
    let pin = text.split(&format!("name = \"{name}\"")).nth(1).expect("a pin");
    let vetted = pin.lines().find(|line| line.starts_with("vetted = ")).expect("a line");
    let number = vetted.split("checks = ").nth(1).expect("a check set");
    let number = number.split(|c: char| !c.is_ascii_digit()).next().expect("a number");
    let forged = vetted.replace(&format!("checks = {number}"), &format!("checks = {set}"));
    replace_in_pin(project, name, vetted, &forged);
}

#[test]
fn no_line_in_a_pin_makes_notes_of_what_the_team_asked_for_or_what_must_end() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    sandbox.registry().publish(&Krate::greeting("teen", "1.0.0", CLEAN).published(Some(&days_ago(100))));
    let project = committed(&sandbox, "repository/work");
    project.provenance(["add", "teen", "--accept", "crate-too-young=we know them"]).ok();
    // Whoever opens a pull request writes the pins as well.
    let path = project.path("Provenance.lock");
    let text = files::read(&path);
    let start = text.find("accepted = [").expect("an acceptance");
    let end = start + text[start..].find("\n]\n").expect("its end") + 3;
    files::write(&path, format!("{}{}", &text[..start], &text[end..]).replace("\"accepted\"", "\"policy\""));
    judged_by(project, "teen", "0");
    check(project, []).code(2).stderr_has("`checks` names no check set");
    judged_by(project, "teen", "1");
    check(project, []).code(0);
    since(project, "HEAD").code(1).stderr_has("review[crate-too-young]: crate `teen`");

    db.publish(&[Advisory::new("RUSTSEC-2025-0002", "victim")]);
    project.provenance(["db", "update"]).ok();
    judged_by(project, "victim", "1");
    check(project, []).code(1).stderr_has("error[vulnerability]");
    let policy = project.path("Provenance.toml");
    files::replace(&policy, "[checks]\n", "[checks]\ncrate-too-young = \"deny\"\n");
    files::append(&policy, "\n[[ban]]\npackage = \"victim\"\nreason = \"no\"\n");
    let output = check(project, []).code(4);
    assert!(output.stderr.contains("error[crate-too-young]"), "{output}");
    assert!(output.stderr.contains("error[banned]"), "{output}");
}

#[test]
fn packages_of_every_kind_of_source_are_proven_and_their_registries_asked() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let vendored = crate::vendor::vendor(pinned(&sandbox, "vendored"));
    vendored.provenance(["pin"]).ok();
    crate::git::repository(&sandbox);
    let git = pin(crate::git::dependent(&sandbox, "git"));
    sandbox.alternative().publish(&Krate::greeting("internal", "1.0.0", CLEAN));
    let line = "internal = { version = \"1\", registry = \"test\" }";
    let alternative = pin(Project::greeter(&sandbox, "alternative", line, "internal::greeting()"));
    let notes = "advisories about 1 package that no database speaks of";
    check(vendored, []).code(0).stderr_lacks(notes);
    check(git, []).code(0).stderr_has(notes).stderr_has("1 package checked and proven");
    check(alternative, []).code(0).stderr_has(notes);

    age_indices(&sandbox, 3);
    registry.forget_requests();
    sandbox.alternative().forget_requests();
    registry.yank("victim", "1.0.0");
    sandbox.alternative().yank("internal", "1.0.0");
    check(vendored, []).code(0).stderr_has("note[version-yanked]: `victim v1.0.0`");
    check(alternative, []).code(0).stderr_has("note[version-yanked]: `internal v1.0.0`");
    for (registry, name) in [(registry, "victim"), (sandbox.alternative(), "internal")] {
        let requests = registry.requests();
        assert!(requests.contains(&Registry::index_path(name)), "{requests:?}");
        assert!(!requests.iter().any(|request| request.starts_with("/dl/")), "{requests:?}");
    }
}

#[test]
fn a_crate_that_its_registry_removed_is_no_pass() {
    let sandbox = Sandbox::new();
    let project = pinned(&sandbox, "work");
    age_indices(&sandbox, 3);
    sandbox.registry().respond(&Registry::index_path("victim"), Response::Status(404));
    check(project, []).code_in(&[3, 4]).stderr_has("victim v1.0.0");
    // Nor is it in the next run, which asks nobody.
    check(project, []).code_in(&[3, 4]).stderr_has("victim v1.0.0");
}
