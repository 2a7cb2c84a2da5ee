//! Brings an interrupted transaction to one side: everything new, or everything as it was.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::journal::{Entry, Journal, Kind, Phase};
use super::super::{DIRECTORY, Error, LockError, atomic, lock, state};
use super::step::{NEW, OLD, Step, beside, known};

/// What was left of an interrupted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// What it wanted to change was put in place.
    Finished {
        /// What was not there before it began.
        created: Vec<PathBuf>,
        /// What was.
        replaced: Vec<PathBuf>,
    },
    /// Nothing was left.
    Nothing,
    /// Its traces were removed; everything is as it was before.
    Undone(Vec<PathBuf>),
}

/// What to do with a transaction that could go both ways.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Back,
    Forward,
}

/// Finishes or undoes what an interrupted command left in the workspace at `root`. Every writing command calls this
/// first, under the workspace lock. Where something was edited since, nothing is done and it is named.
pub fn recover(root: &Path) -> Result<Recovery, Error> {
    sweep(root);
    if state::check(root)? {
        sweep(&root.join(DIRECTORY));
    }
    settle(root, Direction::Forward)
}

/// What a command that was interrupted wanted to change in the workspace at `root`, as its journal names it; nothing
/// where there is nothing to [`recover`]. Changes nothing.
///
/// # Errors
///
/// [`LockError::Busy`] if that command is at work still, otherwise those of reading the journal.
pub fn pending(root: &Path) -> Result<Vec<PathBuf>, LockError> {
    if Journal::read(root)?.is_none() {
        return Ok(vec![]);
    }
    lock::idle(root)?;
    // Once more: a command that was at work until now has removed it.
    let entries = Journal::read(root)?.map(|journal| journal.entries).unwrap_or_default();
    Ok(entries.iter().map(|entry| entry.name().to_owned()).collect())
}

/// Whether a command that began to write in the workspace at `root` has not come to its end.
pub fn has_journal(root: &Path) -> bool {
    matches!(Journal::read(root), Ok(Some(_)))
}

pub(super) fn settle(root: &Path, direction: Direction) -> Result<Recovery, Error> {
    let Some(journal) = Journal::read(root)? else { return Ok(Recovery::Nothing) };
    let (steps, recovery) = way_out(root, &journal, direction)?;
    for step in &steps {
        step.perform(root, &journal)?;
    }
    state::remove_if_empty(root);
    Ok(recovery)
}

/// The steps that bring everything to one side.
pub(super) fn way_out(
    root: &Path,
    journal: &Journal,
    direction: Direction,
) -> Result<(Vec<Step>, Recovery), Error> {
    let mut ways = Ways { forward: Some(vec![]), back: Some(vec![]), doubtful: None };
    let (mut created, mut replaced, mut cleaning) = (vec![], vec![], vec![]);
    for entry in &journal.entries {
        let target = entry.target(root)?;
        if journal.phase == Phase::Replacing {
            let stuck = |path| Error::Stuck { path, journal: Journal::place(root) };
            ways.judge(entry, &target).map_err(stuck)?;
        }
        // Before it is moved aside, there is no old directory beside its place that would be ours.
        let kinds = match (entry.kind, journal.phase) {
            (Kind::Directory, Phase::Staging) => &[NEW][..],
            _ => &[OLD, NEW],
        };
        cleaning.extend(kinds.iter().map(|kind| Step::Clean { copy: beside(&target, kind), of: entry.kind }));
        if entry.old.is_none() { &mut created } else { &mut replaced }.push(target);
    }
    let forward = match journal.phase {
        // Before the copies were complete nothing was replaced: there is only the way back.
        Phase::Staging => false,
        Phase::Replacing => direction == Direction::Forward || ways.back.is_none(),
        Phase::Cleaning => true,
    };
    let (steps, phase, recovery) = match ways {
        Ways { forward: Some(steps), .. } if forward => {
            (steps, Phase::Cleaning, Recovery::Finished { created, replaced })
        }
        Ways { back: Some(steps), .. } => {
            (steps, Phase::Staging, Recovery::Undone([created, replaced].concat()))
        }
        Ways { doubtful, .. } => {
            let path = doubtful.unwrap_or_else(|| root.to_owned());
            return Err(Error::Stuck { path, journal: Journal::place(root) });
        }
    };
    // The journal says first what was decided, so that a kill while it cleans up does not decide otherwise.
    Ok((
        steps.into_iter().chain([Step::Journal(phase)]).chain(cleaning).chain([Step::Done]).collect(),
        recovery,
    ))
}

