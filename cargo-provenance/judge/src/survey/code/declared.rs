//! Which other files the tokens of one source bring in.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use super::super::lex::{Kind, Token};
use super::shape::arguments;

/// The deepest modules, the longest path that they make, and the most files that one source brings in: libcore has 80.
const MODULES: usize = 32;
const LONGEST: usize = 1_024;
const FILES: usize = 4_096;

/// The longest arguments of `include!`, in tokens.
const INCLUDE: usize = 64;

/// Macros of the standard library that bring in no code, whatever file they name.
pub(super) const HARMLESS: &[&str] =
    &["assert", "assert_eq", "eprintln", "include_bytes", "include_str", "panic", "println", "vec"];

/// Macros that bring in files.
pub(super) const INCLUDES: &[&str] = &["include", "include_bytes", "include_str"];

/// What one source brings in.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// The modules that it declares in files of their own.
    pub(super) modules: Vec<Module>,
    /// What it includes as code.
    pub(super) includes: Vec<Include>,
    /// What it gives to macros of other packages and its own that may be the path of a file.
    pub(super) literals: BTreeSet<String>,
}

/// A module in a file of its own.
#[derive(Debug)]
pub(super) struct Module {
    /// The modules around it in the same source.
    around: Option<Rc<Around>>,
    /// Where it is.
    pub(super) place: Place,
    /// Whether only tests have it.
    pub(super) is_test: bool,
}

/// What says where a module is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Its name.
    Named(String),
    /// `#[path]`.
    At(String),
}

/// An inline module: many modules may lie in one, and share it.
#[derive(Debug)]
struct Around {
    name: String,
    outer: Option<Rc<Around>>,
}

/// A file that is included as code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Include {
    pub(super) path: String,
    /// Whether it is relative to the package's root rather than to the source.
    pub(super) from_root: bool,
}

impl Module {
    /// The folder that the modules around it make.
    pub(super) fn folder(&self) -> String {
        let mut names = vec![];
        let mut next = self.around.as_ref();
        while let Some(around) = next {
            names.push(&*around.name);
            next = around.outer.as_ref();
        }
        names.reverse();
        names.join("/")
    }
}

/// Reads the tokens of a source one by one.
pub(super) struct Reader<'r> {
    pub(super) found: Declared,
    /// The names of the package's files, in small letters.
    names: &'r HashSet<String>,
    is_build_time: bool,
    depth: usize,
    /// The modules around, and how deep each began.
    around: Vec<(Rc<Around>, usize)>,
    /// How deep the call of a macro is that what is read now stands in, and the attribute.
    call: Option<usize>,
    attribute: Option<(usize, bool)>,
    /// Where those modules begin that `#[path]` told of since the last item.
    pending: usize,
}

impl<'r> Reader<'r> {
    pub(super) fn new(names: &'r HashSet<String>, is_build_time: bool) -> Self {
        let found = Declared::default();
        let (depth, around, call, attribute, pending) = (0, vec![], None, None, 0);
        Self { found, names, is_build_time, depth, around, call, attribute, pending }
    }

