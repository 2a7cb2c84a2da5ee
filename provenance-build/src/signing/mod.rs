//! Whether a manifest is signed by enough trusted keys, for the policy that lies beside it.
//!
//! Pure: bytes, trust and the time go in, who signed comes out; [`crate::admit`] reads the files. Nothing that a
//! signature or a manifest says of itself makes it count.

pub mod base64;
mod canonical;
pub mod key;
pub mod sshsig;
mod trust;
mod trusted;

use std::collections::BTreeSet;

pub use canonical::policy_digest;
pub use key::{Fingerprint, PublicKey};
pub use trust::{KEYS, Revoked, Trust};
pub use trusted::{TrustedKey, word};

use crate::error::Error;
use crate::manifest::{self, SIGNATURES};
use crate::moment::Moment;

/// What a signature of a manifest is for: no signature that was made for anything else counts.
pub const NAMESPACE: &str = "cargo-provenance";

const HELP: &str =
    "find out who changed the manifest; where it is right, run `cargo provenance sign` with a trusted key";

/// The signatures of a manifest, sorted into those that count and those that do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// The distinct trusted keys that signed.
    pub signers: Vec<TrustedKey>,
    /// The other signatures.
    pub others: Vec<Other>,
}

/// A signature that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The fingerprint of the key that it claims.
    pub key: Fingerprint,
    /// Its line in the signature file.
    pub line: u32,
    /// Why it does not count: a lowercase fragment.
    pub why: String,
}

/// Sorts the signatures in the text of a signature file by whether they count for these bytes now.
pub fn sort(manifest: &[u8], signatures: &str, trust: &Trust, now: Moment) -> Result<Signed, Error> {
    let blocks = sshsig::parse(signatures).map_err(|(line, what)| {
        let help = "restore the file from version control, or delete it and sign again";
        Error::distrusted(format!("{}: {what}", place(line)), vec![], help)
    })?;
    let mut signed = Signed::default();
    let mut counted = BTreeSet::new();
    for block in blocks {
        let key = Fingerprint::of(&block.key);
        match judge(manifest, &block, trust, now) {
            Ok(trusted) if counted.insert(key) => signed.signers.push(trusted.clone()),
            Ok(_) => {
                signed.others.push(Other { key, line: block.line, why: "its key signed twice".to_owned() })
            }
            Err(why) => signed.others.push(Other { key, line: block.line, why }),
        }
    }
    Ok(signed)
}

/// Who signed, where that is enough; `signatures` is the text of the signature file, if there is one.
pub fn check(manifest: &[u8], signatures: Option<&str>, trust: &Trust, now: Moment) -> Result<Signed, Error> {
    let lock = manifest::FILE_NAME;
    let Some(signatures) = signatures else {
        return Err(Error::distrusted(
            format!("`{lock}` is not signed: there is no `{SIGNATURES}`"),
            vec![],
            HELP,
        ));
    };
    let signed = sort(manifest, signatures, trust, now)?;
    let (found, wanted) = (signed.signers.len(), trust.threshold.max(1));
    if found >= wanted {
        return Ok(signed);
    }
    let others = signed.others.iter();
    let details = others.map(|it| format!("{}: {}: {}", place(it.line), it.key, it.why)).collect();
    let what = match found {
        _ if trust.keys.is_empty() => format!("`{lock}` must be signed, and no key is trusted"),
        0 => format!("`{lock}` is not signed by a trusted key"),
        _ => format!("`{lock}` is signed by {found} of the {wanted} trusted keys that it takes"),
    };
    Err(Error::distrusted(what, details, HELP))
}

fn place(line: u32) -> String {
    if line == 0 { SIGNATURES.to_owned() } else { format!("{SIGNATURES}:{line}") }
}

/// The trusted key that made a signature over these bytes for this purpose, or why there is none.
fn judge<'t>(
    manifest: &[u8],
    block: &sshsig::Block,
    trust: &'t Trust,
    now: Moment,
) -> Result<&'t TrustedKey, String> {
    if block.namespace != NAMESPACE {
        return Err("it was made for another namespace".to_owned());
    }
    let lines = trust.keys.iter().filter(|trusted| *trusted.key.as_bytes() == block.key).collect::<Vec<_>>();
    let first = lines.first().ok_or("its key is not trusted")?;
    if let Some(revoked) = trust.revocation(first.key.fingerprint(), now) {
        return Err(format!("its key is revoked: {}", revoked.reason));
    }
    if block.signer(NAMESPACE, manifest).is_none() {
        return Err("it does not belong to these bytes".to_owned());
    }
    let valid = lines.iter().find(|trusted| trusted.refusal(now).is_none());
    valid.copied().ok_or_else(|| first.refusal(now).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests;
