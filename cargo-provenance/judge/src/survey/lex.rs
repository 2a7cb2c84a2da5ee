//! The one door to the lexer of Rust sources, which is rustc's own: it takes any text and never gives up on one.
//!
//! Comments are left out. Where editions read the same text differently, every reading is given, one after the other: code
//! that only one of them sees is seen.

use std::borrow::Cow;

use memchr::memchr;
use ra_ap_rustc_lexer::{Cursor, FrontmatterAllowed, LiteralKind, TokenKind, strip_shebang};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or a keyword, also a raw one.
    Ident,
    /// A lifetime.
    Lifetime,
    /// A string: plain, raw, of bytes, or of C.
    Str,
    /// A character or a byte.
    Char,
    /// A number.
    Number,
    /// A single character of punctuation, or one that means nothing to Rust.
    Punct(char),
}

/// A token of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// As it stands in the source, without the suffix of a literal and the `r#` of a raw identifier.
    pub raw: &'a str,
    /// The line it begins on, counted from 1.
    pub line: u32,
}

/// The tokens of a source.
#[derive(Debug)]
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    /// Whether `cr"…"` is an identifier and a string, as before the edition of 2021.
    is_old: bool,
    /// Readings that are yet to come: where they begin, and whether they are of an old edition.
    more: Vec<(usize, bool)>,
    saw_raw_c_string: bool,
}

/// What words and numbers are made of.
const WORD: [bool; 256] = table(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

/// What is a token by itself, whatever follows.
const PUNCT: [bool; 256] = table(b";,.(){}[]@#~?:$=!<>-&|+*^%");

const fn table(characters: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < characters.len() {
        table[characters[at] as usize] = true;
        at += 1;
    }
    table
}

/// Whether a number has neither suffix nor exponent, nor a base that allows less than all digits.
fn is_plain_number(word: &[u8]) -> bool {
    match word {
        [b'0', b'x', digits @ ..] => {
            digits.iter().all(|it| it.is_ascii_hexdigit() || *it == b'_')
                && digits.iter().any(u8::is_ascii_hexdigit)
        }
        digits => digits.iter().all(|it| it.is_ascii_digit() || *it == b'_'),
    }
}

/// The text of a source. What is not UTF-8, which rustc refuses, is replaced.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // Most sources are ASCII, which only this one leaps over.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The tokens of a source.
pub fn tokens(text: &str) -> Tokens<'_> {
    let start = strip_shebang(text).unwrap_or(0);
    // A nightly compiler skips a frontmatter, a stable one reads what is between the dashes.
    let more = frontmatter(&text[start..]).map(|length| (start + length, false)).into_iter().collect();
    Tokens { text, at: start, line: 1, is_old: false, more, saw_raw_c_string: false }
}

/// How long the block between lines of dashes is that a source opens with.
///
/// The lexer's own reader formats a line of so many dashes, which panics for more than 65,535.
fn frontmatter(text: &str) -> Option<usize> {
    let body = text.trim_start();
    let opening = text.len() - body.len();
    let dashes = body.bytes().take_while(|byte| *byte == b'-').count();
    if dashes < 3 {
        return None;
    }
    let mut at = opening;
    for line in body.split_inclusive('\n') {
        at += line.len();
        if at > opening + line.len() && line.starts_with(&body[..dashes]) {
            return Some(at);
        }
    }
    None
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.leap();
        self.plain().or_else(|| self.lexed())
    }
}

