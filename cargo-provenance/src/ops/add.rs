//! `add`: `cargo add` behind the gate.
//!
//! Cargo edits and resolves in the shadow workspace. What would enter is judged by what its registry's index says, then
//! fetched and proven, and only when all of it has passed are manifests, lockfile and pins put in place, together.

mod attempt;
mod change;
mod error;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use provenance_build::manifest::{self, Pin};
use provenance_build::{Manifest, Verdict};
use similar::TextDiff;

use self::attempt::{Attempt, Judged};
use self::change::{Change, Entry};
use super::pin::tell_recovery;
use super::pinning::{self, Rigor};
use crate::cargo::Edit;
use crate::collect::archives::{self, Which};
use crate::collect::entrants::Proven;
use crate::collect::gate::{self, Gate};
use crate::collect::situation::resolved;
use crate::finding::{self, Finding, Weight};
use crate::model::Surroundings;
use crate::registry::proof::Verdict as Proof;
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};
use crate::store::{Transaction, WorkspaceLock, recover};
use crate::vet::entry::ago;

pub use error::Error;

/// What `add` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The dependencies, as `cargo add` takes them: `serde`, `serde@1`.
    pub dependencies: Vec<String>,
    /// The flags of `cargo add` that do not depend on where it runs, ready to follow `cargo add`. Without the dependencies and
    /// without everything that has a field of its own here or in the surroundings.
    pub flags: Vec<OsString>,
    /// `--package`: the member to change.
    pub package: Option<String>,
    /// `--path`: the local package to depend on, absolute; relative to `base` where there is one.
    pub path: Option<PathBuf>,
    /// `--base`.
    pub base: Option<String>,
    /// `--git`.
    pub git: Option<String>,
    /// `--registry`.
    pub registry: Option<String>,
    /// `--config`, each a `KEY=VALUE` or an absolute path.
    pub config: Vec<OsString>,
    /// Whether to change nothing.
    pub dry_run: bool,
    /// Whether `Cargo.lock` must stay as it is.
    pub locked: bool,
}

/// Runs the use case.
///
/// # Errors
///
/// See [`Error`].
pub fn run(surroundings: &Surroundings, options: &Options, progress: &dyn Progress) -> Result<Report, Error> {
    let mut report = Report::new("add");
    let surroundings = &resolved(surroundings)?;
    let root = gate::root(surroundings)?;
    let _lock = WorkspaceLock::acquire(&root, "add", surroundings.clock)?;
    tell_recovery(&mut report, &recover(&root)?);

    // Before cargo runs at all: what the repository configures may run code, so it must be what was recorded.
    let mut gate = Gate::open(surroundings)?;
    archives::hash(&mut gate.seen, Which::Needed, progress)?;
    let verdict = gate.verdict();
    if !verdict.drift.is_empty() {
        return Ok(drifted(report, &gate, &verdict));
    }

    let attempt = Attempt::begin(surroundings, options, &gate, progress)?;
    tell_cargo(&mut report, &attempt.edit()?);
    let mut change = attempt.resolve()?;
    let mut judged = attempt.judge(&change)?;
    if attempt.hold_back(&judged) {
        change = attempt.resolve()?;
        judged = attempt.judge(&change)?;
    }
    tell(&mut report, &judged, &change, surroundings);
    report.outcome = outcome(&judged);
    for Judged { entry, judgment, .. } in &judged {
        report.findings.extend(judgment.findings.iter().map(|finding| pulled_in(finding.clone(), entry)));
    }
    if report.outcome == Outcome::Fine {
        let pins = admitted(&mut report, &change, &attempt.prove(&change)?);
        if report.outcome == Outcome::Fine {
            put_in_place(&mut report, &attempt, &change, pins)?;
        }
    }
    if report.outcome != Outcome::Fine {
        let entering = plural(judged.len(), "new package");
        report.conclusion = format!("to add: {} in {entering}; nothing was changed", report.tally());
    }
    report.findings.sort_by_key(|finding| finding.weight);
    attempt.shadow.close()?;
    Ok(report)
}

fn drifted(mut report: Report, gate: &Gate, verdict: &Verdict) -> Report {
    report.findings.extend(verdict.drift.iter().map(|drift| finding::drift::of(drift, gate)));
    report.outcome = Outcome::Drift;
    let differences = plural(report.findings.len(), "difference");
    report.conclusion = format!("to add: the workspace is not what its manifest says, {differences}");
    report
}

/// Passes on what `cargo add` said of the dependency and its features. What it locked is told by the comparison.
fn tell_cargo(report: &mut Report, lines: &[String]) {
    let mut features: Vec<&str> = vec![];
    for line in lines {
        let text = line.trim();
        let added = text.strip_prefix("Adding ").filter(|added| added.contains(" to "));
        if let Some(added) = added {
            flush(report, &mut features);
            report.step("Adding", added);
        } else if text.starts_with("+ ") || text.starts_with("- ") || text.ends_with("activated features") {
            features.push(text);
        } else if let Some(warning) = text.strip_prefix("warning: ") {
            report.step("Cargo warns", warning);
        }
    }
    flush(report, &mut features);
}

/// The features that are on, then those that are off.
fn flush(report: &mut Report, features: &mut Vec<&str>) {
    let (on, off): (Vec<_>, Vec<_>) = features.drain(..).partition(|feature| feature.starts_with('+'));
    for features in [on, off].iter().filter(|features| !features.is_empty()) {
        report.step("Features", features.join(", "));
    }
}

