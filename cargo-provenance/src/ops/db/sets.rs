//! Imported sets of audits: what an update would change, and the update itself.
//!
//! What a set vouches for decides what is let in, so nobody takes over a new state of one without having been shown what it
//! changes: first what it takes back and what it no longer warns of.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use provenance_build::Lockfile;
use provenance_build::toml;

use super::super::interruption::settled;
use crate::audit::{Change, Effect, Published, compare, kept, size};
use crate::collect::audits::{self, digest, pinned};
use crate::collect::gate;
use crate::collect::sets::{Fetched, Source, fetch};
use crate::finding::{Finding, Weight};
use crate::model::{Date, Surroundings};
use crate::policy::{self, AuditImport, Policy, with_pin};
use crate::report::dialog::{Dialog, Question};
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};
use crate::store::{Folders, Transaction};
use crate::vet::reviews::{selected, unmatched};

/// Additions that are listed on a screen; what an update takes back is always listed whole.
const LISTED: usize = 40;

/// Entries from which on a set that lost more than half of them is not taken for a newer state of itself.
const SIZEABLE: usize = 10;

/// Whether what was shown is also written.
#[derive(Clone, Copy)]
pub enum Consent<'a> {
    /// Whoever sits at the terminal is asked.
    Asked(&'a dyn Dialog),
    /// The command line says yes.
    Given,
    /// It says no: `--dry-run`, `--locked`.
    Refused,
    /// Nobody said anything.
    Silent,
}

/// A state of a set that is ready to be taken over.
pub(super) struct Update {
    pub(super) name: String,
    pub(super) path: String,
    /// What lies there now.
    pub(super) old: Option<Vec<u8>>,
    pub(super) new: Vec<u8>,
}

/// What is known of the workspace that sets are for.
pub(super) struct Ground<'a> {
    pub(super) root: &'a Path,
    pub(super) surroundings: &'a Surroundings,
    /// The crates of the lockfile; `None` where there is none.
    pub(super) crates: Option<BTreeSet<String>>,
    /// Whether a set may lose most of what it says.
    pub(super) shrinking: bool,
}

impl<'a> Ground<'a> {
    pub(super) fn of(
        root: &'a Path,
        surroundings: &'a Surroundings,
        shrinking: bool,
    ) -> Result<Self, Failure> {
        let file = surroundings.lockfile.clone().unwrap_or_else(|| root.join("Cargo.lock"));
        let crates = match file.exists() {
            true => {
                let lockfile = Lockfile::parse(toml::read(&file)?.as_bytes(), &file)?;
                Some(lockfile.packages.iter().map(|package| package.id.name.to_string()).collect())
            }
            false => None,
        };
        Ok(Self { root, surroundings, crates, shrinking })
    }

    pub(super) fn today(&self) -> Date {
        Date::of_seconds(self.surroundings.clock.0)
    }

    fn concerns(&self, change: &Change) -> bool {
        match (&change.krate, &self.crates) {
            (Some(krate), Some(crates)) => crates.contains(krate),
            _ => true,
        }
    }
}

