//! What `add`, `update`, `fix` and `remove` share: cargo's own command behind the gate.
//!
//! Cargo edits and resolves in the shadow workspace. What would enter is judged by what its registry's index and the
//! advisories say, then fetched and proven; what does not pass is held back; and only when all of it has passed are
//! manifests, lockfile and pins put in place, together.

mod attempt;
mod error;
mod holding;
mod mending;
mod telling;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use provenance_build::{LockedPackage, Manifest, PackageId, Verdict, Version, manifest};

use self::attempt::Attempt;
use self::holding::Trial;
use self::mending::Mended;
use self::telling::tell_mended;
use super::asking::{self, Pending};
use super::folding;
use super::interruption::settled;
use super::limiting::change::Entry;
use super::limiting::{self, Entering, tell_entering, tell_held, tell_raised};
use super::pinning::{self, Rigor};
use super::signing::{self, Replacing, Resigned};
use super::vetting::{self, Vetting};
use crate::advisory;
use crate::cargo;
use crate::collect::archives::{self, Which};
use crate::collect::cooldown;
use crate::collect::gate::{self, Gate};
use crate::collect::situation::{index_of, resolved};
use crate::finding::{self, Finding, Weight};
use crate::model::{Date, Lines, Surroundings};
use crate::report::dialog::Dialog;
use crate::report::failure::Failure;
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};
use crate::store::Transaction;
use crate::vet::not_judged;
use crate::vet::waiver::{self, Accept};

pub use error::Error;
pub use mending::Wanted;

/// A command of cargo that changes what is locked.
pub trait Edit {
    /// The command: `add`.
    fn command(&self) -> &'static str;

    /// What all of them are asked.
    fn common(&self) -> &Common;

    /// A local package that cargo must find in the shadow, absolute.
    fn local(&self) -> Option<&Path> {
        None
    }

    /// The user's words for cargo, with the places that they name moved into the shadow. `held` are versions to take of
    /// dependencies that were named without one.
    fn arguments(
        &self,
        held: &BTreeMap<String, Version>,
        shadowed: &dyn Fn(&Path) -> PathBuf,
    ) -> Vec<OsString>;

    /// How the user named a package that shall come in.
    fn naming(&self, _name: &str) -> Naming {
        Naming::Not
    }

    /// What is to be mended, where that is what this is about; cargo is not asked to edit anything then.
    fn mending(&self) -> Option<&Wanted> {
        None
    }
}

/// What `add`, `update`, `fix` and `remove` are all asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Common {
    /// What a person accepts.
    pub accept: Vec<Accept>,
    /// `--config`, each a `KEY=VALUE` or an absolute path.
    pub config: Vec<OsString>,
    /// Whether to change nothing.
    pub dry_run: bool,
    /// Whether `Cargo.lock` must stay as it is.
    pub locked: bool,
}

/// How the user named a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By its name alone: any version will do.
    Freely,
    /// Not at all.
    Not,
    /// With a requirement.
    Required,
    /// With a version.
    Version(Version),
}

/// Runs cargo's command behind the gate.
///
/// # Errors
///
/// Those of the lock, of what an interrupted command left, and [`Error`].
pub fn run(
    surroundings: &Surroundings,
    edit: &dyn Edit,
    progress: &dyn Progress,
    dialog: Option<&dyn Dialog>,
) -> Result<Report, Failure> {
    let surroundings = &resolved(surroundings)?;
    let root = gate::root(surroundings)?;
    settled(Report::new(edit.command()), &root, surroundings, |report, _| {
        enter(report, surroundings, edit, progress, dialog)
    })
}