impl<'a> Tokens<'a> {
    /// Leaps over blanks and comments to the end of a line, of which most of a source consists.
    fn leap(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\n' => {
                    self.line = self.line.saturating_add(1);
                    self.at += 1;
                }
                b'\t' | 0x0b | 0x0c | b'\r' | b' ' => self.at += 1,
                b'/' if bytes.get(self.at + 1) == Some(&b'/') => {
                    let rest = &bytes[self.at..];
                    self.at += memchr(b'\n', rest).unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    /// The next token, if it is one that needs no lexer to be told: a word of ASCII, a number without a suffix, or punctuation.
    /// It is what the lexer would say, in a fraction of the time.
    fn plain(&mut self) -> Option<Token<'a>> {
        let rest = &self.text.as_bytes()[self.at..];
        let first = *rest.first()?;
        let (kind, length) = if WORD[usize::from(first)] {
            let length = rest.iter().position(|byte| !WORD[usize::from(*byte)]).unwrap_or(rest.len());
            let next = rest.get(length).copied().unwrap_or(b' ');
            let (kind, is_plain) = if first.is_ascii_digit() {
                // What follows may make a fraction of it.
                (Kind::Number, next != b'.' && is_plain_number(&rest[..length]))
            } else {
                // It may be the prefix of a literal.
                (Kind::Ident, !matches!(next, b'"' | b'\'' | b'#'))
            };
            // It may go on in other letters.
            if !is_plain || !next.is_ascii() {
                return None;
            }
            (kind, length)
        } else if PUNCT[usize::from(first)] {
            (Kind::Punct(char::from(first)), 1)
        } else {
            return None;
        };
        let token = Token { kind, raw: &self.text[self.at..self.at + length], line: self.line };
        self.at += length;
        Some(token)
    }

    /// The next token, as rustc's lexer has it.
    fn lexed(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.text.get(self.at..)?;
            let found = Cursor::new(rest, FrontmatterAllowed::No).advance_token();
            let length = found.len as usize;
            let (kind, raw, length) = match found.kind {
                TokenKind::Eof => {
                    self.read_anew()?;
                    continue;
                }
                TokenKind::LineComment { .. }
                | TokenKind::BlockComment { .. }
                | TokenKind::Whitespace
                | TokenKind::Frontmatter { .. } => {
                    self.advance(length);
                    continue;
                }
                TokenKind::Ident | TokenKind::InvalidIdent | TokenKind::UnknownPrefix => {
                    (Kind::Ident, &rest[..length], length)
                }
                TokenKind::RawIdent => (Kind::Ident, &rest[2..length], length),
                TokenKind::Lifetime { .. } | TokenKind::UnknownPrefixLifetime => {
                    (Kind::Lifetime, &rest[..length], length)
                }
                // Before the edition of 2021 it is a lifetime, `#` and an identifier.
                TokenKind::RawLifetime => (Kind::Lifetime, &rest[..2], 2),
                TokenKind::Literal { kind: LiteralKind::RawCStr { .. }, .. } if self.is_old => {
                    (Kind::Ident, &rest[..2], 2)
                }
                TokenKind::Literal { kind, suffix_start } => {
                    self.saw_raw_c_string |= matches!(kind, LiteralKind::RawCStr { .. });
                    (of_literal(kind), &rest[..suffix_start as usize], length)
                }
                // Only an error in the edition of 2024: two tokens in any other, as every operator is here.
                _ => {
                    let first = rest.chars().next()?;
                    (Kind::Punct(first), &rest[..first.len_utf8()], first.len_utf8())
                }
            };
            let token = Token { kind, raw, line: self.line };
            self.advance(length);
            return Some(token);
        }
    }
}

impl Tokens<'_> {
    fn advance(&mut self, length: usize) {
        let passed = &self.text.as_bytes()[self.at..self.at + length];
        let lines = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at += length;
    }

    /// Goes on with the next reading of the source.
    fn read_anew(&mut self) -> Option<()> {
        if std::mem::take(&mut self.saw_raw_c_string) && !self.is_old {
            self.more.insert(0, (strip_shebang(self.text).unwrap_or(0), true));
        }
        let (start, is_old) = self.more.pop()?;
        self.is_old = is_old;
        (self.at, self.line) = (0, 1);
        self.advance(start);
        Some(())
    }
}

fn of_literal(kind: LiteralKind) -> Kind {
    match kind {
        LiteralKind::Int { .. } | LiteralKind::Float { .. } => Kind::Number,
        LiteralKind::Char { .. } | LiteralKind::Byte { .. } => Kind::Char,
        _ => Kind::Str,
    }
}

impl<'a> Token<'a> {
    /// Whether it is this identifier.
    pub fn is_ident(&self, name: &str) -> bool {
        self.kind == Kind::Ident && self.raw == name
    }

