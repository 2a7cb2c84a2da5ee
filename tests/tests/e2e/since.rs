//! `check --since REV`: what a change brought in, and nothing else, fails.

use std::path::Path;
use tests::advisories::{Advisory, AdvisoryDb};
use tests::files;
use tests::project::{CLEAN, package};
use tests::{Krate, Output, Project, Sandbox};

use crate::check::{check, days_ago, pin, pinned, replace_in_pin};

/// A workspace in a subdirectory of a repository, pinned and committed.
pub(crate) fn committed<'s>(sandbox: &'s Sandbox, name: &'s str) -> Project<'s> {
    let project = pinned(sandbox, name);
    commit(project, "first");
    project
}

pub(crate) fn commit(project: Project<'_>, message: &str) {
    let root = project.root();
    let top = root.parent().expect("a repository around it");
    let git = |arguments: &[&str]| project.sandbox().git(top).args(arguments).ok();
    if !top.join(".git").exists() {
        git(&["init", "--quiet"]);
    }
    git(&["add", "--all", "--force", "."]);
    git(&["commit", "--quiet", "--message", message]);
}

pub(crate) fn since(project: Project<'_>, revision: &str) -> Output {
    project.provenance(["check", "--since", revision]).run()
}

#[test]
fn since_a_commit_what_was_there_is_a_note() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    let project = committed(&sandbox, "repository/work");
    db.publish(&[Advisory::new("RUSTSEC-2025-0002", "victim")]);
    project.provenance(["db", "update"]).ok();
    check(project, []).code(1);
    since(project, "HEAD")
        .code(0)
        .stderr_has("Before 1 finding was there at `HEAD` already")
        .stderr_has("note[vulnerability]: `victim v1.0.0` is vulnerable")
        .stderr_has("it was there at `HEAD` already");
}

#[test]
fn since_a_commit_what_is_new_fails() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let project = committed(&sandbox, "repository/work");
    project.provenance(["add", "newcomer"]).ok();
    since(project, "HEAD").code(0);
    db.publish(&[
        Advisory::new("RUSTSEC-2025-0002", "victim"),
        Advisory::new("RUSTSEC-2025-0003", "newcomer"),
    ]);
    project.provenance(["db", "update"]).ok();
    let output = since(project, "HEAD").code(1);
    assert!(output.stderr.contains("error[vulnerability]: `newcomer v1.0.0`"), "{output}");
    assert!(output.stderr.contains("note[vulnerability]: `victim v1.0.0`"), "{output}");
}

#[test]
fn since_a_commit_a_changed_policy_counts_in_full() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox).publish(&[Advisory::new("RUSTSEC-2025-0002", "victim")]);
    let policy = "version = 1\n[checks]\nvulnerability = \"note\"\n";
    let project = pin(Project::app(&sandbox, "repository/work").with("Provenance.toml", policy));
    commit(project, "first");
    since(project, "HEAD").code(0);
    files::replace(&project.path("Provenance.toml"), "\"note\"", "\"deny\"");
    project.provenance(["pin"]).ok();
    since(project, "HEAD")
        .code(1)
        .stderr_has("Policy `Provenance.toml` was changed")
        .stderr_has("error[vulnerability]: `victim v1.0.0`");
    commit(project, "second");
    since(project, "HEAD").code(0).stderr_has("it was there at `HEAD` already");
}

#[test]
fn since_a_commit_what_people_let_through_is_listed_first() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("teen", "1.0.0", CLEAN).published(Some(&days_ago(100))));
    let project = committed(&sandbox, "repository/work");
    project.provenance(["add", "teen", "--accept", "crate-too-young=we know them"]).ok();
    files::append(
        &project.path("Provenance.toml"),
        "\n[[exception]]\ncheck = \"unsound\"\npackage = \"victim\"\nreason = \"not reached\"\nexpires = \"2099-01-01\"\n",
    );
    files::write(&project.path("part/Cargo.toml"), package("part", ""));
    files::write(&project.path("part/src/lib.rs"), "");
    files::append(&project.path("Cargo.toml"), "\n[workspace]\nmembers = [\"part\"]\n");
    project.cargo(["metadata", "--format-version", "1", "--offline"]).ok();
    project.provenance(["pin"]).ok();
    let output = since(project, "HEAD").code(0);
    let at =
        |text: &str| output.stderr.find(text).unwrap_or_else(|| panic!("`{text}` is not there: {output}"));
    let listed = [
        at("Member part (part)"),
        at("Policy `Provenance.toml` was changed"),
        at("Exception unsound of victim until 2099-01-01: not reached"),
        at("Acceptance crate-too-young of teen v1.0.0 by "),
    ];
    assert!(listed.iter().all(|place| *place < at("Checking ")), "{output}");
    assert!(output.stderr.contains("we know them"), "{output}");
    commit(project, "second");
    let output = since(project, "HEAD").code(0);
    assert!(!output.stderr.contains("Acceptance") && !output.stderr.contains("Member"), "{output}");
    since(project, "HEAD~1").code(0).stderr_has("Acceptance");
}

