//! The signatures that commits and tags carry.

use provenance_build::signing::key::{TYPE, take, take_all, take_number};
use provenance_build::signing::{base64, sshsig};

use super::Key;

/// What git's SSH signatures are for (`gpg-interface.c`).
pub const NAMESPACE: &str = "git";

/// Bytes of a signature: one of a key of 16,384 bits has 6 kB.
const SIGNATURE_BYTES: usize = 64 * 1024;

const SSH: [&str; 2] = ["-----BEGIN SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----"];
const PGP: [&str; 2] = ["-----BEGIN PGP SIGNATURE-----\n", "-----END PGP SIGNATURE-----"];

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// OpenPGP, which the user's gpg reads.
    OpenPgp,
    /// SSH.
    Ssh(SshSignature),
}

/// An SSH signature (OpenSSH, `PROTOCOL.sshsig`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshSignature {
    /// The key that it claims to be made with.
    pub key: Key,
    /// What it is for.
    pub namespace: String,
    text: String,
}

impl Signature {
    /// Reads the text of a signature, which is one armored block and nothing else.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        if text.len() > SIGNATURE_BYTES {
            return Err("it is larger than any signature");
        }
        let text = text.trim_end_matches('\n');
        let is_one = |[begin, end]: [&str; 2]| {
            text.starts_with(begin) && text.ends_with(end) && text.matches("-----BEGIN ").count() == 1
        };
        if is_one(PGP) {
            return Ok(Self::OpenPgp);
        }
        if text.starts_with("-----BEGIN SIGNED MESSAGE-----") {
            return Err("it is an X.509 signature, which is not supported");
        }
        if !is_one(SSH) {
            return Err("it is no armored signature");
        }
        let encoded = text[SSH[0].len()..text.len() - SSH[1].len()].replace('\n', "");
        let blob = base64::decode(&encoded).ok_or("it is not base64")?;
        let cut = "it has a form that is not known";
        let mut rest = blob.strip_prefix(b"SSHSIG").ok_or(cut)?;
        if take_number(&mut rest) != Some(1) {
            return Err(cut);
        }
        let [key, namespace, _, _, _] = take_all(rest).ok_or(cut)?;
        let namespace = std::str::from_utf8(namespace).map_err(|_| cut)?.to_owned();
        Ok(Self::Ssh(SshSignature {
            key: Key::of_blob(key).ok_or(cut)?,
            namespace,
            text: format!("{text}\n"),
        }))
    }
}

impl SshSignature {
    /// Whether it holds for these bytes; `None` for a kind of key that only OpenSSH can judge.
    pub fn holds(&self, payload: &[u8]) -> Option<bool> {
        let mut blob = self.key.blob();
        if take(&mut blob) != Some(TYPE) {
            return None;
        }
        let blocks = sshsig::parse(&self.text).unwrap_or_default();
        Some(matches!(&blocks[..], [block] if block.signer(NAMESPACE, payload).is_some()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_block_and_nothing_else_is_a_signature() {
        assert_eq!(
            Signature::read("-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n"),
            Ok(Signature::OpenPgp)
        );
        for bad in [
            "",
            "AAAA",
            "-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----\nmore",
            "-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----\n-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----",
            "-----BEGIN PGP MESSAGE-----\nx\n-----END PGP MESSAGE-----",
            "-----BEGIN SIGNED MESSAGE-----\nx\n-----END SIGNED MESSAGE-----",
            "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----",
            "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----",
            "-----BEGIN SSH SIGNATURE-----",
        ] {
            assert!(Signature::read(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_blob_makes_the_reader_panic(bytes: Vec<u8>) {
            for blob in [bytes.clone(), [b"SSHSIG\0\0\0\x01".as_slice(), &bytes].concat()] {
                let text = format!("{}{}\n{}", SSH[0], base64::encode(&blob), SSH[1]);
                if let Ok(Signature::Ssh(signature)) = Signature::read(&text) {
                    prop_assert_ne!(signature.holds(b"x"), Some(true));
                }
            }
        }
    }
}
