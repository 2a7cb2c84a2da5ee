//! What stands in the files of an audit store: one type for each kind of entry, in the order in which it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Requirement, VetVersion};
use crate::model::Date;

/// Entries by the name of the crate, the import or the criterion that they are about.
pub type ByName<T> = BTreeMap<String, T>;

/// The three files of a `supply-chain/` folder.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// Where they lie.
    pub folder: PathBuf,
    /// `config.toml`: what is required and what is let through.
    pub config: Config,
    /// `audits.toml`: what the team itself says.
    pub audits: Set,
    /// `imports.lock`: what others say, and who published what.
    pub imports: Imports,
}

/// An `audits.toml`: the team's own, or one of somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// What the reviews are held against, besides the built-in criteria.
    pub criteria: ByName<Criterion>,
    /// Reviews of everything that somebody publishes.
    pub wildcards: ByName<Vec<Wildcard>>,
    /// Reviews of versions and of what changed between two of them.
    pub audits: ByName<Vec<Audit>>,
    /// Publishers who are trusted without a review.
    pub trusted: ByName<Vec<Trust>>,
    /// Violations of a set from elsewhere that could not be read. They stand in no file.
    pub bars: Vec<Bar>,
}

/// What a review certifies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criterion {
    /// The text that an auditor agrees to.
    pub description: Option<String>,
    /// Where that text stands.
    pub description_url: Option<String>,
    /// Criteria that this one includes.
    pub implies: Vec<String>,
    /// The sets that it came through.
    pub aggregated_from: Vec<String>,
    /// The line where it stands, counted from 1.
    pub line: u32,
}

/// A review, or its opposite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Who says so; nobody checks it.
    pub who: Vec<String>,
    /// What is certified, or violated.
    pub criteria: Vec<String>,
    /// What was looked at.
    pub kind: AuditKind,
    /// Whether others may take it over.
    pub importable: bool,
    /// Whatever else the auditor wrote.
    pub notes: Option<String>,
    /// The sets that it came through.
    pub aggregated_from: Vec<String>,
    /// The line where it stands, counted from 1.
    pub line: u32,
}

/// What an auditor looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditKind {
    /// All of a version.
    Full(VetVersion),
    /// What changed from one version to another, which may be an older one.
    Delta {
        /// The version that was known.
        from: VetVersion,
        /// The version that it vouches for, if `from` is vouched for.
        to: VetVersion,
    },
    /// Versions that do not meet the criteria.
    Violation(Requirement),
}

/// A violation that could not be read: whatever it said, what it may be about is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The crate.
    pub krate: String,
    /// Its versions; all of them where that could not be read either.
    pub versions: Option<Requirement>,
    /// The line where it stands, counted from 1.
    pub line: u32,
}

/// Who published a version, as far as an entry can name them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Publisher {
    /// An account of crates.io.
    User(u64),
    /// A repository whose workflow publishes: `github:org/repo`.
    Trusted(String),
}

/// A review of all that somebody publishes between two dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard {
    /// Who says so.
    pub who: Vec<String>,
    /// What is certified.
    pub criteria: Vec<String>,
    /// Whose publications are meant.
    pub publisher: Publisher,
    /// The first day of publication that counts.
    pub start: Date,
    /// The first day that does not.
    pub end: Date,
    /// Whether a renewal is to be suggested.
    pub renew: Option<bool>,
    /// Whatever else the auditor wrote.
    pub notes: Option<String>,
    /// The sets that it came through.
    pub aggregated_from: Vec<String>,
    /// The line where it stands, counted from 1.
    pub line: u32,
}

/// A publisher who is trusted for a crate between two dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// What they are trusted for.
    pub criteria: Vec<String>,
    /// Whose publications are meant.
    pub publisher: Publisher,
    /// The first day of publication that counts.
    pub start: Date,
    /// The first day that does not.
    pub end: Date,
    /// Whatever else was written.
    pub notes: Option<String>,
    /// The sets that it came through.
    pub aggregated_from: Vec<String>,
    /// The line where it stands, counted from 1.
    pub line: u32,
}

