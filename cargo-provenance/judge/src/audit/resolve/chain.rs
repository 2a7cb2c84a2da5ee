//! The links of a chain of evidence, what breaks it, and where all of it stands.

use std::path::PathBuf;

use super::faults::{AUDITS, CONFIG, IMPORTS};
use crate::audit::{ByName, Set, Store};

/// An entry that leads from one version, or from nothing, to another. The order is the one in which cargo-vet prefers them
/// where nothing else decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// A review of one's own.
    Audit {
        /// Its index among the audits of the crate.
        entry: usize,
        /// Whether others may take it over.
        is_importable: bool,
    },
    /// A review of somebody else.
    Imported {
        /// The index of the set, by name.
        set: usize,
        /// Its index among the audits of the crate.
        entry: usize,
    },
    /// A review of all that somebody publishes.
    Wildcard {
        /// The index of the set, by name; one's own where there is none.
        set: Option<usize>,
        /// Its index among the wildcard entries of the crate.
        entry: usize,
        /// The index of the publication.
        publication: usize,
    },
    /// A publisher who is trusted.
    Trusted {
        /// The index of the publication.
        publication: usize,
        /// The index among the trusted entries of the crate.
        entry: usize,
    },
    /// A version that is let through without a review.
    Exemption {
        /// Its index among the exemptions of the crate.
        entry: usize,
    },
    /// A published version that stands for one that is not.
    Unpublished {
        /// Its index among those of the crate.
        entry: usize,
    },
}

/// An audit of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditRef {
    /// The index of the set, by name; one's own where there is none.
    pub set: Option<usize>,
    /// Its index among the audits of the crate.
    pub entry: usize,
}

/// A violation, and what it speaks against.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The violation; none where it could not be read.
    pub violation: Option<AuditRef>,
    /// What it speaks against.
    pub against: Against,
}

/// What a violation speaks against.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Against {
    /// A review.
    Audit(AuditRef),
    /// An exemption, by its index among those of the crate.
    Exemption(usize),
    /// The version that is in use; only strict judgment says so.
    Version,
}

impl Store {
    /// Where the entry of a link stands: the file and the line in it.
    pub fn place(&self, krate: &str, link: &Link) -> Option<(PathBuf, u32)> {
        let (file, line) = match *link {
            Link::Audit { entry, .. } => (AUDITS, nth(&self.audits.audits, krate, entry)?.line),
            Link::Imported { set, entry } => (IMPORTS, nth(&self.set(set)?.1.audits, krate, entry)?.line),
            Link::Wildcard { set: None, entry, .. } => {
                (AUDITS, nth(&self.audits.wildcards, krate, entry)?.line)
            }
            Link::Wildcard { set: Some(set), entry, .. } => {
                (IMPORTS, nth(&self.set(set)?.1.wildcards, krate, entry)?.line)
            }
            Link::Trusted { entry, .. } => (AUDITS, nth(&self.audits.trusted, krate, entry)?.line),
            Link::Exemption { entry } => (CONFIG, nth(&self.config.exemptions, krate, entry)?.line),
            Link::Unpublished { entry } => (IMPORTS, nth(&self.imports.unpublished, krate, entry)?.line),
        };
        Some((self.folder.join(file), line))
    }

    /// The name of the import that an index means, and its set.
    pub fn set(&self, index: usize) -> Option<(&str, &Set)> {
        self.imports.sets.iter().nth(index).map(|(name, set)| (name.as_str(), set))
    }
}

fn nth<'s, T>(all: &'s ByName<Vec<T>>, krate: &str, entry: usize) -> Option<&'s T> {
    all.get(krate)?.get(entry)
}
