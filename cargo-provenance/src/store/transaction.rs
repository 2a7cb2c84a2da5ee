//! Replaces several files together: after a kill at any moment all are old or all are new.

use std::path::{Path, PathBuf};

use super::Error;

/// Files that will be replaced together.
#[derive(Debug)]
pub struct Transaction {
    root: PathBuf,
}

/// What was left of an interrupted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Its new files were put in place.
    Finished(Vec<PathBuf>),
    /// Nothing was left.
    Nothing,
    /// Its traces were removed; every file is as it was before.
    Undone(Vec<PathBuf>),
}

impl Transaction {
    /// An empty transaction of the workspace at `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Adds a file: `old` are the bytes that it must hold now (`None`: it must not exist), `new` those that it gets.
    pub fn replace(&mut self, path: &Path, old: Option<Vec<u8>>, new: Vec<u8>) {
        let _ = (path, old, new, &self.root);
        todo!()
    }

    /// Puts all new files in place, or none.
    pub fn commit(self) -> Result<(), Error> {
        todo!()
    }
}

/// Finishes or undoes what an interrupted command left in the workspace at `root`. Every writing command calls this
/// first, under the workspace lock.
pub fn recover(root: &Path) -> Result<Recovery, Error> {
    let _ = root;
    todo!()
}
