//! The two digests that the gate speaks: SHA-256 where the ecosystem has it, BLAKE3 where a build script must be fast.
//!
//! Text forms are strict: lowercase hex of the full length, nothing else, so that one digest has one spelling.

use std::fmt;

/// SHA-256 of a `.crate` file (or of a policy), written `sha256:` and 64 lowercase hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum([u8; 32]);

/// BLAKE3 directory hash of a package's files, written `b3:` and 64 lowercase hex digits. See [`crate::tree`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeDigest([u8; 32]);

macro_rules! digest {
    ($name:ident, $prefix:literal) => {
        impl $name {
            /// Wraps the 32 bytes of a digest.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Reads 64 lowercase hex digits without a prefix, the way `Cargo.lock` and the index write them.
            pub fn from_hex(text: &str) -> Option<Self> {
                parse_hex(text).map(Self)
            }

            /// Reads the prefixed form that the manifest uses.
            pub fn parse(text: &str) -> Option<Self> {
                text.strip_prefix($prefix).and_then(Self::from_hex)
            }

            /// The 64 lowercase hex digits without a prefix.
            pub fn hex(&self) -> String {
                write_hex(&self.0)
            }

            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// A short form for screens: the prefix, the first eight and the last two digits.
            pub fn short(&self) -> String {
                let hex = self.hex();
                format!("{}{}..{}", $prefix, &hex[..8], &hex[62..])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

digest!(Checksum, "sha256:");
digest!(TreeDigest, "b3:");

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn write_hex(bytes: &[u8; 32]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(64);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_digest_has_one_spelling() {
        let hex = "00ff".repeat(16);
        let digest = Checksum::from_hex(&hex).expect("valid");
        assert_eq!(digest.hex(), hex);
        assert_eq!(Checksum::parse(&format!("sha256:{hex}")), Some(digest));
        for bad in [
            hex.to_uppercase(),
            hex[..62].to_owned(),
            format!("{}+1", &hex[..62]),
            format!("{}é", &hex[..62]),
            format!("{hex}0"),
        ] {
            assert_eq!(Checksum::from_hex(&bad), None, "{bad}");
        }
        assert_eq!(TreeDigest::parse(&format!("sha256:{hex}")), None);
    }
}