/// The ways that are open so far, and a target that closed one.
struct Ways {
    forward: Option<Vec<Step>>,
    back: Option<Vec<Step>>,
    doubtful: Option<PathBuf>,
}

/// Where a target stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// A directory was moved aside and the new one is not there yet.
    Between,
    New,
    Old,
}

impl Ways {
    /// Adds what one target needs; fails with what holds bytes that nobody knows.
    fn judge(&mut self, entry: &Entry, target: &Path) -> Result<(), PathBuf> {
        let (aside, fresh) = (beside(target, OLD), beside(target, NEW));
        // What cannot be read is not known either.
        let found = |path: &Path| known(path, entry.kind).map_err(|_| path.to_owned());
        let holds =
            |path: &Path, wanted: &Option<String>| wanted.is_some() && found(path).as_ref() == Ok(wanted);
        if entry.kind == Kind::Directory && !holds(&aside, &entry.old) && found(&aside)?.is_some() {
            // It is not a copy: what was done to it there would be lost.
            return Err(aside);
        }
        let stand = match (entry.kind, found(target)?) {
            (_, found) if found == entry.old => Stand::Old,
            (_, found) if found == entry.new => Stand::New,
            (Kind::Directory, None) if holds(&aside, &entry.old) => Stand::Between,
            _ => return Err(target.to_owned()),
        };
        let renamed = |from: &Path, to: &Path, holding: &Option<String>| {
            let (from, to) = (from.to_owned(), to.to_owned());
            holding.clone().map(|holding| Step::Move { from, to, holding })
        };
        let ahead = match (stand, entry.kind) {
            (Stand::New, _) => Some(vec![]),
            (_, _) if entry.new.is_some() && !holds(&fresh, &entry.new) => None,
            (Stand::Between, _) => Some(Vec::from_iter(renamed(&fresh, target, &entry.new))),
            (Stand::Old, Kind::Directory) => Some(
                renamed(target, &aside, &entry.old)
                    .into_iter()
                    .chain(renamed(&fresh, target, &entry.new))
                    .collect(),
            ),
            (Stand::Old, Kind::File) => Some(turned(target, NEW, &entry.old, &entry.new)),
        };
        let back = match (stand, entry.kind) {
            (Stand::Old, _) => Some(vec![]),
            (_, _) if entry.old.is_some() && !holds(&aside, &entry.old) => None,
            (Stand::Between, _) => Some(Vec::from_iter(renamed(&aside, target, &entry.old))),
            (Stand::New, Kind::Directory) => Some(
                renamed(target, &fresh, &entry.new)
                    .into_iter()
                    .chain(renamed(&aside, target, &entry.old))
                    .collect(),
            ),
            (Stand::New, Kind::File) => Some(turned(target, OLD, &entry.new, &entry.old)),
        };
        if ahead.is_none() || back.is_none() {
            self.doubtful = Some(target.to_owned());
        }
        extend(&mut self.forward, ahead);
        extend(&mut self.back, back);
        Ok(())
    }
}

/// The step that turns a file from what it holds into what its copy holds.
fn turned(target: &Path, kind: &'static str, from: &Option<String>, to: &Option<String>) -> Vec<Step> {
    let target = target.to_owned();
    match (from, to) {
        (over, Some(_)) => vec![Step::Replace { target, kind, over: over.clone() }],
        (Some(holding), None) => vec![Step::Remove { target, holding: holding.clone() }],
        (None, None) => vec![],
    }
}

fn extend(way: &mut Option<Vec<Step>>, steps: Option<Vec<Step>>) {
    match (way.as_mut(), steps) {
        (Some(way), Some(steps)) => way.extend(steps),
        _ => *way = None,
    }
}

// Removes the temporary files of a command that was killed while it replaced a single file. They are nobody's.
fn sweep(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(atomic::PREFIX));
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
