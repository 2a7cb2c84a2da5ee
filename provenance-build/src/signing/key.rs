//! Ed25519 public keys in OpenSSH's spelling, and the strings of the SSH wire format (RFC 4251 §5) that they are made of.

use std::fmt;

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::base64;

/// The name of Ed25519 keys and signatures.
pub const TYPE: &[u8] = b"ssh-ed25519";

/// A public key that has been looked at: canonical, on the curve, and not of small order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey(VerifyingKey);

/// The SHA-256 fingerprint of a key, written as OpenSSH does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl PublicKey {
    /// Takes the 32 bytes of a key, or says what is wrong with them.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, &'static str> {
        // RFC 8032 §5.1.3: the y coordinate, without the sign bit, is below 2^255 - 19.
        let is_large =
            bytes[31] & 0x7f == 0x7f && bytes[1..31].iter().all(|byte| *byte == 0xff) && bytes[0] >= 0xed;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| "a key that is no point of the curve")?;
        if is_large {
            return Err("a key that is not in canonical form");
        }
        // The signature of such a key is valid for almost any text.
        if key.is_weak() { Err("a weak key: a point of small order") } else { Ok(Self(key)) }
    }

    /// Reads `AAAA…`, the base64 after `ssh-ed25519`.
    pub(super) fn from_base64(text: &str) -> Result<Self, &'static str> {
        let blob = base64::decode(text).ok_or("a key that is not base64")?;
        Self::from_bytes(&typed(&blob).ok_or("a key that is not `ssh-ed25519`")?)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The key in the SSH wire format.
    pub fn blob(&self) -> Vec<u8> {
        blob_of(self.as_bytes())
    }

    /// Its fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.as_bytes())
    }

    /// Whether the signature is its own over `data`. Strict: RFC 8032 with canonical values and no points of small order.
    pub fn verifies(&self, data: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(data, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ssh-ed25519 {}", base64::encode(&self.blob()))
    }
}

impl Fingerprint {
    /// The fingerprint of the 32 bytes of a key.
    pub(super) fn of(key: &[u8; 32]) -> Self {
        Self(Sha256::digest(blob_of(key)).into())
    }

    /// Reads `SHA256:` and 43 characters of base64.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = base64::decode(&format!("{}=", text.strip_prefix("SHA256:")?))?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", base64::encode(&self.0).trim_end_matches('='))
    }
}

fn blob_of(key: &[u8; 32]) -> Vec<u8> {
    let mut blob = vec![];
    put(&mut blob, TYPE);
    put(&mut blob, key);
    blob
}

/// Appends a string of the wire format.
pub fn put(out: &mut Vec<u8>, field: &[u8]) {
    out.extend((field.len() as u32).to_be_bytes());
    out.extend(field);
}

/// Takes a number of the wire format off the front.
pub fn take_number(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_be_bytes(*number))
}

/// Takes a string of the wire format off the front.
pub fn take<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = take_number(rest)? as usize;
    let (field, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(field)
}

/// Takes bytes apart as just so many strings, with nothing after them.
pub fn take_all<const N: usize>(mut rest: &[u8]) -> Option<[&[u8]; N]> {
    let mut fields = [&[][..]; N];
    for field in &mut fields {
        *field = take(&mut rest)?;
    }
    rest.is_empty().then_some(fields)
}

/// The value in `ssh-ed25519` and value: of a key or a signature.
pub fn typed<const N: usize>(blob: &[u8]) -> Option<[u8; N]> {
    let [kind, value] = take_all(blob)?;
    (kind == TYPE).then(|| value.try_into().ok())?
}
