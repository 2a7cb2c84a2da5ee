//! PEM texts of Ed25519 keys for programs that do not know OpenSSH's format (RFC 8410).

use provenance_build::signing::{PublicKey, base64};

use super::SecretKey;

/// `PrivateKeyInfo` of version 1 up to the 32 bytes of the seed. Version 2, which holds the public key too, is refused by
/// OpenSSL 3.0 and others.
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// `SubjectPublicKeyInfo` up to the 32 bytes of the key.
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// The secret key, not encrypted.
pub fn pkcs8(key: &SecretKey) -> String {
    pem("PRIVATE KEY", &[&PKCS8[..], key.seed()].concat())
}

/// The public key.
pub fn spki(key: &PublicKey) -> String {
    pem("PUBLIC KEY", &[&SPKI[..], key.as_bytes()].concat())
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = base64::encode(der);
    let lines = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_comes_out() {
        // RFC 8410 §10.3 and §10.1: the same key.
        let seed = [
            0xd4, 0xee, 0x72, 0xdb, 0xf9, 0x13, 0x58, 0x4a, 0xd5, 0xb6, 0xd8, 0xf1, 0xf7, 0x69, 0xf8, 0xad,
            0x3a, 0xfe, 0x7c, 0x28, 0xcb, 0xf1, 0xd4, 0xfb, 0xe0, 0x97, 0xa8, 0x8f, 0x44, 0x75, 0x58, 0x42,
        ];
        let key = SecretKey::of(ssh_key::private::Ed25519PrivateKey::from_bytes(&seed), "").expect("a key");
        assert_eq!(
            pkcs8(&key),
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n"
        );
        assert_eq!(
            spki(&key.public()),
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
        );
    }
}
