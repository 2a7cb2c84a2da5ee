//! The one place that writes files: atomically, several together, and never two commands at once.

mod admit;
mod atomic;
mod directory;
mod folders;
mod generations;
mod journal;
mod lock;
mod remove;
mod restore;
mod state;
mod transaction;

pub use admit::{Arrival, admit, sha256_of};
pub use atomic::{create_private, keep, write_atomic, write_program};
pub use directory::{Contents, contents};
pub use folders::Folders;
pub use generations::{Generations, Incoming};
pub use lock::{Holder, LockError, WorkspaceLock};
pub use remove::{remove_directory, remove_file};
pub use restore::{Form, restore, sweep_restored};
pub use transaction::{Recovery, Staged, Transaction, has_journal, pending, recover};

use std::io;
use std::path::{Path, PathBuf};

use crate::report::failure::Explain;

/// The folder at the workspace root that holds the lock and the journal while a command writes. It ignores itself
/// (`.gitignore` with `*`) and is gone when nothing is under way.
pub const DIRECTORY: &str = ".provenance";

/// Why nothing was written, or why what was begun could not be brought to an end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("could not {action} `{}`", path.display())]
    Io {
        /// What was being done: `write`, `rename`.
        action: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A file does not hold what it held when the command read it.
    #[error("`{}` was changed by somebody else while this command was at work; nothing was written", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A path is not one that may be written.
    #[error("`{}` {why}; nothing was written", path.display())]
    Unsuitable {
        /// The path.
        path: PathBuf,
        /// What is wrong with it: `is a symbolic link`.
        why: &'static str,
    },
    /// An earlier command was interrupted and its work can neither be finished nor undone without losing bytes.
    #[error("an earlier command was interrupted while it wrote, and `{}` was changed since", path.display())]
    Stuck {
        /// The file that holds unknown bytes.
        path: PathBuf,
        /// The journal of the interrupted command.
        journal: PathBuf,
    },
    /// An archive that cargo would take for the one that has passed is another one.
    #[error("`{}` appeared meanwhile and is {theirs}, not {ours}", path.display())]
    Occupied {
        /// The archive in cargo's cache.
        path: PathBuf,
        /// Its SHA-256.
        theirs: String,
        /// That of the one that has passed.
        ours: String,
    },
    /// Another cargo did not let go of the package cache.
    #[error("another cargo has held `{}` for {seconds} seconds", lock.display())]
    Waited {
        /// Cargo's lock file.
        lock: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The journal of an earlier command is not one that this version wrote.
    #[error("`{}` is not a journal: {why}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Explain for Error {
    fn help(&self) -> Vec<String> {
        Self::help(self).into_iter().collect()
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        match self {
            Self::Io { path, .. }
            | Self::Changed { path }
            | Self::Unsuitable { path, .. }
            | Self::Stuck { path, .. }
            | Self::Occupied { path, .. }
            | Self::Waited { lock: path, .. }
            | Self::Journal { path, .. } => Some((path.clone(), 0)),
        }
    }
}

impl Error {
    /// What to do next, where there is more to say than to make the path writable.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Changed { .. } => Some("run the command again".into()),
            Self::Journal { path, .. } | Self::Stuck { journal: path, .. } => Some(format!(
                "compare the workspace with version control; once it is as it should be, remove `{}`",
                path.display()
            )),
            Self::Occupied { path, .. } => Some(format!(
                "find out who put it there, remove `{}`, then run this command again",
                path.display()
            )),
            Self::Waited { .. } => Some("wait until it is done, then run this command again".into()),
            Self::Io { .. } | Self::Unsuitable { .. } => None,
        }
    }

    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}
