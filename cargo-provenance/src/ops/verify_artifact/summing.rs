//! What was found, signed for others: a verification summary for each artifact.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use provenance_build::signing::base64;

use super::Case;
use crate::attest::bundle::Bundle;
use crate::attest::digests::DigestSet;
use crate::attest::envelope::{ENVELOPE_BYTES, Envelope, IN_TOTO};
use crate::attest::statement::{ResourceDescriptor, is_uri};
use crate::collect::opened;
use crate::deploy::summary::{Outcome, SUMMARY, Summary, Verifier};
use crate::deploy::{DeployPolicy, Evidence};
use crate::keys::{Agent, KeyFile, Passphrase, Signer};
use crate::model::{Clock, Timestamp};
use crate::ops::signing;
use crate::report::failure::{Failure, Kind};
use crate::report::{Report, plural};
use crate::store;

/// How a summary is to be written. Paths are absolute.
pub struct Emit<'a> {
    /// Where to.
    pub file: PathBuf,
    /// The key file, or the public key of one that an agent holds.
    pub key: PathBuf,
    /// Who verifies: a URI.
    pub verifier: String,
    /// Where an ssh-agent listens.
    pub agent: Option<PathBuf>,
    /// Where the key's passphrase comes from.
    pub passphrase: Passphrase<'a>,
}

impl Emit<'_> {
    /// Whether summaries can be written by this policy; asked before anything is hashed.
    pub(super) fn suits(&self, policy: &DeployPolicy) -> Result<(), Failure> {
        if !is_uri(&self.verifier) {
            return Err(Failure::new(Kind::Usage, format!("`{}` is no URI", self.verifier))
                .help("name the verifier by a URI, such as `https://example.org/deploy/v1`"));
        }
        if self.file.exists() && !holds_summaries(&self.file) {
            let what = format!("`{}` holds something else than verification summaries", self.file.display());
            return Err(
                Failure::new(Kind::Usage, what).help("name another file: what is there would be lost")
            );
        }
        match policy.artifacts.iter().find(|artifact| artifact.resource.is_none()) {
            None => Ok(()),
            Some(artifact) => {
                let what = format!("`{}` has no `resource-uri` that a summary could be about", artifact.name);
                let help = format!("add one to its `[[artifact]]` in `{}`", policy.file().display());
                Err(Failure::new(Kind::Usage, what).help(help))
            }
        }
    }

    /// Signs and writes the summaries of what was judged, one envelope a line. What could not be read has none.
    pub(super) fn write(
        self,
        cases: &[Case<'_>],
        policy: &DeployPolicy,
        evidence: &Evidence,
        clock: Clock,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let mut signer = signer(&self.key, self.agent.as_deref(), self.passphrase)?;
        let mut lines = String::new();
        for case in cases {
            let statement = summary(&self.verifier, case, policy, evidence, clock).about(vec![subject(case)]);
            let mut envelope = Envelope::new(IN_TOTO, statement.to_bytes());
            let signature = signer.sign_bytes(&envelope.to_be_signed())?;
            envelope.sign(&signer.public(), &signature);
            lines.push_str(&envelope.to_line());
            lines.push('\n');
        }
        store::write_atomic(&self.file, lines.as_bytes())?;
        let what = plural(cases.len(), "verification summary");
        report.step("Writing", format!("{what} to `{}`", self.file.display()));
        Ok(())
    }
}

/// Whether nothing is lost with a file but what this command writes anew.
fn holds_summaries(file: &Path) -> bool {
    let bundle = opened::bytes(file, ENVELOPE_BYTES).ok().and_then(|bytes| Bundle::read(&bytes).ok());
    bundle.is_some_and(|bundle| {
        bundle.skipped.is_empty() && bundle.kinds().all(|kind| kind.as_deref() == Some(SUMMARY))
    })
}

fn subject(case: &Case<'_>) -> ResourceDescriptor {
    let name = case.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let sha256 = case.digests.get("sha256").unwrap_or_default();
    ResourceDescriptor { name, digest: DigestSet::of("sha256", sha256), ..ResourceDescriptor::default() }
}

fn summary(
    verifier: &str,
    case: &Case<'_>,
    policy: &DeployPolicy,
    evidence: &Evidence,
    clock: Clock,
) -> Summary {
    let version = BTreeMap::from([("cargo-provenance".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
    let verifier = Verifier { id: verifier.to_owned(), version: Some(version) };
    let held_against = ResourceDescriptor {
        uri: Some(policy.uri.clone().unwrap_or_else(|| name_of(policy))),
        digest: DigestSet::of("sha256", policy.digest.hex()),
        ..ResourceDescriptor::default()
    };
    let used = case.judgment.met.iter().flat_map(|met| met.claims.iter().copied()).collect::<BTreeSet<_>>();
    let inputs = used.into_iter().filter_map(|index| evidence.claims.get(index));
    let inputs = inputs.map(|claim| ResourceDescriptor {
        name: claim.spot.file.file_name().map(|name| name.to_string_lossy().into_owned()),
        digest: DigestSet::of("sha256", claim.digest.hex()),
        ..ResourceDescriptor::default()
    });
    let outcome = match case.passes {
        true => Outcome::Passed(case.judgment.level()),
        false => Outcome::Failed,
    };
    let resource = case.expected.resource.as_ref().map_or("", |at| &at.value);
    Summary::new(verifier, Timestamp(clock.0), resource, held_against, inputs.collect(), outcome)
}

/// A policy without an address is named by its digest (RFC 6920).
fn name_of(policy: &DeployPolicy) -> String {
    let digest = base64::encode(policy.digest.as_bytes()).replace('+', "-").replace('/', "_");
    format!("ni:///sha-256;{}", digest.trim_end_matches('='))
}

fn signer(key: &Path, agent: Option<&Path>, passphrase: Passphrase<'_>) -> Result<Signer, Failure> {
    let Some(public) = signing::public_key(key) else {
        return Ok(Signer::File(KeyFile::read(key)?.open(passphrase)?));
    };
    let Some(socket) = agent else {
        return Err(Failure::new(Kind::Usage, "this is a public key, and no ssh-agent is running")
            .help("name the secret key's file, or start an ssh-agent that holds it"));
    };
    let mut agent = Agent::connect(socket)?;
    match agent.keys()?.iter().any(|(held, _)| *held == public) {
        true => Ok(Signer::Agent(agent, public)),
        false => Err(Failure::new(Kind::Usage, "the ssh-agent does not hold that key")
            .help("add it with `ssh-add`, or name the secret key's file")),
    }
}
