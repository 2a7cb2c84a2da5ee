//! What stands in brackets: the arguments of a macro, an attribute, and the file that they name.

use super::super::super::lex::{Kind, Token};
use super::Base;

/// The most tokens of a macro's arguments or an attribute that are looked at. Nobody needs as many to name a file: it is told
/// where there are more.
const ARGUMENTS: usize = 65_536;

/// What stands in brackets.
pub(super) struct Group<'t> {
    pub(super) by: &'static str,
    pub(super) line: u32,
    depth: usize,
    pub(super) tokens: Vec<Token<'t>>,
    pub(super) is_cut: bool,
    /// Whether it stands where an item or a statement begins.
    pub(super) begins: bool,
}

impl<'t> Group<'t> {
    pub(super) fn new(by: &'static str, line: u32) -> Self {
        Self { by, line, depth: 1, tokens: vec![], is_cut: false, begins: false }
    }

    /// Whether the group ends with this token.
    pub(super) fn take(&mut self, token: Token<'t>) -> bool {
        match token.kind {
            Kind::Punct('(' | '[' | '{') => self.depth += 1,
            Kind::Punct(')' | ']' | '}') => self.depth -= 1,
            _ => {}
        }
        if self.depth > 0 {
            if self.tokens.len() < ARGUMENTS {
                self.tokens.push(token);
            } else {
                self.is_cut = true;
            }
        }
        self.depth == 0
    }
}

/// The file that a macro's arguments name, where that can be told from them.
pub(super) fn included(tokens: &[Token<'_>]) -> Option<(Base, String)> {
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
pub(super) fn joined(parts: &[Token<'_>]) -> Option<(Base, String)> {
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
