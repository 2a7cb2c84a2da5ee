//! Replaces several files together: after a kill at any moment all are old or all are new.
//!
//! First the journal says what is coming. Then a copy of the old and of the new bytes is made beside each file, on
//! disk before anything else happens: a full disk or a read-only directory shows here, with nothing changed. Then the
//! journal says that copies are complete, and the new ones are renamed over the files. From there on both ways are
//! open, forward and back, and each needs nothing but renames.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::journal::{Entry, Journal, Phase, copy, sha256};
use super::{Error, LockError, atomic, lock, state};

/// Files that will be replaced together.
#[derive(Debug)]
pub struct Transaction {
    root: PathBuf,
    changes: Vec<Change>,
}

#[derive(Debug)]
struct Change {
    path: PathBuf,
    old: Option<Vec<u8>>,
    new: Vec<u8>,
}

/// What was left of an interrupted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Its new files were put in place.
    Finished {
        /// Those that were not there before it began.
        created: Vec<PathBuf>,
        /// Those that were.
        replaced: Vec<PathBuf>,
    },
    /// Nothing was left.
    Nothing,
    /// Its traces were removed; every file is as it was before.
    Undone(Vec<PathBuf>),
}

/// One thing that a transaction or a recovery does. A kill falls between two of them or within one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Write the journal in this phase.
    Journal(Phase),
    /// Make a copy beside a file.
    Copy { target: PathBuf, kind: &'static str, bytes: Vec<u8> },
    /// Rename a copy over its file, which still has (or lacks) the bytes with this SHA-256.
    Replace { target: PathBuf, kind: &'static str, over: Option<String> },
    /// Remove a file that the transaction created and that still has the bytes with this SHA-256.
    Remove { target: PathBuf, holding: String },
    /// Remove the copies beside a file.
    Clean { target: PathBuf },
    /// Remove the journal.
    Done,
}

/// What to do with a transaction that could go both ways.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Back,
    Forward,
}

const NEW: &str = "new";
const OLD: &str = "old";

impl Transaction {
    /// An empty transaction of the workspace at `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), changes: vec![] }
    }

    /// Adds a file: `old` are the bytes that it must hold now (`None`: it must not exist), `new` those that it gets. A
    /// relative path is meant from the root. A file outside the workspace can be replaced, not created.
    pub fn replace(&mut self, path: &Path, old: Option<Vec<u8>>, new: Vec<u8>) {
        self.changes.push(Change { path: self.root.join(path), old, new });
    }

    /// Puts all new files in place, or none. The caller holds the workspace lock and has called [`recover`].
    pub fn commit(self) -> Result<(), Error> {
        let (journal, steps) = self.plan()?;
        if journal.files.is_empty() {
            return Ok(());
        }
        state::create(&self.root)?;
        for step in &steps {
            if let Err(error) = step.perform(&self.root, &journal) {
                // What stopped the transaction is what the user must know. Where going back fails too, the journal
                // stays, and the next command tries again.
                let _ = settle(&self.root, Direction::Back);
                return Err(error);
            }
        }
        state::remove_if_empty(&self.root);
        Ok(())
    }

    // Checks that every file holds what it should, and lists the steps. Files that do not change are left out.
    fn plan(&self) -> Result<(Journal, Vec<Step>), Error> {
        let (mut entries, mut copies, mut replacements, mut cleaning) = (vec![], vec![], vec![], vec![]);
        let mut targets = vec![];
        for Change { path, old, new } in &self.changes {
            let entry = Entry::new(&self.root, path, old.as_deref(), new)?;
            let target = entry.target(&self.root)?;
            if atomic::current(&target)? != *old {
                return Err(Error::Changed { path: path.clone() });
            }
            if targets.contains(&target) {
                return Err(Error::Unsuitable { path: path.clone(), why: "would be written twice" });
            }
            targets.push(target.clone());
            if old.as_ref() == Some(new) {
                continue;
            }
            if let Some(old) = old {
                copies.push(Step::Copy { target: target.clone(), kind: OLD, bytes: old.clone() });
            }
            copies.push(Step::Copy { target: target.clone(), kind: NEW, bytes: new.clone() });
            replacements.push(Step::Replace { target: target.clone(), kind: NEW, over: entry.old.clone() });
            cleaning.push(Step::Clean { target });
            entries.push(entry);
        }
        let mut steps = vec![Step::Journal(Phase::Staging)];
        steps.append(&mut copies);
        steps.push(Step::Journal(Phase::Replacing));
        steps.append(&mut replacements);
        steps.append(&mut cleaning);
        steps.push(Step::Done);
        Ok((Journal::new(entries), steps))
    }
}

/// Finishes or undoes what an interrupted command left in the workspace at `root`. Every writing command calls this
/// first, under the workspace lock. Where a file was edited since, nothing is done and the file is named.
pub fn recover(root: &Path) -> Result<Recovery, Error> {
    sweep(root);
    if state::check(root)? {
        sweep(&root.join(super::DIRECTORY));
    }
    settle(root, Direction::Forward)
}

