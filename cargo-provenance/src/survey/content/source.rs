//! What stands in a Rust source that hides something or reaches for other files, read from its tokens.

use super::super::lex::{self, Kind, Token};
use super::unicode::{self, Script};

/// Something that stands in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Code that runs before `main`: what makes it so.
    BeforeMain(String),
    /// Data that nobody can read: what it is.
    Blob(String),
    /// A module in another file, within these inline ones.
    Declares { within: Vec<String>, name: String },
    /// A macro that reads another file.
    Include { by: &'static str, from: Base, file: String },
    /// So many characters in a row that nobody sees.
    Invisible(usize),
    /// An identifier with letters of several scripts.
    Mixed(String, Script),
    /// `#[path]` of a module within these inline ones.
    Path { within: Vec<String>, file: String },
}

/// What the path of an included file begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// Nothing: it is relative to the source's own folder.
    Folder,
    /// `OUT_DIR`, where the build script writes.
    OutDir,
    /// `CARGO_MANIFEST_DIR`.
    Package,
}

/// Base64 in one string that is worth a word: a signature or a key is shorter.
const BASE64: usize = 512;
/// Escaped bytes in one string.
const ESCAPES: usize = 128;
/// Numbers of one byte in a row.
const BYTES: usize = 512;
/// A string that counts as a piece of longer data.
const PIECE: usize = 40;

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

/// The most tokens of a macro's arguments or an attribute that are looked at.
const ARGUMENTS: usize = 256;

/// Whether there may be something in a source that its tokens would tell. Most sources are done with here.
pub(super) fn is_suspect(text: &str) -> bool {
    // Leading bytes of Greek, Cyrillic and Armenian letters.
    let is_foreign = |byte: u8| matches!(byte, 0xcd..=0xd6 | 0xe1 | 0xe2 | 0xea);
    let hides = || !text.is_ascii() && (text.bytes().any(is_foreign) || unicode::invisible(text).is_some());
    is_dense(text.as_bytes()) || includes(text) || has_attribute(text) || text.contains("asm!") || hides()
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

fn includes(text: &str) -> bool {
    text.contains("include")
        && text.match_indices("include").any(|(at, word)| {
            let rest = &text[at + word.len()..];
            let rest = rest.strip_prefix("_bytes").or(rest.strip_prefix("_str")).unwrap_or(rest);
            rest.trim_start().starts_with(['!', '/'])
        })
}

/// Whether there may be an attribute that names a file or a section.
fn has_attribute(text: &str) -> bool {
    text.match_indices('#').any(|(at, _)| {
        let rest = text[at + 1..].trim_start();
        let rest = rest.strip_prefix('!').unwrap_or(rest).trim_start();
        let Some(inner) = rest.strip_prefix('[') else { return rest.starts_with('/') };
        let inner = inner.trim_start();
        inner.starts_with('/')
            || inner.starts_with("r#")
            || ["path", "cfg_attr", "ctor", "link_section", "unsafe", "small_ctor", "static_init"]
                .iter()
                .any(|name| inner.starts_with(name))
    })
}

/// Something, the line that it stands in, and whether only the package's own tests see that.
pub(super) type Tell<'a> = dyn FnMut(u32, Found, bool) + 'a;

/// Reads a source, and tells what stands in it.
pub(super) fn read(text: &str, tell: &mut Tell<'_>) {
    let mut reading = Reading::default();
    for token in lex::tokens(text) {
        reading.take(token, tell);
    }
}

/// What was read just now.
#[derive(Default)]
struct Reading<'t> {
    /// The token before, and the one before that.
    before: [Option<Token<'t>>; 2],
    /// Open braces, and the inline modules that they belong to.
    depth: usize,
    modules: Vec<(usize, String)>,
    /// Whether `#[cfg(test)]` stands before what comes next, and how deep what it stands before began.
    test_follows: bool,
    test: Option<usize>,
    arguments: Option<Group<'t>>,
    attribute: Option<Group<'t>>,
    /// Numbers of one byte in a row, and characters of strings in a row that may be one piece of data.
    numbers: usize,
    pieces: usize,
}

/// What stands in brackets.
struct Group<'t> {
    by: &'static str,
    line: u32,
    depth: usize,
    tokens: Vec<Token<'t>>,
}

impl<'t> Group<'t> {
    fn new(by: &'static str, line: u32) -> Self {
        Self { by, line, depth: 1, tokens: vec![] }
    }

    /// Whether the group ends with this token.
    fn take(&mut self, token: Token<'t>) -> bool {
        match token.kind {
            Kind::Punct('(' | '[' | '{') => self.depth += 1,
            Kind::Punct(')' | ']' | '}') => self.depth -= 1,
            _ => {}
        }
        if self.depth > 0 && self.tokens.len() < ARGUMENTS {
            self.tokens.push(token);
        }
        self.depth == 0
    }
}

