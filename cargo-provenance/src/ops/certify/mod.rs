//! `certify`: records in `supply-chain/` that somebody reviewed a version, or what changed from one to another; that one is let
//! through without, or that a publisher is trusted.
//!
//! The three files are written as cargo-vet writes them, so that `cargo vet --locked` agrees; the version of cargo-vet that
//! they are of stays what it was.

mod batch;
pub mod binding;
mod entry;
mod interview;
mod recording;
mod renewal;
mod walk;

use std::path::Path;

use provenance_build::PackageName;

pub use self::batch::{BATCH_BYTES, Batch, List};
use self::entry::{Entry, EntryKind, Maker};
use self::recording::Edit;
use crate::audit::{Store, VetVersion};
use crate::collect::situation::resolved;
use crate::collect::{audits, gate, vet_store};
use crate::git;
use crate::keys::Passphrase;
use crate::model::{Date, Surroundings};
use crate::ops::interruption::settled;
use crate::ops::suggest;
use crate::report::dialog::Dialog;
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};
use crate::store::{Folders, Transaction};

/// What `certify` is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Record reviews, all of them or none.
    Batch(Batch),
    /// Record the cheapest review that is missing of a crate.
    Cheapest(PackageName, Said),
    /// Record one review.
    One(Options),
    /// Let the wildcard entries for a crate, or for all of them, end a year from now.
    Renew(Option<PackageName>),
}

/// A review, or what is recorded instead of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The crate.
    pub name: PackageName,
    /// What was looked at.
    pub what: Reviewed,
    /// What is said of it.
    pub said: Said,
}

/// What is said of what was reviewed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What it meets, or does not; the store's own default where there is none.
    pub criteria: Vec<String>,
    /// Who looked; whoever git commits as where there is nobody.
    pub who: Vec<String>,
    /// What else there is to say.
    pub notes: Option<String>,
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reviewed {
    /// What changed from one version to another.
    Delta(VetVersion, VetVersion),
    /// Nothing: a version is let through.
    Exemption(VetVersion),
    /// All of a version.
    Full(VetVersion),
    /// Nothing: what somebody publishes is let through.
    Trusted(Term),
    /// Versions that must not be used.
    Violation(String),
    /// All that somebody publishes.
    Wildcard(Term),
}

/// Whose publications are meant, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The number or the login of an account of crates.io, or `github:org/repo`.
    pub publisher: String,
    /// The first day that counts; that of the first publication that is known where there is none.
    pub start: Option<Date>,
    /// The first day that does not; a year from now where there is none.
    pub end: Option<Date>,
}

/// Who is at the terminal.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    /// Asks.
    pub dialog: &'a dyn Dialog,
    /// Shows, page by page where it is long.
    pub show: &'a dyn Fn(&Report) -> std::io::Result<()>,
}

/// Which bytes are recorded, and who signs for them.
#[derive(Clone, Copy)]
pub struct Bytes<'a> {
    /// What is asked for.
    pub binding: &'a binding::Options,
    /// Where the passphrase of a key comes from.
    pub passphrase: Passphrase<'a>,
}

/// Where reviews are recorded.
#[derive(Clone, Copy)]
struct Ground<'a> {
    surroundings: &'a Surroundings,
    root: &'a Path,
    bytes: Bytes<'a>,
    progress: &'a dyn Progress,
}

/// Runs the use case. Whoever is at the terminal is shown what is to be certified, and asked, before anything is recorded.
///
/// # Errors
///
/// A store that cannot be read, criteria that nothing defines, nobody's name.
pub fn run(
    surroundings: &Surroundings,
    task: &Task,
    bytes: Bytes<'_>,
    progress: &dyn Progress,
    person: Option<Person<'_>>,
) -> Result<Report, Failure> {
    let surroundings = &resolved(surroundings)?;
    let root = gate::root(surroundings)?;
    let ground = Ground { surroundings, root: &root, bytes, progress };
    let reviews = match task {
        Task::Batch(batch) => return batch::run(ground, batch),
        Task::Renew(name) => return renewal::run(ground, name.as_ref()),
        Task::Cheapest(name, said) => match suggest::cheapest(surroundings, name, progress)? {
            Some((what, required)) => {
                let mut said = said.clone();
                if said.criteria.is_empty() {
                    said.criteria = required;
                }
                Options { name: name.clone(), what, said }
            }
            None => {
                let mut report = Report::new("certify");
                report.conclusion = format!("no review of {name} is missing");
                return Ok(report);
            }
        },
        Task::One(options) => options.clone(),
    };
    let reviews = match person {
        None => reviews,
        Some(person) => {
            let store = store(&root)?;
            match interview::of(surroundings, &store, reviews, person, progress)? {
                Some(reviews) => reviews,
                None => {
                    let mut report = Report::new("certify");
                    report.outcome = Outcome::Refused;
                    report.conclusion = "nothing was recorded".to_owned();
                    return Ok(report);
                }
            }
        }
    };
    settled(Report::new("certify"), &root, surroundings, |report, _| {
        let store = store(&root)?;
        let entry = maker(&store, surroundings)?.entry(&reviews)?;
        let what = entry.what();
        let edits = if entry.is_in(&store) { vec![] } else { vec![Edit::Add(entry.clone())] };
        if !record(report, ground, edits, &[entry])? {
            report.conclusion = format!("{what} is certified so already; nothing was changed");
        }
        Ok::<_, Failure>(())
    })
}

