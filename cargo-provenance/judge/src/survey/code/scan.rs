//! What the tokens of one source can do, and which other sources it brings in.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::super::lex::{self, Kind, Token, Tokens};
use super::declared::{Declared, Reader};
use super::names::{Names, path_at};
use super::shape::{arguments, byte, is_documentation, is_member, row, value_of};
use super::{What, encoded, paths, tests_only, words};
use crate::archive::printable;

/// So many tokens are looked at together, which bounds memory whatever the size of a source.
const AT_ONCE: usize = 500_000;

/// So many tokens before and after those that are read are there to be looked at, so that nothing is cut in two.
const BEFORE: usize = 256;
const AFTER: usize = 8_192;

/// The arguments of a call that are looked at, in tokens, and how often each token is, on average.
const ARGUMENTS: usize = 4_096;
const LOOKS: usize = 4;

/// The tokens in which a constant says what it is.
const CONSTANT: usize = 64;

/// The pieces of an encoded text that are joined, and the tokens that may lie between two of them.
const PIECES: usize = 32;
const BETWEEN: usize = 12;

/// The characters of a source that are shown.
const EXCERPT: usize = 80;

/// The longest row of numbers or characters that may spell something.
const LONGEST_ROW: usize = 4_096;

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
    /// The other files that it brings in.
    pub(super) declared: Declared,
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

/// Reads one source.
///
/// Whether it hides something is looked at only where `is_build_time`: that takes longest. `names` are those of the package's
/// files.
pub(super) fn scan(
    bytes: &[u8],
    renamed: &[(String, String)],
    names: &HashSet<String>,
    is_build_time: bool,
) -> Scanned {
    let text = lex::text(bytes);
    let mut source = lex::tokens(&text);
    let mut scanner = Scanner::new(&text, renamed, Reader::new(names, is_build_time), is_build_time);
    // A token has six bytes, on average with what stands between it and the next.
    let (mut tokens, mut from) = (Vec::with_capacity((text.len() / 6).min(AT_ONCE)), 0);
    loop {
        fill(&mut tokens, &mut source);
        let is_last = tokens.len() < AT_ONCE;
        let until = if is_last { tokens.len() } else { tokens.len() - AFTER };
        scanner.read(&tokens, from..until);
        if is_last {
            break;
        }
        tokens.drain(..until - BEFORE);
        from = BEFORE;
    }
    scanner.finish()
}

fn fill<'t>(tokens: &mut Vec<Token<'t>>, source: &mut Tokens<'t>) {
    while tokens.len() < AT_ONCE {
        let Some(token) = source.next() else { return };
        tokens.push(token);
    }
}

struct Scanner<'t, 'r> {
    text: &'t str,
    renamed: &'r [(String, String)],
    is_build_time: bool,
    reader: Reader<'r>,
    names: Names,
    /// How many more tokens are looked at as arguments.
    left: usize,
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

impl<'t, 'r> Scanner<'t, 'r> {
    fn new(text: &'t str, renamed: &'r [(String, String)], reader: Reader<'r>, is_build_time: bool) -> Self {
        Self {
            text,
            renamed,
            is_build_time,
            reader,
            names: Names::default(),
            left: 0,
            constants: BTreeMap::new(),
            knows_constants: false,
            found: Scanned::default(),
            pieces: vec![],
            last_piece: 0,
            numbers: false,
            turned: None,
            made_text: None,
            decodes: None,
        }
    }

