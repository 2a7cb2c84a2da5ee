//! `Provenance.lock`: the pins, in one canonical spelling.
//!
//! The reader accepts exactly what the writer writes, so that equal manifests are equal bytes.

mod read;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use crate::digest::{Checksum, TreeDigest};
use crate::error::Error;
use crate::moment::Moment;
use crate::name::{PackageId, PackageName, Source, Version};

pub(crate) use write::quoted;

/// The file's name, beside `Cargo.lock` at the workspace root.
pub const FILE_NAME: &str = "Provenance.lock";

/// The file of its signatures, beside it.
pub const SIGNATURES: &str = "Provenance.lock.sig";

/// The newest format version that this reader knows.
pub const VERSION: u32 = 1;

/// Everything the team has let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The format version of the file; the writer keeps it.
    pub version: u32,
    /// SHA-256 of the effective policy, canonical, comments left out.
    pub policy: Checksum,
    /// The last day (`YYYY-MM-DD`, UTC) on which the manifest is good, if it has one.
    pub expires: Option<String>,
    /// Every cargo setting of the repository that can run or swap code: key to canonical TOML value.
    /// See [`crate::config`].
    pub cargo_config: BTreeMap<String, String>,
    /// First-party packages, sorted by name, then path.
    pub members: Vec<Member>,
    /// Third-party packages, sorted by name, version, origin.
    pub packages: Vec<Pin>,
}

/// A first-party package: the team's own code, not hashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The package's name.
    pub name: PackageName,
    /// Its directory relative to the workspace root, `/`-separated; `.` for the root itself, may begin with `../`.
    pub path: String,
    /// Why a package that looks third-party is the team's own (`--own NAME=REASON`).
    pub own: Option<String>,
}

/// One third-party package of `Cargo.lock` with its bytes and the reason it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The package's name.
    pub name: PackageName,
    /// The package's version.
    pub version: Version,
    /// Where it comes from.
    pub origin: Origin,
    /// SHA-256 of the `.crate`; present for registry packages and for nothing else.
    pub checksum: Option<Checksum>,
    /// Digest of the unpacked `.crate`, of the whole git checkout, or of the path package.
    pub tree: TreeDigest,
    /// Digest of what `cargo vendor` leaves of it, where that differs from `tree`.
    pub vendor_tree: Option<TreeDigest>,
    /// Which of its code runs while others compile; sorted, no duplicates.
    pub build_time: Vec<BuildTime>,
    /// Why it is trusted.
    pub trust: Trust,
    /// Which check set judged it, and the newest advisory that was known then.
    pub vetted: Option<Vetted>,
    /// The repository and commit that hold the same files (`URL#COMMIT`), if somebody compared them.
    pub repository: Option<String>,
    /// Findings that a person accepted for these bytes, sorted by check.
    pub accepted: Vec<Acceptance>,
    /// Findings that were there at `init`, as `CHECK` or `CHECK/ID`; sorted. They die with the bytes.
    pub baseline: Vec<String>,
    /// The line of `[[package]]`, counted from 1; 0 for a pin that was not read from a file. Not part of equality.
    pub line: Line,
}

/// Where a pinned package comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A registry or a git repository: `source = "…"`.
    Source(Source),
    /// A directory relative to the workspace root: `path = "…"`.
    Path(String),
}

/// Code of a package that runs while other packages compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuildTime {
    /// It has a build script.
    BuildScript,
    /// It is a procedural macro.
    ProcMacro,
}

/// Why a package is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The ground of the trust.
    pub basis: Basis,
    /// The criteria an audit was made against.
    pub criteria: Option<String>,
    /// Who vouches: the names of imported audit sets, or a publisher.
    pub from: Vec<String>,
}

/// The ground on which a package is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// A person accepted what the checks found.
    Accepted,
    /// Somebody reviewed it.
    Audit,
    /// It was there at `init` and nobody has looked at it yet.
    Baseline,
    /// It passed every check of the policy.
    Policy,
    /// Its publisher is trusted.
    Publisher,
}

/// Which check set judged a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vetted {
    /// The number of the check set.
    pub checks: u32,
    /// The newest advisory that was known (`YYYY-MM-DD`), if a database was consulted.
    pub advisories: Option<String>,
}

/// A finding that a person accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acceptance {
    /// The check's id.
    pub check: String,
    /// What the finding is about, where the check can find several things in one package: an advisory's id.
    pub id: Option<String>,
    /// Who accepted it.
    pub by: String,
    /// When (`YYYY-MM-DD`).
    pub on: String,
    /// Why.
    pub reason: String,
}

/// A line number that does not take part in comparisons.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line(pub u32);

impl PartialEq for Line {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Line {}

impl Manifest {
    /// Reads the bytes of a manifest; `file` is for messages only.
    pub fn parse(bytes: &[u8], file: &Path) -> Result<Self, Error> {
        read::manifest(bytes, file)
    }

    /// The canonical text. Sorts members, packages and what they hold, so that the caller need not.
    pub fn to_text(&self) -> String {
        write::manifest(self)
    }

    /// Whether the manifest's last day is over.
    pub fn is_expired(&self, now: Moment) -> bool {
        // The reader lets nothing pass that is no day; one that came in otherwise is over.
        self.expires.as_ref().is_some_and(|day| Moment::day_after(day).is_none_or(|end| now >= end))
    }

    /// The pin of a package of the lockfile. Packages are sorted, as a manifest that was read always is.
    pub fn pin_for(&self, id: &PackageId) -> Option<&Pin> {
        self.position_of(id).and_then(|at| self.packages.get(at))
    }

    /// Where that pin stands. A source goes before a path, as [`Origin`] has them.
    pub(crate) fn position_of(&self, id: &PackageId) -> Option<usize> {
        let sought = (&id.name, &id.version, id.source.is_none(), id.source.as_ref());
        let position = self.packages.binary_search_by_key(&sought, |pin| {
            (&pin.name, &pin.version, pin.source().is_none(), pin.source())
        });
        position.ok()
    }
}

impl Pin {
    /// Name, version and source, as the lockfile has them.
    pub fn id(&self) -> PackageId {
        PackageId { name: self.name.clone(), version: self.version.clone(), source: self.source().cloned() }
    }

    /// Its registry or git repository; `None` for a path package.
    pub fn source(&self) -> Option<&Source> {
        match &self.origin {
            Origin::Source(source) => Some(source),
            Origin::Path(_) => None,
        }
    }
}

impl BuildTime {
    /// The kind's name in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BuildScript => "build-script",
            Self::ProcMacro => "proc-macro",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::BuildScript, Self::ProcMacro].into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Basis {
    /// The ground's name in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Audit => "audit",
            Self::Baseline => "baseline",
            Self::Policy => "policy",
            Self::Publisher => "publisher",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Accepted, Self::Audit, Self::Baseline, Self::Policy, Self::Publisher];
        all.into_iter().find(|basis| basis.as_str() == text)
    }
}

impl Trust {
    /// Trust on this ground, without criteria and without anybody who vouches.
    pub fn on(basis: Basis) -> Self {
        Self { basis, criteria: None, from: vec![] }
    }
}

#[cfg(test)]
mod tests;