/// Makes entries for a store, in the name of whoever git commits as.
fn maker<'s>(store: &'s Store, surroundings: &Surroundings) -> Result<Maker<'s>, Failure> {
    let today = Date::of_seconds(surroundings.clock.0);
    Maker::new(store, git::author(&surroundings.directory), today)
}

/// The store of a workspace; an empty one where there is none.
fn store(root: &Path) -> Result<Store, Failure> {
    let folder = vet_store::folder(root).map_err(damaged)?;
    Ok(audits::store(root).map_err(damaged)?.unwrap_or_else(|| entry::empty(&folder)))
}

fn damaged(why: String) -> Failure {
    Failure::new(Kind::Usage, why).help("correct the file, or restore it from version control")
}

/// Writes edits into the store, and which bytes the `entries` are of, all of it or nothing. Whether there was anything to write.
fn record(
    report: &mut Report,
    ground: Ground<'_>,
    edits: Vec<Edit>,
    entries: &[Entry],
) -> Result<bool, Failure> {
    let Ground { surroundings, root, bytes: Bytes { binding, passphrase }, progress } = ground;
    let reviews = entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Audit(audit) => Some((PackageName::parse(&entry.krate)?, audit)),
        EntryKind::Exemption(_) | EntryKind::Trust(_) | EntryKind::Wildcard(_) => None,
    });
    let reviews = reviews.collect::<Vec<_>>();
    let reviews = reviews.iter().map(|(name, audit)| (name, *audit)).collect::<Vec<_>>();
    let bound = binding::bind(surroundings, binding, passphrase, &reviews, report, progress)?;
    if edits.is_empty() && bound.is_none() {
        return Ok(false);
    }
    let folder = &vet_store::folder(root).map_err(damaged)?;
    let found = audits::files(root, folder).map_err(damaged)?;
    let mut store = store(root)?;
    let mut texts = [("", None); 3];
    for (place, (name, bytes)) in texts.iter_mut().zip(&found) {
        let text = bytes.as_deref().map(std::str::from_utf8).transpose();
        *place = (*name, text.map_err(|_| damaged(format!("`{folder}/{name}` is not UTF-8")))?);
    }
    let written = recording::write(&mut store, texts, &edits)?;
    for edit in &edits {
        let (verb, message) = told(edit);
        report.step(verb, message);
    }
    let mut folders = Folders::default();
    let mut transaction = Transaction::new(root);
    for (name, new) in written.files {
        let file = root.join(folder).join(name);
        folders.make_for(&file)?;
        let old = found.iter().find(|(known, _)| *known == name).and_then(|(_, bytes)| bytes.clone());
        transaction.replace(&file, old, new.into_bytes());
    }
    if let Some(binding::Change { file, old, new }) = bound {
        folders.make_for(&file)?;
        transaction.replace(&file, old, new);
    }
    transaction.commit()?;
    for name in written.by_hand {
        report.detail("Keeping", format!("`{folder}/{name}` as it was written by hand, but for the entries"));
    }
    let number = if edits.len() < 2 { String::new() } else { plural(edits.len(), "entry") + " " };
    report.conclusion = format!("{number}recorded in `{folder}/`: commit it");
    Ok(true)
}

fn told(edit: &Edit) -> (&'static str, String) {
    match edit {
        Edit::Add(entry) => match entry.kind {
            EntryKind::Audit(_) | EntryKind::Wildcard(_) => {
                ("Certifying", format!("{}: {}", entry.what(), entry.claim()))
            }
            EntryKind::Exemption(ref it) => {
                ("Exempting", format!("{} {}: {}", entry.krate, it.version, entry.claim()))
            }
            EntryKind::Trust(_) => ("Trusting", format!("{}: {}", entry.what(), entry.claim())),
        },
        Edit::Renew(krate, old, end) => ("Renewing", format!("{krate}: until {end}, was {}", old.end)),
    }
}