    /// Whether it is this character of punctuation.
    pub fn is(&self, punct: char) -> bool {
        self.kind == Kind::Punct(punct)
    }

    /// What it means: a string or a character without quotes and escapes, everything else as it stands. A byte that is no ASCII
    /// is the character of the same number.
    pub fn value(&self) -> Cow<'a, str> {
        match self.kind {
            Kind::Str | Kind::Char => literal(self.raw),
            _ => Cow::Borrowed(self.raw),
        }
    }
}

/// The value of a string or a character. One that does not end is what there is of it.
fn literal(raw: &str) -> Cow<'_, str> {
    let body = raw.trim_start_matches(['b', 'c']);
    if let Some(body) = body.strip_prefix('r') {
        let hashes = body.bytes().take_while(|byte| *byte == b'#').count();
        let body = body[hashes..].strip_prefix('"').unwrap_or(&body[hashes..]);
        let end = body.len().checked_sub(hashes + 1).filter(|end| body.as_bytes()[*end] == b'"');
        return Cow::Borrowed(&body[..end.unwrap_or(body.len())]);
    }
    let quote = body.chars().next().filter(|quote| matches!(quote, '"' | '\'')).unwrap_or('"');
    let body = body.strip_prefix(quote).unwrap_or(body);
    let body = body.strip_suffix(quote).unwrap_or(body);
    if body.contains('\\') { Cow::Owned(unescaped(body)) } else { Cow::Borrowed(body) }
}

