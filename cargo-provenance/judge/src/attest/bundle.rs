//! Bundles of attestations (in-toto, "File naming conventions"): `.intoto.jsonl`, an envelope on each line.
//!
//! Nobody signs a bundle as a whole: whoever carries it can leave lines out, add some, or change their order. So a line more
//! must never undo what another proves, and a line less can only make a proof fail.

use super::envelope::{ENVELOPE_BYTES, Envelope};
use super::statement::Statement;
use super::{Fault, json};

/// Lines of a bundle: an artifact has a handful of attestations, and each is looked at.
const MOST_LINES: usize = 1_024;

/// The envelopes of a bundle, and what else was in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// The envelopes, each with its line, counted from 1.
    pub envelopes: Vec<(usize, Envelope)>,
    /// The lines that are none, and why: another kind of attestation, or damage.
    pub skipped: Vec<(usize, Fault)>,
}

impl Bundle {
    /// Reads a bundle; a single envelope on several lines is one, too.
    ///
    /// # Errors
    ///
    /// What is larger than a bundle is.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > ENVELOPE_BYTES {
            return Err(Fault::new("bundle", format!("is larger than {ENVELOPE_BYTES} bytes")));
        }
        if let Ok(value) = json::read("bundle", bytes, ENVELOPE_BYTES) {
            return Ok(match Envelope::of(value) {
                Ok(envelope) => Self { envelopes: vec![(1, envelope)], skipped: vec![] },
                Err(fault) => Self { envelopes: vec![], skipped: vec![(1, fault)] },
            });
        }
        let mut bundle = Self::default();
        for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            if bundle.envelopes.len() + bundle.skipped.len() == MOST_LINES {
                return Err(Fault::new("bundle", format!("has more than {MOST_LINES} lines")));
            }
            match Envelope::read(line) {
                Ok(envelope) => bundle.envelopes.push((at + 1, envelope)),
                Err(fault) => bundle.skipped.push((at + 1, fault)),
            }
        }
        Ok(bundle)
    }

    /// Whether a text can be a bundle: objects on a line each, of whatever kind, or one envelope on several.
    pub fn is_one(bytes: &[u8]) -> bool {
        let is_object =
            |line: &[u8]| json::read("bundle", line, ENVELOPE_BYTES).is_ok_and(|it| it.is_object());
        let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        Envelope::read(bytes).is_ok() || lines.all(is_object)
    }

    /// The predicate type of each envelope, whoever signed it; nothing for what is no statement.
    pub fn kinds(&self) -> impl Iterator<Item = Option<String>> {
        let statements = self.envelopes.iter().map(|(_, it)| Statement::read(it.unverified_payload()));
        statements.map(|statement| Some(statement.ok()?.predicate_type))
    }

    /// The text of a bundle with one more envelope. What is there stays as it is, but for one document on several lines, which
    /// becomes a line.
    pub fn appended(old: &[u8], envelope: &Envelope) -> Vec<u8> {
        let several = old.trim_ascii().contains(&b'\n');
        let document = several.then(|| json::read("bundle", old, ENVELOPE_BYTES).ok()).flatten();
        let mut text = document.map_or_else(|| old.to_vec(), |document| document.to_string().into_bytes());
        if text.last().is_some_and(|last| *last != b'\n') {
            text.push(b'\n');
        }
        text.extend(envelope.to_line().as_bytes());
        text.push(b'\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn envelope(payload: &str) -> Envelope {
        let line = format!(
            "{{\"payload\":\"{payload}\",\"payloadType\":\"a/b\",\"signatures\":[{{\"sig\":\"e30=\"}}]}}"
        );
        Envelope::read(line.as_bytes()).expect("an envelope")
    }

    #[test]
    fn lines_that_are_no_envelope_are_skipped_and_counted() {
        let (first, second) = (envelope("e30="), envelope("AAAA"));
        let text = format!("{}\r\n\n{{\"mediaType\":\"x\"}}\n\u{0}\n{}", first.to_line(), second.to_line());
        let bundle = Bundle::read(text.as_bytes()).expect("read");
        assert_eq!(bundle.envelopes, [(1, first.clone()), (5, second.clone())]);
        assert_eq!(bundle.skipped.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4]);
        let more = Bundle::appended(text.as_bytes(), &first);
        assert!(more.starts_with(text.as_bytes()));
        assert_eq!(Bundle::read(&more).expect("read").envelopes.len(), 3);
    }

    #[test]
    fn what_is_something_else_is_no_bundle() {
        let line = envelope("e30=").to_line();
        for (text, is_one) in [
            (String::new(), true),
            (line.clone(), true),
            (line.replace(',', ",\n"), true),
            (format!("{{\"mediaType\":\"x\"}}\n\n{line}\r\n"), true),
            ("{\n  \"name\": \"x\"\n}".to_owned(), false),
            ("[package]\nname = \"x\"\n".to_owned(), false),
            ("\u{7f}ELF".to_owned(), false),
            (format!("{line}\nx"), false),
        ] {
            assert_eq!(Bundle::is_one(text.as_bytes()), is_one, "{text}");
        }
    }

    #[test]
    fn one_envelope_on_several_lines_is_a_bundle() {
        let pretty = envelope("e30=").to_line().replace(',', ",\n  ");
        assert_eq!(Bundle::read(pretty.as_bytes()).expect("read").envelopes, [(1, envelope("e30="))]);
        let more = Bundle::appended(pretty.as_bytes(), &envelope("AAAA"));
        assert_eq!(
            Bundle::read(&more).expect("read").envelopes,
            [(1, envelope("e30=")), (2, envelope("AAAA"))]
        );
        assert_eq!(Bundle::read(b"{\n}").expect("read").skipped.len(), 1);
        assert_eq!(Bundle::read(b"").expect("read"), Bundle::default());
    }

    #[test]
    fn the_number_of_lines_is_bounded() {
        assert_eq!(Bundle::read(&b"x\n".repeat(MOST_LINES)).expect("read").skipped.len(), MOST_LINES);
        assert!(Bundle::read(&b"x\n".repeat(MOST_LINES + 1)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_there_is_never_lost(old: Vec<u8>) {
            prop_assume!(old.len() < 200);
            let before = Bundle::read(&old).expect("read");
            let after = Bundle::read(&Bundle::appended(&old, &envelope("e30="))).expect("read");
            prop_assert!(after.envelopes.len() == before.envelopes.len() + 1);
        }
    }
}
