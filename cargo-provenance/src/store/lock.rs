//! One writing command per workspace at a time.
//!
//! An advisory lock of the operating system (`flock`, `LockFileEx`), which ends with its process however that ends, on
//! a file that nothing ever replaces. Nobody waits for it: whoever comes second says who is at work, and stops.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use serde::{Deserialize, Serialize};

use super::{Error, state};
use crate::model::Clock;
use crate::report::failure::Explain;

const LOCK: &str = "lock";
// Beside the lock and not in it: on Windows a locked file cannot be read by others.
const HOLDER: &str = "holder.json";

// The holder removes the files when it is done. A command that begins at that moment may have opened a file that is
// gone; it tries again. More than a few such moments in a row are not credible.
const ATTEMPTS: usize = 32;

/// Held while a command may write; released when dropped.
#[derive(Debug)]
pub struct WorkspaceLock {
    root: PathBuf,
    file: File,
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
    /// Another command is at work. `None`: it has not said yet which.
    #[error("another command is at work in this workspace{}", Named(.0))]
    Busy(Option<Holder>),
    /// The lock could not be set up.
    #[error(transparent)]
    Store(#[from] Error),
}

#[derive(Serialize, Deserialize)]
struct Record {
    pid: u32,
    command: String,
    since: u64,
}

impl Explain for LockError {
    fn help(&self) -> Vec<String> {
        match self {
            Self::Busy(_) => vec!["wait until it is done, then run this command again".to_owned()],
            Self::Store(fault) => Explain::help(fault),
        }
    }
}

struct Named<'a>(&'a Option<Holder>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(holder) => write!(f, ": `cargo provenance {}`, process {}", holder.command, holder.pid),
            None => Ok(()),
        }
    }
}

impl WorkspaceLock {
    /// Takes the lock of the workspace at `root` for `command` without waiting. Where the file system knows no locks,
    /// the lock is held without excluding anybody, as cargo does it.
    pub fn acquire(root: &Path, command: &str, now: Clock) -> Result<Self, LockError> {
        let path = state::file(root, LOCK);
        for _ in 0..ATTEMPTS {
            state::create(root)?;
            let file = match open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io("open", &path)(error).into()),
            };
            match FileExt::try_lock(&file) {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(LockError::Busy(holder(root))),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error).into()),
            }
            if is_at(&file, &path) {
                let record = Record { pid: std::process::id(), command: command.to_owned(), since: now.0 };
                // Only for the message to others, who do without when it cannot be read.
                let text = serde_json::to_vec(&record).unwrap_or_default();
                state::put(root, HOLDER, &text)?;
                return Ok(Self { root: root.to_owned(), file });
            }
        }
        Err(LockError::Busy(holder(root)))
    }
}

/// Whether a command is at work in the workspace at `root`, without leaving a trace there.
pub(super) fn idle(root: &Path) -> Result<(), LockError> {
    let path = state::file(root, LOCK);
    if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(());
    }
    match File::open(path).map(|file| FileExt::try_lock_shared(&file)) {
        Ok(Err(TryLockError::WouldBlock)) => Err(LockError::Busy(holder(root))),
        _ => Ok(()),
    }
}

impl Drop for WorkspaceLock {
    fn drop(&mut self) {
        // In this order: once the lock's file is gone, the next command makes its own and must find the rest gone.
        let _ = fs::remove_file(state::file(&self.root, HOLDER));
        let _ = fs::remove_file(state::file(&self.root, LOCK));
        state::remove_if_empty(&self.root);
        let _ = FileExt::unlock(&self.file);
    }
}

fn open(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

// Whether the file that was locked is still the one that others will try. Windows does not remove an open file.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (Ok(held), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
        (held.dev(), held.ino()) == (there.dev(), there.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        true
    }
}

fn holder(root: &Path) -> Option<Holder> {
    // A few hundred bytes when it was written by this program.
    let path = state::file(root, HOLDER);
    let metadata = fs::symlink_metadata(&path).ok()?;
    if !metadata.is_file() || metadata.len() > 4_096 {
        return None;
    }
    let Record { pid, command, since } = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    // A repository could bring the file; what it says goes to a terminal.
    let plain = command.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b' '));
    plain.then_some(Holder { pid, command, since: Clock(since) })
}