/// Fetches the sets that `imports` name, tells what changed, and writes what is agreed to.
pub(super) fn update(
    report: Report,
    ground: &Ground<'_>,
    (policy, imports): (&Policy, &[(u32, &AuditImport)]),
    source: Source<'_>,
    consent: Consent<'_>,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut report = report;
    let (mut updates, mut waiting, mut failed) = (vec![], vec![], 0);
    for (line, import) in imports {
        progress.status("Updating", &format!("the audits of `{}`", import.name));
        let prepared = prepare(ground, import, source);
        let (update, findings) = match prepared {
            Ok(Some(prepared)) => prepared,
            Ok(None) => {
                report.step("Unchanged", format!("the audits of `{}`", import.name));
                continue;
            }
            Err(failure) => {
                failed += 1;
                report.findings.push(told(&import.name, failure));
                continue;
            }
        };
        if policy.is_of_base(*line) {
            report.findings.extend(findings);
            let spot = policy.spot(*line);
            report.not_checked.push(format!("the update of `{}`, which only {spot} can pin", import.name));
            continue;
        }
        if is_agreed(&update, &findings, consent) {
            updates.push(update);
        } else {
            waiting.push(update.name);
        }
        if !matches!(consent, Consent::Asked(_)) {
            report.findings.extend(findings);
        }
    }
    report.count("imports", imports.len());
    report.count("imports-updated", updates.len());
    let names = updates.iter().map(|update| format!("`{}`", update.name)).collect::<Vec<_>>().join(", ");
    let mut conclusions = vec![];
    if !updates.is_empty() {
        report = write(report, ground, updates, |text, update| {
            let pin = digest(&update.new);
            with_pin(text, &update.name, &pin, ground.today()).map_err(|error| error.to_string())
        })?;
        conclusions
            .push(format!("took over the audits of {names}: run `cargo provenance pin`, and commit them"));
    }
    if !waiting.is_empty() {
        let names = waiting.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        conclusions.push(match consent {
            Consent::Silent => format!("nothing of {names} was taken over: `--yes` does that"),
            _ => format!("nothing of {names} was taken over"),
        });
    }
    if failed > 0 {
        report.outcome = Outcome::Undecided;
        conclusions.push(format!("{} could not be updated", plural(failed, "import")));
    }
    if conclusions.is_empty() && !imports.is_empty() {
        conclusions.push("the imported audits are as they were".to_owned());
    }
    report.conclusion = std::iter::once(std::mem::take(&mut report.conclusion))
        .filter(|conclusion| !conclusion.is_empty())
        .chain(conclusions)
        .collect::<Vec<_>>()
        .join("; ");
    Ok(report)
}

/// What an import would become, and what to tell of it; nothing where it is as it was.
fn prepare(
    ground: &Ground<'_>,
    import: &AuditImport,
    source: Source<'_>,
) -> Result<Option<(Update, Vec<Finding>)>, Failure> {
    let fetched = fetch(source, &import.urls)?;
    let old = current(ground, import, &fetched)?;
    let update = |old| Update {
        name: import.name.clone(),
        path: import.path.clone(),
        old,
        new: fetched.bytes.clone(),
    };
    if import.sha256 == Some(digest(&fetched.bytes)) {
        let is_there = old.is_some();
        // Where its age counts, that it still is so today is news.
        let is_newer = import.max_age.is_some() && import.date != Some(ground.today());
        return Ok((!is_there || is_newer).then(|| {
            let what = format!("the audits of `{}` are as they were, as of today", import.name);
            (update(old), vec![Finding::new("import-unchanged", Weight::Note, what)])
        }));
    }
    let before = match &old {
        Some(bytes) => Published::read(bytes, Path::new(&import.path))
            .map_err(|error| Failure::new(Kind::Usage, error.to_string()))?,
        None => Published::default(),
    };
    let (total, left) = (size(&before.set), kept(&before.set, &fetched.published.set));
    if total >= SIZEABLE && left * 2 < total && !ground.shrinking {
        let what = format!("of {total} entries of `{}`, the new state has {left}", import.name);
        return Err(Failure::new(Kind::Undecided, what).help(
            "see whether the address is still that of the set; where that is meant, run \
             `cargo provenance db update --allow-rollback`",
        ));
    }
    let findings = differences(ground, import, (&before, &fetched.published));
    Ok(Some((update(old), findings)))
}

/// The copy that is there: the pinned one, or none before there was a pin.
fn current(ground: &Ground<'_>, import: &AuditImport, fetched: &Fetched) -> Result<Option<Vec<u8>>, Failure> {
    let file = ground.root.join(&import.path);
    let is_there = file.symlink_metadata().is_ok();
    match import.sha256 {
        None if is_there => {
            let what = format!("there is a file `{}` already, and no `sha256` for it", import.path);
            Err(Failure::new(Kind::Usage, what).help("pin it, or move it away"))
        }
        None => Ok(None),
        // Its bytes are the ones that were pinned: they only have to be put back.
        Some(pin) if !is_there && pin == digest(&fetched.bytes) => Ok(None),
        Some(_) => pinned(import, ground.root).map(Some).map_err(|why| {
            Failure::new(Kind::Undecided, why)
                .help("restore the file from version control: nobody can tell what would change")
        }),
    }
}

