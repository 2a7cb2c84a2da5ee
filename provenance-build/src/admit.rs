//! Whether a workspace's manifest may be used: it is signed as the policy beside it, or the caller, demands.

use std::path::Path;

use crate::digest::Checksum;
use crate::error::Error;
use crate::manifest::{Manifest, SIGNATURES};
use crate::moment::Moment;
use crate::signing::{Signed, Trust, TrustedKey, check, policy_digest};
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
    let (file, policy) = (root.join(POLICY), standing::policy(root)?);
    let table = toml::parse(&policy, &file)?;
    let trust = demand.on(Trust::of_policy(&table, &policy, &file)?);
    if !trust.required {
        return Ok(None);
    }
    let signed = check(text, read(&root.join(SIGNATURES))?.as_deref(), &trust, now)?;
    same_policy(manifest, Some(policy_digest(&table)))?;
    Ok(Some(signed))
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
