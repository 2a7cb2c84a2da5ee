//! What tells, before its tokens are read or from one of them, that a Rust source hides something or reaches for other files.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::BTreeMap;

use memchr::memmem;

use super::super::lex::{self, Kind, Token};
use super::unicode;

/// Base64 in one string that is worth a word: a signature or a key is shorter.
pub(super) const BASE64: usize = 512;
/// Escaped bytes in one string.
pub(super) const ESCAPES: usize = 128;
/// Numbers of one byte in a row.
pub(super) const BYTES: usize = 512;
/// A string that counts as a piece of longer data.
pub(super) const PIECE: usize = 40;

/// Sections of code that runs before `main` or after it, on ELF, Mach-O and Windows.
const SECTIONS: &[&str] = &[
    ".init_array",
    ".preinit_array",
    ".fini_array",
    ".ctors",
    ".CRT$X",
    "__mod_init_func",
    "__mod_term_func",
];

/// Whether there may be something in a source that its tokens would tell. Most sources are done with here.
pub(super) fn is_suspect(text: &str) -> bool {
    let hides = || !text.is_ascii() && (has_foreign(text.as_bytes()) || unicode::invisible(text).is_some());
    let names =
        || contains(text, "concat") || names_module(text) || renames_ctor(text) || contains(text, "asm!");
    is_dense(text.as_bytes()) || includes(text) || has_attribute(text) || names() || hides()
}

/// Whether a string ends in a name that `is_file` knows, or is written so that it may.
pub(super) fn names_file(text: &str, is_file: impl Fn(&str) -> bool) -> bool {
    let (bytes, mut passed) = (text.as_bytes(), 0);
    memchr::memchr_iter(b'"', bytes).any(|at| {
        // Back to another quote at most, so that no byte is looked at twice.
        let before = &bytes[passed..at];
        let start = passed + memchr::memrchr2(b'/', b'\n', before).map_or(0, |at| at + 1);
        passed = at + 1;
        let part = &text[start..at];
        let is_escape = |at: usize| matches!(part.as_bytes().get(at + 1), Some(b'x' | b'u' | b'\r'));
        let (mut name, mut is_escaped) = (part, false);
        for at in memchr::memchr_iter(b'\\', part.as_bytes()) {
            (name, is_escaped) = (&part[at + 1..], is_escaped || is_escape(at));
        }
        is_escaped || is_file(name)
    })
}

/// Whether there may be Greek, Cyrillic or Armenian letters.
fn has_foreign(bytes: &[u8]) -> bool {
    let is_it = |at: usize| match (bytes[at], bytes.get(at + 1)) {
        (0xcd..=0xd6, _) => true,
        // The rest of Cyrillic: U+1C80, U+2DE0 and U+A640 to U+A69F.
        (0xe1, Some(0xb2)) | (0xe2, Some(0xb7)) | (0xea, Some(0x99 | 0x9a)) => true,
        _ => false,
    };
    bytes.iter().enumerate().any(|(at, byte)| *byte >= 0xcd && is_it(at))
}

/// Where a word stands in a text.
fn places<'t>(text: &'t str, word: &'static str) -> impl Iterator<Item = usize> + 't {
    memmem::find_iter(text.as_bytes(), word)
}

fn contains(text: &str, word: &str) -> bool {
    memmem::find(text.as_bytes(), word.as_bytes()).is_some()
}

/// A text without the blanks that it begins with: what Rust takes for one (Rust reference, "Whitespace").
fn unblanked(text: &str) -> &str {
    text.trim_start_matches(|it: char| it.is_whitespace() || matches!(it, '\u{200e}' | '\u{200f}'))
}

fn renames_ctor(text: &str) -> bool {
    places(text, "ctor").any(|at| unblanked(&text[at + 4..]).starts_with(['a', '/']))
}

/// Whether a macro may declare a module by a name that it is given.
fn names_module(text: &str) -> bool {
    text.contains('$') && places(text, "mod").any(|at| unblanked(&text[at + 3..]).starts_with(['$', '/']))
}

/// Whether a long stretch has only what data is written in. Code has other punctuation every few characters, so that the
/// search leaps from one to the next.
fn is_dense(bytes: &[u8]) -> bool {
    const DATA: [bool; 256] = {
        let mut table = [false; 256];
        let characters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-\\\"', \t\r\n";
        let mut at = 0;
        while at < characters.len() {
            table[characters[at] as usize] = true;
            at += 1;
        }
        table
    };
    let mut start = 0;
    while let Some(stretch) = bytes.get(start..start + BASE64) {
        match stretch.iter().rposition(|byte| !DATA[usize::from(*byte)]) {
            Some(at) => start += at + 1,
            None => return true,
        }
    }
    false
}

