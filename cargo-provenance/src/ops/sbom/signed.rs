//! The document in an envelope with a signature.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Format;
use crate::attest::bundle::Bundle;
use crate::attest::digests::DigestSet;
use crate::attest::envelope::ENVELOPE_BYTES;
use crate::attest::statement::{ResourceDescriptor, Statement};
use crate::collect::{gate, opened};
use crate::keys::Passphrase;
use crate::model::Surroundings;
use crate::ops::{attest, sign};
use crate::report::failure::{Failure, Kind};
use crate::sbom::{Bill, Component, Digests};

/// An envelope with a statement whose predicate is the document, and the fingerprint of the key.
pub(super) fn envelope(
    surroundings: &Surroundings,
    key: Option<&PathBuf>,
    passphrase: Passphrase<'_>,
    bill: &Bill,
    format: Format,
    document: &str,
) -> Result<(String, String), Failure> {
    let predicate: Map<String, Value> = serde_json::from_str(document)
        .map_err(|error| Failure::new(Kind::Bug, "could not read the document back").caused_by(&error))?;
    let kind = kind(format);
    let statement = Statement::new(subjects(bill)?, kind, predicate);
    let root = gate::root(surroundings).ok();
    let is_trusted = attest::is_trusted(surroundings, root.as_deref())?;
    let mut signer = sign::signer(surroundings, key, passphrase, is_trusted)?;
    let envelope = attest::sealed(statement.to_bytes(), &mut signer)?;
    Ok((envelope.to_line() + "\n", signer.public().fingerprint().to_string()))
}

fn kind(format: Format) -> &'static str {
    match format {
        Format::CycloneDx16 => "https://cyclonedx.org/bom/v1.6",
        Format::Spdx23 => "https://spdx.dev/Document/v2.3",
    }
}

/// Whether attestations would be lost if the document took the place of a file.
pub(super) fn would_be_lost(file: &Path) -> bool {
    let bundle = opened::bytes(file, ENVELOPE_BYTES).ok().and_then(|bytes| Bundle::read(&bytes).ok());
    let known = [Format::CycloneDx16, Format::Spdx23].map(kind);
    bundle.is_some_and(|bundle| bundle.kinds().flatten().any(|kind| !known.contains(&kind.as_str())))
}

/// What the statement is about: the files that are delivered. Without one, the lockfile that the document was made from: a
/// statement must be about something that has a digest.
fn subjects(bill: &Bill) -> Result<Vec<ResourceDescriptor>, Failure> {
    let delivered = |component: &&Component| component.reference.starts_with("file:");
    let files = [&bill.subject].into_iter().chain(bill.components.iter().filter(delivered));
    let mut subjects = files
        .filter_map(|component| {
            Some(subject(component.file.as_ref()?.name.clone(), digests(&component.digests)?))
        })
        .collect::<Vec<_>>();
    if subjects.is_empty() {
        let lockfile = bill.subject.facts.iter().find(|(name, _)| *name == "cargo-lock");
        let digest = lockfile.and_then(|(_, digest)| digest.strip_prefix("sha256:"));
        subjects
            .extend(digest.map(|digest| subject("Cargo.lock".to_owned(), DigestSet::of("sha256", digest))));
    }
    match subjects.is_empty() {
        false => Ok(subjects),
        true => Err(Failure::new(Kind::Usage, "nothing with a digest is there to be signed for")),
    }
}

fn subject(name: String, digest: DigestSet) -> ResourceDescriptor {
    ResourceDescriptor { name: Some(name), digest, ..ResourceDescriptor::default() }
}

fn digests(digests: &Digests) -> Option<DigestSet> {
    let set = DigestSet::of("sha256", digests.sha256.as_ref()?);
    Some(match &digests.sha512 {
        Some(long) => set.and("sha512", long),
        None => set,
    })
}
