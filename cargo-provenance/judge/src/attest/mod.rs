//! Documents that say where an artifact comes from: DSSE envelopes, in-toto statements, SLSA provenance, and the record of what a
//! build really compiled.
//!
//! Pure: bytes in, values out. Whatever an envelope holds is nobody's word before [`envelope::verify`] says whose it is.

pub mod bundle;
pub mod cargo_build;
pub mod digests;
pub mod envelope;
pub mod json;
pub mod provenance;
pub mod record;
pub mod statement;

use crate::report::failure::{Explain, Kind};

/// Why a document is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {document} {what}")]
pub struct Fault {
    /// What kind of document: a noun.
    pub document: &'static str,
    /// What is wrong with it: the rest of a sentence.
    pub what: String,
}

impl Fault {
    /// A fault of a document.
    pub fn new(document: &'static str, what: impl Into<String>) -> Self {
        Self { document, what: what.into() }
    }
}

impl Explain for Fault {
    fn kind(&self) -> Kind {
        Kind::Distrusted
    }
}