    /// Reads the token at `at`. False where it brings in something that cannot be told from the source.
    pub(super) fn take(&mut self, tokens: &[Token<'_>], at: usize, is_test: bool) -> bool {
        let token = tokens[at];
        match token.kind {
            Kind::Punct('{' | '(' | '[') => {
                self.depth += 1;
                self.open(tokens, at);
            }
            Kind::Punct('}' | ')' | ']') => {
                self.depth = self.depth.saturating_sub(1);
                self.call = self.call.filter(|began| *began <= self.depth);
                self.attribute = self.attribute.filter(|(began, _)| *began <= self.depth);
                while self.around.pop_if(|(_, began)| *began > self.depth).is_some() {}
            }
            Kind::Str => return self.literal(token),
            Kind::Ident => return self.word(tokens, at, is_test),
            _ => {}
        }
        if matches!(token.kind, Kind::Punct('{' | '}' | ';')) && self.attribute.is_none() {
            self.pending = self.found.modules.len();
        }
        true
    }

    fn open(&mut self, tokens: &[Token<'_>], at: usize) {
        let before = |by: usize| at.checked_sub(by).map(|at| tokens[at]);
        let is = |by: usize, punct: char| before(by).is_some_and(|it| it.is(punct));
        let is_attribute = tokens[at].is('[') && (is(1, '#') || is(1, '!') && is(2, '#'));
        if is_attribute && self.attribute.is_none() {
            let names = tokens.get(at + 1).is_some_and(|it| it.is_ident("path") || it.is_ident("cfg_attr"));
            self.attribute = Some((self.depth, names));
        }
        if self.call.is_none() && called(tokens, at).is_some_and(|name| !HARMLESS.contains(&name)) {
            self.call = Some(self.depth);
        }
    }

    fn literal(&mut self, token: Token<'_>) -> bool {
        if !self.is_build_time || self.call.is_none() || token.raw.len() > LONGEST {
            return true;
        }
        let value = token.value();
        let name = value.rsplit(['/', '\\']).next().unwrap_or_default();
        if !self.names.contains(&name.to_lowercase()) || self.found.literals.contains(&*value) {
            return true;
        }
        let has_room = self.found.literals.len() < FILES;
        if has_room {
            self.found.literals.insert(value.into_owned());
        }
        has_room
    }

    fn word(&mut self, tokens: &[Token<'_>], at: usize, is_test: bool) -> bool {
        let next = |by: usize| tokens.get(at + by).copied();
        let is_next = |by: usize, punct: char| next(by).is_some_and(|it| it.is(punct));
        match tokens[at].raw {
            "path" if matches!(self.attribute, Some((_, true))) && is_next(1, '=') => match next(2) {
                Some(file) if file.kind == Kind::Str => {
                    self.add(Place::At(file.value().into_owned()), is_test)
                }
                // Only a macro can put in something else.
                value => !value.is_some_and(|it| it.is('$')),
            },
            "mod" if self.attribute.is_none() => self.module(tokens, at, is_test),
            "include" if is_next(1, '!') => match arguments(tokens, at + 2, INCLUDE) {
                (arguments, true) => self.include(arguments),
                (arguments, false) => arguments.is_empty(),
            },
            // Whoever makes one anew may make it bring in code.
            "macro_rules" if self.is_build_time && is_next(1, '!') => {
                !next(2).is_some_and(|name| HARMLESS.contains(&name.raw) || INCLUDES.contains(&name.raw))
            }
            _ => true,
        }
    }

    fn add(&mut self, place: Place, is_test: bool) -> bool {
        let has_room = self.found.modules.len() < FILES;
        if has_room {
            let around = self.around.last().map(|(around, _)| around.clone());
            self.found.modules.push(Module { around, place, is_test });
        }
        has_room
    }

    fn module(&mut self, tokens: &[Token<'_>], at: usize, is_test: bool) -> bool {
        let is_open = |at: usize| tokens.get(at).is_some_and(|it| it.is('{'));
        let Some(name) = tokens.get(at + 1) else { return true };
        if name.is('$') {
            // A macro is given the name. What lies in the module itself can be read.
            return if is_open(at + 3) { self.enter("$".to_owned()) } else { !self.is_build_time };
        }
        if name.kind != Kind::Ident {
            return true;
        }
        if is_open(at + 2) {
            let told = self.found.modules[self.pending..].iter().rev().find_map(|it| match &it.place {
                Place::At(path) => Some(path.clone()),
                Place::Named(_) => None,
            });
            return self.enter(told.unwrap_or_else(|| name.raw.to_owned()));
        }
        if !tokens.get(at + 2).is_some_and(|it| it.is(';')) {
            return true;
        }
        for told in &mut self.found.modules[self.pending..] {
            told.is_test |= is_test;
        }
        let is_told = !self.is_build_time || self.around.iter().all(|(around, _)| around.name != "$");
        self.add(Place::Named(name.raw.to_owned()), is_test) && is_told
    }

    fn enter(&mut self, name: String) -> bool {
        let length = self.around.iter().map(|(around, _)| around.name.len() + 1).sum::<usize>();
        if self.around.len() == MODULES || length + name.len() > LONGEST {
            return false;
        }
        let outer = self.around.last().map(|(around, _)| around.clone());
        self.around.push((Rc::new(Around { name, outer }), self.depth + 1));
        true
    }

    fn include(&mut self, arguments: &[Token<'_>]) -> bool {
        let has_room = self.found.includes.len() < FILES;
        match included(arguments, self.is_build_time) {
            Some(Some(include)) if has_room => self.found.includes.push(include),
            Some(None) => {}
            _ => return false,
        }
        true
    }
}

/// The macro whose arguments, or whose definition, begin with the bracket at `at`.
pub(super) fn called<'t>(tokens: &[Token<'t>], at: usize) -> Option<&'t str> {
    let before = |by: usize| at.checked_sub(by).map(|at| tokens[at]);
    let is_name = |it: Token<'_>| it.kind == Kind::Ident;
    match (before(1)?, before(2), before(3)) {
        (mark, name, _) if mark.is('!') => name.filter(|it| is_name(*it)).map(|it| it.raw),
        // `macro_rules! name {`.
        (name, Some(mark), Some(word)) if is_name(name) && mark.is('!') && is_name(word) => Some(word.raw),
        _ => None,
    }
}

/// The file that the arguments of `include!` name: `Some(None)` is one that the build script makes, and `None` one that cannot
/// be told from the source. Later than at build time the build script also says what variables are; it is read for itself.
fn included(tokens: &[Token<'_>], is_build_time: bool) -> Option<Option<Include>> {
    let mut tokens = tokens;
    if let [rest @ .., last] = tokens
        && last.is(',')
    {
        tokens = rest;
    }
    if let [core, _, _, rest @ ..] = tokens
        && (core.is_ident("core") || core.is_ident("std"))
    {
        tokens = rest;
    }
    let mut parts = match tokens {
        [env, mark, _, _, _] if env.is_ident("env") && mark.is('!') => tokens,
        [only] if only.kind == Kind::Str => tokens,
        [name, mark, _, parts @ .., _] if name.is_ident("concat") && mark.is('!') => parts,
        _ => return None,
    };
    let (mut path, mut from_root) = (String::new(), false);
    while let [part, rest @ ..] = parts {
        parts = match (part.kind, rest) {
            (Kind::Punct(',' | ':'), _) => rest,
            (Kind::Ident, [colon, ..]) if colon.is(':') => rest,
            (Kind::Str, _) => {
                path.push_str(&part.value());
                rest
            }
            (_, [mark, _, name, _, rest @ ..]) if part.is_ident("env") && mark.is('!') && path.is_empty() => {
                match &*name.value() {
                    "CARGO_MANIFEST_DIR" => from_root = true,
                    "OUT_DIR" => return Some(None),
                    _ if !is_build_time => return Some(None),
                    _ => return None,
                }
                rest
            }
            _ => return None,
        };
    }
    let path = if from_root { path.trim_start_matches('/').to_owned() } else { path };
    Some(Some(Include { path, from_root }))
}