/// Whether one of the macros that include is called, or given another name.
fn includes(text: &str) -> bool {
    places(text, "include").any(|at| {
        let rest = &text[at + "include".len()..];
        let rest = rest.strip_prefix("_bytes").or(rest.strip_prefix("_str")).unwrap_or(rest);
        let rest = unblanked(rest);
        rest.starts_with(['!', '/', ',', ';', ')', ']', '}', '$', '"']) || rest.starts_with("as")
    })
}

/// Whether there may be an attribute that names a file or a section.
fn has_attribute(text: &str) -> bool {
    // Every other source has derives behind a condition, hardly any what matters here.
    let hides_in_condition = LazyCell::new(|| {
        let names_path = places(text, "path").any(|at| {
            let rest = unblanked(&text[at + 4..]);
            rest.starts_with('/')
                || rest.strip_prefix('=').is_some_and(|value| {
                    unblanked(value).starts_with(['"', 'r', 'c', 'b', '$', '/', 'i', 'e', 's'])
                })
        });
        names_path || ["link_section", "ctor", "static_init"].iter().any(|name| contains(text, name))
    });
    memchr::memchr_iter(b'#', text.as_bytes()).any(|at| {
        let rest = unblanked(&text[at + 1..]);
        let rest = unblanked(rest.strip_prefix('!').unwrap_or(rest));
        let Some(inner) = rest.strip_prefix('[') else { return rest.starts_with('/') };
        let inner = unblanked(inner);
        // Hardly any attribute begins like one of those that matter.
        if !inner.starts_with(['/', ':', 'r', 'c', 'p', 'l', 'u', 's']) {
            return false;
        }
        inner.starts_with(['/', ':'])
            || inner.starts_with("r#")
            || inner.starts_with("cfg_attr") && *hides_in_condition
            || ["path", "ctor", "link_section", "unsafe", "small_ctor", "static_init"]
                .iter()
                .any(|name| inner.starts_with(name))
    })
}

/// The identifiers and the strings of a source.
pub(super) fn words(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let words = lex::tokens(text).filter(|token| matches!(token.kind, Kind::Ident | Kind::Str));
    words.map(|token| token.value())
}

/// The line with the most that is no data, and how much that is: what is left of its bytes without strings and lists of numbers.
/// `long` are the lines that are looked at, with their lengths.
pub(super) fn written(text: &str, long: &BTreeMap<u32, usize>) -> Option<(u32, usize)> {
    let mut most = None::<(u32, usize)>;
    let mut data: BTreeMap<u32, usize> = BTreeMap::new();
    let mut finish = |data: &mut BTreeMap<u32, usize>| {
        let data = std::mem::take(data);
        for (line, length) in long {
            let written = length.saturating_sub(data.get(line).copied().unwrap_or(0));
            if most.is_none_or(|(_, most)| written > most) {
                most = Some((*line, written));
            }
        }
    };
    let mut last = text.as_ptr();
    for token in lex::tokens(text) {
        if token.raw.as_ptr() < last {
            finish(&mut data);
        }
        last = token.raw.as_ptr();
        match token.kind {
            Kind::Char | Kind::Number | Kind::Str => {
                for (part, line) in token.raw.split('\n').zip(token.line..) {
                    if long.contains_key(&line) {
                        *data.entry(line).or_default() += part.len();
                    }
                }
            }
            // With a blank behind it.
            Kind::Punct(',') if long.contains_key(&token.line) => *data.entry(token.line).or_default() += 2,
            _ => {}
        }
    }
    finish(&mut data);
    most
}

pub(super) fn section_before_main(text: &str) -> Option<&'static str> {
    SECTIONS.iter().copied().find(|section| contains(text, section))
}

/// How long the longest stretch in a string is that is written in the alphabet of base64.
pub(super) fn base64(text: &str) -> usize {
    let is_data = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-');
    let (mut longest, mut run) = (0, 0);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        run = if is_data(byte) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    // What is one word over and over draws a line.
    longest
}

/// Whether a number or a character is one byte.
pub(super) fn is_byte(token: Token<'_>) -> bool {
    let raw = token.raw;
    if token.kind == Kind::Char {
        return raw.starts_with('b');
    }
    // Ten characters are as many as a byte has with its prefix and some grouping.
    if raw.len() > 12 {
        return false;
    }
    let digits = raw.replace('_', "");
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0b") => (&digits[2..], 2),
        Some("0o") => (&digits[2..], 8),
        _ => (&*digits, 10),
    };
    u8::from_str_radix(digits, radix).is_ok()
}