#[test]
fn since_a_commit_a_loosened_policy_lets_nothing_new_in() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    db.publish(&[Advisory::new("RUSTSEC-2025-0003", "newcomer")]);
    sandbox.registry().publish(&Krate::greeting("teen", "1.0.0", CLEAN).published(Some(&days_ago(100))));
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let project = committed(&sandbox, "repository/work");
    let policy = project.path("Provenance.toml");
    let honest = files::read(&policy);
    let other = Advisory::new("RUSTSEC-2025-0004", "unrelated").date("2025-06-01");
    let from = honest.split("[advisories]\n").nth(1).map_or(String::new(), |rest| {
        rest.lines()
            .take_while(|line| !line.is_empty() && !line.starts_with('['))
            .collect::<Vec<_>>()
            .join("\n")
    });
    for (name, from, to, told) in [
        ("teen", "[checks]\n", "[checks]\ncrate-too-young = \"allow\"\n", "review[crate-too-young]"),
        ("newcomer", "[checks]\n", "[checks]\nvulnerability = \"note\"\n", "error[vulnerability]"),
        ("newcomer", from.as_str(), "databases = []", "error[vulnerability]"),
        (
            "newcomer",
            from.as_str(),
            "databases = [{ from = \"own\", max-age = \"any\" }]",
            "error[vulnerability]",
        ),
    ] {
        files::write(&project.path("own").join(other.path()), other.to_text());
        files::replace(&policy, from, to);
        project.provenance(["pin"]).ok();
        project.provenance(["add", name]).ok();
        check(project, []).code(0);
        let output = since(project, "HEAD").code(1).stderr_has(told).stderr_has("by the policy at `HEAD`");
        if to.starts_with("databases") {
            assert!(output.stderr.contains("no longer counts"), "{output}");
        }
        // Where the policy alone goes first, it counts for what comes after.
        let top = project.root().parent().expect("a repository").to_owned();
        let git = |arguments: &[&str]| sandbox.git(&top).args(arguments).ok();
        git(&["stash", "--quiet", "--include-untracked"]);
        files::replace(&policy, from, to);
        files::write(&project.path("own").join(other.path()), other.to_text());
        project.provenance(["pin"]).ok();
        since(project, "HEAD").code(0).stderr_has("Policy `Provenance.toml` was changed");
        commit(project, "policy");
        project.provenance(["add", name]).ok();
        since(project, "HEAD").code(0);
        git(&["stash", "drop", "--quiet"]);
        git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    }
}

#[test]
fn since_a_commit_a_new_baseline_fails() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let project = committed(&sandbox, "repository/work");
    project.provenance(["add", "newcomer"]).ok();
    since(project, "HEAD").code(0);
    let honest = files::read(&project.path("Provenance.lock"));
    replace_in_pin(project, "newcomer", "basis = \"policy\"", "basis = \"baseline\"");
    since(project, "HEAD")
        .code(1)
        .stderr_has("error[baseline-new]: `newcomer v1.0.0` came in as `baseline`")
        .stderr_has("Baseline newcomer v1.0.0");
    files::write(&project.path("Provenance.lock"), &honest);
    // A finding is slipped into the baseline of a pin that was there.
    let pin = honest.split("name = \"victim\"").nth(1).expect("a pin");
    let last = pin.lines().rfind(|line| line.starts_with("vetted")).expect("vetted");
    replace_in_pin(project, "newcomer", "trust = ", "baseline = [\"version-yanked\"]\ntrust = ");
    check(project, []).code(2).stderr_has("belongs to pins whose basis is `baseline`");
    files::write(&project.path("Provenance.lock"), &honest);
    replace_in_pin(project, "victim", last, &format!("{last}\nbaseline = [\"version-yanked\"]"));
    check(project, []).code(0);
    since(project, "HEAD").code(1).stderr_has("Baseline victim v1.0.0: version-yanked");
}

#[test]
fn since_a_commit_before_the_gate_everything_is_new() {
    let sandbox = Sandbox::new();
    let project = Project::app(&sandbox, "repository/work");
    project.cargo(["generate-lockfile"]).ok();
    commit(project, "before");
    project.provenance(["init"]).ok();
    since(project, "HEAD")
        .code(1)
        .stderr_has("`HEAD` has no manifest that can be read: everything is new")
        .stderr_has("error[baseline-new]: `victim v1.0.0`");
}

#[test]
fn a_hostile_revision_runs_nothing_and_is_a_usage_error() {
    let sandbox = Sandbox::new();
    let project = committed(&sandbox, "repository/work");
    let trap = sandbox.path("trap");
    let upload = format!("--upload-pack=touch {}", trap.display());
    for revision in
        [upload.as_str(), "--output=Cargo.lock", "..", "HEAD..HEAD", "unknown", "", ":/first", "HEAD:work"]
    {
        since(project, revision).code(2).stderr_has("names no commit");
        project.provenance(["check"]).args([format!("--since={revision}")]).run().code(2);
    }
    assert!(!trap.exists());
    // What the environment says of other repositories does not count.
    let elsewhere = sandbox.path("elsewhere");
    project.provenance(["check", "--since", "HEAD"]).env("GIT_DIR", &elsewhere).ok();
    let alone = pinned(&sandbox, "alone");
    since(alone, "HEAD").code(2).stderr_has("lies in no git repository");
    assert!(Path::new(&project.path("Provenance.lock")).exists());
}
