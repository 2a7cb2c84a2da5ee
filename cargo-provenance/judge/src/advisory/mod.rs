//! Advisory databases in memory: which advisories concern a package version.
//!
//! `rustsec` decides how an advisory is read and which versions it affects. It stops at the first file that it cannot
//! read; here every file stands for itself, so that an odd one takes the verdict for the packages that it names, and for
//! no others.

mod database;
mod parse;

use provenance_build::{PackageId, Version};
use rustsec::advisory::Versions;

use crate::model::Date;

pub use database::{Counts, Database, Remark, hits, newest};
pub use parse::{Parsed, parse};

/// Bytes of one advisory: the largest of the public database has 20 kB.
pub const FILE_BYTES: u64 = 1024 * 1024;

/// Advisories of one database: eighty times what the public one has after ten years.
pub const FILES: usize = 100_000;

/// An advisory that concerns a package version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The advisory's id: `RUSTSEC-2026-0001`.
    pub id: String,
    /// What it is about.
    pub kind: Kind,
    /// Its title, as the database has it.
    pub title: String,
    /// The date that it bears.
    pub date: Date,
    /// Where to read more.
    pub url: Option<String>,
    /// Requirements whose versions are patched: `>= 1.2.3`.
    pub patched: Vec<String>,
    /// Requirements whose versions were never affected.
    pub unaffected: Vec<String>,
    /// Ids of the same advisory elsewhere.
    pub aliases: Vec<String>,
    /// Paths of the affected functions, where the advisory names them.
    pub functions: Vec<String>,
    /// Operating systems and architectures that it is limited to; empty for all. Nothing is judged by them.
    pub platforms: Vec<String>,
    /// What is odd about the advisory without changing what it affects.
    pub remarks: Vec<String>,
    versions: Versions,
}

/// What an advisory is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The package was made to do harm, or depends on one that was.
    Malicious,
    /// An attacker can make use of it.
    Vulnerability,
    /// Safe code can cause undefined behavior.
    Unsound,
    /// Nobody maintains it.
    Unmaintained,
    /// Something else worth knowing.
    Notice,
}

/// What the databases say about a package version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// The advisories that affect it, by id.
    pub hits: Vec<Hit>,
    /// Files that name the package and cannot be read: while there are any, nobody knows.
    pub unreadable: Vec<Odd>,
}

/// A file of a database that is no advisory that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odd {
    /// The file, relative to the database.
    pub path: String,
    /// The packages that it seems to be about.
    pub packages: Vec<String>,
    /// What is wrong with it: a lowercase fragment.
    pub why: String,
}

/// Whether the databases speak of packages like this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// They do.
    Covered,
    /// They do not, and why: a lowercase fragment that reads after the package.
    NotCovered(&'static str),
}

impl Kind {
    /// What it makes of a package: reads after its name.
    pub fn says(self) -> &'static str {
        match self {
            Self::Malicious => "is malicious",
            Self::Vulnerability => "is vulnerable",
            Self::Unsound => "is unsound",
            Self::Unmaintained => "is unmaintained",
            Self::Notice => "has a notice",
        }
    }

    /// The word, which is also the id of the check.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malicious => "malicious",
            Self::Vulnerability => "vulnerability",
            Self::Unsound => "unsound",
            Self::Unmaintained => "unmaintained",
            Self::Notice => "notice",
        }
    }
}

/// Whether the databases speak of a package: they know those of crates.io.
pub fn coverage(package: &PackageId) -> Coverage {
    match &package.source {
        None => Coverage::NotCovered("comes from a path"),
        Some(source) if source.is_git() => Coverage::NotCovered("comes from a git repository"),
        Some(source) if source.is_crates_io() => Coverage::Covered,
        Some(_) => Coverage::NotCovered("comes from another registry than crates.io"),
    }
}

/// Whether a version of the same package is not affected by what was found.
pub fn is_fix(hit: &Hit, version: &Version) -> bool {
    !hit.affects(version)
}

impl Hit {
    /// Whether the advisory affects a version. One that is no semantic version is affected by everything.
    pub fn affects(&self, version: &Version) -> bool {
        semver::Version::parse(version.as_str()).map_or(true, |version| self.versions.is_vulnerable(&version))
    }
}

#[cfg(test)]
mod tests;
