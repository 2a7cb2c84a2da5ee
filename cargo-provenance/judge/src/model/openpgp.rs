//! OpenPGP keys as people name them: an address and a fingerprint.

use std::fmt;

/// Whose key it is, and which. Fingerprints are whole: a key id of eight or sixteen digits can be made to order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenPgpKey {
    /// The address of its owner.
    pub email: String,
    /// 40 uppercase hex digits (version 4, RFC 4880 §12.2), or 64 (version 6, RFC 9580 §5.5.4).
    pub fingerprint: String,
}

impl OpenPgpKey {
    /// Reads `ADDRESS FINGERPRINT`; the fingerprint may be written in groups, as `gpg --fingerprint` prints it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let email = words.next()?;
        let is_plain =
            |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>' | '*' | '?' | ',');
        if !email.contains('@') || email.len() > 254 || !email.chars().all(is_plain) {
            return None;
        }
        let fingerprint = words.collect::<String>().to_ascii_uppercase();
        let is_whole =
            matches!(fingerprint.len(), 40 | 64) && fingerprint.bytes().all(|b| b.is_ascii_hexdigit());
        is_whole.then(|| Self { email: email.to_owned(), fingerprint })
    }
}

impl fmt::Display for OpenPgpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.email, self.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_with_a_whole_fingerprint_names_a_key() {
        let whole = "968479A1AFF927E37D1A566BB5690EEEBB952194";
        let grouped = "noreply@example.org 9684 79A1 AFF9 27E3 7D1A  566B B569 0EEE BB95 2194";
        for text in [format!("noreply@example.org {whole}"), grouped.to_owned(), grouped.to_lowercase()] {
            let key = OpenPgpKey::parse(&text).expect("a key");
            assert_eq!(key.to_string(), format!("noreply@example.org {whole}"));
        }
        for bad in [
            whole.to_owned(),
            "a@example.org".to_owned(),
            "a@example.org B5690EEEBB952194".to_owned(),
            format!("*@example.org {whole}"),
            format!("nobody {whole}"),
            format!("a@example.org 0x{whole}"),
        ] {
            assert_eq!(OpenPgpKey::parse(&bad), None, "{bad}");
        }
    }
}
