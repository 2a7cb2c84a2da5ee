//! Reviews of exact bytes: a review of the team counts for the bytes that were looked at, and with `[audits] signed` only where
//! whoever it names signed that.
//!
//! What speaks against a review is never outweighed: other bytes, or a signature that does not hold, take it out whatever the
//! policy asks for. What is not known yet (the tree, before anything is fetched) takes out nothing; it is asked again.

use provenance_build::signing::{Fingerprint, PublicKey};
use provenance_build::{Checksum, TreeDigest};

use crate::audit::{Audit, Binding, Bindings, ByName, Bytes, Origin, Store, VetVersion};
use crate::policy::AuditRules;

/// What is known of the bytes of a package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// SHA-256 of its `.crate`.
    pub checksum: Option<Checksum>,
    /// Digest of its tree.
    pub tree: Option<TreeDigest>,
}

/// A review of a package that was of other bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otherwise {
    /// Who looked.
    pub who: Vec<String>,
    /// What they looked at, and what is there instead.
    pub what: String,
    /// Where that stands.
    pub place: String,
}

/// The bindings of a store, with the signatures that hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound {
    /// The folder of the store, as it is shown.
    folder: String,
    crates: ByName<Vec<(Binding, Seal)>>,
    revoked: Vec<Fingerprint>,
}

/// What the signatures of a binding come to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seal {
    /// One of them does not belong to it.
    Broken,
    /// All hold; these keys made them.
    Holds(Vec<PublicKey>),
}

impl Bound {
    pub(super) fn of(folder: String, bindings: Bindings, revoked: Vec<Fingerprint>) -> Self {
        let crates = bindings.crates.into_iter().map(|(krate, list)| {
            let sealed = list.into_iter().map(|binding| {
                let seal = binding.signers(&krate).map_or(Seal::Broken, Seal::Holds);
                (binding, seal)
            });
            let sealed = sealed.collect();
            (krate, sealed)
        });
        Self { folder, crates: crates.collect(), revoked }
    }

    /// Keys with these fingerprints sign nothing either.
    pub(super) fn revoke(&mut self, keys: Vec<Fingerprint>) {
        self.revoked.extend(keys);
    }

    fn place(&self, binding: &Binding) -> String {
        format!("{}/{}:{}", self.folder, crate::audit::BINDINGS, binding.line)
    }

    fn about(&self, krate: &str) -> &[(Binding, Seal)] {
        self.crates.get(krate).map_or(&[], Vec::as_slice)
    }

    /// Bindings that belong to no review of the store, as places.
    pub(super) fn astray(&self, store: &Store) -> Vec<String> {
        let astray = self.crates.iter().flat_map(|(krate, list)| {
            let reviews = store.audits.audits.get(krate).map(Vec::as_slice).unwrap_or_default();
            let list = list.iter().map(|(binding, _)| binding);
            list.filter(|binding| !reviews.iter().any(|audit| binding.fits(audit)))
                .map(|binding| self.place(binding))
        });
        astray.collect()
    }

    /// Takes out the reviews of the team that do not count for a package. Says why, those of its version first.
    pub(super) fn take_out(
        &self,
        store: &mut Store,
        krate: &str,
        (version, origin, known): (&VetVersion, Origin, &Known),
        rules: &AuditRules,
    ) -> Vec<String> {
        if rules.bound.value || rules.signed.value {
            // Nobody looked at the bytes of what is still to be published.
            store.audits.wildcards.clear();
        }
        let list = self.about(krate);
        let (mut first, mut later) = (vec![], vec![]);
        let Some(audits) = store.audits.audits.get_mut(krate) else { return first };
        audits.retain(|audit| {
            let Some(to) = audit.kind.to() else { return true };
            let Err(why) = self.counts(audit, list, (version, origin, known), rules) else { return true };
            let line = audit.line;
            let why = format!(
                "a review of {krate} {to} (`{}/audits.toml`, line {line}) does not count: {why}",
                self.folder
            );
            if to == version {
                first.push(why)
            } else {
                later.push(why)
            }
            false
        });
        first.extend(later);
        first
    }

