//! `scan`: what programs and libraries were built from, in files, folders, archives and running processes, and what is wrong
//! with that today.
//!
//! Needs neither a workspace nor cargo. What cannot be looked into is not known, and what is not known is never a pass.

mod ground;
mod judge;
mod telling;

use std::path::{Path, PathBuf};

use self::ground::Ground;
use crate::collect::images::{self, Hashing, Image, Known, Reading, Source, Tree};
use crate::model::Surroundings;
use crate::processes::{self, PROC, Running, Table};
use crate::report::Report;
use crate::report::failure::Failure;
use crate::report::progress::Progress;

/// What `scan` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Files, archives and folders; absolute.
    pub paths: Vec<PathBuf>,
    /// Whether running processes are looked at.
    pub running: bool,
    /// The directory of an advisory database, absolute, in place of those that the policy names.
    pub database: Option<PathBuf>,
    /// The policy, absolute. One that merely lies in the folder does not count: a scan stands anywhere, also where others may write.
    pub policy: Option<PathBuf>,
    /// OpenVEX documents, absolute.
    pub vex: Vec<PathBuf>,
    /// Bundles of attestations, absolute.
    pub attestations: Vec<PathBuf>,
    /// A file of the only keys that count for them, absolute.
    pub trusted_keys: Option<PathBuf>,
    /// The `Provenance.lock` that programs must have been built by, absolute.
    pub manifest: Option<PathBuf>,
    /// What is demanded besides.
    pub required: Required,
}

/// What is demanded of every program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Required {
    /// It is the subject of a statement that a trusted key signed.
    pub attested: bool,
    /// It is what lies on disk.
    pub current: bool,
    /// It says what it was built from.
    pub lists: bool,
}

/// A scan that can be repeated: what did not change is not read again.
#[derive(Debug)]
pub struct Scan {
    options: Options,
    known: Known,
    ground: Option<Ground>,
    last: Option<Last>,
}

/// What was there at the last look.
#[derive(Debug)]
struct Last {
    ground: Vec<String>,
    faults: Vec<String>,
    tree: Tree,
    table: Table,
    report: Report,
}

/// Everything that was read.
struct Seen<'s> {
    tree: &'s Tree,
    table: &'s Table,
    readings: &'s [(Source<'s>, Reading)],
}

/// Scans once.
///
/// # Errors
///
/// A policy, a document or a list of keys that is not acceptable; processes where there is no table of them.
pub fn run(
    surroundings: &Surroundings,
    options: Options,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut scan = Scan::new(options);
    let report = scan.look(surroundings, progress)?;
    Ok(report.unwrap_or_else(|| Report::new("scan")))
}

impl Scan {
    /// A scan that did not look at anything yet.
    pub fn new(options: Options) -> Self {
        Self { options, known: Known::default(), ground: None, last: None }
    }

    /// Looks, and reports if anything is other than at the last look: a database, a document, the files, the processes.
    ///
    /// # Errors
    ///
    /// Those of [`run`].
    pub fn look(
        &mut self,
        surroundings: &Surroundings,
        progress: &dyn Progress,
    ) -> Result<Option<Report>, Failure> {
        let mut ground = match self.ground.take() {
            Some(ground) => ground.again(surroundings, &self.options)?,
            None => Ground::read(surroundings, &self.options)?,
        };
        ground.advisories.grow(surroundings);
        let (stamp, faults) = (ground.stamp.clone(), ground.advisories.faults());
        let tree = images::find(&self.options.paths);
        let table = match self.options.running {
            true => processes::table(Path::new(PROC))?,
            false => Table::default(),
        };
        let is_same = |last: &Last| {
            (&last.ground, &last.faults) == (&stamp, &faults)
                && last.tree == tree
                && is_alike(&last.table, &table)
        };
        let report = match self.last.as_ref().is_some_and(is_same) {
            true => None,
            false => Some(self.judge(&ground, &tree, &table, progress)),
        };
        self.ground = Some(ground);
        if let Some(report) = &report {
            self.last = Some(Last { ground: stamp, faults, tree, table, report: report.clone() });
        }
        Ok(report)
    }

    /// What the last look came to, without its findings: for a last line that says that nothing changed since.
    pub fn unchanged(&self) -> Report {
        let mut report = Report::new("scan");
        if let Some(Last { report: last, .. }) = &self.last {
            report.outcome = last.outcome;
            report.counts.clone_from(&last.counts);
            report.conclusion = format!("nothing changed since: {}", last.conclusion);
        }
        report
    }

    fn judge(&mut self, ground: &Ground, tree: &Tree, table: &Table, progress: &dyn Progress) -> Report {
        let hashing = if ground.needs_digests() { Hashing::On } else { Hashing::Off };
        let files = tree.files.iter().map(Source::File);
        let sources = files.chain(table.running.iter().map(Source::Running)).collect::<Vec<_>>();
        let readings = images::read(&sources, &mut self.known, hashing, progress);
        let readings = sources.into_iter().zip(readings).collect::<Vec<_>>();
        let seen = Seen { tree, table, readings: &readings };
        telling::report(&seen, ground, &self.options)
    }
}

impl Seen<'_> {
    /// Everything that was found, with who runs it. A library or program that ended before it was read is left out.
    fn images(&self) -> impl Iterator<Item = (&Image, Option<&Running>, bool)> {
        self.readings.iter().filter(|(source, reading)| !has_ended(source, reading)).flat_map(
            |(source, reading)| {
                let (running, is_named) = match source {
                    Source::File(found) => (None, found.is_named),
                    Source::Running(running) => (Some(*running), true),
                };
                reading.images.iter().map(move |image| (image, running, is_named))
            },
        )
    }

    /// How many programs ended before they were read.
    fn ended(&self) -> usize {
        self.readings.iter().filter(|(source, reading)| has_ended(source, reading)).count()
    }
}

/// Whether what could not be read belongs to processes that are no more.
fn has_ended(source: &Source<'_>, reading: &Reading) -> bool {
    let is_unread =
        reading.images.iter().any(|image| matches!(image.content, images::Content::Unreadable(_)));
    matches!(source, Source::Running(running) if is_unread && running.has_ended(Path::new(PROC)))
}

/// Whether the same runs as before, whatever else came and went meanwhile.
fn is_alike(one: &Table, other: &Table) -> bool {
    (&one.running, &one.unseen) == (&other.running, &other.unseen)
}
