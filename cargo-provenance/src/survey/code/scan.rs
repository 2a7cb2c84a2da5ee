//! What the tokens of one source can do, and which other sources it brings in.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::lex::{self, Kind, Token, Tokens};
use super::names::{Names, path_at};
use super::{What, encoded, paths, tests_only, words};
use crate::archive::printable;

/// So many tokens are looked at together, which bounds memory whatever the size of a source.
const AT_ONCE: usize = 500_000;

/// So many tokens of the block before are looked at again, so that nothing is cut in two.
const OVERLAP: usize = 256;

/// The arguments of a call that are looked at, in tokens.
const ARGUMENTS: usize = 64;

/// The pieces of an encoded text that are joined, and the tokens that may lie between two of them.
const PIECES: usize = 32;
const BETWEEN: usize = 12;

/// The characters of a source that are shown.
const EXCERPT: usize = 80;

/// The longest row of numbers or characters that may spell something.
const LONGEST_ROW: usize = 4_096;

/// The deepest modules, and the most files that one source brings in: libcore has 80.
const MODULES: usize = 32;
const FILES: usize = 4_096;

/// So many sightings of one kind in one source say it all.
const EACH: usize = 4;

/// A constant that begins a decoder's input: so many numbers in a row.
const NUMBERS: usize = 8;

/// The tokens between where bytes are turned and where a text is made of them.
const DECODER: usize = 96;

/// What one source can do, and what it brings in.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// What it can do, and whether only its tests do.
    pub(super) seen: Vec<(Seen, bool)>,
    /// The modules that it declares in files of their own.
    pub(super) modules: Vec<Module>,
    /// What it includes as code.
    pub(super) includes: Vec<Include>,
    /// Whether all of it is for tests.
    pub(super) is_test: bool,
}

/// Something that a source can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) what: What,
    pub(super) line: u32,
    pub(super) excerpt: String,
}

/// A module in a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// The modules around it in the same source, and its own name.
    pub(super) path: Vec<String>,
    /// Where `#[path]` says that it is.
    pub(super) file: Vec<String>,
    /// Whether only tests have it.
    pub(super) is_test: bool,
}

/// A file that is included as code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Include {
    pub(super) path: String,
    /// Whether it is relative to the package's root rather than to the source.
    pub(super) from_root: bool,
}

/// Reads one source.
///
/// Whether it hides something is looked at only where `is_build_time`: that takes longest.
pub(super) fn scan(bytes: &[u8], renamed: &[(String, String)], is_build_time: bool) -> Scanned {
    let text = lex::text(bytes);
    let mut source = lex::tokens(&text);
    let mut scanner = Scanner { text: &text, renamed, is_build_time, ..Scanner::default() };
    let mut tokens = vec![];
    loop {
        let before = tokens.len();
        fill(&mut tokens, &mut source);
        if tokens.len() == before {
            break;
        }
        scanner.read(&tokens);
        if tokens.len() < AT_ONCE {
            break;
        }
        tokens.drain(..tokens.len() - OVERLAP);
    }
    scanner.finish()
}

fn fill<'t>(tokens: &mut Vec<Token<'t>>, source: &mut Tokens<'t>) {
    while tokens.len() < AT_ONCE {
        let Some(token) = source.next() else { return };
        tokens.push(token);
    }
}

