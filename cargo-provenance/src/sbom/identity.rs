//! What identifies a document: a UUID that follows from its content, so that the same content is the same document, and the
//! time that it was made.

use sha2::{Digest as _, Sha256};

use crate::model::{Clock, Date};

/// A UUID of version 8 (RFC 9562, section 5.8): the first bits of the SHA-256 of `content`.
pub(super) fn uuid(content: &[u8]) -> String {
    let mut bytes = Sha256::digest(content);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = bytes[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The moment in RFC 3339, UTC.
pub(super) fn timestamp(Clock(seconds): Clock) -> String {
    let (day, second) = (Date::of_seconds(seconds), seconds % 86_400);
    format!("{day}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_has_the_same_name() {
        assert_eq!(uuid(b""), "e3b0c442-98fc-8c14-9afb-f4c8996fb924");
        assert_eq!(uuid(b"a"), uuid(b"a"));
        assert_ne!(uuid(b"a"), uuid(b"b"));
        assert_eq!(timestamp(Clock(1_795_392_061)), "2026-11-23T00:01:01Z");
    }
}
