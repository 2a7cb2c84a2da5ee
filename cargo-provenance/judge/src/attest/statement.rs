//! In-toto statements v1: what is said (a predicate) of which things (subjects).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::digests::DigestSet;
use super::envelope::{ENVELOPE_BYTES, Verified};
use super::{Fault, json};

/// What every statement says of itself.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";

const DOCUMENT: &str = "statement";

/// A statement. Fields that are not known are passed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    /// The things that it is about, known by their digests.
    pub subject: Vec<ResourceDescriptor>,
    /// What kind of thing is said of them: a URI.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said.
    #[serde(default, deserialize_with = "json::or_default")]
    pub predicate: Map<String, Value>,
}

/// A thing: a file, a package, a commit. It has a URI, a digest or its content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceDescriptor {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is called everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Its digests.
    #[serde(default, deserialize_with = "json::or_default", skip_serializing_if = "DigestSet::is_empty")]
    pub digest: DigestSet,
    /// Its bytes in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Where it can be had, where that is not the URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_location: Option<String>,
    /// The type of its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What else is to be said of it.
    #[serde(default, deserialize_with = "json::or_default", skip_serializing_if = "Map::is_empty")]
    pub annotations: Map<String, Value>,
}

impl Statement {
    /// A statement about some things.
    pub fn new(
        subject: Vec<ResourceDescriptor>,
        predicate_type: &str,
        predicate: Map<String, Value>,
    ) -> Self {
        Self { kind: STATEMENT.to_owned(), subject, predicate_type: predicate_type.to_owned(), predicate }
    }

    /// Reads what an envelope's signers vouch for.
    ///
    /// # Errors
    ///
    /// What is no statement.
    pub fn of(verified: &Verified<'_>) -> Result<Self, Fault> {
        // `application/vnd.in-toto.PREDICATE+json` is one, too (in-toto attestation 1.2, "Envelope").
        let kind = verified.payload_type.strip_prefix("application/vnd.in-toto");
        let kind = kind.and_then(|kind| kind.strip_suffix("+json"));
        if !kind.is_some_and(|kind| kind.is_empty() || kind.starts_with('.')) {
            return Err(Fault::new("envelope", "holds something else than an in-toto statement"));
        }
        Self::read(verified.payload)
    }

    /// Reads a statement.
    ///
    /// # Errors
    ///
    /// What is none: no subject, a subject without a digest, another version.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let fault = |what: &str| Fault::new(DOCUMENT, what);
        let statement: Self = json::typed(DOCUMENT, &json::read(DOCUMENT, bytes, ENVELOPE_BYTES)?)?;
        if statement.kind != STATEMENT {
            return Err(fault("is none of in-toto's first version"));
        }
        if statement.subject.is_empty() {
            return Err(fault("has no subject"));
        }
        if !is_uri(&statement.predicate_type) {
            return Err(fault("has a predicate type that is no URI"));
        }
        for subject in &statement.subject {
            subject.check(DOCUMENT)?;
            if subject.digest.is_empty() {
                return Err(fault("has a subject without a digest"));
            }
        }
        Ok(statement)
    }

    /// The statement's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::json!(self).to_string().into_bytes()
    }
}

impl ResourceDescriptor {
    /// Whether it is one: it points at something, and its digests have the form of theirs.
    pub(super) fn check(&self, document: &'static str) -> Result<(), Fault> {
        let fault = |what: &str| Fault::new(document, what);
        if self.uri.is_none() && self.digest.is_empty() && self.content.is_none() {
            return Err(fault("names something without a URI, a digest or content"));
        }
        if self.uri.as_deref().is_some_and(|uri| !is_uri(uri)) {
            return Err(fault("names something by a URI that is none"));
        }
        self.digest.flaw().map_or(Ok(()), |flaw| Err(Fault::new(document, flaw)))
    }
}

/// Whether a text begins like an absolute URI (RFC 3986 §3.1) and has neither spaces nor control characters.
pub fn is_uri(text: &str) -> bool {
    let scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
    };
    text.split_once(':').is_some_and(|(kind, rest)| {
        scheme(kind) && !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::attest::envelope::IN_TOTO;

    const GOOD: &str = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":
        {"sha256":"0000000000000000000000000000000000000000000000000000000000000000"}}],
        "predicateType":"https://example.org/p/v1","predicate":{"x":[1,null]}}"#;

    #[test]
    fn a_statement_reads_back_as_written() {
        let read = Statement::read(GOOD.as_bytes()).expect("good");
        assert_eq!(read.subject[0].digest.get("sha256"), Some(&*"0".repeat(64)));
        assert_eq!(Statement::read(&read.to_bytes()), Ok(read.clone()));
        let new = Statement::new(read.subject.clone(), &read.predicate_type, read.predicate.clone());
        assert_eq!(new, read);
        // What is not known is passed over, and null is what is not set.
        let more =
            GOOD.replace("\"name\":\"a\"", "\"name\":\"a\",\"uri\":null,\"annotations\":null,\"new\":{}");
        assert_eq!(Statement::read(more.as_bytes()), Ok(read));
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        for (from, to) in [
            ("Statement/v1", "Statement/v0.1"),
            ("\"_type\"", "\"type\""),
            ("\"subject\"", "\"subjects\""),
            ("\"digest\"", "\"digests\""),
            ("\"sha256\"", "\"sha512\""),
            ("0000\"", "000A\""),
            ("0000\"", "000\""),
            ("\"predicateType\"", "\"predicatetype\""),
            ("https://example.org/p/v1", "example"),
            ("{\"x\":[1,null]}", "[]"),
            ("\"name\":\"a\"", "\"name\":[]"),
            ("\"name\":\"a\"", "\"name\":\"a\",\"uri\":\"x y\""),
            ("\"name\":\"a\"", "\"name\":\"a\",\"name\":\"b\""),
            ("[{\"name\"", "[{},{\"name\""),
            ("{\"x\"", "{\"_type\":1,\"_type\":2,\"x\""),
        ] {
            let bad = GOOD.replace(from, to);
            assert_ne!(bad, GOOD, "{from}");
            assert!(Statement::read(bad.as_bytes()).is_err(), "{from} -> {to}");
        }
    }

    #[test]
    fn only_a_statement_is_read_as_one() {
        let verified = Verified { payload: GOOD.as_bytes(), payload_type: IN_TOTO, signers: vec![] };
        for (payload_type, is_one) in [
            (IN_TOTO, true),
            ("application/vnd.in-toto.provenance+json", true),
            ("application/vnd.in-totox+json", false),
            ("application/vnd.in-toto", false),
            ("application/json", false),
        ] {
            assert_eq!(
                Statement::of(&Verified { payload_type, ..verified.clone() }).is_ok(),
                is_one,
                "{payload_type}"
            );
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes: Vec<u8>, text in "\\PC*", at: prop::sample::Index, byte: u8) {
            let mut changed = GOOD.as_bytes().to_vec();
            let at = at.index(changed.len());
            changed[at] = byte;
            for bytes in [&bytes, text.as_bytes(), &changed] {
                if let Ok(statement) = Statement::read(bytes) {
                    prop_assert_eq!(Statement::read(&statement.to_bytes()), Ok(statement));
                }
            }
            let _ = is_uri(&text);
        }
    }
}
