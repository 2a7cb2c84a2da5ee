//! Signatures in the use cases: whether those of a manifest are enough, and signing anew what was signed before.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use provenance_build::admit::{self, Demand};
use provenance_build::manifest::{self, SIGNATURES};
use provenance_build::signing::{self, PublicKey, Signed, Trust, TrustedKey, sshsig};
use provenance_build::{Checksum, Drift, Moment, Verdict, toml};

use crate::collect::gate::Gate;
use crate::finding::{Finding, Weight};
use crate::keys::{Agent, KeyFile, Passphrase, Signer};
use crate::model::Surroundings;
use crate::policy::{self, Policy};
use crate::report::failure::{Failure, Kind};
use crate::report::{Outcome, Report, plural};

/// What the command line says about signatures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Whether a manifest must be signed whatever the policy says.
    pub required: bool,
    /// How many distinct keys must have signed, where that is more than the policy's number.
    pub threshold: usize,
    /// A file of the only keys that count, absolute.
    pub keys: Option<PathBuf>,
}

/// The new text of the signature file, with the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resigned {
    pub(super) path: PathBuf,
    pub(super) old: Option<Vec<u8>>,
    pub(super) new: Vec<u8>,
}

/// The user's own secret key.
pub(super) fn default_key(surroundings: &Surroundings) -> PathBuf {
    surroundings.cargo_home.join("provenance").join("signing-key")
}

/// What is demanded from outside the repository: by the command line, and by the user's own list of keys, which win over the
/// policy's. That list alone demands no signature, because it counts for every workspace.
pub(super) fn demand(
    surroundings: &Surroundings,
    wanted: &Wanted,
) -> Result<Demand, provenance_build::Error> {
    let own = surroundings.cargo_home.join("provenance").join("trusted-keys");
    let file = wanted.keys.as_ref().or(Some(&own).filter(|own| own.symlink_metadata().is_ok()));
    let keys = match file {
        Some(file) => TrustedKey::parse_all(&toml::read(file)?, file)?,
        None => vec![],
    };
    let required = wanted.required || wanted.threshold > 0 || wanted.keys.is_some();
    Ok(Demand { required, threshold: wanted.threshold, keys })
}

/// Judges the manifest by its signatures and tells what came of it; whether it can be trusted.
pub(super) fn judge(
    gate: &Gate,
    demand: &Demand,
    report: &mut Report,
) -> Result<bool, provenance_build::Error> {
    let trust = demand.on(gate.policy.signing().clone());
    let signatures = signatures(&gate.root)?;
    let now = gate.seen.observation.now;
    let manifest = gate.seen.text.as_bytes();
    if !trust.required && (signatures.is_none() || trust.keys.is_empty()) {
        return Ok(true);
    }
    let weight = if trust.required { Weight::Denial } else { Weight::Note };
    let signed = signing::check(manifest, signatures.as_deref(), &trust, now);
    let policy = admit::same_policy(&gate.seen.manifest, Some(gate.policy.digest()));
    let mut trusted = true;
    let checked = signed.as_ref().map(|signed| tell(signed, &gate.root, &trust, report)).err();
    let policy = policy.err().filter(|_| trust.required);
    for (id, fault) in [("signature", checked), ("policy-unsigned", policy.as_ref())] {
        let Some(fault) = fault else { continue };
        let mut finding = Finding::new(id, weight, fault.to_string());
        finding.notes.extend(fault.details().iter().cloned());
        finding.help.extend(fault.help().map(str::to_owned));
        report.findings.push(finding);
        trusted &= !trust.required;
    }
    Ok(trusted)
}

/// Whether the verdict says that the manifest's last day is over, which is for the verifier's trust and not for `pin` to mend.
pub(super) fn is_expired(verdict: &Verdict) -> bool {
    verdict.drift.iter().any(|drift| matches!(drift, Drift::Expired { .. }))
}

/// Makes distrust what the report comes to: it weighs more than drift.
pub(super) fn distrust(report: &mut Report) {
    report.outcome = Outcome::Distrusted;
    report.conclusion = format!("the manifest is not trusted: {}", report.tally());
}

fn tell(signed: &Signed, root: &Path, trust: &Trust, report: &mut Report) {
    let count = signed.signers.len();
    report.step(
        "Trusting",
        format!("the manifest: {}, threshold {}", plural(count, "signature"), trust.threshold),
    );
    for TrustedKey { key, principals, file, line, .. } in &signed.signers {
        let file = file.strip_prefix(root).unwrap_or(file).display();
        let who = if principals.is_empty() { String::new() } else { format!("{principals}, ") };
        report.detail("Signed", format!("by {who}{} ({file}:{line})", key.fingerprint()));
    }
    for other in &signed.others {
        report.detail("Not counted", format!("{} ({SIGNATURES}:{}): {}", other.key, other.line, other.why));
    }
    report.count("signatures", count);
}

