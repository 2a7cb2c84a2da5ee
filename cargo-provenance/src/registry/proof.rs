//! Proves that a package is what its registry published: index = `Cargo.lock` = `.crate` = tree.

use std::path::PathBuf;

use provenance_build::manifest::BuildTime;
use provenance_build::{Checksum, LockedPackage, TreeDigest};

use super::{Entries, IndexEntry};
use crate::archive::{Archive, Fault, License};
use crate::model::Evidence;

/// A package whose bytes are proven.
#[derive(Clone, Debug)]
pub struct Proof {
    /// SHA-256 of the `.crate`, equal in lockfile, file and (where `index` is known) index.
    pub checksum: Checksum,
    /// Digest of the tree that the archive unpacks to.
    pub tree: TreeDigest,
    /// Digest of what `cargo vendor` leaves of it, where that differs.
    pub vendor_tree: Option<TreeDigest>,
    /// Which of its code runs while other packages compile; sorted.
    pub build_time: Vec<BuildTime>,
    /// What its manifest says about its license.
    pub license: License,
    /// What the index says about this version; the caller decides what it means if that is unavailable.
    pub index: Evidence<IndexEntry>,
    /// What deserves a look without being refused.
    pub remarks: Vec<Fault>,
    /// The archive file that was read.
    pub archive: PathBuf,
    /// The archive's contents, for restoring a directory.
    pub contents: Archive,
}

/// One reason why a package is not proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The check's id: `checksum-changed`, `version-vanished`, `archive-…`, `manifest-identity`, `archive-missing`.
    pub check: &'static str,
    /// Whether the package was judged or could not be.
    pub verdict: Verdict,
    /// What was seen: a lowercase fragment.
    pub what: String,
    /// What to do next.
    pub help: String,
}

/// Whether a refused package was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not what it should be.
    Refused,
    /// Something that is needed could not be read.
    Undecided,
}

/// Proves one package of the lockfile from its cached archives, which must all agree.
pub fn prove(
    package: &LockedPackage,
    archives: &[PathBuf],
    entries: &Evidence<Entries>,
) -> Result<Proof, Vec<Refusal>> {
    let _ = (package, archives, entries);
    todo!()
}