/// What an update changes, for the import's filters: what it takes back before what it adds.
pub(super) fn differences(
    ground: &Ground<'_>,
    import: &AuditImport,
    (before, after): (&Published, &Published),
) -> Vec<Finding> {
    let name = &import.name;
    let all = compare(before, after).len();
    let mut changes = compare(&selected(before.clone(), import), &selected(after.clone(), import));
    changes.retain(|change| change.krate.as_ref().is_none_or(|krate| !import.exclude.contains(krate)));
    let mut findings = vec![];
    for effect in [Effect::Revokes, Effect::Unwarns, Effect::Redefines, Effect::Adds] {
        let mut of_effect = changes.iter().filter(|change| change.effect == effect).peekable();
        if of_effect.peek().is_none() {
            continue;
        }
        let (ours, others) = of_effect.partition::<Vec<_>, _>(|change| ground.concerns(change));
        findings.push(group(name, effect, &ours, &others));
        let rest = ours.iter().skip(listed(effect)).chain(&others).collect::<Vec<_>>();
        if !rest.is_empty() {
            let what = format!("`{name}` {} besides", did(effect, rest.len()));
            let mut finding = Finding::new(id(effect), Weight::Note, what);
            finding.subject = Some(format!("{name}-others"));
            finding.verbose = true;
            finding.notes = rest.into_iter().map(|change| line(change)).collect();
            findings.push(finding);
        }
    }
    let mut rest = vec![];
    let hidden = all.saturating_sub(changes.len());
    if hidden > 0 {
        rest.push(format!("{} that its filters keep out", plural(hidden, "change")));
    }
    if let Some(first) = after.losses.first() {
        let lost = plural(after.losses.len(), "entry");
        rest.push(format!("{lost} that cannot be read, the first: {}", first.error));
    }
    rest.extend(unmatched(after, import));
    if findings.is_empty() {
        let what = format!("`{name}` has other bytes, and says the same");
        findings.push(Finding::new("import-unchanged", Weight::Note, what));
    }
    if let Some(last) = findings.iter_mut().rfind(|finding| !finding.verbose) {
        last.notes.extend(rest);
    }
    findings
}

fn group(name: &str, effect: Effect, ours: &[&Change], others: &[&Change]) -> Finding {
    let is_welcome = effect == Effect::Adds || ours.is_empty();
    let weight = if is_welcome { Weight::Note } else { Weight::Review };
    let what = match ours.len() {
        0 => format!("{}, of crates that are not in `Cargo.lock`", did(effect, others.len())),
        number => did(effect, number),
    };
    let mut finding = Finding::new(id(effect), weight, format!("`{name}` {what}"));
    finding.subject = Some(name.to_owned());
    let listed = listed(effect);
    finding.notes = ours.iter().take(listed).map(|change| line(change)).collect();
    if ours.len() > listed {
        finding.notes.push(format!("and {} more; `-v` shows them", ours.len() - listed));
    }
    match (ours.len(), others.len()) {
        (_, 0) => {}
        (0, _) => finding.notes.push("`-v` shows them".to_owned()),
        (_, number) => {
            finding.notes.push(format!("{number} for crates that are not in `Cargo.lock`; `-v` shows them"));
        }
    }
    finding
}

/// How many changes of a kind are listed on every screen.
fn listed(effect: Effect) -> usize {
    if effect == Effect::Adds { LISTED } else { usize::MAX }
}

fn id(effect: Effect) -> &'static str {
    match effect {
        Effect::Adds => "import-adds",
        Effect::Redefines => "import-redefines",
        Effect::Revokes => "import-revokes",
        Effect::Unwarns => "import-unwarns",
    }
}

fn did(effect: Effect, number: usize) -> String {
    match effect {
        Effect::Adds => format!("adds {}", plural(number, "entry")),
        Effect::Redefines => format!(
            "gives another meaning to {}",
            plural(number, "criterion").replace("criterions", "criteria")
        ),
        Effect::Revokes => format!("takes back {}", plural(number, "thing")),
        Effect::Unwarns => format!("no longer has {}", plural(number, "warning")),
    }
}

fn line(change: &Change) -> String {
    match &change.krate {
        Some(krate) => format!("`{krate}`: {}", change.what),
        None => change.what.clone(),
    }
}