fn enter(
    report: &mut Report,
    surroundings: &Surroundings,
    edit: &dyn Edit,
    progress: &dyn Progress,
    dialog: Option<&dyn Dialog>,
) -> Result<(), Error> {
    // Before cargo runs at all: what the repository configures may run code, so it must be what was recorded.
    let mut gate = Gate::open(surroundings)?;
    archives::hash(&mut gate.seen, Which::Needed, progress)?;
    let verdict = gate.verdict();
    if !verdict.drift.is_empty() {
        drifted(report, &gate, &verdict);
        return Ok(());
    }
    // Nor may it be what just anybody recorded.
    let demand = signing::demand(surroundings, &signing::Wanted::default())?;
    if !signing::judge(&gate, &demand, report)? {
        signing::distrust(report);
        return Ok(());
    }

    let pins = &gate.seen.manifest.packages;
    let databases = vetting::databases(surroundings, &gate.policy, &gate.root, pins, report, progress);
    let known = databases.as_ref().map(Vec::as_slice);
    let reviews = vetting::reviews(&gate.policy, &gate.root, surroundings.clock, report);
    let index_of = |name: &str| index_of(&gate.seen.configuration, name);
    let attempt = Attempt::begin(surroundings, edit, &gate, progress)?;
    let vetting = Vetting::new(&gate.policy, known, &index_of, surroundings.clock)
        .among(attempt.members(), pins.iter().map(|pin| &pin.name))
        .cooling(cooldown::read(&gate.seen.configuration, &gate.root)?)
        .reviewed(reviews.as_ref());
    let (trial, mended) = tried(&attempt, &vetting, dialog.filter(|_| !edit.common().dry_run))?;
    report.not_checked.extend(attempt.notes());
    let uncompared = trial.entrants.iter().flat_map(|entrants| &entrants.uncompared);
    report.not_checked.extend(uncompared.cloned());
    tell_cargo(report, &trial.said);
    tell(report, &trial, surroundings);
    for Entering { entry, vetted, .. } in &trial.entering {
        let findings = vetted.judgment.findings.iter();
        report.findings.extend(findings.map(|finding| pulled_in(finding.clone(), entry)));
    }
    if edit.command() == "update" {
        report.findings.extend(left_in_place(&trial, &vetting));
    }
    report.outcome = outcome(&trial);
    report.findings.extend(trial.unused.iter().map(vetting::unused));
    if mended.is_none() {
        let expired = vetting.exceptions().expired();
        if expired.iter().any(|finding| finding.weight != Weight::Note) {
            report.outcome = Outcome::Refused;
        }
        // What ended may be just what is mended now, so that `fix` does not wait for it.
        report.findings.extend(expired);
    }
    waiver::tell_ways(&mut report.findings, vetting.today(), "");
    let open =
        trial.entering.iter().flat_map(|entering| entering.vetted.judgment.open.clone()).collect::<Vec<_>>();
    report.findings.extend(not_judged(&open));
    if report.outcome == Outcome::Fine {
        let advisories = databases.known().and_then(advisory::newest);
        put_in_place(report, &attempt, &trial, &vetting, advisories, progress)?;
    } else {
        let is_new = trial.entering.iter().all(|it| it.entry.asked_before.is_none());
        let entering = plural(trial.entering.len(), if is_new { "new package" } else { "package" });
        let verb = edit.command();
        report.conclusion = format!("to {verb}: {} in {entering}; nothing was changed", report.tally());
    }
    if let Some(mended) = &mended {
        tell_mended(report, mended, &attempt, &vetting);
    }
    report.findings.sort_by_key(|finding| finding.weight);
    folding::fold(report);
    attempt.shadow.close()?;
    Ok(())
}

/// What cargo's resolution came to. Where nothing but findings that are up for review stands in the way, a person is asked, and
/// then it is tried again.
fn tried(
    attempt: &Attempt<'_>,
    vetting: &Vetting<'_>,
    mut dialog: Option<&dyn Dialog>,
) -> Result<(Trial, Option<Mended>), Error> {
    let mut accepts = attempt.edit.common().accept.clone();
    loop {
        let (trial, mended) = match attempt.edit.mending() {
            Some(wanted) => {
                let (trial, mended) = mending::mend(attempt, vetting, wanted, &accepts)?;
                (trial, Some(mended))
            }
            None => (holding::hold(attempt, vetting, &accepts)?, None),
        };
        let expired = || vetting.exceptions().expired().iter().any(|it| it.weight != Weight::Note);
        let Some(asker) = dialog.filter(|_| mended.is_some() || !expired()) else {
            return Ok((trial, mended));
        };
        let before = accepts.len();
        for pending in waiting(&trial, mended.as_ref()) {
            match asked(attempt, asker, &trial, &pending)? {
                Some(more) => accepts.extend(more),
                None => {
                    dialog = None;
                    break;
                }
            }
        }
        if accepts.len() == before {
            return Ok((trial, mended));
        }
        trial.entrants.into_iter().for_each(|entrants| attempt.keep(entrants));
    }
}

/// A finding that waits for a person's word, and the package that it is about.
type Waiting<'t> = (&'t Finding, &'t LockedPackage);

