//! Replaces several files and directories together: after a kill at any moment all are old or all are new.
//!
//! First the journal says what is coming. Then a copy of the old and of the new bytes is made beside each file, and the
//! new directory beside each directory, on disk before anything else happens: a full disk or a read-only directory shows
//! here, with nothing changed. Then the journal says that copies are complete. New files are renamed over the old ones;
//! an old directory is renamed aside, and the new one into its place. From there on both ways are open, forward and
//! back, and each needs nothing but renames. Last the journal says that all is in place, and what is left over goes.

mod recovery;
mod step;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use provenance_build::TreeDigest;

use self::recovery::{Direction, settle};
use self::step::{NEW, OLD, Step, beside};
use super::journal::{Entry, Journal, Kind, Phase, sha256};
use super::{Error, atomic, contents, state};

pub use self::recovery::{Recovery, has_journal, pending, recover};

/// Files and directories that will be replaced together.
#[derive(Debug)]
pub struct Transaction {
    root: PathBuf,
    changes: Vec<Change>,
}

/// A directory that is ready to be copied into its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// Where it lies.
    pub from: PathBuf,
    /// The digest over every file in it.
    pub whole: TreeDigest,
}

#[derive(Debug)]
enum Change {
    Directory { path: PathBuf, old: Option<TreeDigest>, new: Option<Staged> },
    File { path: PathBuf, old: Option<Vec<u8>>, new: Option<Vec<u8>> },
}

impl Transaction {
    /// An empty transaction of the workspace at `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), changes: vec![] }
    }

    /// Adds a file: `old` are the bytes that it must hold now (`None`: it must not exist), `new` those that it gets. A
    /// relative path is meant from the root. A file outside the workspace can be replaced, not created.
    pub fn replace(&mut self, path: &Path, old: Option<Vec<u8>>, new: Vec<u8>) {
        self.changes.push(Change::File { path: self.root.join(path), old, new: Some(new) });
    }

    /// Adds a file that is removed, and that must hold `old` now.
    pub fn remove(&mut self, path: &Path, old: Vec<u8>) {
        self.changes.push(Change::File { path: self.root.join(path), old: Some(old), new: None });
    }

    /// Adds a directory of the workspace: `old` is the digest over every file that lies in it now (`None`: it must not
    /// exist), `new` what takes its place (`None`: nothing).
    pub fn replace_directory(&mut self, path: &Path, old: Option<TreeDigest>, new: Option<Staged>) {
        self.changes.push(Change::Directory { path: self.root.join(path), old, new });
    }

    /// Puts everything new in place, or nothing. The caller holds the workspace lock and has called [`recover`].
    pub fn commit(self) -> Result<(), Error> {
        let (journal, steps) = self.plan()?;
        if journal.entries.is_empty() {
            return Ok(());
        }
        state::create(&self.root)?;
        let mut in_place = false;
        for step in &steps {
            match step.perform(&self.root, &journal) {
                Ok(()) => in_place |= *step == Step::Journal(Phase::Cleaning),
                // All that is left to do is to remove what nobody needs, and the next command tries that again.
                Err(_) if in_place => return Ok(()),
                Err(error) => {
                    // What stopped the transaction is what the user must know. Where going back fails too, the journal
                    // stays, and the next command tries again.
                    let _ = settle(&self.root, Direction::Back);
                    return Err(error);
                }
            }
        }
        state::remove_if_empty(&self.root);
        Ok(())
    }

    // Checks that everything is as it should be, and lists the steps. What does not change is left out.
    fn plan(&self) -> Result<(Journal, Vec<Step>), Error> {
        let mut plan = Plan::default();
        for change in &self.changes {
            change.plan(&self.root, &mut plan)?;
        }
        // Sorted by components, so that what lies in a directory follows it at once.
        plan.targets.sort();
        if let Some(pair) = plan.targets.windows(2).find(|pair| pair[1].starts_with(&pair[0])) {
            return Err(Error::Unsuitable { path: pair[1].clone(), why: "would be written twice" });
        }
        let Plan { entries, copies, replacements, cleaning, .. } = plan;
        let steps = [Step::Journal(Phase::Staging)]
            .into_iter()
            .chain(copies)
            .chain([Step::Journal(Phase::Replacing)])
            .chain(replacements)
            .chain([Step::Journal(Phase::Cleaning)])
            .chain(cleaning)
            .chain([Step::Done]);
        Ok((Journal::new(entries), steps.collect()))
    }
}

