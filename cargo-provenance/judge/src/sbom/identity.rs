//! What identifies a document: a UUID that follows from its content, so that the same content is the same document.

use sha2::{Digest as _, Sha256};

/// A UUID of version 8 (RFC 9562, section 5.8): the first bits of the SHA-256 of `content`.
pub(super) fn uuid(content: &[u8]) -> String {
    let mut bytes = Sha256::digest(content);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = bytes[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_has_the_same_name() {
        assert_eq!(uuid(b""), "e3b0c442-98fc-8c14-9afb-f4c8996fb924");
        assert_eq!(uuid(b"a"), uuid(b"a"));
        assert_ne!(uuid(b"a"), uuid(b"b"));
    }
}