/// What waits for a person's word, by what it stands in the way of.
fn waiting<'t>(trial: &'t Trial, mended: Option<&'t Mended>) -> Vec<Vec<Waiting<'t>>> {
    let named = |findings: &mut dyn Iterator<Item = &'t Finding>, packages: &'t [LockedPackage]| {
        let package = |finding: &Finding| packages.iter().find(|it| Some(&it.id) == finding.package.as_ref());
        let pairs = asking::acceptable(findings).into_iter().map(|it| Some((it, package(it)?)));
        pairs.collect::<Option<Vec<_>>>().unwrap_or_default()
    };
    let judgments = || trial.entering.iter().map(|entering| &entering.vetted.judgment);
    let mut all = vec![];
    if judgments().all(|judgment| judgment.open.is_empty()) {
        let mut findings = judgments().flat_map(|judgment| &judgment.findings);
        all.push(named(&mut findings, &trial.resolved.change.lockfile.packages));
    }
    let refused = mended.iter().flat_map(|mended| &mended.left).filter_map(|left| left.why.refused.as_ref());
    all.extend(refused.map(|refused| named(&mut refused.findings.iter(), &refused.packages)));
    all.retain(|waiting| !waiting.is_empty());
    all
}

fn asked(
    attempt: &Attempt<'_>,
    dialog: &dyn Dialog,
    trial: &Trial,
    waiting: &[Waiting<'_>],
) -> Result<Option<Vec<Accept>>, Error> {
    let change = &trial.resolved.change;
    let manifest = &attempt.gate.seen.manifest;
    let pending = waiting.iter().map(|(finding, package)| {
        // What is to be mended is still locked.
        let ailing =
            || manifest.packages.iter().find(|pin| limiting::line(&pin.id()) == limiting::line(&package.id));
        let before = asking::before(manifest, &change.lockfile, package).or_else(ailing);
        Pending { finding, package, before }
    });
    attempt.ask(dialog, change, &pending.collect::<Vec<_>>())
}

fn drifted(report: &mut Report, gate: &Gate, verdict: &Verdict) {
    report.findings.extend(verdict.drift.iter().map(|drift| finding::drift::of(drift, gate)));
    report.outcome = Outcome::Drift;
    let differences = plural(report.findings.len(), "difference");
    report.conclusion =
        format!("to {}: the workspace is not what its manifest says, {differences}", report.command);
    if signing::is_expired(verdict) {
        signing::distrust(report);
    }
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

/// Lists what enters, leaves, changes, and what is held back.
fn tell(report: &mut Report, trial: &Trial, surroundings: &Surroundings) {
    for Entering { entry, record, vetted, .. } in &trial.entering {
        match &entry.asked_before {
            None => tell_entering(report, entry, record, surroundings.clock),
            Some(before) => tell_raised(report, record, before),
        }
        for waived in &vetted.waived {
            report.step("Accepting", waived.finding.message.clone());
        }
    }
    for own in &trial.resolved.own {
        report.step("Listing", format!("member {} ({})", own.name, own.path));
    }
    for id in &trial.resolved.change.leaving {
        report.step("Leaving", id.to_string());
    }
    let refused = trial.entering.iter().any(|entering| entering.vetted.judgment.refuses());
    tell_held(report, if refused { &[] } else { &trial.held }, surroundings.clock);
    report.count("entering", trial.newcomers().count());
    report.count("leaving", trial.resolved.change.leaving.len());
}

/// The packages that stay although something is known to be wrong with them: an update is where people expect to get rid of
/// that.
fn left_in_place(trial: &Trial, vetting: &Vetting<'_>) -> Vec<Finding> {
    let change = &trial.resolved.change;
    let enters = |id: &PackageId| change.entering.iter().any(|entry| entry.id == *id);
    let stay = change.lockfile.packages.iter().map(|package| &package.id);
    let stay = stay.filter(|id| id.source.is_some() && !enters(id));
    let told = stay.flat_map(|id| {
        let held = trial.held.iter().find(|held| held.name == id.name && held.at == id.version);
        let why = match held {
            Some(held) => {
                format!("`update` leaves it in place: v{} is held back ({})", held.refused, held.why)
            }
            None => "`update` leaves it in place: nothing newer is within what is asked for".to_owned(),
        };
        let known = vetting.known_to_be_wrong(id).into_iter();
        known.map(move |finding| Finding { weight: Weight::Note, ..finding }.note(why.clone()))
    });
    told.collect()
}

/// What the judgments come to. What is refused for certain weighs more than what could not be looked up.
fn outcome(trial: &Trial) -> Outcome {
    let judgments = || trial.entering.iter().map(|entering| &entering.vetted.judgment);
    if judgments().any(|judgment| judgment.refuses()) {
        Outcome::Refused
    } else if judgments().any(|judgment| !judgment.open.is_empty()) {
        Outcome::Undecided
    } else {
        Outcome::Fine
    }
}

fn pulled_in(finding: Finding, entry: &Entry) -> Finding {
    // A policy that was edited is drift until `pin` has written the manifest under it.
    let finding = match (finding.id, finding.help.is_empty()) {
        ("license" | "source", false) => {
            finding.help("then run `cargo provenance pin`, and this command again")
        }
        _ => finding,
    };
    match &entry.asked_before {
        Some(before) => finding.note(format!("it is pinned, and {}", limiting::asked(before))),
        None if entry.direct => finding,
        None => finding.note(format!("it would enter for {}", entry.chain)),
    }
}

fn put_in_place(
    report: &mut Report,
    attempt: &Attempt<'_>,
    trial: &Trial,
    vetting: &Vetting<'_>,
    advisories: Option<Date>,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let gate = attempt.gate;
    let change = &trial.resolved.change;
    let old = &gate.seen.manifest;
    let mut pinned = Manifest { packages: change.kept_pins(old), ..old.clone() };
    for Entering { entry, vetted, proven, .. } in &trial.entering {
        if entry.asked_before.is_some() {
            let kept = pinned.packages.iter_mut().filter(|pin| pin.id() == entry.id);
            kept.for_each(|pin| pinning::renew(pin, vetted));
            continue;
        }
        // Nothing is refused, so that everything is proven.
        let Some(Ok(entrant)) = proven else { return Err(Error::Local(entry.id.short())) };
        pinned.packages.push(pinning::pin(&entry.id, entrant, vetted, Rigor::Policy, advisories));
    }
    pinned.members.extend(trial.resolved.own.iter().cloned());
    let mut edits = attempt.shadow.edited()?;
    // The reader accepts the writer's spelling only, so this is what the file holds.
    let (old, new) = (old.to_text().into_bytes(), pinned.to_text().into_bytes());
    let written = (old != new).then(|| new.clone());
    if old != new {
        edits.push(cargo::Edit { path: gate.root.join(manifest::FILE_NAME), old: Some(old), new });
    }
    // An archive in cargo's cache that nothing pins is harmless, so that it gets there first.
    if let (Some(entrants), false) = (&trial.entrants, attempt.edit.common().dry_run) {
        entrants.settle(|_| true, progress)?;
    }
    let vendoring = attempt.vendor(change, trial.entrants.as_ref(), &pinned)?;
    vendoring.tell(report, &gate.root);
    if vendoring.refuses() {
        report.outcome = Outcome::Refused;
        report.conclusion = format!("to {}: {}; nothing was changed", report.command, report.tally());
        return Ok(());
    }
    vetting.tell_audits(report);
    let new = trial.newcomers().count();
    let (entered, enter) = match (new, change.leaving.len()) {
        (0, 0) => ("no new package".to_owned(), "enter"),
        (0, number) => (plural(number, "package"), "leave"),
        (number, _) => (plural(number, "new package"), "enter"),
    };
    let held = match trial.held.len() {
        0 => String::new(),
        number => format!(", {} held back", plural(number, "package")),
    };
    let files = plural(edits.len(), "file") + &vendoring.summary();
    if attempt.edit.common().dry_run {
        report.output = edits.iter().map(|edit| unified(&gate.root, edit)).collect();
        let (entered, enter) = match attempt.edit.mending() {
            Some(_) if new > 0 => (plural(new, "package"), "move"),
            _ => (entered, enter),
        };
        report.conclusion =
            format!("dry run: {entered} would {enter}{held}, {files} would change; nothing was changed");
        return Ok(());
    }
    let mut transaction = Transaction::new(&gate.root);
    let resigned = written.and_then(|new| {
        let replacing = Replacing {
            root: &gate.root,
            policy: &gate.policy,
            old: gate.seen.text.as_bytes(),
            old_policy: Some(gate.seen.manifest.policy),
            new: &new,
            unseen: None,
        };
        signing::resign(attempt.surroundings, &replacing, report)
    });
    if let Some(Resigned { path, old, new }) = resigned {
        transaction.replace(&path, old, new);
    }
    for edit in edits {
        let shown = edit.path.strip_prefix(&gate.root).unwrap_or(&edit.path).display().to_string();
        report.detail("Writing", shown);
        transaction.replace(&edit.path, edit.old, edit.new);
    }
    let _folders = vendoring.enlist(&mut transaction)?;
    transaction.commit()?;
    let entered = if enter == "leave" { format!("{entered} left") } else { format!("{entered} entered") };
    report.conclusion = format!("{entered}{held}, {files} changed");
    Ok(())
}

fn unified(root: &Path, edit: &cargo::Edit) -> String {
    let name = edit.path.strip_prefix(root).unwrap_or(&edit.path).display();
    let old = String::from_utf8_lossy(edit.old.as_deref().unwrap_or_default());
    let new = String::from_utf8_lossy(&edit.new);
    Lines::compare(&old, &new).patch(&name.to_string())
}
