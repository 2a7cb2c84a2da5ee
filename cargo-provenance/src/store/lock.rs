//! One writing command per workspace at a time.

use std::fmt;
use std::path::Path;

use crate::model::Clock;

use super::Error;

/// Held while a command may write; released when dropped.
#[derive(Debug)]
pub struct WorkspaceLock {
    _private: (),
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process id.
    pub pid: u32,
    /// The command: `pin`.
    pub command: String,
    /// Since when.
    pub since: Clock,
}

/// Why the lock was not acquired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another command is at work.
    #[error("another command is at work in this workspace: {}", Named(.0))]
    Busy(Option<Holder>),
    /// The lock could not be set up.
    #[error(transparent)]
    Store(#[from] Error),
}

struct Named<'a>(&'a Option<Holder>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(holder) => {
                write!(f, "`cargo provenance {}`, process {}", holder.command, holder.pid)
            }
            None => f.write_str("it has not said which"),
        }
    }
}

impl WorkspaceLock {
    /// Takes the lock of the workspace at `root` for `command` without waiting.
    pub fn acquire(root: &Path, command: &str, now: Clock) -> Result<Self, LockError> {
        let _ = (root, command, now);
        todo!()
    }
}
