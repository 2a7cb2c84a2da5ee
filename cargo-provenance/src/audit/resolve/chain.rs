//! The links of a chain of evidence, and what breaks it.

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