/// What a transaction comes to.
#[derive(Default)]
struct Plan {
    targets: Vec<PathBuf>,
    entries: Vec<Entry>,
    copies: Vec<Step>,
    replacements: Vec<Step>,
    cleaning: Vec<Step>,
}

impl Change {
    fn plan(&self, root: &Path, plan: &mut Plan) -> Result<(), Error> {
        match self {
            Self::Directory { path, old, new } => plan.directory(root, path, *old, new.as_ref()),
            Self::File { path, old, new } => plan.file(root, path, old.as_deref(), new.as_deref()),
        }
    }
}

impl Plan {
    fn file(
        &mut self,
        root: &Path,
        path: &Path,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<(), Error> {
        let known = |bytes: Option<&[u8]>| bytes.map(|bytes| sha256(bytes).hex());
        let entry = Entry::new(root, path, Kind::File, known(old), known(new))?;
        let target = entry.target(root)?;
        if atomic::current(&target)?.as_deref() != old {
            return Err(Error::Changed { path: path.to_owned() });
        }
        self.targets.push(target.clone());
        if old == new {
            return Ok(());
        }
        for (kind, bytes) in [(OLD, old), (NEW, new)] {
            let copy = |bytes: &[u8]| Step::Copy { target: target.clone(), kind, bytes: bytes.to_owned() };
            self.copies.extend(bytes.map(copy));
        }
        self.replacements.push(match (&entry.old, new) {
            (Some(holding), None) => Step::Remove { target: target.clone(), holding: holding.clone() },
            (over, _) => Step::Replace { target: target.clone(), kind: NEW, over: over.clone() },
        });
        self.cleaning
            .extend([OLD, NEW].map(|kind| Step::Clean { copy: beside(&target, kind), of: Kind::File }));
        self.entries.push(entry);
        Ok(())
    }

    fn directory(
        &mut self,
        root: &Path,
        path: &Path,
        old: Option<TreeDigest>,
        new: Option<&Staged>,
    ) -> Result<(), Error> {
        let known = |digest: TreeDigest| digest.to_string();
        let entry = Entry::new(root, path, Kind::Directory, old.map(known), new.map(|new| known(new.whole)))?;
        let target = entry.target(root)?;
        if contents(&target)?.map(|contents| contents.whole) != old {
            return Err(Error::Changed { path: path.to_owned() });
        }
        self.targets.push(target.clone());
        if entry.old == entry.new {
            return Ok(());
        }
        let (aside, fresh) = (beside(&target, OLD), beside(&target, NEW));
        for left in [&aside, &fresh] {
            // It may be the only copy of something: whoever removed the journal must decide.
            match fs::symlink_metadata(left) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                _ => {
                    let why = "was left by a command that was interrupted, look what it holds and remove it";
                    return Err(Error::Unsuitable { path: left.clone(), why });
                }
            }
        }
        if let Some(holding) = &entry.old {
            let (from, to, holding) = (target.clone(), aside.clone(), holding.clone());
            self.replacements.push(Step::Move { from, to, holding });
            self.cleaning.push(Step::Clean { copy: aside, of: Kind::Directory });
        }
        if let (Some(new), Some(holding)) = (new, &entry.new) {
            let (from, to, holding) = (new.from.clone(), fresh.clone(), holding.clone());
            self.copies.push(Step::Stage { from, to, holding: holding.clone() });
            self.replacements.push(Step::Move { from: fresh.clone(), to: target, holding });
            self.cleaning.push(Step::Clean { copy: fresh, of: Kind::Directory });
        }
        self.entries.push(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
