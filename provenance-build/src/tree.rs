//! The tree digest: BLAKE3 over the sorted list of a package's files.

use std::path::Path;

use crate::digest::TreeDigest;
use crate::error::Error;

/// How a directory came to be, which decides what may lie in it and what the digest leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// `git/checkouts/NAME-HASH/REV`: the whole checkout without `.git`; links that stay inside are listed.
    Checkout,
    /// A package of a directory source (`cargo vendor`): regular files; `.cargo-checksum.json` at the root left out.
    Directory,
    /// A path package: the package directory without `target/` at its root and without `.git`.
    Path,
    /// `registry/src/HOST-HASH/NAME-VERSION`: regular files; `.cargo-ok` at the root must hold what cargo writes.
    Registry,
}

/// The files of a tree with their hashes, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    entries: Vec<Entry>,
}

/// One line of a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Path relative to the package root, `/`-separated.
    pub path: String,
    /// What lies there.
    pub content: Content,
}

/// What lies at a path of a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// A regular file with its BLAKE3 hash.
    File([u8; 32]),
    /// A symbolic link that stays inside a git checkout, with its target.
    Link(String),
}

/// Why a directory has no digest: something lies there that a package of this layout cannot hold. This is drift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unacceptable {
    /// Path relative to the package root, made printable.
    pub path: String,
    /// What is wrong with it: a lowercase fragment.
    pub what: String,
}

impl Tree {
    /// Makes a tree of entries in any order; a path that stands twice, a path with control characters, an empty, `.`
    /// or `..` component, or a backslash is unacceptable.
    pub fn new(entries: Vec<Entry>) -> Result<Self, Unacceptable> {
        let _ = entries;
        todo!()
    }

    /// The entries, sorted by the bytes of the path.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The digest over all entries.
    pub fn digest(&self) -> TreeDigest {
        todo!()
    }

    /// The digest over what `cargo vendor` keeps, if it drops anything: no `.gitignore`, `.gitattributes`, no `.git`
    /// component, no `.cargo-ok` at the root.
    pub fn vendor_digest(&self) -> Option<TreeDigest> {
        todo!()
    }
}

/// Reads and hashes a directory. The outer error is IO that says nothing about the bytes (no permission to list is
/// `Unacceptable`, a directory that is not there is the outer error).
pub fn read(directory: &Path, layout: Layout) -> Result<Result<Tree, Unacceptable>, Error> {
    let _ = (directory, layout);
    todo!()
}