/// Lists what enters, leaves and changes.
fn tell(report: &mut Report, judged: &[Judged], change: &Change, surroundings: &Surroundings) {
    for Judged { entry, releases, .. } in judged {
        let version = &entry.id.version;
        let release = releases.known().and_then(|all| all.iter().find(|r| r.version == *version));
        let age = match release.and_then(|release| release.published) {
            Some(published) => format!("published {}", ago(published, surroundings.clock)),
            None => "age unknown".to_owned(),
        };
        let (verb, from) = match &entry.replaces {
            Some(version) => ("Changing", format!("v{version} -> ")),
            None => ("Entering", String::new()),
        };
        let (name, source) = (&entry.id.name, entry.id.source.as_ref());
        let source = source.filter(|s| !s.is_crates_io()).map(|s| format!(" ({s})")).unwrap_or_default();
        report.step(verb, format!("{name} {from}v{version}{source}, {age}, for {}", entry.chain));
    }
    for id in &change.leaving {
        report.step("Leaving", id.to_string());
    }
    report.count("entering", judged.len());
    report.count("leaving", change.leaving.len());
}

/// What the judgments come to. What is refused for certain weighs more than what could not be looked up.
fn outcome(judged: &[Judged]) -> Outcome {
    if judged.iter().any(|judged| judged.judgment.refuses()) {
        Outcome::Refused
    } else if judged.iter().any(|judged| judged.judgment.undecided) {
        Outcome::Undecided
    } else {
        Outcome::Fine
    }
}

fn pulled_in(finding: Finding, entry: &Entry) -> Finding {
    // A policy that was edited is drift until `pin` has written the manifest under it.
    let finding = match (finding.id, finding.help.is_empty()) {
        ("source", false) => finding.help("then run `cargo provenance pin`, and this command again"),
        _ => finding,
    };
    if entry.direct { finding } else { finding.note(format!("it would enter for {}", entry.chain)) }
}

/// The pins of the entrants that are proven, and findings for those that are not.
fn admitted(report: &mut Report, change: &Change, proven: &[Proven]) -> Vec<Pin> {
    let mut pins = vec![];
    for (entry, proven) in change.entering.iter().zip(proven) {
        match proven {
            Ok(entrant) => {
                for (check, what) in &entrant.remarks {
                    let message = format!("`{}`: {what}", entry.id.short());
                    report.findings.push(Finding::new(check, Weight::Note, message).about(entry.id.clone()));
                }
                pins.push(pinning::pin(&entry.id, entrant, Rigor::Policy));
            }
            Err(refusals) => {
                for refusal in refusals {
                    match refusal.verdict {
                        Proof::Refused => report.outcome = Outcome::Refused,
                        Proof::Undecided if report.outcome == Outcome::Fine => {
                            report.outcome = Outcome::Undecided;
                        }
                        Proof::Undecided => {}
                    }
                    let message = format!("`{}`: {}", entry.id.short(), refusal.what);
                    let finding = Finding::new(refusal.check, Weight::Denial, message)
                        .about(entry.id.clone())
                        .help(refusal.help.clone());
                    report.findings.push(pulled_in(finding, entry));
                }
            }
        }
    }
    pins
}

fn put_in_place(
    report: &mut Report,
    attempt: &Attempt<'_>,
    change: &Change,
    pins: Vec<Pin>,
) -> Result<(), Error> {
    let gate = attempt.gate;
    let old = &gate.seen.manifest;
    let mut new = Manifest { packages: change.kept_pins(old), ..old.clone() };
    new.packages.extend(pins);
    let vendoring = attempt.vendor(change, &new)?;
    vendoring.tell(report, &gate.root);
    if vendoring.refuses() {
        report.outcome = Outcome::Refused;
        return Ok(());
    }
    let mut edits = attempt.shadow.edited()?;
    // The reader accepts the writer's spelling only, so this is what the file holds.
    let (old, new) = (old.to_text().into_bytes(), new.to_text().into_bytes());
    if old != new {
        edits.push(Edit { path: gate.root.join(manifest::FILE_NAME), old: Some(old), new });
    }
    report.not_checked.push(pinning::NOT_JUDGED.to_owned());
    let entered = match change.entering.len() {
        0 => "no new package".to_owned(),
        number => plural(number, "new package"),
    };
    let changed = plural(edits.len(), "file") + &vendoring.summary();
    if attempt.options.dry_run {
        report.output = edits.iter().map(|edit| unified(&gate.root, edit)).collect();
        report.conclusion =
            format!("dry run: {entered} would enter, {changed} would change; nothing was changed");
        return Ok(());
    }
    let mut transaction = Transaction::new(&gate.root);
    for edit in edits {
        let shown = edit.path.strip_prefix(&gate.root).unwrap_or(&edit.path).display().to_string();
        report.detail("Writing", shown);
        transaction.replace(&edit.path, edit.old, edit.new);
    }
    let _folders = vendoring.enlist(&mut transaction)?;
    transaction.commit()?;
    report.conclusion = format!("{entered} entered, {changed} changed");
    Ok(())
}

fn unified(root: &Path, edit: &Edit) -> String {
    let name = edit.path.strip_prefix(root).unwrap_or(&edit.path).display();
    let old = String::from_utf8_lossy(edit.old.as_deref().unwrap_or_default());
    let new = String::from_utf8_lossy(&edit.new);
    let diff = TextDiff::from_lines(&*old, &*new);
    diff.unified_diff().context_radius(3).header(&format!("a/{name}"), &format!("b/{name}")).to_string()
}