#[derive(Default)]
struct Scanner<'t, 'r> {
    text: &'t str,
    renamed: &'r [(String, String)],
    is_build_time: bool,
    names: Names,
    constants: BTreeMap<String, String>,
    knows_constants: bool,
    found: Scanned,
    /// Strings near each other that may be pieces of an encoded text, and where the last one stands.
    pieces: Vec<(String, Token<'t>, bool)>,
    last_piece: usize,
    /// What a decoder is made of: many numbers, something that turns them, text that comes of them.
    numbers: bool,
    turned: Option<(usize, Token<'t>)>,
    made_text: Option<usize>,
    decodes: Option<Token<'t>>,
}

impl<'t> Scanner<'t, '_> {
    fn read(&mut self, tokens: &[Token<'t>]) {
        self.names.learn(tokens, self.renamed);
        self.knows_constants = false;
        let tests = tests_only::ranges(tokens);
        self.found.is_test |= tests_only::is_all(tokens);
        self.declared(tokens, &tests);
        let mut tests = tests.into_iter().peekable();
        let mut skip_path_until = 0;
        for at in 0..tokens.len() {
            while tests.next_if(|range: &Range<usize>| range.end <= at).is_some() {}
            let is_test = tests.peek().is_some_and(|range| range.contains(&at));
            match tokens[at].kind {
                Kind::Str => self.string(tokens, at, is_test),
                Kind::Number => self.numbers(tokens, at, is_test),
                Kind::Char => self.characters(tokens, at, is_test),
                Kind::Ident => {
                    self.identifier(tokens, at, is_test);
                    let is_alone = !tokens.get(at + 1).is_some_and(|it| it.is(':'));
                    if at >= skip_path_until
                        && !is_member(tokens, at)
                        && self.names.may_matter(tokens[at].raw, is_alone)
                        && let Some((path, length)) = path_at(tokens, at)
                    {
                        skip_path_until = at + length;
                        self.path(tokens, at, &path, length, is_test);
                    }
                }
                Kind::Punct('^') => self.turn(tokens, at),
                Kind::Lifetime | Kind::Punct(_) => {}
            }
        }
    }

    fn see(&mut self, what: What, token: Token<'t>, is_test: bool) {
        self.tell(what, token, is_test, None);
    }

    /// Records a sighting, and what it comes to where that does not stand in the source.
    fn tell(&mut self, what: What, token: Token<'t>, is_test: bool, means: Option<&str>) {
        let start = token.raw.as_ptr() as usize - self.text.as_ptr() as usize;
        // A line may be as long as the source.
        let line =
            self.text[start..].chars().take(EXCERPT + 1).take_while(|c| *c != '\n').collect::<String>();
        let excerpt = match means {
            Some(means) => format!("{} is `{}`", cut(&line, EXCERPT / 4), cut(means, EXCERPT)),
            None => cut(&line, EXCERPT),
        };
        // What tests do hides nothing of what stands beside it in the same line.
        let same_line = |(seen, test): &&mut (Seen, bool)| {
            seen.what == what && seen.line == token.line && *test == is_test
        };
        if let Some((known, _)) = self.found.seen.iter_mut().find(same_line) {
            // All pieces together say more than the first one alone.
            if means.is_some() && known.excerpt.len() < excerpt.len() {
                known.excerpt = excerpt;
            }
            return;
        }
        let same = |(seen, test): &&(Seen, bool)| seen.what == what && *test == is_test;
        if self.found.seen.iter().filter(same).count() >= EACH {
            return;
        }
        self.found.seen.push((Seen { what, line: token.line, excerpt }, is_test));
    }

    /// Reads the constants that are texts, once something is called with one.
    fn learn_constants(&mut self, tokens: &[Token<'t>]) {
        if std::mem::replace(&mut self.knows_constants, true) {
            return;
        }
        for (at, token) in tokens.iter().enumerate() {
            if !(token.is_ident("const") || token.is_ident("static") || token.is_ident("let")) {
                continue;
            }
            let rest = &tokens[at + 1..tokens.len().min(at + ARGUMENTS)];
            let name = rest.iter().find(|it| it.kind == Kind::Ident && it.raw != "mut");
            let value = rest.iter().skip_while(|it| !it.is('=') && !it.is(';')).skip(1);
            if let (Some(name), Some(value)) = (name, value_of(value).filter(|it| it.kind == Kind::Str)) {
                self.constants.insert(name.raw.to_owned(), value.value().into_owned());
            }
        }
    }

    fn string(&mut self, tokens: &[Token<'t>], at: usize, is_test: bool) {
        let token = tokens[at];
        // Documentation does nothing.
        if at > 1 && tokens[at - 1].is('=') && tokens[at - 2].is_ident("doc") {
            return;
        }
        let value = token.value();
        self.text_of(&value, token, is_test);
        let is_joined = at > 2 && tokens[at - 2].is('!') && tokens[at - 3].is_ident("concat");
        if is_joined {
            let pieces = arguments(tokens, at - 1).iter().filter(|it| it.kind == Kind::Str);
            self.text_of(&pieces.map(Token::value).collect::<String>(), token, is_test);
        }
        if !self.is_build_time {
            return;
        }
        // An array of bytes may be a string.
        self.numbers |= token.raw.starts_with('b') && value.len() >= NUMBERS;
        if at.saturating_sub(self.last_piece) > BETWEEN {
            self.judge_pieces();
        }
        if encoded::may_be_piece(&value) {
            self.last_piece = at;
            self.pieces.push((value.into_owned(), token, is_test));
            if self.pieces.len() == PIECES {
                self.judge_pieces();
            }
        }
    }

    /// Looks at the pieces that were gathered.
    fn judge_pieces(&mut self) {
        let pieces = std::mem::take(&mut self.pieces);
        let Some((_, token, is_test)) = pieces.first().filter(|_| pieces.len() > 2) else { return };
        let texts = pieces.iter().map(|(text, ..)| text.clone()).collect::<Vec<_>>();
        if let Some(means) = encoded::hidden_in_pieces(&texts) {
            self.tell(What::EncodedUrl, *token, *is_test, Some(&means));
        }
    }

    /// What a text says, wherever it is used.
    fn text_of(&mut self, text: &str, token: Token<'t>, is_test: bool) {
        for (what, is_it) in [
            (What::CiVariable, words::is_ci_variable(text)),
            (What::CredentialPath, words::is_credential_path(text)),
            (What::DotEnv, words::is_dot_env(text)),
            (What::ExfilHost, words::is_exfil_host(text)),
            (What::IpLiteral, words::address(text).is_some()),
            (What::PrivateKey, words::names_private_key(text)),
            (What::SecretName, words::names_secret(text)),
            (What::SecretPattern, words::is_secret_pattern(text)),
            (What::Temporary, words::is_temporary(text)),
            (What::TlsOff, words::is_tls_off_argument(text)),
        ] {
            if is_it {
                self.see(what, token, is_test);
            }
        }
        if let Some(means) = self.is_build_time.then(|| encoded::hidden(text)).flatten() {
            self.tell(What::EncodedUrl, token, is_test, Some(&means));
        }
    }

    /// A row of numbers that spells something, or that something can be made of.
    fn numbers(&mut self, tokens: &[Token<'t>], at: usize, is_test: bool) {
        let before = at.checked_sub(1).map(|at| tokens[at]);
        if !self.is_build_time || !before.is_some_and(|it| it.is('[') || it.is('(')) {
            return;
        }
        let bytes = row(tokens, at).map_while(|token| byte(token.raw)).take(LONGEST_ROW).collect::<Vec<_>>();
        self.numbers |= bytes.len() >= NUMBERS;
        if let Some(means) = encoded::spelled(&bytes) {
            self.tell(What::EncodedUrl, tokens[at], is_test, Some(&means));
        }
        let is_address = at > 1 && (tokens[at - 2].is_ident("new") || tokens[at - 2].is_ident("from"));
        if let (true, &[a, b, c, d]) = (is_address, &bytes[..]) {
            let names_type = tokens[at.saturating_sub(8)..at].iter().any(|it| it.raw.starts_with("Ipv4Addr"));
            if names_type && words::is_remote([a, b, c, d]) {
                self.see(What::IpLiteral, tokens[at], is_test);
            }
        }
    }

    fn characters(&mut self, tokens: &[Token<'t>], at: usize, is_test: bool) {
        if !self.is_build_time || at > 1 && tokens[at - 1].is(',') && tokens[at - 2].kind == Kind::Char {
            return;
        }
        let characters = row(tokens, at).map_while(|token| match token.kind {
            Kind::Char => token.value().chars().next().and_then(|c| u8::try_from(c).ok()),
            _ => None,
        });
        let bytes = characters.take(LONGEST_ROW).collect::<Vec<_>>();
        if let Some(means) = encoded::spelled(&bytes) {
            self.tell(What::EncodedUrl, tokens[at], is_test, Some(&means));
        }
    }

    /// `a ^ b` and `a ^= b`, which is how bytes are made unreadable most often.
    fn turn(&mut self, tokens: &[Token<'t>], at: usize) {
        let before = at.checked_sub(1).map(|at| tokens[at]);
        let is_operator = before.is_some_and(|it| it.kind == Kind::Ident || it.is(')') || it.is(']'));
        if is_operator {
            self.turned = Some((at, tokens[at]));
            self.join_decoder();
        }
    }

    /// Records that bytes are turned where a text is made.
    fn join_decoder(&mut self) {
        if let (Some((turned, token)), Some(made)) = (self.turned, self.made_text)
            && turned.abs_diff(made) <= DECODER
        {
            self.decodes = self.decodes.or(Some(token));
        }
    }

    fn identifier(&mut self, tokens: &[Token<'t>], at: usize, is_test: bool) {
        let token = tokens[at];
        let next = tokens.get(at + 1);
        let is_call = next.is_some_and(|it| it.is('(') || it.is(':'));
        match token.raw {
            "from_utf8" | "from_utf8_lossy" | "from_utf8_unchecked" => {
                self.made_text = Some(at);
                self.join_decoder();
            }
            "char" if at > 0 && tokens[at - 1].is_ident("as") => {
                self.made_text = Some(at);
                self.join_decoder();
            }
            "wrapping_sub" | "wrapping_add" | "rotate_left" | "rotate_right" if is_call => {
                self.turned = Some((at, token));
                self.join_decoder();
            }
            "asm" | "global_asm" | "naked_asm" if next.is_some_and(|it| it.is('!')) => {
                self.see(What::Asm, token, is_test);
            }
            "set_permissions" | "set_mode" if is_call => self.see(What::Chmod, token, is_test),
            "ServerCertVerifier" => {
                let around = &tokens[at.saturating_sub(16)..tokens.len().min(at + 2)];
                let is_made =
                    around.iter().any(|it| it.is_ident("impl")) && next.is_some_and(|it| it.is_ident("for"));
                if is_made {
                    self.see(What::TlsOff, token, is_test);
                }
            }
            "SslVerifyMode" if tokens[at..].iter().take(4).any(|it| it.is_ident("NONE")) => {
                self.see(What::TlsOff, token, is_test);
            }
            name if is_call && words::is_tls_off(name) => self.see(What::TlsOff, token, is_test),
            name if is_call && words::is_dlopen(name) => self.see(What::Dlopen, token, is_test),
            _ => {}
        }
    }

    fn path(&mut self, tokens: &[Token<'t>], at: usize, path: &[&str], length: usize, is_test: bool) {
        let whole = self.names.whole(path);
        let mut kinds = whole.iter().flat_map(|whole| paths::kinds(whole)).collect::<Vec<_>>();
        if whole.is_none() {
            kinds.extend(self.names.by_globs(path).flat_map(|whole| paths::kinds(&whole)));
            let module = match path[0] {
                "Command" => Some("process"),
                "TcpStream" | "UdpSocket" => Some("net"),
                _ => None,
            };
            if let Some(module) = module.filter(|_| kinds.is_empty() && self.names.may_be_foreign(path[0])) {
                kinds = paths::kinds(&format!("std::{module}::{}", path.join("::")));
            }
        }
        for kind in kinds {
            self.see(kind, tokens[at], is_test);
            let arguments = arguments(tokens, at + length);
            if matches!(kind, What::Exec | What::FileWrite) {
                self.learn_constants(tokens);
            }
            match kind {
                What::Exec => {
                    let program = self.text_in(arguments);
                    if program.as_deref().is_some_and(words::is_downloader) {
                        self.see(What::Downloader, tokens[at], is_test);
                    }
                    if program.as_deref() == Some("chmod") {
                        self.see(What::Chmod, tokens[at], is_test);
                    }
                }
                What::FileWrite if self.is_outside(arguments) => {
                    self.see(What::OutsideWrite, tokens[at], is_test);
                }
                _ => {}
            }
        }
    }

    /// The text that the arguments of a call are, if they are one: strings, joined, or a constant's.
    fn text_in(&self, arguments: &[Token<'t>]) -> Option<String> {
        let strings = arguments.iter().filter(|it| it.kind == Kind::Str).map(Token::value);
        let joined = strings.collect::<String>();
        if !joined.is_empty() {
            return Some(joined);
        }
        arguments
            .iter()
            .filter(|it| it.kind == Kind::Ident)
            .find_map(|it| self.constants.get(it.raw))
            .cloned()
    }

    /// Whether a call writes to a place that its arguments name as a whole.
    fn is_outside(&self, arguments: &[Token<'t>]) -> bool {
        let text = value_of(arguments.iter()).and_then(|it| match it.kind {
            Kind::Str => Some(it.value().into_owned()),
            _ => self.constants.get(it.raw).cloned(),
        });
        text.is_some_and(|text| words::is_absolute(&text))
            || arguments.iter().any(|it| it.is_ident("temp_dir") || it.is_ident("home_dir"))
    }

    /// The files that the tokens bring in.
    fn declared(&mut self, tokens: &[Token<'t>], tests: &[Range<usize>]) {
        let mut around: Vec<(String, usize)> = vec![];
        let mut depth = 0_usize;
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Punct('{') => depth += 1,
                Kind::Punct('}') => {
                    depth = depth.saturating_sub(1);
                    while around.last().is_some_and(|(_, opened)| *opened > depth) {
                        around.pop();
                    }
                }
                Kind::Ident if token.raw == "mod" => {
                    let (Some(name), Some(after)) = (tokens.get(at + 1), tokens.get(at + 2)) else {
                        continue;
                    };
                    if name.kind != Kind::Ident {
                        continue;
                    }
                    if after.is('{') && around.len() < MODULES {
                        around.push((name.raw.to_owned(), depth + 1));
                    } else if after.is(';') && self.found.modules.len() < FILES {
                        let path = around.iter().map(|(name, _)| name.clone());
                        let path = path.chain([name.raw.to_owned()]).collect();
                        let is_test = tests.iter().any(|range| range.contains(&at));
                        self.found.modules.push(Module { path, file: path_attributes(tokens, at), is_test });
                    }
                }
                Kind::Ident
                    if token.raw == "include"
                        && tokens.get(at + 1).is_some_and(|it| it.is('!'))
                        && self.found.includes.len() < FILES =>
                {
                    let arguments = arguments(tokens, at + 2);
                    let path = arguments.iter().filter(|it| it.kind == Kind::Str).map(Token::value);
                    let path = path.filter(|text| text != "CARGO_MANIFEST_DIR").collect::<String>();
                    let from_root =
                        arguments.iter().any(|it| it.kind == Kind::Str && it.value() == "CARGO_MANIFEST_DIR");
                    if !path.contains("OUT_DIR") {
                        let path = if from_root { path.trim_start_matches('/').to_owned() } else { path };
                        self.found.includes.push(Include { path, from_root });
                    }
                }
                _ => {}
            }
        }
    }

    fn finish(mut self) -> Scanned {
        let acts = |(seen, _): &&(Seen, bool)| {
            matches!(seen.what, What::Exec | What::FileWrite | What::Net | What::Dlopen)
        };
        self.judge_pieces();
        let is_test = self.found.seen.iter().find(acts).map(|(_, is_test)| *is_test);
        if let (Some(is_test), Some(token)) = (is_test, self.decodes.filter(|_| self.numbers)) {
            self.see(What::Decoding, token, is_test);
        }
        self.found
    }
}

/// The first characters of a text, printable.
fn cut(text: &str, characters: usize) -> String {
    let mut shown = printable(text.as_bytes()).chars().take(characters).collect::<String>();
    if text.chars().nth(characters).is_some() {
        shown.push('…');
    }
    shown
}

/// The arguments of a call whose parenthesis is at `at`, as far as they are looked at.
fn arguments<'s, 't>(tokens: &'s [Token<'t>], at: usize) -> &'s [Token<'t>] {
    let mut depth = 0_usize;
    let Some(rest) = tokens.get(at..tokens.len().min(at + ARGUMENTS)) else { return &[] };
    for (offset, token) in rest.iter().enumerate() {
        match token.kind {
            Kind::Punct('(' | '[' | '{') => depth += 1,
            Kind::Punct(')' | ']' | '}') if depth == 1 => return &rest[1..offset],
            Kind::Punct(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ if depth == 0 => return &[],
            _ => {}
        }
    }
    rest.get(1..).unwrap_or_default()
}

/// What a value begins with: a string, or a name, without what only wraps it.
fn value_of<'s, 't: 's>(mut tokens: impl Iterator<Item = &'s Token<'t>>) -> Option<&'s Token<'t>> {
    const WRAPPERS: &[&str] = &["Path", "PathBuf", "String", "from", "new", "mut", "std", "path"];
    tokens.find(|it| match it.kind {
        Kind::Ident => !WRAPPERS.contains(&it.raw),
        Kind::Punct('&' | ':' | '(') => false,
        _ => true,
    })
}

/// Every second token from `at` on, as long as only commas lie between.
fn row<'s, 't>(tokens: &'s [Token<'t>], at: usize) -> impl Iterator<Item = &'s Token<'t>> {
    let is_next = move |pair: &&[Token<'t>]| pair.get(1).is_none_or(|it| it.is(','));
    let whole = tokens[at..].chunks(2).take_while(is_next).count();
    // The last one is followed by what ends the row.
    tokens[at..].chunks(2).take(whole + 1).filter_map(|pair| pair.first())
}

/// A number that is a byte.
fn byte(raw: &str) -> Option<u8> {
    let text = raw.replace('_', "");
    match text.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Whether a token is a field or a method rather than the beginning of a path.
fn is_member(tokens: &[Token<'_>], at: usize) -> bool {
    let is_dot = |by: usize| at.checked_sub(by).is_some_and(|at| tokens[at].is('.'));
    is_dot(1) && !is_dot(2)
}

/// What `#[path]` says of the module that is declared at `at`.
fn path_attributes(tokens: &[Token<'_>], at: usize) -> Vec<String> {
    let before = &tokens[at.saturating_sub(ARGUMENTS)..at];
    let start =
        before.iter().rposition(|it| it.is(';') || it.is('}') || it.is('{')).map_or(0, |last| last + 1);
    let attributes = before[start..].windows(3).filter(|it| it[0].is_ident("path") && it[1].is('='));
    attributes.filter(|it| it[2].kind == Kind::Str).map(|it| it[2].value().into_owned()).collect()
}