    fn read(&mut self, tokens: &[Token<'t>], range: Range<usize>) {
        if let Some(at) = self.names.learn(tokens, self.renamed)
            && let Some(token) = tokens.get(at)
        {
            self.see(What::Unread, *token, false);
        }
        self.knows_constants = false;
        self.left = LOOKS * tokens.len().max(ARGUMENTS);
        let tests = tests_only::ranges(tokens, self.names.foreign());
        self.found.is_test |= tests_only::is_all(tokens, self.names.foreign());
        let mut tests = tests.into_iter().peekable();
        let mut skip_path_until = 0;
        for at in range {
            while tests.next_if(|range: &Range<usize>| range.end <= at).is_some() {}
            let is_test = tests.peek().is_some_and(|range| range.contains(&at));
            if !self.reader.take(tokens, at, is_test) {
                self.see(What::Unread, tokens[at], is_test);
            }
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
        let alike = self.found.seen.iter().filter(|(seen, test)| seen.what == what && *test == is_test);
        let (count, in_line) = alike
            .fold((0, false), |(count, in_line), (seen, _)| (count + 1, in_line || seen.line == token.line));
        if if in_line { means.is_none() } else { count >= EACH } {
            return;
        }
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
            if known.excerpt.len() < excerpt.len() {
                known.excerpt = excerpt;
            }
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
            let rest = &tokens[at + 1..tokens.len().min(at + CONSTANT)];
            let name = rest.iter().find(|it| it.kind == Kind::Ident && it.raw != "mut");
            let value = rest.iter().skip_while(|it| !it.is('=') && !it.is(';')).skip(1);
            if let (Some(name), Some(value)) = (name, value_of(value).filter(|it| it.kind == Kind::Str)) {
                self.constants.insert(name.raw.to_owned(), value.value().into_owned());
            }
        }
    }

    fn string(&mut self, tokens: &[Token<'t>], at: usize, is_test: bool) {
        let token = tokens[at];
        if is_documentation(tokens, at) {
            return;
        }
        let value = token.value();
        self.text_of(&value, token, is_test);
        let is_joined = at > 2 && tokens[at - 2].is('!') && tokens[at - 3].is_ident("concat");
        if is_joined {
            let pieces = self.arguments(tokens, at - 1, is_test).iter().filter(|it| it.kind == Kind::Str);
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
        if whole.is_empty() {
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
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            self.see(kind, tokens[at], is_test);
            if !matches!(kind, What::Exec | What::FileWrite) {
                continue;
            }
            let arguments = self.arguments(tokens, at + length, is_test);
            self.learn_constants(tokens);
            match kind {
                What::Exec => {
                    let programs = self.texts_in(arguments);
                    if programs.iter().any(|program| words::is_downloader(program)) {
                        self.see(What::Downloader, tokens[at], is_test);
                    }
                    if programs.iter().any(|program| program == "chmod") {
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

    /// The texts that the arguments of a call may be: strings, each and joined, or a constant's.
    fn texts_in(&self, arguments: &[Token<'t>]) -> Vec<String> {
        let strings = arguments.iter().filter(|it| it.kind == Kind::Str).map(|it| it.value().into_owned());
        let mut texts = strings.collect::<Vec<_>>();
        if texts.len() > 1 {
            texts.push(texts.concat());
        }
        if texts.is_empty() {
            let mut names = arguments.iter().filter(|it| it.kind == Kind::Ident);
            texts.extend(names.find_map(|it| self.constants.get(it.raw)).cloned());
        }
        texts
    }

    /// The arguments of a call whose parenthesis is at `at`. That there are more than are looked at is recorded.
    fn arguments<'s>(&mut self, tokens: &'s [Token<'t>], at: usize, is_test: bool) -> &'s [Token<'t>] {
        let (found, is_all) = arguments(tokens, at, ARGUMENTS.min(self.left));
        self.left -= found.len().min(self.left);
        if !is_all && tokens.get(at).is_some_and(|it| it.is('(') || it.is('[') || it.is('{')) {
            self.see(What::Unread, tokens[at], is_test);
        }
        found
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

    fn finish(mut self) -> Scanned {
        let acts = |(seen, _): &&(Seen, bool)| {
            matches!(seen.what, What::Exec | What::FileWrite | What::Net | What::Dlopen)
        };
        self.judge_pieces();
        let is_test = self.found.seen.iter().find(acts).map(|(_, is_test)| *is_test);
        if let (Some(is_test), Some(token)) = (is_test, self.decodes.filter(|_| self.numbers)) {
            self.see(What::Decoding, token, is_test);
        }
        self.found.declared = self.reader.found;
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
