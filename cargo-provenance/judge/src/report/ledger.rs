//! Every package of a workspace with what is known of it: what a page for people who were not there is made of.

use crate::model::Date;

/// The packages of a workspace, with who stands behind each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The name of the workspace's folder.
    pub workspace: String,
    /// The day on which it was looked at.
    pub on: Date,
    /// The packages, in the order of `Cargo.lock`.
    pub packages: Vec<Entry>,
    /// What the policy lets pass for a while.
    pub exceptions: Vec<Exemption>,
}

/// One package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it comes from, for people: `crates.io`.
    pub from: String,
    /// Why it is there.
    pub standing: Standing,
    /// Which of its code runs while others compile: `build script`.
    pub build_time: Vec<&'static str>,
    /// The day on which it was published, where the registry says so.
    pub published: Option<Date>,
    /// What it says of its license.
    pub license: Option<String>,
    /// Which check set judged it, and by which advisories.
    pub vetted: Option<String>,
    /// The repository and commit that hold the same files, where somebody compared them.
    pub repository: Option<String>,
    /// What people accepted of it.
    pub accepted: Vec<Accepted>,
    /// Findings that were there at `init`, by their ids.
    pub baseline: Vec<String>,
    /// The packages that it depends on, by their places in [`Ledger::packages`].
    pub dependencies: Vec<usize>,
}

/// Why a package may be in the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The team's own, in this folder.
    Own(String),
    /// It is pinned: why, and who vouches for it.
    Pinned(Trust, Vec<String>),
    /// No pin covers it.
    Unpinned,
}

/// Why a pinned package is trusted, in the order in which it should reassure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// Somebody reviewed it.
    Audit,
    /// Its publisher is trusted.
    Publisher,
    /// It passed every check.
    Policy,
    /// A person accepted what the checks found.
    Accepted,
    /// It was there at `init`; nobody has looked.
    Baseline,
}

/// A finding that a person accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The check's id, with what it is about.
    pub check: String,
    /// Who.
    pub by: String,
    /// When, `YYYY-MM-DD`.
    pub on: String,
    /// Why.
    pub reason: String,
}

/// A finding that the policy lets pass until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    /// The check's id, with what it is about.
    pub check: String,
    /// The package, with its version if it is for one.
    pub package: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Date,
}

impl Trust {
    /// Every one of them, in order.
    pub const ALL: [Self; 5] = [Self::Audit, Self::Publisher, Self::Policy, Self::Accepted, Self::Baseline];

    /// A word or two for a column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Audit => "reviewed",
            Self::Baseline => "not looked at",
            Self::Policy => "passed checks",
            Self::Publisher => "publisher",
        }
    }

    /// What that means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Accepted => "a person accepted what the checks found",
            Self::Audit => "somebody reviewed it",
            Self::Baseline => "it was there when the gate was set up, and nobody has looked at it yet",
            Self::Policy => "it passed every check of the policy",
            Self::Publisher => "its publisher is trusted",
        }
    }
}