fn unescaped(body: &str) -> String {
    let mut value = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escape) = rest.chars().next() else { break };
        rest = &rest[escape.len_utf8()..];
        let of_number = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        match escape {
            'n' => value.push('\n'),
            'r' => value.push('\r'),
            't' => value.push('\t'),
            '0' => value.push('\0'),
            'x' => {
                let digits = rest.get(..2).unwrap_or_default();
                value.extend(of_number(digits));
                rest = &rest[digits.len()..];
            }
            'u' => {
                let end = rest.find('}').filter(|_| rest.starts_with('{'));
                let digits = end.map_or("", |end| &rest[1..end]);
                value.extend(of_number(&digits.replace('_', "")));
                rest = end.map_or(rest, |end| &rest[end + 1..]);
            }
            // The string goes on where the next line's text begins.
            '\n' | '\r' => rest = rest.trim_start(),
            other => value.push(other),
        }
    }
    value.push_str(rest);
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(text: &str) -> Vec<String> {
        tokens(text)
            .map(|token| match token.kind {
                Kind::Str => format!("{:?}", token.value()),
                _ => token.value().into_owned(),
            })
            .collect()
    }

    #[test]
    fn strings_are_what_they_mean() {
        for (text, expected) in [
            (r#""a""#, "a"),
            (r#"b"a\x41\xff""#, "aA\u{ff}"),
            (r#"c"a\n\t\r\0\\\"\'""#, "a\n\t\r\0\\\"'"),
            (r##"r#"a"\n"#"##, "a\"\\n"),
            (r##"br#"a"#"##, "a"),
            (r#"cr"a""#, "a"),
            (r#""\u{48}\u{1_F600}""#, "H😀"),
            ("\"a\\\n   b\\\r\n c\"", "abc"),
            (r#""a"suffix"#, "a"),
            (r#""a\q\u\x""#, "aq"),
            ("'\\''", "'"),
            ("b'\\x41'", "A"),
            ("\"open", "open"),
            ("r##\"open\"#", "open\"#"),
        ] {
            let first = tokens(text).next().expect("a token");
            assert!(matches!(first.kind, Kind::Str | Kind::Char), "{text}");
            assert_eq!(first.value(), expected, "{text}");
        }
    }

    #[test]
    fn comments_and_what_only_looks_like_them_are_told_apart() {
        let text = "// \"a\"\n/* b /* c */ d */ /// e\n//! f\nlet x = \"https://h // i\"; '\"' 'a \"j\"";
        assert_eq!(seen(text), ["let", "x", "=", "\"https://h // i\"", ";", "\"", "'a", "\"j\""]);
        let lines = tokens(text).map(|token| token.line).collect::<Vec<_>>();
        assert_eq!((lines[0], lines.len()), (4, 8));
    }

    #[test]
    fn a_shebang_and_a_mark_of_the_byte_order_are_no_code() {
        assert_eq!(seen(&text(b"\xef\xbb\xbf#!/bin/run \"\nx")), ["x"]);
        assert_eq!(seen("#![x]"), ["#", "!", "[", "x", "]"]);
        assert_eq!(seen(&text(b"a \xff \"b\"")), ["a", "\u{fffd}", "\"b\""]);
    }

    #[test]
    fn raw_identifiers_are_their_names() {
        assert_eq!(seen("r#std::k#fn"), ["std", ":", ":", "k", "#", "fn"]);
    }

    #[test]
    fn what_one_edition_hides_in_a_string_another_one_shows() {
        // Guarded strings: two tokens before 2024, so that the string begins at the quote.
        assert_eq!(seen("m!(#\"a\"# evil \"b\")"), ["m", "!", "(", "#", "\"a\"", "#", "evil", "\"b\"", ")"]);
        // Before 2021 the first string ends early, and what follows is code.
        let text = "m!(cr#\"a\"); evil(); m!(\"#)";
        assert!(!seen(text)[..4].contains(&"evil".to_owned()));
        assert!(seen(text).contains(&"evil".to_owned()));
        assert!(seen("m!('r#a)").contains(&"a".to_owned()));
    }

    #[test]
    fn a_frontmatter_is_read_both_ways() {
        let text = "---cargo\na = \"\n---\nfn evil() {}";
        assert!(seen(text).contains(&"evil".to_owned()));
        assert!(seen("---\nevil \"x\"\n---\n").contains(&"evil".to_owned()));
        assert_eq!(tokens(text).find(|token| token.raw == "evil").expect("it").line, 4);
        assert_eq!(seen(&"-".repeat(70_000)).len(), 70_000);
    }

    fn by_the_lexer_alone(text: &str) -> Vec<Token<'_>> {
        let mut tokens = tokens(text);
        std::iter::from_fn(|| tokens.lexed()).collect()
    }

    #[test]
    fn what_needs_no_lexer_is_what_the_lexer_says() {
        for text in [
            "a _ a_1 r b cr br#\"a\"# r#a k#b c\"d\" b'e' x'y' x\"z\" aé éa a\u{1f980} 'a a'",
            "1 1. 1.0 1..2 1.e 0x 0x_ 0xF_f 0xfu8 0x1.2 0b1 0o7 1e5 1u8 1_0 0_ 09 1é 0xaé 1\u{1f980} 1#a 1\"a\"",
            "// a\r\n/// b\n//! c\n/* d\n// */ e // f",
            "#!/bin/sh\na\n---\nb",
            "---\na // \n---\nb // c",
            "\u{85}a\u{200e}b\u{b}\u{c}c\r\rd",
            "cr#\"a\"# // b\n c \"#",
        ] {
            assert_eq!(tokens(text).collect::<Vec<_>>(), by_the_lexer_alone(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_the_lexer_does(text in "[\"'#/*\\\\!rbckex019_.,é🦀 \\n\\r\\-a]{0,40}") {
            prop_assert_eq!(tokens(&text).collect::<Vec<_>>(), by_the_lexer_alone(&text));
        }

        #[test]
        fn any_text_is_read_to_its_end(text in "[\"'#/*\\\\!rbck{}x0u\n \\-a]{0,40}") {
            let tokens = tokens(&text).collect::<Vec<_>>();
            prop_assert!(tokens.len() <= 3 * text.chars().count());
            let lines = 1 + text.matches('\n').count();
            for token in &tokens {
                prop_assert!(token.line as usize <= lines);
                prop_assert!(token.value().len() <= 2 * token.raw.len());
            }
        }

        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = text(&bytes);
            prop_assert!(tokens(&text).count() <= 3 * text.chars().count());
        }
    }
}
