//! What a transaction is about to do, written down before it does it.
//!
//! A journal could also come with a repository. It cannot name anything outside the workspace that is not there yet,
//! and it only ever moves copies that lie beside their target, under names that are made from the target's.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use provenance_build::Checksum;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Error, atomic, state};

const NAME: &str = "journal.json";
const VERSION: u32 = 1;
// A thousand manifests with long paths.
const BYTES: u64 = 1024 * 1024;

/// The files of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    version: u32,
    pub(super) phase: Phase,
    pub(super) files: Vec<Entry>,
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Phase {
    /// Copies are being made beside the files; no file has been touched.
    Staging,
    /// All copies are complete and on disk; files are being replaced.
    Replacing,
}

/// One file of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Relative to the workspace root, `/`-separated; begins with `../` outside.
    path: String,
    /// SHA-256 of the bytes before, in hex; `None` for a file that is created.
    pub(super) old: Option<String>,
    /// SHA-256 of the bytes after, in hex.
    pub(super) new: String,
}

impl Journal {
    pub(super) fn new(files: Vec<Entry>) -> Self {
        Self { version: VERSION, phase: Phase::Staging, files }
    }

    /// The same files, so far.
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
        let journal: Self = serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
        if journal.version != VERSION {
            return Err(invalid("it was written by another version".into()));
        }
        Ok(Some(journal))
    }

    /// Writes the journal; it is on disk when this returns.
    pub(super) fn write(&self, root: &Path) -> Result<(), Error> {
        let path = Self::place(root);
        let text =
            serde_json::to_vec_pretty(self).map_err(|error| Error::io("write", &path)(error.into()))?;
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
    pub(super) fn new(root: &Path, target: &Path, old: Option<&[u8]>, new: &[u8]) -> Result<Self, Error> {
        let entry = Self {
            path: relative(root, &root.join(target))?,
            old: old.map(|bytes| sha256(bytes).hex()),
            new: sha256(new).hex(),
        };
        entry.target(root).map(|_| entry)
    }

    /// The file as the journal names it.
    pub(super) fn name(&self) -> &Path {
        Path::new(&self.path)
    }

    /// The file, in a directory that exists and is reached without a link that leads out of the workspace.
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
        if outside && self.old.is_none() {
            return Err(unsuitable("lies outside the workspace"));
        }
        match target.file_name() {
            Some(name) => Ok(folder.join(name)),
            None => Err(unsuitable("has no name")),
        }
    }
}

/// The name of a copy that lies beside `target`.
pub(super) fn copy(target: &Path, kind: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(format!(".provenance-{kind}-"));
    name.push(target.file_name().unwrap_or_default());
    target.with_file_name(name)
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