/// A `config.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The version of cargo-vet that the store is of; a store without one is older than the key.
    pub version: Option<StoreVersion>,
    /// What `certify` records unless told otherwise; `safe-to-deploy` where it is not set.
    pub default_criteria: Option<String>,
    /// The sets of others.
    pub imports: ByName<Import>,
    /// What is required of packages, and of their dependencies.
    pub policy: ByName<PolicyFor>,
    /// Versions that are let through without a review.
    pub exemptions: ByName<Vec<Exemption>>,
}

/// `MAJOR.MINOR` of cargo-vet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreVersion {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
}

/// A set of somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Where it lies; several are put together.
    pub urls: Vec<String>,
    /// Crates for which nothing of it counts.
    pub exclude: Vec<String>,
    /// What its criteria mean here.
    pub criteria_map: ByName<Vec<String>>,
    /// The line where it stands, counted from 1.
    pub line: u32,
}

/// The policy for the versions of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyFor {
    /// The same for all.
    Every(Policy),
    /// One for each.
    Each(BTreeMap<VetVersion, Policy>),
}

/// What is required of a package, and of its dependencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether a package from elsewhere counts as the one of that name on crates.io.
    pub audit_as_crates_io: Option<bool>,
    /// What is required of it and of what it depends on, whatever its dependents require.
    pub criteria: Option<Vec<String>>,
    /// What is required of its development dependencies.
    pub dev_criteria: Option<Vec<String>>,
    /// What is required of single dependencies.
    pub dependency_criteria: ByName<Vec<String>>,
    /// Whatever else was written.
    pub notes: Option<String>,
    /// The line where it stands, counted from 1.
    pub line: u32,
}

/// A version that is let through without a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    /// The version.
    pub version: VetVersion,
    /// What it is taken to meet.
    pub criteria: Vec<String>,
    /// Whether a review is to be suggested.
    pub suggest: bool,
    /// Whatever else was written.
    pub notes: Option<String>,
    /// The line where it stands, counted from 1.
    pub line: u32,
}

/// An `imports.lock`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imports {
    /// Versions that are not on crates.io, and which ones stand for them.
    pub unpublished: ByName<Vec<Unpublished>>,
    /// Who published what.
    pub publications: ByName<Vec<Publication>>,
    /// What was taken over from the sets of others, in the criteria of this store.
    pub sets: ByName<Set>,
}

/// A version that is not on crates.io.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpublished {
    /// The version.
    pub version: VetVersion,
    /// The published one that stands for it.
    pub audited_as: VetVersion,
    /// The line where it stands, counted from 1.
    pub line: u32,
}

/// Who published a version, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The version.
    pub version: VetVersion,
    /// The day.
    pub when: Date,
    /// Who did.
    pub publisher: Publisher,
    /// The account's name, which an account of crates.io always has.
    pub account: Option<Account>,
    /// The line where it stands, counted from 1.
    pub line: u32,
}

/// How an account of crates.io is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// The name that it signs in with.
    pub login: String,
    /// The name that it shows.
    pub name: Option<String>,
}

impl Config {
    /// The policy for a package.
    pub fn policy(&self, name: &str, version: &VetVersion) -> Option<&Policy> {
        match self.policy.get(name)? {
            PolicyFor::Every(policy) => Some(policy),
            PolicyFor::Each(versions) => versions.get(version),
        }
    }
}

impl PolicyFor {
    /// The same, wherever it stands.
    pub fn without_lines(&self) -> Self {
        let bare = |policy: &Policy| Policy { line: 0, ..policy.clone() };
        match self {
            Self::Every(policy) => Self::Every(bare(policy)),
            Self::Each(all) => {
                Self::Each(all.iter().map(|(at, policy)| (at.clone(), bare(policy))).collect())
            }
        }
    }

    /// Its policies, each with the version that it is for.
    pub fn entries(&self) -> impl Iterator<Item = (Option<&VetVersion>, &Policy)> {
        let (every, each) = match self {
            Self::Every(policy) => (Some(policy), None),
            Self::Each(versions) => (None, Some(versions)),
        };
        let each = each.into_iter().flatten().map(|(version, policy)| (Some(version), policy));
        every.into_iter().map(|policy| (None, policy)).chain(each)
    }
}
