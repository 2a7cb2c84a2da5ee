//! Reads a `.crate` file that may be hostile, before anything of it touches the disk.

mod manifest;

use std::ops::Range;

use provenance_build::PackageId;
use provenance_build::manifest::BuildTime;
use provenance_build::tree::Tree;

pub use manifest::License;

/// One reason to refuse an archive, or a remark about one that is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The check's id.
    pub check: &'static str,
    /// What was seen: a lowercase fragment, printable whatever the archive holds.
    pub what: String,
}

/// An archive that was read without a doubt left. Its entries are regular files below `NAME-VERSION/`.
#[derive(Clone, Debug)]
pub struct Archive {
    data: Vec<u8>,
    entries: Vec<Entry>,
    manifest: manifest::Facts,
    remarks: Vec<Fault>,
}

/// One regular file of an archive.
#[derive(Clone, Debug)]
struct Entry {
    path: String,
    executable: bool,
    content: Range<usize>,
}

/// A file of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'a> {
    /// Path relative to the package root, `/`-separated.
    pub path: &'a str,
    /// Whether anybody may execute it.
    pub executable: bool,
    /// Its bytes.
    pub content: &'a [u8],
}

/// Reads the bytes of the archive of `id`. Every fault that was found is returned, not the first.
pub fn read(bytes: &[u8], id: &PackageId) -> Result<Archive, Vec<Fault>> {
    let _ = (bytes, id);
    todo!()
}

impl Archive {
    /// The files in archive order.
    pub fn files(&self) -> impl Iterator<Item = File<'_>> {
        self.entries.iter().map(|entry| File {
            path: &entry.path,
            executable: entry.executable,
            content: &self.data[entry.content.clone()],
        })
    }

    /// The bytes of one file.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files().find(|file| file.path == path).map(|file| file.content)
    }

    /// The tree that the archive unpacks to.
    pub fn tree(&self) -> Result<Tree, Fault> {
        todo!()
    }

    /// Which of its code runs while other packages compile; sorted.
    pub fn build_time(&self) -> &[BuildTime] {
        &self.manifest.build_time
    }

    /// What its manifest says about its license.
    pub fn license(&self) -> &License {
        &self.manifest.license
    }

    /// What deserves a look without being refused: group-writable modes (`archive-mode`), names that end in a dot
    /// (`archive-name`).
    pub fn remarks(&self) -> &[Fault] {
        &self.remarks
    }
}
