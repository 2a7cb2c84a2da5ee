//! The process table of Linux, `/proc`: which programs and libraries run, and whether they are what lies on disk.
//!
//! Everything in it is what other people's processes make of it: names with any bytes, processes that end while they are looked
//! at, files that were replaced. What cannot be seen is told, never left out.

mod identity;
mod maps;
mod stat;
mod table;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use identity::Identity;
pub use table::{pseudo_devices, table};

/// Where Linux has its process table.
pub const PROC: &str = "/proc";

/// The processes at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What runs, each file once, by device and inode.
    pub running: Vec<Running>,
    /// Why something cannot be seen, a line each: a lowercase fragment that names the process.
    pub unseen: Vec<String>,
    /// Processes that were looked at.
    pub processes: usize,
    /// Threads of the kernel, which have no program.
    pub kernel_threads: usize,
    /// Processes that ended while they were looked at.
    pub ended: usize,
}

/// A file that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The path that it was started or loaded from, as the kernel has it; without the ` (deleted)` that the kernel adds.
    pub path: PathBuf,
    /// Which file it is.
    pub identity: Identity,
    /// Whether it is a program or a library.
    pub role: Role,
    /// What has become of it on disk.
    pub standing: Standing,
    /// Who runs it.
    pub users: Vec<User>,
}

/// A process that runs a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub pid: u32,
    /// When it was started, in ticks since the system was: a number that is used again belongs to another process.
    pub started: u64,
    /// Whether it sees other file systems than this program: it is in a container.
    pub contained: bool,
    /// What opens the file, whatever became of its path.
    door: PathBuf,
}

/// What a file is to its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It is what was started.
    Program,
    /// It was loaded.
    Library,
}

/// What has become of a running file on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is what lies there.
    Current,
    /// Nothing lies there any more.
    Deleted,
    /// It was never there: it was made in memory.
    InMemory,
    /// Another file lies there.
    Replaced,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// This is no Linux, or `/proc` is not mounted.
    #[error("running processes are only seen on Linux, where `{}` is mounted", proc.display())]
    None {
        /// Where it would be.
        proc: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl crate::report::failure::Explain for Error {
    fn help(&self) -> Vec<String> {
        vec!["name files or folders in place of `--running`".to_owned()]
    }
}

impl Running {
    /// Opens the file by whichever process still runs it, and sees that it is the one.
    ///
    /// # Errors
    ///
    /// What the operating system says of the last of them.
    pub fn open(&self) -> io::Result<File> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for user in &self.users {
            match self.identity.open(&user.door) {
                Ok(file) => return Ok(file),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Whether none of those who ran it does any more.
    pub fn has_ended(&self, proc: &Path) -> bool {
        self.users.iter().all(|user| {
            let now = table::started(proc, user.pid);
            now.is_ok_and(|now| now != Some(user.started))
        })
    }
}

impl Standing {
    /// What it makes of a file: reads after its name.
    pub fn says(self) -> &'static str {
        match self {
            Self::Current => "is what lies on disk",
            Self::Deleted => "runs, and was deleted on disk",
            Self::InMemory => "runs from memory, and never lay on disk",
            Self::Replaced => "runs, and another file has its place on disk",
        }
    }

    /// Its name in kebab case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Deleted => "running-deleted",
            Self::InMemory => "running-in-memory",
            Self::Replaced => "running-replaced",
        }
    }
}

/// Without the mark of the kernel, which a file's own name may end with, too: so only where the file is gone.
fn unmarked(path: &[u8]) -> OsString {
    bytes(path.strip_suffix(b" (deleted)").unwrap_or(path))
}

#[cfg(unix)]
fn bytes(text: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(text.to_vec())
}

#[cfg(not(unix))]
fn bytes(text: &[u8]) -> OsString {
    String::from_utf8_lossy(text).into_owned().into()
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
