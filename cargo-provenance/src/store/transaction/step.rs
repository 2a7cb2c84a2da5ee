//! The single steps of a transaction or a recovery. A kill falls between two of them or within one.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::super::directory::{self, discard};
use super::super::journal::{Journal, Kind, Phase, sha256};
use super::super::{Error, atomic, contents};

/// The new bytes beside a target.
pub(super) const NEW: &str = "new";
/// The old bytes beside a target.
pub(super) const OLD: &str = "old";

/// One thing that a transaction or a recovery does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Write the journal in this phase.
    Journal(Phase),
    /// Make a copy beside a file.
    Copy { target: PathBuf, kind: &'static str, bytes: Vec<u8> },
    /// Copy a directory, which must turn out to hold what has this digest.
    Stage { from: PathBuf, to: PathBuf, holding: String },
    /// Rename a copy over its file, which still has (or lacks) the bytes with this SHA-256.
    Replace { target: PathBuf, kind: &'static str, over: Option<String> },
    /// Remove a file that still has the bytes with this SHA-256.
    Remove { target: PathBuf, holding: String },
    /// Rename a directory that still holds what has this digest; nothing lies where it goes.
    Move { from: PathBuf, to: PathBuf, holding: String },
    /// Remove a copy.
    Clean { copy: PathBuf, of: Kind },
    /// Remove the journal.
    Done,
}

impl Step {
    pub(super) fn perform(&self, root: &Path, journal: &Journal) -> Result<(), Error> {
        match self {
            Self::Journal(phase) => journal.in_phase(*phase).write(root),
            Self::Copy { target, kind, bytes } => write_copy(target, kind, bytes),
            Self::Stage { from, to, holding } => {
                directory::copy(from, to)?;
                expect(to, Kind::Directory, Some(holding))
            }
            Self::Replace { target, kind, over } => {
                expect(target, Kind::File, over.as_deref())?;
                fs::rename(beside(target, kind), target).map_err(Error::io("replace", target))?;
                atomic::sync_directory(atomic::folder(target))
            }
            Self::Remove { target, holding } => {
                expect(target, Kind::File, Some(holding))?;
                fs::remove_file(target).map_err(Error::io("remove", target))?;
                atomic::sync_directory(atomic::folder(target))
            }
            Self::Move { from, to, holding } => {
                expect(from, Kind::Directory, Some(holding))?;
                expect(to, Kind::Directory, None)?;
                fs::rename(from, to).map_err(Error::io("move", from))?;
                atomic::sync_directory(atomic::folder(to))
            }
            Self::Clean { copy, of: Kind::Directory } => discard(copy),
            Self::Clean { copy, of: Kind::File } => remove(copy),
            Self::Done => Journal::remove(root),
        }
    }
}

/// The name of a copy that lies beside `target`. It begins with a dot, so that cargo passes it over in a directory source.
pub(super) fn beside(target: &Path, kind: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(format!(".provenance-{kind}-"));
    name.push(target.file_name().unwrap_or_default());
    target.with_file_name(name)
}

/// What a target is known by now; nothing where there is none.
pub(super) fn known(target: &Path, kind: Kind) -> Result<Option<String>, Error> {
    Ok(match kind {
        Kind::Directory => contents(target)?.map(|contents| contents.whole.to_string()),
        Kind::File => atomic::current(target)?.map(|bytes| sha256(&bytes).hex()),
    })
}

// Never touches bytes that nobody has seen.
fn expect(target: &Path, kind: Kind, holding: Option<&str>) -> Result<(), Error> {
    match known(target, kind)?.as_deref() == holding {
        true => Ok(()),
        false => Err(Error::Changed { path: target.to_owned() }),
    }
}

fn write_copy(target: &Path, kind: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = beside(target, kind);
    remove(&path)?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&path).map_err(Error::io("create", &path))?;
    atomic::write_through(&mut file, target, bytes).map_err(Error::io("write", &path))?;
    atomic::sync_directory(atomic::folder(&path))
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}
