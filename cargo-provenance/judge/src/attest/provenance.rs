//! The predicate of SLSA provenance v1: how and from what an artifact was built.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::statement::{ResourceDescriptor, Statement, is_uri};
use super::{Fault, json};
use crate::model::Timestamp;

/// The predicate's type.
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

const DOCUMENT: &str = "provenance";

/// How an artifact was built. Fields that are not known are passed over, but for parameters, which are kept as they stand: a
/// verifier must know every external one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// What was to be built, from what.
    pub build_definition: BuildDefinition,
    /// Who built it, and when.
    pub run_details: RunDetails,
}

/// What was to be built, from what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildDefinition {
    /// How the parameters are to be understood: a URI.
    pub build_type: String,
    /// What whoever asked for the build could choose.
    pub external_parameters: Map<String, Value>,
    /// What the builder chose.
    #[serde(default, deserialize_with = "json::or_default", skip_serializing_if = "Map::is_empty")]
    pub internal_parameters: Map<String, Value>,
    /// What was fetched for the build.
    #[serde(default, deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub resolved_dependencies: Vec<ResourceDescriptor>,
}

/// Who built it, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunDetails {
    /// Who built it.
    pub builder: Builder,
    /// When.
    #[serde(default, deserialize_with = "json::or_default")]
    pub metadata: Metadata,
    /// What else came of the build.
    #[serde(default, deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub byproducts: Vec<ResourceDescriptor>,
}

/// Who built it: the whole of what has to be trusted for the statement to be true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Builder {
    /// A URI.
    pub id: String,
    /// Versions of its parts.
    #[serde(default, deserialize_with = "json::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub version: BTreeMap<String, String>,
    /// What it is made of.
    #[serde(default, deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub builder_dependencies: Vec<ResourceDescriptor>,
}

/// When it was built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Which run of the builder it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation_id: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_on: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_on: Option<Timestamp>,
}

impl Provenance {
    /// Reads the predicate of a statement.
    ///
    /// # Errors
    ///
    /// A statement of something else, or without what Build L1 asks for.
    pub fn of(statement: &Statement) -> Result<Self, Fault> {
        let fault = |what: &str| Fault::new(DOCUMENT, what);
        if statement.predicate_type != PROVENANCE {
            return Err(Fault::new("statement", "is not about how something was built"));
        }
        let provenance: Self = json::typed(DOCUMENT, &Value::Object(statement.predicate.clone()))?;
        let BuildDefinition { build_type, external_parameters, resolved_dependencies, .. } =
            &provenance.build_definition;
        let RunDetails { builder, byproducts, .. } = &provenance.run_details;
        if !is_uri(build_type) || !is_uri(&builder.id) {
            return Err(fault("has a build type or a builder that is no URI"));
        }
        if external_parameters.is_empty() {
            return Err(fault("has no external parameters"));
        }
        let named = resolved_dependencies.iter().chain(byproducts).chain(&builder.builder_dependencies);
        named.into_iter().try_for_each(|named| named.check(DOCUMENT))?;
        Ok(provenance)
    }

    /// The statement that says so of some things.
    pub fn about(&self, subject: Vec<ResourceDescriptor>) -> Statement {
        let predicate = match serde_json::json!(self) {
            Value::Object(predicate) => predicate,
            _ => Map::new(),
        };
        Statement::new(subject, PROVENANCE, predicate)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::attest::digests::DigestSet;

    fn predicate() -> Value {
        json!({
            "buildDefinition": {
                "buildType": "https://example.org/build/v1",
                "externalParameters": { "source": "git+https://example.org/a", "vendor": { "b": [1] } },
                "resolvedDependencies": [{ "uri": "pkg:cargo/a@1.0.0", "digest": { "sha256": "0".repeat(64) } }],
                "vendor_more": true,
            },
            "runDetails": {
                "builder": { "id": "https://example.org/builder/v1", "version": { "cargo": "1" } },
                "metadata": { "startedOn": "2026-11-23T00:00:00Z", "finishedOn": null },
            },
        })
    }

    fn statement(predicate: Value) -> Statement {
        let subject = ResourceDescriptor {
            name: Some("a".to_owned()),
            digest: DigestSet::of("sha256", "0".repeat(64)),
            ..ResourceDescriptor::default()
        };
        let Value::Object(predicate) = predicate else { panic!("an object") };
        Statement::new(vec![subject], PROVENANCE, predicate)
    }

    #[test]
    fn provenance_reads_back_as_written() {
        let statement = statement(predicate());
        let read = Provenance::of(&statement).expect("good");
        assert_eq!(read.build_definition.external_parameters["vendor"], json!({ "b": [1] }));
        assert_eq!(
            read.run_details.metadata.started_on.map(|it| it.to_string()).as_deref(),
            Some("2026-11-23T00:00:00Z")
        );
        let again = read.about(statement.subject);
        let again = Statement::read(&again.to_bytes()).expect("a statement");
        assert_eq!(Provenance::of(&again), Ok(read));
    }

    #[test]
    fn what_build_l1_asks_for_must_be_there() {
        for (pointer, value) in [
            ("/buildDefinition/buildType", json!("build")),
            ("/buildDefinition/buildType", Value::Null),
            ("/buildDefinition/externalParameters", json!({})),
            ("/buildDefinition/externalParameters", json!([])),
            ("/buildDefinition/externalParameters", Value::Null),
            ("/buildDefinition/resolvedDependencies/0/digest/sha256", json!("00")),
            ("/buildDefinition/resolvedDependencies/0", json!({ "name": "a" })),
            ("/buildDefinition/resolvedDependencies/0/uri", json!("a")),
            ("/runDetails/builder/id", json!("")),
            ("/runDetails/builder", json!({})),
            ("/runDetails/metadata/startedOn", json!("2026-11-23")),
            ("/runDetails", Value::Null),
        ] {
            let mut bad = predicate();
            *bad.pointer_mut(pointer).expect("there") = value;
            assert!(Provenance::of(&statement(bad)).is_err(), "{pointer}");
        }
        let mut other = statement(predicate());
        other.predicate_type = "https://slsa.dev/provenance/v0.2".to_owned();
        assert!(Provenance::of(&other).is_err());
    }
}
