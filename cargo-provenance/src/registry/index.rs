//! Cargo's cache of registry indexes, one file per package.

use std::path::{Path, PathBuf};

use provenance_build::{Checksum, PackageName, Source, Version};

use crate::model::Evidence;

/// What a registry's index says about one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// The version.
    pub version: Version,
    /// SHA-256 of its `.crate`.
    pub checksum: Checksum,
    /// Whether it was withdrawn from new resolutions.
    pub yanked: bool,
    /// When it was published, in seconds since the Unix epoch; `None` where the registry does not say.
    pub published: Option<u64>,
}

/// What a registry's index says about one package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// The versions in index order.
    pub versions: Vec<IndexEntry>,
    /// Lines that could not be read: the version, as far as it is known, and why.
    pub odd: Vec<OddLine>,
}

/// A line of an index that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddLine {
    /// The version it is about, made printable; empty where unknown.
    pub version: String,
    /// Why it could not be read.
    pub why: String,
}

/// The index caches below a cargo home.
#[derive(Clone, Debug)]
pub struct Index {
    directory: PathBuf,
}

impl Index {
    /// The caches below `cargo_home`; nothing is read yet.
    pub fn open(cargo_home: &Path) -> Self {
        Self { directory: cargo_home.join("registry").join("index") }
    }

    /// What the index of `source` says about `name`.
    pub fn entries(&self, source: &Source, name: &PackageName) -> Evidence<Entries> {
        self.entries_at(source.url(), name)
    }

    /// What the index at `url` says about `name`: for a source that is replaced by another registry.
    pub fn entries_at(&self, url: &str, name: &PackageName) -> Evidence<Entries> {
        let _ = (url, name, &self.directory);
        todo!()
    }
}

/// What the index of a local registry (a directory of archives) says about `name`.
pub fn local_entries(directory: &Path, name: &PackageName) -> Evidence<Entries> {
    let _ = (directory, name);
    todo!()
}

/// Reads one file of the cache, as cargo 1.95 writes it.
pub fn parse_cache(bytes: &[u8], name: &PackageName) -> Result<Entries, String> {
    let _ = (bytes, name);
    todo!()
}