/// The files of a command that was interrupted while it wrote in the workspace at `root`, as its journal names them; none
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
    let files = Journal::read(root)?.map(|journal| journal.files).unwrap_or_default();
    Ok(files.iter().map(|entry| entry.name().to_owned()).collect())
}

/// Whether a command that began to write in the workspace at `root` has not come to its end.
pub fn has_journal(root: &Path) -> bool {
    matches!(Journal::read(root), Ok(Some(_)))
}

fn settle(root: &Path, direction: Direction) -> Result<Recovery, Error> {
    let Some(journal) = Journal::read(root)? else { return Ok(Recovery::Nothing) };
    let (steps, recovery) = way_out(root, &journal, direction)?;
    for step in &steps {
        step.perform(root, &journal)?;
    }
    state::remove_if_empty(root);
    Ok(recovery)
}

// The steps that bring every file to one side.
fn way_out(root: &Path, journal: &Journal, direction: Direction) -> Result<(Vec<Step>, Recovery), Error> {
    let (mut forward, mut back, mut cleaning) = (Some(vec![]), Some(vec![]), vec![]);
    let (mut created, mut replaced) = (vec![], vec![]);
    let mut doubtful = None;
    for entry in &journal.files {
        let target = entry.target(root)?;
        cleaning.push(Step::Clean { target: target.clone() });
        let side = if entry.old.is_none() { &mut created } else { &mut replaced };
        side.push(target.clone());
        if journal.phase == Phase::Staging {
            continue;
        }
        // What cannot be read is not known either.
        let found = atomic::current(&target).map(|bytes| bytes.map(|bytes| sha256(&bytes).hex()));
        match found {
            Ok(found) if found == entry.old => {
                if has(&copy(&target, NEW), &entry.new) {
                    let over = entry.old.clone();
                    extend(&mut forward, Step::Replace { target, kind: NEW, over });
                } else {
                    (forward, doubtful) = (None, Some(target));
                }
            }
            Ok(Some(found)) if found == entry.new => match &entry.old {
                None => extend(&mut back, Step::Remove { target, holding: found }),
                Some(old) if has(&copy(&target, OLD), old) => {
                    extend(&mut back, Step::Replace { target, kind: OLD, over: Some(found) });
                }
                Some(_) => (back, doubtful) = (None, Some(target)),
            },
            _ => return Err(Error::Stuck { path: target, journal: Journal::place(root) }),
        }
    }
    // Before the copies were complete nothing was replaced: there is only the way back.
    let finish = journal.phase == Phase::Replacing && (direction == Direction::Forward || back.is_none());
    let (chosen, recovery) = match (forward, back) {
        (Some(steps), _) if finish => (steps, Recovery::Finished { created, replaced }),
        (_, Some(steps)) => (steps, Recovery::Undone([created, replaced].concat())),
        _ => {
            let path = doubtful.unwrap_or_else(|| root.to_owned());
            return Err(Error::Stuck { path, journal: Journal::place(root) });
        }
    };
    Ok((chosen.into_iter().chain(cleaning).chain([Step::Done]).collect(), recovery))
}

fn extend(steps: &mut Option<Vec<Step>>, step: Step) {
    if let Some(steps) = steps {
        steps.push(step);
    }
}

impl Step {
    fn perform(&self, root: &Path, journal: &Journal) -> Result<(), Error> {
        match self {
            Self::Journal(phase) => journal.in_phase(*phase).write(root),
            Self::Copy { target, kind, bytes } => write_copy(target, kind, bytes),
            Self::Replace { target, kind, over } => {
                expect(target, over.as_deref())?;
                fs::rename(copy(target, kind), target).map_err(Error::io("replace", target))?;
                atomic::sync_directory(atomic::folder(target))
            }
            Self::Remove { target, holding } => {
                expect(target, Some(holding))?;
                fs::remove_file(target).map_err(Error::io("remove", target))?;
                atomic::sync_directory(atomic::folder(target))
            }
            Self::Clean { target } => {
                for kind in [OLD, NEW] {
                    remove(&copy(target, kind))?;
                }
                Ok(())
            }
            Self::Done => Journal::remove(root),
        }
    }
}

// Never touches bytes that nobody has seen.
fn expect(target: &Path, hash: Option<&str>) -> Result<(), Error> {
    let found = atomic::current(target)?.map(|bytes| sha256(&bytes).hex());
    if found.as_deref() == hash { Ok(()) } else { Err(Error::Changed { path: target.to_owned() }) }
}

fn write_copy(target: &Path, kind: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = copy(target, kind);
    remove(&path)?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&path).map_err(Error::io("create", &path))?;
    atomic::write_through(&mut file, target, bytes).map_err(Error::io("write", &path))?;
    atomic::sync_directory(atomic::folder(&path))
}

fn has(path: &Path, hash: &str) -> bool {
    matches!(atomic::current(path), Ok(Some(bytes)) if sha256(&bytes).hex() == hash)
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
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

#[cfg(test)]
mod tests;