#[cfg(test)]
mod tests {
    use super::super::DIRECTORY;
    use super::*;

    fn acquire(root: &Path, command: &str) -> Result<WorkspaceLock, LockError> {
        WorkspaceLock::acquire(root, command, Clock(1_795_392_000))
    }

    #[test]
    fn the_second_command_is_told_who_is_at_work() {
        let root = tempfile::tempdir().expect("temp");
        let lock = acquire(root.path(), "pin").expect("free");
        let error = acquire(root.path(), "add").expect_err("busy");
        let expected = Holder { pid: std::process::id(), command: "pin".into(), since: Clock(1_795_392_000) };
        assert!(matches!(&error, LockError::Busy(Some(holder)) if *holder == expected), "{error}");
        assert!(error.to_string().contains("`cargo provenance pin`"), "{error}");
        let ignore = fs::read_to_string(root.path().join(DIRECTORY).join(".gitignore"));
        assert_eq!(ignore.expect("ignored"), "*\n");
        drop(lock);
        assert_eq!(fs::read_dir(root.path()).expect("list").count(), 0);
        acquire(root.path(), "add").expect("free again");
    }

    #[test]
    fn what_a_killed_command_left_does_not_hold_the_next_one() {
        let root = tempfile::tempdir().expect("temp");
        // A killed process runs no destructors, but the system drops its locks: the files stay.
        state::create(root.path()).expect("created");
        fs::write(state::file(root.path(), LOCK), b"").expect("write");
        fs::write(state::file(root.path(), HOLDER), b"{\"pid\":1").expect("write");
        acquire(root.path(), "pin").expect("free");
    }

    #[test]
    fn a_forged_holder_is_not_repeated() {
        let root = tempfile::tempdir().expect("temp");
        let _lock = acquire(root.path(), "pin").expect("free");
        let forged = "{\"pid\":1,\"command\":\"\\u001b[2J\",\"since\":0}";
        fs::write(state::file(root.path(), HOLDER), forged).expect("write");
        assert!(matches!(acquire(root.path(), "add"), Err(LockError::Busy(None))));
    }

    #[test]
    fn many_commands_at_once_never_hold_it_together() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let root = tempfile::tempdir().expect("temp");
        let (inside, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        match acquire(root.path(), "pin") {
                            Ok(lock) => {
                                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                                std::thread::yield_now();
                                inside.fetch_sub(1, Ordering::SeqCst);
                                done.fetch_add(1, Ordering::SeqCst);
                                drop(lock);
                            }
                            Err(LockError::Busy(_)) => std::thread::yield_now(),
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                });
            }
        });
        assert!(done.into_inner() > 0);
    }

    #[cfg(unix)]
    #[test]
    fn files_that_a_repository_brings_lead_nowhere() {
        let (root, outside) = (tempfile::tempdir().expect("temp"), tempfile::tempdir().expect("temp"));
        let victim = outside.path().join("victim");
        fs::write(&victim, b"precious").expect("write");
        fs::create_dir(root.path().join(DIRECTORY)).expect("create");
        for name in [".gitignore", HOLDER] {
            std::os::unix::fs::symlink(&victim, state::file(root.path(), name)).expect("link");
        }
        acquire(root.path(), "pin").expect("free");
        assert_eq!(fs::read(&victim).expect("read"), b"precious");
        fs::create_dir(root.path().join(DIRECTORY)).expect("create");
        std::os::unix::fs::symlink(&victim, state::file(root.path(), LOCK)).expect("link");
        acquire(root.path(), "pin").expect_err("refused");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_leads_out_of_the_workspace_is_refused() {
        let (root, outside) = (tempfile::tempdir().expect("temp"), tempfile::tempdir().expect("temp"));
        std::os::unix::fs::symlink(outside.path(), root.path().join(DIRECTORY)).expect("link");
        let error = acquire(root.path(), "pin").expect_err("refused");
        assert!(matches!(error, LockError::Store(Error::Unsuitable { .. })), "{error}");
        assert_eq!(fs::read_dir(outside.path()).expect("list").count(), 0);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let root = tempfile::tempdir().expect("temp");
        let file = root.path().join("file");
        fs::write(&file, b"").expect("write");
        let error = acquire(&file, "pin").expect_err("refused").to_string();
        assert!(error.contains(&*file.to_string_lossy()), "{error}");
    }
}
