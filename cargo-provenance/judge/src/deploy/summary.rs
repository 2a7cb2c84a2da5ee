//! Verification summaries (SLSA 1.2, "Verification Summary Attestation"): that somebody verified an artifact, and with what result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::attest::statement::{ResourceDescriptor, Statement};
use crate::attest::{Fault, json};
use crate::model::Timestamp;

/// The predicate's type.
pub const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";

/// The version of SLSA whose levels are meant.
pub const SLSA_VERSION: &str = "1.2";

const DOCUMENT: &str = "verification summary";
const PASSED: &str = "PASSED";
const FAILED: &str = "FAILED";
const BUILD_LEVEL: &str = "SLSA_BUILD_LEVEL_";

/// That somebody verified an artifact. Fields that are not known are passed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Who verified it.
    pub verifier: Verifier,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_verified: Option<Timestamp>,
    /// What the artifact is called everywhere.
    pub resource_uri: String,
    /// The policy that it was held against.
    pub policy: ResourceDescriptor,
    /// The attestations that it was verified by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_attestations: Option<Vec<ResourceDescriptor>>,
    /// `PASSED` or `FAILED`.
    verification_result: String,
    /// The level of each track, and properties; `FAILED` where it failed.
    pub verified_levels: Vec<String>,
    /// How many dependencies have which level; absent where nothing is said of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependency_levels: Option<BTreeMap<String, u64>>,
    /// The version of SLSA whose levels are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slsa_version: Option<String>,
}

/// Who verified it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifier {
    /// A URI.
    pub id: String,
    /// Versions of its parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<BTreeMap<String, String>>,
}

/// What a verification came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The artifact must not be used.
    Failed,
    /// It has this level of the build track, if anything was said of that.
    Passed(Option<u8>),
}

impl Summary {
    /// What was found, by whom and when.
    pub fn new(
        verifier: Verifier,
        time: Timestamp,
        resource_uri: &str,
        policy: ResourceDescriptor,
        inputs: Vec<ResourceDescriptor>,
        outcome: Outcome,
    ) -> Self {
        let (result, levels) = match outcome {
            Outcome::Failed => (FAILED, vec![FAILED.to_owned()]),
            Outcome::Passed(level) => {
                (PASSED, level.map(|level| format!("{BUILD_LEVEL}{level}")).into_iter().collect())
            }
        };
        Self {
            verifier,
            time_verified: Some(time),
            resource_uri: resource_uri.to_owned(),
            policy,
            input_attestations: Some(inputs),
            verification_result: result.to_owned(),
            verified_levels: levels,
            dependency_levels: None,
            slsa_version: Some(SLSA_VERSION.to_owned()),
        }
    }

    /// Reads the predicate of a statement.
    ///
    /// # Errors
    ///
    /// A statement of something else, or one that says two things at once.
    pub fn of(statement: &Statement) -> Result<Self, Fault> {
        let fault = |what: String| Fault::new(DOCUMENT, what);
        if statement.predicate_type != SUMMARY {
            return Err(Fault::new("statement", "is not about a verification"));
        }
        let summary: Self = json::typed(DOCUMENT, &Value::Object(statement.predicate.clone()))?;
        let levels = summary.verified_levels.iter();
        match summary.verification_result.as_str() {
            PASSED if levels.clone().any(|level| level == FAILED) => {
                return Err(fault("has passed and failed".to_owned()));
            }
            PASSED | FAILED => {}
            _ => return Err(fault("has neither passed nor failed".to_owned())),
        }
        if levels.filter(|level| level.starts_with(BUILD_LEVEL)).count() > 1 {
            return Err(fault("names several levels of one track".to_owned()));
        }
        if summary.policy.uri.is_none() {
            return Err(fault("names no policy".to_owned()));
        }
        Ok(summary)
    }

    /// Whether the artifact passed.
    pub fn has_passed(&self) -> bool {
        self.verification_result == PASSED
    }

    /// The level of the build track that it names.
    pub fn build_level(&self) -> Option<u8> {
        let levels = self.verified_levels.iter();
        levels.filter_map(|level| level.strip_prefix(BUILD_LEVEL)?.parse().ok()).next()
    }

    /// The statement that says so of some things.
    pub fn about(&self, subject: Vec<ResourceDescriptor>) -> Statement {
        let predicate = match serde_json::json!(self) {
            Value::Object(predicate) => predicate,
            _ => Map::new(),
        };
        Statement::new(subject, SUMMARY, predicate)
    }
}
