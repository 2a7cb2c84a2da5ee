//! Characters that make a text look like something else than it is.

/// How many characters in a row nobody sees, at least: a variation selector, a joiner or a mark of direction stands alone in
/// honest text, and payloads need hundreds.
const RUN: usize = 4;

/// Which scripts an identifier has letters of, besides Latin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Armenian,
    Cyrillic,
    Greek,
}

/// A character that changes the direction of the text around it (CVE-2021-42574), and the line that it is on.
pub(super) fn bidi(content: &[u8]) -> impl Iterator<Item = (u32, char)> {
    let (mut at, mut lines) = (0, Lines::default());
    std::iter::from_fn(move || {
        while let Some(step) = content[at..].iter().position(|byte| *byte == 0xe2) {
            let start = at + step;
            at = start + 1;
            let control = match content.get(start + 1..start + 3) {
                Some(&[0x80, last @ 0xaa..=0xae]) => char::from_u32(0x2000 + u32::from(last - 0x80)),
                Some(&[0x81, last @ 0xa6..=0xa9]) => char::from_u32(0x2040 + u32::from(last - 0x80)),
                _ => None,
            };
            if let Some(control) = control {
                return Some((lines.of(content, start), control));
            }
        }
        None
    })
}

/// The longest run of characters that nobody sees, if there is one of at least [`RUN`]: where it begins, and its length.
pub(super) fn invisible(text: &str) -> Option<(usize, usize)> {
    let (mut at, mut start, mut run) = (0, 0, 0);
    let mut longest = None::<(usize, usize)>;
    while let Some(character) = text[at..].chars().next() {
        if character.is_ascii() {
            run = 0;
            at += text.as_bytes()[at..].iter().position(|byte| !byte.is_ascii()).unwrap_or(text.len() - at);
            continue;
        }
        if !is_invisible(character) {
            run = 0;
            // The flags of regions are spelled in tags.
            at += if character == FLAG { flag(&text[at..]) } else { character.len_utf8() };
            continue;
        }
        if run == 0 {
            start = at;
        }
        run += 1;
        if run >= RUN && longest.is_none_or(|(_, length)| run > length) {
            longest = Some((start, run));
        }
        at += character.len_utf8();
    }
    longest
}

const FLAG: char = '\u{1f3f4}';

/// How long the flag is that a text begins with: a black one, and for a region's a few tags and one that ends them.
fn flag(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    for (at, character) in characters.by_ref().take(7) {
        match character {
            '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}' => {}
            '\u{e007f}' => return at + character.len_utf8(),
            _ => break,
        }
    }
    FLAG.len_utf8()
}

fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2065}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether an identifier mixes Latin letters with ones of a script that has letters which look the same.
pub(super) fn mixed(identifier: &str) -> Option<Script> {
    if identifier.is_ascii() || !identifier.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    identifier.chars().find_map(|character| match character {
        '\u{0400}'..='\u{052f}'
        | '\u{1c80}'..='\u{1c8f}'
        | '\u{2de0}'..='\u{2dff}'
        | '\u{a640}'..='\u{a69f}' => Some(Script::Cyrillic),
        '\u{0531}'..='\u{058f}' => Some(Script::Armenian),
        // Those that look like Latin ones: mathematics has the others in its names.
        'Α' | 'Β' | 'Ε' | 'Ζ' | 'Η' | 'Ι' | 'Κ' | 'Μ' | 'Ν' | 'Ο' | 'Ρ' | 'Τ' | 'Υ' | 'Χ' | 'ι' | 'ν'
        | 'ο' | 'υ' => Some(Script::Greek),
        _ => None,
    })
}

impl Script {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Armenian => "Armenian",
            Self::Cyrillic => "Cyrillic",
            Self::Greek => "Greek",
        }
    }
}

/// Counts lines, from the front to the back.
#[derive(Default)]
pub(super) struct Lines {
    at: usize,
    passed: u32,
}

impl Lines {
    /// The line of a place, counted from 1; no place before one that was asked for.
    pub(super) fn of(&mut self, content: &[u8], at: usize) -> u32 {
        let between = content.get(self.at..at).unwrap_or_default();
        let lines = between.iter().filter(|byte| **byte == b'\n').count();
        self.passed = self.passed.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at = at.max(self.at);
        self.passed.saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_of_direction_are_found_with_their_lines() {
        let text = "a\nb \u{202e} c \u{2069}\n\u{200b}\u{2026}\u{2066}";
        assert_eq!(
            bidi(text.as_bytes()).collect::<Vec<_>>(),
            [(2, '\u{202e}'), (2, '\u{2069}'), (3, '\u{2066}')]
        );
        assert_eq!(bidi(b"\xe2\x80").count(), 0);
    }

    #[test]
    fn only_characters_in_a_row_are_a_run() {
        for (text, expected) in [
            ("a\u{200b}\u{200b}\u{200b}b\u{200b}", None),
            ("\u{200b}\u{fe0f}\u{e0101}\u{ad}", Some((0, 4))),
            ("é\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}x\u{200d}", Some((2, 5))),
            ("👩\u{200d}👩\u{200d}👧\u{200d}👦", None),
            // Scotland, and what only begins like it.
            ("\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}", None),
            ("\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}", Some((4, 5))),
            ("\u{1f3f4}", None),
            ("", None),
        ] {
            assert_eq!(invisible(text), expected, "{text:?}");
        }
    }

    #[test]
    fn letters_that_look_like_others_are_told_from_those_that_do_not() {
        for (identifier, expected) in [
            ("p\u{430}ypal", Some(Script::Cyrillic)),
            ("\u{570}ello", Some(Script::Armenian)),
            ("\u{39f}pen", Some(Script::Greek)),
            ("Δx", None),
            ("λ_max", None),
            ("привет", None),
            ("naïve", None),
            ("日本x", None),
            ("plain", None),
        ] {
            assert_eq!(mixed(identifier), expected, "{identifier}");
        }
    }
}
