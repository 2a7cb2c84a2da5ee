//! Armored SSH signatures (OpenSSH, `PROTOCOL.sshsig`): the blocks of `Provenance.lock.sig`, and what each signs.

use sha2::{Digest, Sha256, Sha512};

use super::base64;
use super::key::{self, PublicKey};

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8; 6] = b"SSHSIG";
const VERSION: u32 = 1;
/// Characters on a line of the armor, as `ssh-keygen` writes them.
const WIDTH: usize = 70;
/// Bytes of the file: a block has about 300, and more than two hundred people do not sign one manifest.
const FILE_BYTES: usize = 64 * 1024;

/// One signature of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The key that it claims to be made with, as it stands there: not yet looked at.
    pub key: [u8; 32],
    /// What it is for.
    pub namespace: String,
    /// How the signed bytes were hashed.
    pub hash: Hash,
    /// The Ed25519 signature.
    pub signature: [u8; 64],
    /// The line where it begins, counted from 1.
    pub line: u32,
    /// The armor, with a final line end.
    pub text: String,
}

/// How signed bytes are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// `sha256`: `ssh-keygen -O hashalg=sha256`.
    Sha256,
    /// `sha512`: the default.
    Sha512,
}

impl Hash {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

impl Block {
    /// The key that signed this message for a namespace, if the block says so rightly. Whose key it is is another matter.
    pub fn signer(&self, namespace: &str, message: &[u8]) -> Option<PublicKey> {
        let key = PublicKey::from_bytes(&self.key).ok().filter(|_| self.namespace == namespace)?;
        key.verifies(&signed_data(namespace, self.hash, message), &self.signature).then_some(key)
    }
}

/// The bytes that an Ed25519 key signs to sign `message` for `namespace`.
pub fn signed_data(namespace: &str, hash: Hash, message: &[u8]) -> Vec<u8> {
    let mut data = MAGIC.to_vec();
    for field in [namespace.as_bytes(), b"", hash.name().as_bytes(), &hash.of(message)] {
        key::put(&mut data, field);
    }
    data
}

/// The armored block of a signature over [`signed_data`] with `sha512`.
pub fn armor(key: &PublicKey, namespace: &str, signature: &[u8; 64]) -> String {
    let mut signed = vec![];
    key::put(&mut signed, key::TYPE);
    key::put(&mut signed, signature);
    let mut blob = MAGIC.to_vec();
    blob.extend(VERSION.to_be_bytes());
    for field in [&key.blob(), namespace.as_bytes(), b"", Hash::Sha512.name().as_bytes(), &signed] {
        key::put(&mut blob, field);
    }
    let encoded = base64::encode(&blob);
    let lines = encoded.as_bytes().chunks(WIDTH).map(String::from_utf8_lossy).collect::<Vec<_>>();
    format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
}

/// Reads the blocks of a signature file. What cannot be read comes back as a line and a lowercase fragment.
pub fn parse(text: &str) -> Result<Vec<Block>, (u32, String)> {
    if text.len() > FILE_BYTES {
        return Err((0, format!("it has more than {FILE_BYTES} bytes")));
    }
    let mut blocks = vec![];
    let mut lines = text.split_inclusive('\n').zip(1..);
    while let Some((first, line)) = lines.next() {
        match first.strip_suffix('\n').unwrap_or(first) {
            "" => continue,
            BEGIN => {}
            other if other.ends_with('\r') => {
                return Err((line, "its line ends were rewritten (CRLF)".to_owned()));
            }
            _ => return Err((line, format!("expected `{BEGIN}`"))),
        }
        let (mut armor, mut encoded) = (first.to_owned(), String::new());
        loop {
            let Some((next, _)) = lines.next() else {
                return Err((line, format!("a block that begins here has no `{END}`")));
            };
            armor.push_str(next);
            match next.strip_suffix('\n').unwrap_or(next) {
                END => break,
                more => encoded.push_str(more),
            }
        }
        let blob = base64::decode(&encoded).ok_or_else(|| (line, "a block that is not base64".to_owned()))?;
        if !armor.ends_with('\n') {
            armor.push('\n');
        }
        blocks.push(block(&blob, line, armor).map_err(|what| (line, what.to_owned()))?);
    }
    Ok(blocks)
}

fn block(blob: &[u8], line: u32, text: String) -> Result<Block, &'static str> {
    let cut = "a signature of a form that is not known";
    let mut rest = blob.strip_prefix(MAGIC).ok_or(cut)?;
    if key::take_number(&mut rest).ok_or(cut)? != VERSION {
        return Err("a signature of a version that is not known");
    }
    let [public, namespace, reserved, hash, signature] = key::take_all(rest).ok_or(cut)?;
    let hash = [Hash::Sha256, Hash::Sha512].into_iter().find(|known| known.name().as_bytes() == hash);
    let hash = hash.ok_or("a signature over a hash other than `sha512` or `sha256`")?;
    let namespace = std::str::from_utf8(namespace).map_err(|_| cut)?;
    if !reserved.is_empty() {
        return Err("a signature with a field that is reserved");
    }
    let kind = "a signature of a key that is not `ssh-ed25519`";
    Ok(Block {
        key: key::typed(public).ok_or(kind)?,
        namespace: namespace.to_owned(),
        hash,
        signature: key::typed(signature).ok_or(kind)?,
        line,
        text,
    })
}