/// The text of the signature file, if there is one.
pub(super) fn signatures(root: &Path) -> Result<Option<String>, provenance_build::Error> {
    match toml::read(&root.join(SIGNATURES)) {
        Ok(text) => Ok(Some(text)),
        Err(provenance_build::Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The text of a signature file with one more block, without those that do not hold for these bytes, and without an older one
/// of the same key.
pub(super) fn joined(old: &str, block: &str, key: &PublicKey, manifest: &[u8]) -> Result<String, Failure> {
    let blocks = sshsig::parse(old).map_err(|(line, what)| {
        Failure::new(Kind::Usage, format!("{SIGNATURES}:{line}: {what}"))
            .help("restore the file from version control, or delete it and sign again")
    })?;
    let holds = |block: &&sshsig::Block| {
        block.signer(signing::NAMESPACE, manifest).is_some_and(|signer| signer != *key)
    };
    let kept = blocks.iter().filter(holds).map(|block| block.text.as_str());
    Ok(kept.chain([block]).collect())
}

/// A manifest that is about to be replaced.
pub(super) struct Replacing<'a> {
    pub(super) root: &'a Path,
    /// The policy in force.
    pub(super) policy: &'a Policy,
    /// The bytes as they are on disk.
    pub(super) old: &'a [u8],
    /// The policy that they were written under, if they can be read.
    pub(super) old_policy: Option<Checksum>,
    /// The bytes that they will be.
    pub(super) new: &'a [u8],
    /// What of them a person has to see before they are signed: it follows `the manifest is not signed: `.
    pub(super) unseen: Option<String>,
}

/// Signs a manifest that is about to be written, where the one before was signed and a key is at hand that needs nobody. Where
/// it must stay unsigned, the report says why.
///
/// What nobody trusted before does not become trusted by a command that keeps most of it: the signature before must hold,
/// for the policy as it is.
pub(super) fn resign(
    surroundings: &Surroundings,
    replacing: &Replacing<'_>,
    report: &mut Report,
) -> Option<Resigned> {
    let attempted = attempt(surroundings, replacing);
    match attempted {
        Ok(None) => None,
        Ok(Some((resigned, signer))) => {
            report.step("Signing", format!("`{}` with {signer}", manifest::FILE_NAME));
            let missing = replacing.policy.signing().threshold.saturating_sub(1);
            if missing > 0 {
                let message = format!("the manifest needs {} more", plural(missing, "signature"));
                report.findings.push(unsigned(message));
            }
            Some(resigned)
        }
        Err(why) => {
            report.findings.push(unsigned(format!("the manifest is not signed: {why}")));
            None
        }
    }
}

/// Says that a manifest which is written for the first time is not signed, where the policy wants it signed.
pub(super) fn tell_unsigned(policy: &Policy, report: &mut Report) {
    if policy.signing().required {
        report.findings.push(unsigned("the manifest is not signed: it is new".to_owned()));
    }
}

fn unsigned(message: String) -> Finding {
    Finding::new("not-signed", Weight::Note, message).help("review it, then run `cargo provenance sign`")
}

/// `None` where nobody wants it signed.
fn attempt(
    surroundings: &Surroundings,
    replacing: &Replacing<'_>,
) -> Result<Option<(Resigned, String)>, String> {
    let path = replacing.root.join(SIGNATURES);
    let text = signatures(replacing.root).map_err(|error| error.to_string())?;
    let demand = demand(surroundings, &Wanted::default()).map_err(|error| error.to_string())?;
    let mut trust = demand.on(replacing.policy.signing().clone());
    let Some(text) = text else {
        return if trust.required { Err("the one before was not".to_owned()) } else { Ok(None) };
    };
    let (mut signer, name) = at_hand(surroundings, &trust)?;
    if trust.keys.is_empty() {
        // Nobody is trusted by name: whoever signed before is who signs again.
        let line = signer.public().to_string();
        trust.keys.extend(TrustedKey::parse(&line, Path::new(SIGNATURES), 0));
    }
    let now = Moment(surroundings.clock.0);
    signing::check(replacing.old, Some(&text), &trust, now)
        .map_err(|_| "the signatures of the one before do not hold".to_owned())?;
    if replacing.old_policy != Some(replacing.policy.digest()) {
        return Err(format!("`{}` changed since the one before was signed", policy::FILE_NAME));
    }
    if let Some(unseen) = &replacing.unseen {
        return Err(unseen.clone());
    }
    let block = signer.sign(replacing.new).map_err(|error| error.to_string())?;
    let new = joined(&text, &block, &signer.public(), replacing.new).map_err(|failure| failure.message)?;
    Ok(Some((Resigned { path, old: Some(text.into_bytes()), new: new.into_bytes() }, name)))
}

/// A key that signs without asking anybody, and what to call it: the user's own, if it takes no passphrase, or one that an
/// agent holds; a trusted one where any is.
fn at_hand(surroundings: &Surroundings, trust: &Trust) -> Result<(Signer, String), String> {
    let usable = |key: &PublicKey| trust.keys.is_empty() || is_trusted(trust, key);
    let file = default_key(surroundings);
    let own = KeyFile::read(&file).ok().filter(|key| usable(&key.public()));
    if let Some(key) = own.filter(|key| !key.is_encrypted()) {
        let name = format!("`{}`", file.display());
        let key = key.open(Passphrase::Never).map_err(|error| error.to_string())?;
        return Ok((Signer::File(key), name));
    }
    let mut agent = surroundings.agent.as_ref().and_then(|socket| Agent::connect(socket).ok());
    let keys = agent.as_mut().and_then(|agent| agent.keys().ok()).unwrap_or_default();
    let held = keys.into_iter().find(|(key, _)| is_trusted(trust, key));
    match (agent, held) {
        (Some(agent), Some((key, comment))) => {
            Ok((Signer::Agent(agent, key), format!("`{comment}` of the ssh-agent")))
        }
        _ => Err("no key is at hand that is trusted and needs no passphrase".to_owned()),
    }
}

/// Whether a key is among the trusted ones.
pub(super) fn is_trusted(trust: &Trust, key: &PublicKey) -> bool {
    trust.keys.iter().any(|trusted| trusted.key == *key)
}

/// Whether a file is a public key, which stands for the secret one that an agent holds.
pub(super) fn public_key(file: &Path) -> Option<PublicKey> {
    let text = fs::metadata(file).is_ok_and(|it| it.len() < 4_096).then(|| toml::read(file).ok())??;
    let line = text.trim();
    line.starts_with("ssh-ed25519 ").then(|| TrustedKey::parse(line, file, 1).ok().map(|it| it.key))?
}