impl<'t> Reading<'t> {
    fn take(&mut self, token: Token<'t>, tell: &mut Tell<'_>) {
        if let Some(group) = self.arguments.as_mut()
            && group.take(token)
            && let Some(group) = self.arguments.take()
            && let Some((from, file)) = included(&group.tokens)
        {
            tell(group.line, Found::Include { by: group.by, from, file }, self.is_of_tests());
        }
        if let Some(group) = self.attribute.as_mut()
            && group.take(token)
            && let Some(group) = self.attribute.take()
        {
            self.attribute(&group, tell);
        }
        match token.kind {
            Kind::Punct(punct) => self.punct(punct, token, tell),
            Kind::Ident => {
                if let Some(script) = unicode::mixed(token.raw) {
                    tell(token.line, Found::Mixed(token.raw.to_owned(), script), self.is_of_tests());
                }
            }
            Kind::Str => self.string(token, tell),
            Kind::Char | Kind::Lifetime | Kind::Number => {}
        }
        self.count(token, tell);
        self.before = [Some(token), self.before[0]];
    }

    fn punct(&mut self, punct: char, token: Token<'t>, tell: &mut Tell<'_>) {
        let [last, one_before] = self.before;
        let is = |token: Option<Token<'_>>, punct| token.is_some_and(|token| token.is(punct));
        let module = last
            .filter(|name| name.kind == Kind::Ident && one_before.is_some_and(|word| word.is_ident("mod")));
        match punct {
            '{' => {
                self.modules.extend(module.map(|name| (self.depth, name.raw.to_owned())));
                if std::mem::take(&mut self.test_follows) && self.test.is_none() {
                    self.test = Some(self.depth);
                }
                self.depth += 1;
            }
            '}' => {
                self.depth = self.depth.saturating_sub(1);
                self.modules.retain(|(depth, _)| *depth < self.depth);
                self.test = self.test.filter(|depth| *depth < self.depth);
                self.test_follows = false;
            }
            ';' | ',' => {
                if let (Some(name), ';') = (module, punct) {
                    let found = Found::Declares { within: self.within(), name: name.raw.to_owned() };
                    tell(name.line, found, self.is_of_tests() || self.test_follows);
                }
                self.test_follows = false;
            }
            _ => {}
        }
        if matches!(punct, '(' | '[' | '{') && is(last, '!') {
            let name = one_before.filter(|token| token.kind == Kind::Ident).map(|token| token.raw);
            let by = ["include", "include_bytes", "include_str"].into_iter().find(|by| name == Some(*by));
            if let Some(by) = by {
                self.arguments = Some(Group::new(by, token.line));
            }
        }
        if punct == '[' && (is(last, '#') || (is(last, '!') && is(one_before, '#'))) {
            self.attribute = Some(Group::new("", token.line));
        }
    }

    fn within(&self) -> Vec<String> {
        self.modules.iter().map(|(_, name)| name.clone()).collect()
    }

    fn is_of_tests(&self) -> bool {
        self.test.is_some()
    }

    fn attribute(&mut self, group: &Group<'_>, tell: &mut Tell<'_>) {
        let tokens = &*group.tokens;
        let means = tokens.iter().map(|token| token.raw).collect::<Vec<_>>();
        self.test_follows |= means == ["cfg", "(", "test", ")"];
        let is_conditional = tokens.first().is_some_and(|first| first.is_ident("cfg_attr"));
        for (at, token) in tokens.iter().enumerate() {
            // Where an attribute begins: the whole, or one that `cfg_attr` adds.
            let begins = at == 0 || (is_conditional && tokens[at - 1].is(','));
            let value = match (tokens.get(at + 1), tokens.get(at + 2)) {
                (Some(equals), Some(value)) if equals.is('=') && value.kind == Kind::Str => {
                    Some(value.value())
                }
                _ => None,
            };
            match (token.kind, token.raw, value) {
                (Kind::Ident, "path", Some(file)) if begins => {
                    tell(
                        token.line,
                        Found::Path { within: self.within(), file: file.into_owned() },
                        self.is_of_tests(),
                    );
                }
                (Kind::Ident, "link_section", Some(section)) if section_before_main(&section).is_some() => {
                    tell(
                        token.line,
                        Found::BeforeMain(format!("code in the section `{section}`")),
                        self.is_of_tests(),
                    );
                }
                (Kind::Ident, "ctor" | "small_ctor" | "static_init", None) if begins => {
                    let last =
                        tokens[at..].iter().take_while(|token| token.kind == Kind::Ident || token.is(':'));
                    let path = last.map(|token| token.raw).collect::<String>();
                    if matches!(
                        &*path,
                        "ctor" | "ctor::ctor" | "small_ctor::ctor" | "static_init::constructor"
                    ) {
                        tell(token.line, Found::BeforeMain(format!("`#[{path}]`")), self.is_of_tests());
                    }
                }
                _ => {}
            }
        }
    }

