//! What a transaction is about to do, written down before it does it.
//!
//! A journal could also come with a repository. Outside the workspace it can name nothing but files that are there and
//! stay there, and it only ever moves what lies beside its target, under names that are made from the target's.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use provenance_build::Checksum;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Error, atomic, state};

const NAME: &str = "journal.json";
// Version 1 knew files only.
const VERSION: u32 = 2;
// Ten thousand vendored packages, each with two digests and a long path.
const BYTES: u64 = 8 * 1024 * 1024;

/// The files and directories of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    version: u32,
    pub(super) phase: Phase,
    pub(super) entries: Vec<Entry>,
}

/// The part of a journal that every version has.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Phase {
    /// Copies are being made beside the targets, or removed again; every target is as it was.
    Staging,
    /// All copies are complete and on disk; targets are being replaced.
    Replacing,
    /// Every target is as it shall be; what is left of the old ones is being removed.
    Cleaning,
}

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// A directory, known by the digest over every file in it.
    Directory,
    /// A regular file, known by the SHA-256 of its bytes in hex.
    File,
}

/// One target of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Relative to the workspace root, `/`-separated; begins with `../` outside.
    path: String,
    pub(super) kind: Kind,
    /// What it is known by before; `None` where it is created.
    pub(super) old: Option<String>,
    /// What it is known by after; `None` where it is removed.
    pub(super) new: Option<String>,
}

impl Journal {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        Self { version: VERSION, phase: Phase::Staging, entries }
    }

    /// The same targets, so far.
    pub(super) fn in_phase(&self, phase: Phase) -> Self {
        Self { phase, ..self.clone() }
    }

    /// Where the journal of the workspace at `root` lies.
    pub(super) fn place(root: &Path) -> PathBuf {
        state::file(root, NAME)
    }

    /// Reads the journal that an interrupted command left.
    pub(super) fn read(root: &Path) -> Result<Option<Self>, Error> {
        if !state::check(root)? {
            return Ok(None);
        }
        let path = Self::place(root);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(metadata) if metadata.is_file() && metadata.len() <= BYTES => {}
            Ok(_) => return Err(Error::Journal { path, why: "it is not a small regular file".into() }),
            Err(error) => return Err(Error::io("inspect", &path)(error)),
        }
        let invalid = |why: String| Error::Journal { path: path.clone(), why };
        if !state::is_ours(root) {
            return Err(invalid(
                "it lies in a folder that no command made: a repository may have brought it".into(),
            ));
        }
        let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
        // First the version, so that the journal of another one is not called damaged.
        let unreadable = |error: serde_json::Error| invalid(error.to_string());
        let Version { version } = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if version != VERSION {
            return Err(invalid("it was written by another version of this program".into()));
        }
        serde_json::from_slice(&bytes).map(Some).map_err(unreadable)
    }

    /// Writes the journal; it is on disk when this returns.
    pub(super) fn write(&self, root: &Path) -> Result<(), Error> {
        let path = Self::place(root);
        let text =
            serde_json::to_vec_pretty(self).map_err(|error| Error::io("write", &path)(error.into()))?;
        if text.len() as u64 > BYTES {
            let why = "would be larger than what is read again: too much would change at once";
            return Err(Error::Unsuitable { path, why });
        }
        atomic::write_atomic(&path, &text)
    }

    /// Removes the journal: the transaction is over.
    pub(super) fn remove(root: &Path) -> Result<(), Error> {
        let path = Self::place(root);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", &path)(error)),
            _ => atomic::sync_directory(atomic::folder(&path)),
        }
    }
}

impl Entry {
    pub(super) fn new(
        root: &Path,
        target: &Path,
        kind: Kind,
        old: Option<String>,
        new: Option<String>,
    ) -> Result<Self, Error> {
        let entry = Self { path: relative(root, &root.join(target))?, kind, old, new };
        entry.target(root).map(|_| entry)
    }

    /// The file as the journal names it.
    pub(super) fn name(&self) -> &Path {
        Path::new(&self.path)
    }

    /// The target, in a directory that exists and is reached without a link that leads out of the workspace.
    pub(super) fn target(&self, root: &Path) -> Result<PathBuf, Error> {
        let target = root.join(&self.path);
        let unsuitable = |why| Error::Unsuitable { path: target.clone(), why };
        let mut components = Path::new(&self.path).components().peekable();
        let mut outside = false;
        while components.next_if_eq(&Component::ParentDir).is_some() {
            outside = true;
        }
        let mut rest = components.peekable();
        if rest.peek().is_none() || rest.any(|part| !matches!(part, Component::Normal(_))) {
            return Err(unsuitable("is not a path below or beside the workspace"));
        }
        let folder = atomic::folder(&target);
        let folder = folder.canonicalize().map_err(Error::io("find", folder))?;
        outside |= !folder.starts_with(root.canonicalize().map_err(Error::io("find", root))?);
        // What other workspaces may use as well can be edited, and neither appear nor vanish.
        let edited = self.kind == Kind::File && self.old.is_some() && self.new.is_some();
        if outside && !edited {
            return Err(unsuitable("lies outside the workspace"));
        }
        match target.file_name() {
            Some(name) => Ok(folder.join(name)),
            None => Err(unsuitable("has no name")),
        }
    }
}

/// SHA-256, as the journal records bytes.
pub(super) fn sha256(bytes: &[u8]) -> Checksum {
    Checksum::from_bytes(Sha256::digest(bytes).into())
}

// The path from `root` to `target`, both canonical but for the target's last component.
fn relative(root: &Path, target: &Path) -> Result<String, Error> {
    let unsuitable = |why| Error::Unsuitable { path: target.to_owned(), why };
    let name = target.file_name().ok_or_else(|| unsuitable("has no name"))?;
    let folder = atomic::folder(target);
    let folder = folder.canonicalize().map_err(Error::io("find", folder))?;
    let root = root.canonicalize().map_err(Error::io("find", root))?;
    let common = root.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return Err(unsuitable("lies on another drive than the workspace"));
    }
    let up = root.components().skip(common).map(|_| Some(".."));
    let down = folder.components().skip(common).map(|part| part.as_os_str().to_str());
    let parts = up.chain(down).chain([name.to_str()]).collect::<Option<Vec<_>>>();
    parts.map(|parts| parts.join("/")).ok_or_else(|| unsuitable("is not UTF-8"))
}
