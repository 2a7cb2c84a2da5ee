//! Proofs that tests sign with keys of their own.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use provenance_build::signing::PublicKey;

use super::Digest;

/// Somebody who signs.
pub(crate) struct Reviewer(SigningKey);

impl Reviewer {
    /// Somebody else for each number.
    pub(crate) fn new(number: u8) -> Self {
        Self(SigningKey::from_bytes(&[number; 32]))
    }

    /// Their key.
    pub(crate) fn key(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.verifying_key().as_bytes()).expect("a key")
    }

    /// Their id.
    pub(crate) fn id(&self) -> String {
        Base64UrlUnpadded::encode_string(self.0.verifying_key().as_bytes())
    }

    /// The body of a review of `dep` with these contents, and these lines besides.
    pub(crate) fn body(&self, version: &str, digest: Digest, date: &str, rating: &str, more: &str) -> String {
        format!(
            "kind: package review\nversion: -1\ndate: {date}\nfrom:\n  id-type: crev\n  id: {}\n  url: https://example.org/crev-proofs\n\
             package:\n  source: https://crates.io\n  name: dep\n  version: {version}\n  digest: {digest}\n\
             review:\n  thoroughness: low\n  understanding: medium\n  rating: {rating}\n{more}",
            self.id()
        )
    }

    /// A proof with this body.
    pub(crate) fn proof(&self, body: &str) -> String {
        let signature = self.signature(body);
        format!(
            "----- BEGIN CREV PROOF -----\n{body}----- SIGN CREV PROOF -----\n{signature}\n----- END CREV PROOF -----\n\n"
        )
    }

    /// The same as crev wrote it until 2020, of a kind that only the lines around it tell.
    pub(crate) fn old_proof(&self, kind: &str, body: &str) -> String {
        let signature = self.signature(body);
        format!(
            "-----BEGIN CREV {kind}-----\n{body}-----BEGIN CREV {kind} SIGNATURE-----\n{signature}\n-----END CREV {kind}-----\n"
        )
    }

    fn signature(&self, body: &str) -> String {
        Base64UrlUnpadded::encode_string(&self.0.sign(body.as_bytes()).to_bytes())
    }
}

/// The digest of a package of one file.
pub(crate) fn digest(content: &str) -> Digest {
    Digest::of_files([("src/lib.rs", content.as_bytes())]).expect("a digest")
}
