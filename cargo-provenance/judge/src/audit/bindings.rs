//! The bytes that reviews of the team are of, and who signed that: `supply-chain/bindings.toml`, beside cargo-vet's three files,
//! which cargo-vet neither reads nor touches.
//!
//! A binding belongs to the review of `audits.toml` that is of the same crate and versions, for the same criteria, by the same
//! people and with the same notes: [`Binding::fits`].

use std::fmt::Write as _;

use provenance_build::{Checksum, TreeDigest};
use sha2::{Digest as _, Sha256};

use super::{Audit, AuditKind, ByName, VetVersion};
use crate::model::Date;

/// The file's name, in the folder of the store.
pub const BINDINGS: &str = "bindings.toml";

/// What signatures of reviews are for: none that was made for anything else counts.
pub const AUDIT_NAMESPACE: &str = "cargo-provenance-audit";

/// What a signed text begins with.
const DOMAIN: &str = "cargo-provenance-audit 1";

/// A `bindings.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings {
    /// By the crate that they are about.
    pub crates: ByName<Vec<Binding>>,
}

/// The bytes that a review is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Who reviewed, as the review has it; sorted.
    pub who: Vec<String>,
    /// What it certifies; sorted.
    pub criteria: Vec<String>,
    /// Where the change begins that was reviewed; nothing for a review of all of it.
    pub from: Option<Bytes>,
    /// The version that it vouches for.
    pub to: Bytes,
    /// The day on which it was recorded.
    pub on: Date,
    /// The SHA-256 of the notes of the review, if it has any.
    pub notes: Option<Checksum>,
    /// Signatures of [`Binding::text`], each an armored block.
    pub signatures: Vec<String>,
    /// The line where it stands, counted from 1.
    pub line: u32,
}

/// A version, and the bytes that somebody saw under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// The version.
    pub version: VetVersion,
    /// SHA-256 of the `.crate`; what comes from git has none.
    pub checksum: Option<Checksum>,
    /// Digest of the tree.
    pub tree: TreeDigest,
}

impl Binding {
    /// The binding of a review to bytes, unsigned; `from` and `to` are of the review's versions.
    pub fn new(audit: &Audit, from: Option<Bytes>, to: Bytes, on: Date) -> Self {
        Self {
            who: sorted(&audit.who),
            criteria: sorted(&audit.criteria),
            from,
            to,
            on,
            notes: audit.notes.as_deref().map(digest),
            signatures: vec![],
            line: 0,
        }
    }

    /// Whether it belongs to this review of its crate. A violation has no bytes.
    pub fn fits(&self, audit: &Audit) -> bool {
        let (from, to) = match &audit.kind {
            AuditKind::Full(version) => (None, version),
            AuditKind::Delta { from, to } => (Some(from), to),
            AuditKind::Violation(_) => return false,
        };
        self.from.as_ref().map(|from| &from.version) == from
            && self.to.version == *to
            && self.who == sorted(&audit.who)
            && self.criteria == sorted(&audit.criteria)
            && self.notes == audit.notes.as_deref().map(digest)
    }

    /// Whether it is of the same review as another one of its crate.
    pub fn is_of_same_review(&self, other: &Self) -> bool {
        fn key(it: &Binding) -> impl PartialEq + '_ {
            (it.from.as_ref().map(|from| &from.version), &it.to.version, &it.who, &it.criteria, &it.notes)
        }
        key(self) == key(other)
    }

    /// Whose signatures it bears, as far as they hold; whoever these keys are. None where one of them does not belong to it.
    pub fn signers(&self, krate: &str) -> Option<Vec<provenance_build::signing::PublicKey>> {
        let text = self.text(krate);
        let blocks = self.signatures.iter().map(|armor| {
            let blocks = provenance_build::signing::sshsig::parse(armor).ok()?;
            let [block] = &blocks[..] else { return None };
            block.signer(AUDIT_NAMESPACE, text.as_bytes())
        });
        blocks.collect()
    }

    /// The text that a signature is of: everything that the binding of a crate says, but for the signatures.
    ///
    /// One field to a line, the name, a colon, a blank and the value; every line ends. Nothing in a value can end a line, names
    /// of people and criteria stand in the order of their bytes, each on a line, and `-` stands for a digest that there is not.
    /// A full review has `version`, one of a change `from` and `to`, each with version, `.crate` and tree:
    ///
    /// ```text
    /// cargo-provenance-audit 1
    /// crate: serde
    /// version: 1.0.228 sha256:9a8e…44 b3:51c0…9e
    /// criteria: safe-to-deploy
    /// who: Ann <ann@example.org>
    /// on: 2026-11-26
    /// notes: -
    /// ```
    ///
    /// `ssh-keygen -Y verify -f SIGNERS -I NAME -n cargo-provenance-audit -s SIGNATURE` says of this text what this tool says.
    pub fn text(&self, krate: &str) -> String {
        let mut text = format!("{DOMAIN}\ncrate: {krate}\n");
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            let _ = writeln!(text, "{name}: {value}");
        };
        match &self.from {
            None => line("version", &self.to.spelled()),
            Some(from) => {
                line("from", &from.spelled());
                line("to", &self.to.spelled());
            }
        }
        self.criteria.iter().for_each(|name| line("criteria", name));
        self.who.iter().for_each(|name| line("who", name));
        line("on", &self.on);
        line("notes", &or_dash(self.notes));
        text
    }

    /// The versions that somebody looked at, with their bytes.
    pub fn seen(&self) -> impl Iterator<Item = &Bytes> {
        self.from.iter().chain([&self.to])
    }
}

impl Bytes {
    fn spelled(&self) -> String {
        format!("{} {} {}", self.version, or_dash(self.checksum), self.tree)
    }
}

fn or_dash(checksum: Option<Checksum>) -> String {
    checksum.map_or_else(|| "-".to_owned(), |checksum| checksum.to_string())
}

fn digest(notes: &str) -> Checksum {
    Checksum::from_bytes(Sha256::digest(notes).into())
}

/// As they stand in a binding. Twice the same says nothing more.
pub(super) fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
