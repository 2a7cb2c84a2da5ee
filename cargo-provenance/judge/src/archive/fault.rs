//! Why an archive is refused, in words that cannot harm a terminal.

use std::fmt::Write as _;

use super::limits::Limits;

/// One reason to refuse an archive, or a remark about one that is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The check's id.
    pub check: &'static str,
    /// What was seen: a lowercase fragment, printable whatever the archive holds.
    pub what: String,
}

impl Fault {
    pub(super) fn new(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, what: what.into() }
    }
}

/// The faults of one archive, bounded.
#[derive(Debug)]
pub(super) struct Faults {
    list: Vec<Fault>,
    limit: usize,
}

impl Faults {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { list: vec![], limit: limits.faults }
    }

    pub(super) fn push(&mut self, fault: Fault) {
        if self.list.len() < self.limit {
            self.list.push(fault);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn into_vec(self) -> Vec<Fault> {
        self.list
    }
}

/// Bytes from an archive for a message: control, bidi and invisible characters escaped, cut after 160 characters.
pub fn printable(bytes: &[u8]) -> String {
    const CHARACTERS: usize = 160;
    // Four bytes are the longest character, so that only what can be shown is decoded.
    let head = &bytes[..bytes.len().min(4 * CHARACTERS)];
    let mut text = String::new();
    for c in String::from_utf8_lossy(head).chars().take(CHARACTERS) {
        if matches!(c, '\'' | '"') {
            text.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}", c.escape_debug());
        }
    }
    if String::from_utf8_lossy(head).chars().count() > CHARACTERS || head.len() < bytes.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_cannot_move_the_cursor_or_turn_the_text() {
        assert_eq!(printable("a\x1b[2J\u{202e}b\n".as_bytes()), "a\\u{1b}[2J\\u{202e}b\\n");
        assert_eq!(printable(b"\xff'\""), "\u{fffd}'\"");
        assert_eq!(printable(&[b'x'; 1_000]).chars().count(), 161);
    }
}
