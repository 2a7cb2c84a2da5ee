//! `deploy.toml`: which keys may vouch for which builders, and what is expected of each artifact.
//!
//! The operator writes it and names it on the command line. It is no part of a repository: whoever can change what is built must
//! not be able to change what is accepted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provenance_build::signing::TrustedKey;
use provenance_build::{Checksum, Moment};

use super::expected::Expected;
use crate::finding::{Place, Role};
use crate::policy::glob::wildcard;
use crate::policy::{At, MaxAge, PolicyError};

/// The operator's policy.
#[derive(Clone, Debug)]
pub struct DeployPolicy {
    pub(super) file: PathBuf,
    pub(super) lines: Vec<String>,
    /// SHA-256 of its bytes.
    pub digest: Checksum,
    /// Where people find it, for the summaries that are written by it.
    pub uri: Option<String>,
    /// The first moment at which it is good for nothing any more.
    pub expires: Option<At<Moment>>,
    /// Keys that vouch for builders.
    pub roots: Vec<Grant>,
    /// Keys that vouch for verifiers.
    pub verifiers: Vec<Grant>,
    /// What is expected, of what.
    pub artifacts: Vec<Artifact>,
}

/// What a key may vouch for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The key.
    pub key: TrustedKey,
    /// The `builder.id` or `verifier.id`.
    pub id: String,
    /// The most that is believed of it: a level of the SLSA build track.
    pub level: u8,
    /// The line that says so.
    pub line: u32,
}

/// What is expected of an artifact.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// What it is called, on the command line too.
    pub name: String,
    /// The line where its table begins.
    pub line: u32,
    /// Names of files that it can have.
    pub files: Vec<String>,
    /// What must have been attested of it.
    pub require: Vec<At<Required>>,
    /// How many distinct keys must have signed each of that.
    pub threshold: At<usize>,
    /// The level of the SLSA build track that it must have.
    pub level: At<u8>,
    /// How old a statement may be.
    pub max_age: Option<At<MaxAge>>,
    /// The earliest time that a statement may bear: older versions are not let in again.
    pub not_before: Option<At<Moment>>,
    /// Whether it may come from a working tree that differed from its commit.
    pub allow_dirty: bool,
    /// Patterns of the settings from outside of its source that a build may have had, as `NAME=VALUE`.
    pub environment: Vec<String>,
    /// The builders that it may come from; empty for all that a key vouches for.
    pub builders: Vec<String>,
    /// The kinds of build that it may come from.
    pub build_types: At<Vec<String>>,
    /// Every parameter that a build may be given from outside, by its name in the statement.
    pub parameters: BTreeMap<String, At<Expected>>,
    /// What a summary must be about.
    pub resource: Option<At<String>>,
    /// What a summary must have verified besides the level of the build.
    pub levels: Vec<At<String>>,
}

/// A kind of statement that can be required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Required {
    /// A statement of this type, whatever it says.
    Other(String),
    /// SLSA provenance.
    Provenance,
    /// A CycloneDX or SPDX document.
    Sbom,
    /// A verification summary: somebody else has verified it.
    Summary,
}

impl DeployPolicy {
    /// Reads the bytes of a policy; `file` is for messages.
    ///
    /// # Errors
    ///
    /// Whatever is not understood in full.
    pub fn parse(bytes: &[u8], file: &Path) -> Result<Self, PolicyError> {
        super::read::read(bytes, file)
    }

    /// Its file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What is expected of the artifact of this name.
    pub fn artifact(&self, name: &str) -> Option<&Artifact> {
        self.artifacts.iter().find(|artifact| artifact.name == name)
    }

    /// What is expected of a file of this name; where that is more than one artifact, the operator must say which.
    pub fn artifacts_of_file(&self, file: &str) -> Vec<&Artifact> {
        let fits = |artifact: &&Artifact| artifact.files.iter().any(|pattern| wildcard(pattern, file));
        self.artifacts.iter().filter(fits).collect()
    }

    /// Whether its last day is over.
    pub fn is_expired(&self, now: Moment) -> bool {
        self.expires.is_some_and(|at| now >= at.value)
    }

    /// A line of it, for a finding that this line decided.
    pub fn place(&self, line: u32, label: impl Into<String>) -> Place {
        let index = usize::try_from(line).unwrap_or(0).saturating_sub(1);
        let excerpt = self.lines.get(index).cloned().unwrap_or_default();
        Place { file: self.file.clone(), line, excerpt, label: label.into(), role: Role::Context }
    }
}

impl Required {
    /// The word or URI that the policy uses.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(uri) => uri,
            Self::Provenance => "provenance",
            Self::Sbom => "sbom",
            Self::Summary => "vsa",
        }
    }
}
