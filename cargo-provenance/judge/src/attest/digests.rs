//! Digest sets (in-toto, `digest_set.md`): several digests of one thing, by the names of their algorithms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Algorithms whose digests say that two things are the same, with the number of their hex digits.
const ACCEPTABLE: [(&str, usize); 4] = [("dirHash", 64), ("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// Further algorithms whose digests have a known form. Git names what it keeps by SHA-1 or SHA-256.
const NAMES: [(&str, &[usize]); 6] = [
    ("blake2b", &[128]),
    ("gitBlob", &[40, 64]),
    ("gitCommit", &[40, 64]),
    ("gitTree", &[40, 64]),
    ("md5", &[32]),
    ("sha1", &[40]),
];

/// Digests of one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DigestSet(BTreeMap<String, String>);

impl DigestSet {
    /// A set of one digest, in lowercase hex digits.
    pub fn of(algorithm: &str, digest: impl Into<String>) -> Self {
        Self::default().and(algorithm, digest)
    }

    /// With one more digest.
    pub fn and(mut self, algorithm: &str, digest: impl Into<String>) -> Self {
        self.0.insert(algorithm.to_owned(), digest.into());
        self
    }

    /// The digest of an algorithm.
    pub fn get(&self, algorithm: &str) -> Option<&str> {
        self.0.get(algorithm).map(String::as_str)
    }

    /// The digests, by algorithm.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(algorithm, digest)| (algorithm.as_str(), digest.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both are of the same bytes: they have a digest of a collision-resistant algorithm in common, and no common one
    /// differs.
    pub fn matches(&self, other: &Self) -> bool {
        let mut common = ACCEPTABLE
            .iter()
            .filter_map(|(algorithm, _)| Some((self.get(algorithm)?, other.get(algorithm)?)))
            .peekable();
        common.peek().is_some() && common.all(|(own, others)| own == others)
    }

    /// What is wrong with the spelling of a digest: one value must have one.
    pub(super) fn flaw(&self) -> Option<String> {
        self.iter().find_map(|(algorithm, digest)| {
            let lengths = ACCEPTABLE.iter().find(|(known, _)| *known == algorithm).map(|(_, one)| vec![*one]);
            let named = || NAMES.iter().find(|(known, _)| *known == algorithm).map(|(_, some)| some.to_vec());
            let is_hex = digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let fits = match lengths.or_else(named) {
                Some(lengths) => is_hex && lengths.contains(&digest.len()),
                None => !algorithm.is_empty() && !digest.is_empty(),
            };
            (!fits).then(|| format!("has a digest `{}` of the wrong form", algorithm.escape_debug()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_match_by_what_is_collision_resistant() {
        let (one, two) = ("0".repeat(64), "1".repeat(64));
        let set = |pairs: &[(&str, &str)]| {
            pairs.iter().fold(DigestSet::default(), |set, (algorithm, digest)| set.and(algorithm, *digest))
        };
        for (left, right, same) in [
            (set(&[("sha256", &one)]), set(&[("sha256", &one)]), true),
            (set(&[("sha256", &one)]), set(&[("sha256", &two)]), false),
            (set(&[("sha256", &one), ("md5", "a")]), set(&[("sha256", &one), ("md5", "b")]), true),
            (set(&[("sha256", &one), ("sha512", "a")]), set(&[("sha256", &one), ("sha512", "b")]), false),
            (set(&[("sha1", "a")]), set(&[("sha1", "a")]), false),
            (set(&[("unknown", "a")]), set(&[("unknown", "a")]), false),
            (set(&[("sha256", &one)]), set(&[("sha512", &one)]), false),
            (set(&[]), set(&[]), false),
        ] {
            assert_eq!(left.matches(&right), same, "{left:?} {right:?}");
            assert_eq!(right.matches(&left), same, "{left:?} {right:?}");
        }
    }

    #[test]
    fn digests_have_one_spelling() {
        let hex = "0f".repeat(32);
        for (algorithm, digest, fits) in [
            ("sha256", hex.clone(), true),
            ("sha256", hex.to_uppercase(), false),
            ("sha256", hex[1..].to_owned(), false),
            ("sha512", hex.clone(), false),
            ("gitCommit", hex[..40].to_owned(), true),
            ("gitCommit", hex.clone(), true),
            ("gitCommit", hex[..7].to_owned(), false),
            ("sha3_256", "whatever".to_owned(), true),
            ("sha3_256", String::new(), false),
            ("", hex, false),
        ] {
            assert_eq!(
                DigestSet::of(algorithm, &*digest).flaw(),
                (!fits).then(|| { format!("has a digest `{algorithm}` of the wrong form") })
            );
        }
    }
}
