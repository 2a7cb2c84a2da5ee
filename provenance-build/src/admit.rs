//! Whether a workspace's manifest may be used: it is signed as the policy beside it, or the caller, demands.

use std::collections::BTreeSet;
use std::path::Path;

use crate::digest::Checksum;
use crate::error::Error;
use crate::manifest::{Manifest, SIGNATURES};
use crate::moment::Moment;
use crate::signing::{Signed, Trust, TrustedKey, check, policy_digest, sort};
use crate::standing::{self, POLICY};
use crate::toml;

/// What the caller of a gate demands on top of the policy.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// Whether a manifest must be signed whatever the policy says.
    pub required: bool,
    /// How many distinct keys must have signed, where that is more than the policy's number.
    pub threshold: usize,
    /// The only keys that count; where there are none, the policy's do.
    pub keys: Vec<TrustedKey>,
}

impl Demand {
    /// The policy's trust as the caller wants it: keys named here win, and a demand can only be raised.
    pub fn on(&self, mut trust: Trust) -> Trust {
        trust.required |= self.required;
        trust.threshold = trust.threshold.max(self.threshold);
        if !self.keys.is_empty() {
            trust.keys.clone_from(&self.keys);
        }
        trust
    }
}

/// Judges the manifest of the workspace at `root` by the signatures beside it, where the policy or the caller demands any.
///
/// `text` are the bytes that `manifest` was read from, so that what was judged is what is used.
pub fn admit(
    root: &Path,
    manifest: &Manifest,
    text: &[u8],
    demand: &Demand,
    now: Moment,
) -> Result<Option<Signed>, Error> {
    let (trust, policy) = trust(root, demand)?;
    if !trust.required {
        return Ok(None);
    }
    let signed = check(text, read(&root.join(SIGNATURES))?.as_deref(), &trust, now)?;
    same_policy(manifest, Some(policy))?;
    Ok(Some(signed))
}

/// The fingerprints of the trusted keys that signed the manifest, sorted, whether or not any had to.
pub fn signers(
    root: &Path,
    manifest: &Manifest,
    text: &[u8],
    demand: &Demand,
    now: Moment,
) -> Result<Vec<String>, Error> {
    let (trust, policy) = trust(root, demand)?;
    let signed = match read(&root.join(SIGNATURES))? {
        Some(signatures) if policy == manifest.policy => sort(text, &signatures, &trust, now),
        _ => Ok(Signed::default()),
    };
    // Where none is demanded, one that cannot be read is none.
    let signers = signed.unwrap_or_default().signers;
    let keys = signers.iter().map(|signer| signer.key.fingerprint().to_string()).collect::<BTreeSet<_>>();
    Ok(keys.into_iter().collect())
}

/// Whose signatures count, and the digest of the policy that says so.
fn trust(root: &Path, demand: &Demand) -> Result<(Trust, Checksum), Error> {
    let (file, policy) = (root.join(POLICY), standing::policy(root)?);
    let table = toml::parse(&policy, &file)?;
    Ok((demand.on(Trust::of_policy(&table, &policy, &file)?), policy_digest(&table)))
}

/// Demands that the signed manifest was written under the policy that is in force.
pub fn same_policy(manifest: &Manifest, found: Option<Checksum>) -> Result<(), Error> {
    if found == Some(manifest.policy) {
        return Ok(());
    }
    let found = found.map_or("none".to_owned(), |found| found.to_string());
    let details = vec![format!("signed {}", manifest.policy), format!("found  {found}")];
    let help = "undo the change, or run `cargo provenance pin` and sign again after review";
    Err(Error::distrusted(format!("`{POLICY}` is not the one that was signed"), details, help))
}

fn read(file: &Path) -> Result<Option<String>, Error> {
    // A link that leads nowhere is there, and is no way to be without a policy.
    if file.symlink_metadata().is_ok() { toml::read(file).map(Some) } else { Ok(None) }
}
