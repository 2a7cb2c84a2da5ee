//! What keys of the policy signed: the first step, before anything of it is read.

use std::path::PathBuf;

use provenance_build::Checksum;
use provenance_build::signing::PublicKey;
use sha2::{Digest as _, Sha256};

use super::policy::DeployPolicy;
use crate::attest::Fault;
use crate::attest::bundle::Bundle;
use crate::attest::envelope::{self, Envelope};
use crate::attest::statement::Statement;

/// What keys of the policy signed, and what else was in the bundles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Statements with the keys that signed them.
    pub claims: Vec<Claim>,
    /// Everything else. It counts for nothing, neither way.
    pub ignored: Vec<Ignored>,
}

/// A statement that keys of the policy signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Where it stands.
    pub spot: Spot,
    /// SHA-256 of its envelope, as it stands there.
    pub digest: Checksum,
    /// The distinct keys.
    pub signers: Vec<PublicKey>,
    /// What they say.
    pub statement: Statement,
}

/// Something in a bundle that counts for nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Where it stands.
    pub spot: Spot,
    /// A lowercase fragment.
    pub why: String,
}

/// A line of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The bundle.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
}

impl Evidence {
    /// Takes a bundle's bytes apart; `file` is for messages.
    ///
    /// # Errors
    ///
    /// A bundle that is larger than one is.
    pub fn add(&mut self, file: &std::path::Path, bytes: &[u8], policy: &DeployPolicy) -> Result<(), Fault> {
        let grants = policy.roots.iter().chain(&policy.verifiers);
        let keys = grants.map(|grant| grant.key.key).collect::<Vec<_>>();
        let spot = |line| Spot { file: file.to_owned(), line };
        let bundle = Bundle::read(bytes)?;
        let lines = bytes.split(|byte| *byte == b'\n').collect::<Vec<_>>();
        for (line, fault) in bundle.skipped {
            self.ignored.push(Ignored { spot: spot(line), why: fault.to_string() });
        }
        for (line, envelope) in bundle.envelopes {
            let verified = envelope::verify(&envelope, &keys, 1);
            let claim = verified.and_then(|verified| {
                let statement = Statement::of(&verified)?;
                Ok((verified.signers, statement))
            });
            match claim {
                Ok((signers, statement)) => {
                    let digest = digest_of(bytes, lines.get(line - 1).copied().unwrap_or_default());
                    self.claims.push(Claim { spot: spot(line), digest, signers, statement });
                }
                Err(fault) => self.ignored.push(Ignored { spot: spot(line), why: fault.to_string() }),
            }
        }
        Ok(())
    }

    /// Whether some subject is known by its SHA-512 alone, which is then worth computing.
    pub fn needs_sha512(&self) -> bool {
        let subjects = self.claims.iter().flat_map(|claim| &claim.statement.subject);
        let mut digests = subjects.map(|subject| &subject.digest);
        digests.any(|digest| digest.get("sha256").is_none() && digest.get("sha512").is_some())
    }
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// The digest of the envelope that begins in a line: of the line, or of a document on several.
fn digest_of(bytes: &[u8], line: &[u8]) -> Checksum {
    let text = line.trim_ascii();
    let text = if Envelope::read(text).is_ok() { text } else { bytes };
    Checksum::from_bytes(Sha256::digest(text).into())
}