    fn string(&mut self, token: Token<'_>, tell: &mut Tell<'_>) {
        if let Some((at, length)) = unicode::invisible(token.raw) {
            let lines = token.raw[..at].bytes().filter(|byte| *byte == b'\n').count();
            let line = token.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            tell(line, Found::Invisible(length), self.is_of_tests());
        }
        // Assembly names its sections in text.
        if token.raw.contains(".section")
            && let Some(section) = section_before_main(token.raw)
        {
            tell(
                token.line,
                Found::BeforeMain(format!("assembly in the section `{section}`")),
                self.is_of_tests(),
            );
        }
        let escapes = if token.raw.len() < 4 * ESCAPES { 0 } else { token.raw.matches("\\x").count() };
        if escapes >= ESCAPES {
            tell(token.line, Found::Blob(format!("a string of {escapes} escaped bytes")), self.is_of_tests());
        }
    }

    /// Counts data that goes on over several tokens.
    fn count(&mut self, token: Token<'_>, tell: &mut Tell<'_>) {
        let (numbers, pieces) = (self.numbers, self.pieces);
        match token.kind {
            Kind::Punct(',') => return,
            Kind::Number | Kind::Char if is_byte(token) => (self.numbers, self.pieces) = (numbers + 1, 0),
            Kind::Str if token.raw.len() >= PIECE => {
                let length = base64(&token.value());
                (self.numbers, self.pieces) = (0, if length >= PIECE { pieces + length } else { 0 });
            }
            _ => (self.numbers, self.pieces) = (0, 0),
        }
        if self.numbers == BYTES {
            tell(token.line, Found::Blob(format!("an array of {BYTES} bytes or more")), self.is_of_tests());
        }
        if pieces < BASE64 && self.pieces >= BASE64 {
            tell(
                token.line,
                Found::Blob(format!("{BASE64} characters of encoded data or more")),
                self.is_of_tests(),
            );
        }
    }
}

/// How much of a line is no data: what is left of its bytes without strings and lists of numbers.
pub(super) fn written(text: &str, line: u32, length: usize) -> usize {
    let of_data = |token: Token<'_>| match token.kind {
        Kind::Char | Kind::Number | Kind::Str => token.raw.len(),
        // With a blank behind it.
        Kind::Punct(',') => 2,
        _ => 0,
    };
    let tokens =
        lex::tokens(text).skip_while(|token| token.line < line).take_while(|token| token.line == line);
    length.saturating_sub(tokens.map(of_data).sum())
}

fn section_before_main(text: &str) -> Option<&'static str> {
    SECTIONS.iter().copied().find(|section| text.contains(section))
}

/// How long the longest stretch in a string is that is written in the alphabet of base64.
fn base64(text: &str) -> usize {
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
fn is_byte(token: Token<'_>) -> bool {
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

/// The file that a macro's arguments name, where that can be told from them.
fn included(tokens: &[Token<'_>]) -> Option<(Base, String)> {
    let mut tokens = tokens;
    // A comma may follow.
    if let [rest @ .., last] = tokens
        && last.is(',')
    {
        tokens = rest;
    }
    match tokens {
        [only] if only.kind == Kind::Str => Some((Base::Folder, only.value().into_owned())),
        [name, mark, _, parts @ .., _] if name.is_ident("concat") && mark.is('!') => joined(parts),
        [core, _, _, rest @ ..] if core.is_ident("core") || core.is_ident("std") => included(rest),
        _ => None,
    }
}

/// What `concat!` makes of strings, after a variable of cargo's at most.
fn joined(parts: &[Token<'_>]) -> Option<(Base, String)> {
    let (mut base, mut file) = (Base::Folder, String::new());
    let mut parts = parts;
    loop {
        parts = match parts {
            [] => return Some((base, file)),
            [comma, rest @ ..] if comma.is(',') => rest,
            [text, rest @ ..] if text.kind == Kind::Str => {
                file.push_str(&text.value());
                rest
            }
            [env, mark, _, name, _, rest @ ..] if env.is_ident("env") && mark.is('!') && file.is_empty() => {
                base = match &*name.value() {
                    "CARGO_MANIFEST_DIR" => Base::Package,
                    "OUT_DIR" => Base::OutDir,
                    _ => return None,
                };
                rest
            }
            _ => return None,
        };
    }
}