    fn counts(
        &self,
        audit: &Audit,
        list: &[(Binding, Seal)],
        (version, origin, known): (&VetVersion, Origin, &Known),
        rules: &AuditRules,
    ) -> Result<(), String> {
        let Some((binding, seal)) = list.iter().find(|(binding, _)| binding.fits(audit)) else {
            return match (rules.signed.value, rules.bound.value) {
                (true, _) => Err("it is not signed".to_owned()),
                (_, true) => Err("nothing says which bytes were looked at".to_owned()),
                (false, false) => Ok(()),
            };
        };
        let Seal::Holds(signers) = seal else {
            return Err(format!("a signature of it does not hold ({})", self.place(binding)));
        };
        if rules.signed.value {
            self.is_signed(binding, signers, rules)?;
        }
        for bytes in binding.seen() {
            if bytes.version == *version && is_other(bytes, origin, known) == Some(true) {
                return Err(format!("it is of other bytes ({})", self.place(binding)));
            }
        }
        // Where reviews saw different bytes under one version, what changed since one of them says nothing about the other.
        let Some(from) = &binding.from else { return Ok(()) };
        let others = list.iter().flat_map(|(other, _)| other.seen().map(move |bytes| (other, bytes)));
        let mut others = others.filter(|(_, bytes)| bytes.version == from.version);
        match others.find(|(_, bytes)| bytes.tree != from.tree) {
            Some((other, _)) => {
                Err(format!("another review saw other bytes of {} ({})", from.version, self.place(other)))
            }
            None => Ok(()),
        }
    }

    /// Whether everybody signed whom a review names, each with a key of their own.
    fn is_signed(&self, binding: &Binding, signers: &[PublicKey], rules: &AuditRules) -> Result<(), String> {
        for who in &binding.who {
            let Some(auditor) = rules.auditor(who) else {
                return Err(format!("`{who}` is none of the policy's auditors"));
            };
            let own = |key: &&PublicKey| auditor.keys.contains(key);
            let Some(key) = signers.iter().find(own) else {
                return Err(format!("{who} did not sign it"));
            };
            let is_good = |key: &&PublicKey| own(key) && !self.revoked.contains(&key.fingerprint());
            if !signers.iter().any(|key| is_good(&key)) {
                return Err(format!("the key {} of {who} is revoked", key.fingerprint()));
            }
        }
        Ok(())
    }

    /// The reviews that saw other bytes under the version of a package, whether they count for anything else or not.
    pub(super) fn otherwise(
        &self,
        krate: &str,
        version: &VetVersion,
        origin: Origin,
        known: &Known,
    ) -> Vec<Otherwise> {
        // What comes from anywhere else is another package of the same name; its reviews do not count as it is.
        if !matches!(origin, Origin::CratesIo | Origin::Git) {
            return vec![];
        }
        let all = self.about(krate).iter().flat_map(|(binding, _)| {
            binding.seen().filter(|bytes| bytes.version == *version).map(move |bytes| (binding, bytes))
        });
        let other = all.filter(|(_, bytes)| is_other(bytes, origin, known) == Some(true));
        let other = other.map(|(binding, bytes)| Otherwise {
            who: binding.who.clone(),
            what: difference(bytes, known),
            place: self.place(binding),
        });
        other.collect()
    }
}

/// Whether the bytes of a package are others than those that somebody saw; nothing where that cannot be told yet.
///
/// crates.io has one archive of a version, for ever. The same tree from anywhere else may have been packed anew, so that only
/// the tree tells.
fn is_other(seen: &Bytes, origin: Origin, known: &Known) -> Option<bool> {
    let archive = seen.checksum.zip(known.checksum).map(|(seen, known)| seen != known);
    let tree = known.tree.map(|known| seen.tree != known);
    match (archive, tree) {
        (Some(true), _) if origin == Origin::CratesIo => Some(true),
        (_, Some(differs)) => Some(differs),
        (Some(false), None) => Some(false),
        (_, None) => None,
    }
}

fn difference(seen: &Bytes, known: &Known) -> String {
    match (seen.checksum, known.checksum) {
        (Some(seen), Some(known)) if seen != known => {
            format!("the `.crate` was {seen}, and is {known}")
        }
        _ => {
            let known = known.tree.map(|tree| tree.to_string()).unwrap_or_default();
            format!("the tree was {}, and is {known}", seen.tree)
        }
    }
}

#[cfg(test)]
mod tests;