pub(super) fn is_agreed(update: &Update, findings: &[Finding], consent: Consent<'_>) -> bool {
    let dialog = match consent {
        Consent::Given => return true,
        Consent::Refused | Consent::Silent => return false,
        Consent::Asked(dialog) => dialog,
    };
    let shown = findings.iter().filter(|finding| !finding.verbose).skip(1).fold(
        String::new(),
        |mut shown, finding| {
            let _ = writeln!(shown, "{}", finding.message);
            for note in &finding.notes {
                let _ = writeln!(shown, "  {note}");
            }
            shown
        },
    );
    let Some(finding) = findings.first() else { return false };
    let prompt = format!("Take over the audits of `{}`? [y/N] ", update.name);
    let answer = dialog.ask(&Question { finding: Some(finding), shown: &shown, prompt: &prompt });
    answer.is_some_and(|answer| matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Writes the copies and the policy that pins them, together or not at all.
pub(super) fn write(
    report: Report,
    ground: &Ground<'_>,
    updates: Vec<Update>,
    edit: impl Fn(&str, &Update) -> Result<String, String>,
) -> Result<Report, Failure> {
    settled(report, ground.root, ground.surroundings, |report, _| {
        let file = ground.root.join(policy::FILE_NAME);
        let before = toml::read(&file)?;
        let mut text = before.clone();
        for update in &updates {
            text = edit(&text, update).map_err(|why| {
                Failure::new(Kind::Usage, format!("`{}` was not changed: {why}", policy::FILE_NAME))
                    .help(format!("write `sha256 = \"{}\"` yourself", digest(&update.new).hex()))
            })?;
        }
        let pins = gate::parse_policy(&text, ground.root)?;
        let mut folders = Folders::default();
        let mut transaction = Transaction::new(ground.root);
        for update in updates {
            let imports = pins.audits().into_iter().flat_map(|rules| &rules.imports);
            let is_meant = |import: &AuditImport| {
                import.name == update.name
                    && import.path == update.path
                    && import.sha256 == Some(digest(&update.new))
            };
            // Whatever shape the policy has: what was written is what will be read.
            if !imports.clone().any(|at| is_meant(&at.value)) {
                let what =
                    format!("`{}` was not changed: it pins `{}` elsewhere", policy::FILE_NAME, update.name);
                return Err(
                    Failure::new(Kind::Usage, what).help("write it as a table, `[audits.import.NAME]`")
                );
            }
            let copy = ground.root.join(&update.path);
            folders.make_for(&copy)?;
            report.step("Writing", format!("`{}`: {}", update.path, digest(&update.new).hex()));
            transaction.replace(&copy, update.old, update.new);
        }
        transaction.replace(&file, Some(before.into_bytes()), text.into_bytes());
        transaction.commit()?;
        Ok::<(), Failure>(())
    })
}

/// An import that could not be updated, which leaves the others alone.
fn told(name: &str, failure: Failure) -> Finding {
    let mut finding = Finding::new("import-not-updated", Weight::Denial, failure.message);
    finding.subject = Some(name.to_owned());
    finding.notes =
        std::iter::once(format!("the audits of `{name}` stay as they are")).chain(failure.causes).collect();
    finding.help = failure.help;
    finding
}

/// Tells which sets are imported, how old they are, and what is wrong with them.
pub(super) fn status(report: &mut Report, policy: &Policy, root: &Path, today: Date) {
    let imports = policy.audits().into_iter().flat_map(|rules| &rules.imports);
    let mut faults = vec![];
    for at in imports {
        let import = &at.value;
        let mut notes = vec![];
        match audits::published(import, root, today, &mut notes) {
            Ok(published) => {
                let entries = plural(size(&published.set), "entry");
                let age = match import.date {
                    Some(date) => format!(", of {date}, {}", super::ago_days(today.days_since(date))),
                    None => String::new(),
                };
                report.step("Import", format!("`{}`: {entries}{age}", import.name));
            }
            Err(why) => {
                report.step("Import", format!("`{}`: {why}", import.name));
                faults.push(why);
            }
        }
        report.detail("Copy", format!("`{}`", import.path));
        for url in &import.urls {
            report.detail("Address", format!("`{url}`"));
        }
        notes.into_iter().for_each(|note| report.step("Odd", note));
    }
    report.count("imports", policy.audits().map_or(0, |rules| rules.imports.len()));
    if let Some(first) = faults.first() {
        report.outcome = Outcome::Undecided;
        report.conclusion = format!("{}; {first}", report.conclusion);
        report.not_checked.extend(faults.into_iter().skip(1));
    }
}
