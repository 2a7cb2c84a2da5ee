//! Reads a source token by token: what is included where, and what of it only tests compile.

mod group;

use self::group::{Group, included, joined};
use super::super::lex::{self, Kind, Token};
use super::source::{BASE64, BYTES, ESCAPES, PIECE, base64, is_byte, section_before_main};
use super::unicode::{self, Script};

/// Something that stands in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Code that runs before `main`: what makes it so.
    BeforeMain(String),
    /// Data that nobody can read: what it is.
    Blob(String),
    /// More tokens than are looked at where a file may be named.
    Cut(&'static str),
    /// A module in another file, within these inline ones.
    Declares { within: Vec<String>, name: String },
    /// A text that a macro is given, which may read a file of that name.
    Given { from: Base, file: String },
    /// Something is compiled here whose name comes from elsewhere.
    Indirect,
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

/// Inline modules within each other, and the length of their names: more is nobody's, and would be repeated for every file
/// that is named within. What else is named there is followed by its name alone.
const MODULES: usize = 16;
const NAME: usize = 64;

/// Attributes of the compiler and its tools, which leave what they stand before as it is. Those that another macro of the same
/// name can take the place of (`derive`, `test`) are not among them. Sorted.
const KNOWN: &[&str] = &[
    "allow",
    "automatically_derived",
    "cfg",
    "clippy",
    "cold",
    "coverage",
    "deny",
    "deprecated",
    "diagnostic",
    "doc",
    "expect",
    "export_name",
    "feature",
    "forbid",
    "ignore",
    "inline",
    "link",
    "link_name",
    "link_section",
    "macro_export",
    "macro_use",
    "must_use",
    "no_implicit_prelude",
    "no_link",
    "no_mangle",
    "no_std",
    "non_exhaustive",
    "path",
    "proc_macro",
    "proc_macro_attribute",
    "proc_macro_derive",
    "recursion_limit",
    "repr",
    "rustfmt",
    "should_panic",
    "target_feature",
    "track_caller",
    "type_length_limit",
    "unsafe",
    "used",
    "warn",
    "windows_subsystem",
];

/// Something, the line that it stands in, and whether only the package's own tests see that.
pub(super) type Tell<'a> = dyn FnMut(u32, Found, bool) + 'a;

/// Reads a source, and tells what stands in it.
pub(super) fn read(text: &str, tell: &mut Tell<'_>) {
    let mut reading = Reading::default();
    let mut last = text.as_ptr();
    for token in lex::tokens(text) {
        // Where a text is read anew, as another edition does, nothing is open.
        if token.raw.as_ptr() < last {
            reading = Reading::default();
        }
        last = token.raw.as_ptr();
        reading.take(token, tell);
    }
}

/// What was read just now.
#[derive(Default)]
struct Reading<'t> {
    /// The tokens before, the last one first, and how many there were at all.
    before: [Option<Token<'t>>; 3],
    passed: usize,
    /// Open braces, the inline modules that they belong to, and where the first one begins that is not among these.
    depth: usize,
    modules: Vec<(usize, String)>,
    lost: Option<usize>,
    /// Open parentheses and brackets.
    round: usize,
    /// Where the macro call begins that this is in: macros can drop attributes.
    in_macro: Option<usize>,
    /// Whether an attribute that nobody knows stands before what comes next, and where that began: what is in there is up to
    /// the attribute. The last one where it ended.
    strange_follows: bool,
    strange: Option<usize>,
    strange_ended: Option<usize>,
    /// Whether `#[cfg(test)]` stands before what comes next, and how deep what it stands before began.
    test_follows: bool,
    test: Option<usize>,
    arguments: Option<Group<'t>>,
    joined: Option<Group<'t>>,
    attribute: Option<Group<'t>>,
    /// Where an attribute ended that stands before an item or a statement.
    attribute_ended: Option<usize>,
    /// Numbers of one byte in a row, and characters of strings in a row that may be one piece of data.
    numbers: usize,
    pieces: usize,
}

impl<'t> Reading<'t> {
    fn take(&mut self, token: Token<'t>, tell: &mut Tell<'_>) {
        self.groups(token, tell);
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
        if self.before[0].is_some_and(|last| last.is_ident("include")) && self.is_passed_on(token) {
            tell(token.line, Found::Indirect, self.is_of_tests());
        }
        let [last, one_before, _] = self.before;
        if token.is_ident("as")
            && last.is_some_and(|last| last.is_ident("ctor"))
            && one_before.is_some_and(|it| matches!(it.kind, Kind::Punct(':' | '{' | ',')))
        {
            let what = "`ctor` under another name".to_owned();
            tell(token.line, Found::BeforeMain(what), self.is_of_tests());
        }
        self.count(token, tell);
        self.before = [Some(token), self.before[0], self.before[1]];
        self.passed += 1;
    }

    /// Ends the groups that end with a token.
    fn groups(&mut self, token: Token<'t>, tell: &mut Tell<'_>) {
        if let Some(group) = self.arguments.as_mut()
            && group.take(token)
            && let Some(group) = self.arguments.take()
        {
            let found = match included(&group.tokens) {
                _ if group.is_cut => Found::Cut(group.by),
                Some((from, file)) => Found::Include { by: group.by, from, file },
                None => Found::Indirect,
            };
            if found != Found::Indirect || group.by == "include" {
                tell(group.line, found, self.is_of_tests());
            }
        }
        if let Some(group) = self.joined.as_mut()
            && group.take(token)
            && let Some(group) = self.joined.take()
        {
            if group.is_cut {
                tell(group.line, Found::Cut(group.by), self.is_of_tests());
            } else if let Some((from, file)) = joined(&group.tokens) {
                tell(group.line, Found::Given { from, file }, self.is_of_tests());
            }
        }
        if let Some(group) = self.attribute.as_mut()
            && group.take(token)
            && let Some(group) = self.attribute.take()
        {
            if group.is_cut {
                tell(group.line, Found::Cut("#[…]"), self.is_of_tests());
            }
            self.attribute(&group, tell);
            self.attribute_ended = group.begins.then_some(self.passed);
        }
    }

    /// Whether `include` is not called before this token, but may be given another name or to a macro.
    fn is_passed_on(&self, next: Token<'_>) -> bool {
        let is_named = next.is_ident("as") || matches!(next.kind, Kind::Punct(',' | ';' | '}'));
        !next.is('!') && (is_named || self.in_macro.is_some())
    }

    fn punct(&mut self, punct: char, token: Token<'t>, tell: &mut Tell<'_>) {
        let [last, one_before, first] = self.before;
        let is = |token: Option<Token<'_>>, punct| token.is_some_and(|token| token.is(punct));
        let is_word = |token: Option<Token<'_>>, word| token.is_some_and(|token| token.is_ident(word));
        let module = last.filter(|name| name.kind == Kind::Ident && is_word(one_before, "mod"));
        match punct {
            '[' if is(last, '#') => self.open_attribute(token, one_before, 2),
            '[' if is(last, '!') && is(one_before, '#') => self.open_attribute(token, first, 3),
            '(' | '[' | '{' => self.open_call(token, tell),
            _ => {}
        }
        match punct {
            '{' => self.open_brace(module),
            '}' => self.close_brace(),
            '(' | '[' => self.round += 1,
            ')' | ']' => self.round = self.round.saturating_sub(1),
            ';' | ',' => {
                if let (Some(name), ';') = (module, punct) {
                    if self.lost.is_some() {
                        tell(name.line, Found::Indirect, self.is_of_tests());
                    }
                    let found = Found::Declares { within: self.within(), name: name.raw.to_owned() };
                    tell(name.line, found, self.is_of_tests() || self.test_follows);
                }
                if punct == ';' && is(one_before, '$') && is_word(first, "mod") {
                    tell(token.line, Found::Indirect, self.is_of_tests());
                }
                self.test_follows = false;
                self.strange_follows &= punct == ',' || self.round > 0;
            }
            _ => {}
        }
        if matches!(punct, ')' | ']' | '}') {
            self.in_macro = self.in_macro.filter(|open| *open < self.depth + self.round);
        }
        // After a constant among the parameters of a type, the item goes on.
        self.strange_follows |=
            matches!(punct, '>' | ',') && self.strange_ended.is_some_and(|at| at + 1 == self.passed);
    }

    /// An attribute begins, so many tokens after `before`.
    fn open_attribute(&mut self, token: Token<'t>, before: Option<Token<'t>>, length: usize) {
        let follows = self.attribute_ended.is_some_and(|at| at + length == self.passed);
        let begins = follows || before.is_none_or(|it| matches!(it.kind, Kind::Punct('{' | '}' | ';')));
        let is_kept = self.round == 0 && self.in_macro.is_none() && self.strange.is_none();
        let mut attribute = Group::new("", token.line);
        attribute.begins = begins && is_kept;
        self.attribute = Some(attribute);
    }

    /// Something opens that may be what a macro is given.
    fn open_call(&mut self, token: Token<'t>, tell: &mut Tell<'_>) {
        let [last, one_before, _] = self.before;
        let name = |token: Option<Token<'t>>| token.filter(|it| it.kind == Kind::Ident).map(|it| it.raw);
        let is_mark = |token: Option<Token<'_>>| token.is_some_and(|it| it.is('!'));
        let called = name(one_before).filter(|_| is_mark(last));
        let is_defined = name(last).is_some() && (is_mark(one_before) || name(one_before) == Some("macro"));
        if (called.is_some() || is_defined) && self.in_macro.is_none() {
            self.in_macro = Some(self.depth + self.round);
        }
        let Some(called) = called else { return };
        let by = ["include", "include_bytes", "include_str"].into_iter().find(|by| *by == called);
        if let Some(by) = by {
            if self.arguments.replace(Group::new(by, token.line)).is_some() {
                tell(token.line, Found::Indirect, self.is_of_tests());
            }
        } else if called == "concat" && self.arguments.is_none() && self.joined.is_none() {
            self.joined = Some(Group::new("concat", token.line));
        }
    }

    fn open_brace(&mut self, module: Option<Token<'_>>) {
        if let Some(name) = module {
            if self.modules.len() < MODULES && name.raw.len() <= NAME {
                self.modules.push((self.depth, name.raw.to_owned()));
            } else if self.lost.is_none() {
                self.lost = Some(self.depth);
            }
        }
        if std::mem::take(&mut self.test_follows) && self.test.is_none() {
            self.test = Some(self.depth);
        }
        if self.round == 0 && std::mem::take(&mut self.strange_follows) && self.strange.is_none() {
            self.strange = Some(self.depth);
        }
        self.depth += 1;
    }

    fn close_brace(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.modules.pop_if(|(depth, _)| *depth >= self.depth);
        self.lost = self.lost.filter(|depth| *depth < self.depth);
        self.test = self.test.filter(|depth| *depth < self.depth);
        (self.test_follows, self.strange_follows) = (false, false);
        if self.strange.take_if(|depth| *depth >= self.depth).is_some() {
            self.strange_ended = Some(self.passed);
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
        if let [cfg, open, test, _] = tokens
            && cfg.is_ident("cfg")
            && open.is('(')
            && test.is_ident("test")
        {
            self.test_follows |= group.begins && !self.strange_follows;
        }
        let is_conditional = tokens.first().is_some_and(|first| first.is_ident("cfg_attr"));
        let mut depth = 0_usize;
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Punct('(' | '[' | '{') => depth += 1,
                Kind::Punct(')' | ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            // Where an attribute begins: the whole, or one that `cfg_attr` adds.
            let begins = at == 0 || (is_conditional && tokens[at - 1].is(','));
            let is_whole = if is_conditional { at > 0 && begins && depth == 1 } else { at == 0 };
            self.strange_follows |= is_whole && KNOWN.binary_search(&token.raw).is_err();
            let value = match (tokens.get(at + 1), tokens.get(at + 2)) {
                (Some(equals), Some(value)) if equals.is('=') && value.kind == Kind::Str => {
                    Some(value.value())
                }
                _ => None,
            };
            let is_set = |at: usize| tokens.get(at).is_some_and(|it| it.is('='));
            match (token.kind, token.raw, value) {
                (Kind::Ident, "path", Some(file)) if begins && self.lost.is_none() => {
                    let found = Found::Path { within: self.within(), file: file.into_owned() };
                    tell(token.line, found, self.is_of_tests());
                }
                (Kind::Ident, "path", _) if begins && is_set(at + 1) => {
                    tell(token.line, Found::Indirect, self.is_of_tests());
                }
                (Kind::Punct('$'), ..) if begins && is_set(at + 2) => {
                    tell(token.line, Found::Indirect, self.is_of_tests());
                }
                (Kind::Ident, "link_section", Some(section)) if section_before_main(&section).is_some() => {
                    let what = format!("code in the section `{section}`");
                    tell(token.line, Found::BeforeMain(what), self.is_of_tests());
                }
                (Kind::Ident, "ctor" | "small_ctor" | "static_init", None)
                    if begins || (at == 2 && tokens[0].is(':')) =>
                {
                    let last = tokens[at..].iter().take(5);
                    let last = last.take_while(|token| token.kind == Kind::Ident || token.is(':'));
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
        if self.in_macro.is_some() && self.arguments.is_none() {
            let file = token.value().into_owned();
            tell(token.line, Found::Given { from: Base::Folder, file }, self.is_of_tests());
        }
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
