//! What tokens are to the ones beside them: arguments of a call, a row of values, a member.

use super::super::lex::{Kind, Token};

/// Whether the string at `at` is `#[doc = "…"]` or `#![doc = "…"]`, which does nothing.
pub(super) fn is_documentation(tokens: &[Token<'_>], at: usize) -> bool {
    let before = |by: usize| at.checked_sub(by).map(|at| tokens[at]);
    let is = |by: usize, punct: char| before(by).is_some_and(|it| it.is(punct));
    let is_doc = is(1, '=') && before(2).is_some_and(|it| it.is_ident("doc")) && is(3, '[');
    is_doc && (is(4, '#') || is(4, '!') && is(5, '#')) && tokens.get(at + 1).is_some_and(|it| it.is(']'))
}

/// The arguments of a call whose parenthesis is at `at`, as far as so many tokens reach, and whether that is all of them.
pub(super) fn arguments<'s, 't>(tokens: &'s [Token<'t>], at: usize, most: usize) -> (&'s [Token<'t>], bool) {
    let mut depth = 0_usize;
    let Some(rest) = tokens.get(at..tokens.len().min(at + most)) else { return (&[], true) };
    for (offset, token) in rest.iter().enumerate() {
        match token.kind {
            Kind::Punct('(' | '[' | '{') => depth += 1,
            Kind::Punct(')' | ']' | '}') if depth == 1 => return (&rest[1..offset], true),
            Kind::Punct(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ if depth == 0 => return (&[], true),
            _ => {}
        }
    }
    (rest.get(1..).unwrap_or_default(), false)
}

/// What a value begins with: a string, or a name, without what only wraps it.
pub(super) fn value_of<'s, 't: 's>(mut tokens: impl Iterator<Item = &'s Token<'t>>) -> Option<&'s Token<'t>> {
    const WRAPPERS: &[&str] = &["Path", "PathBuf", "String", "from", "new", "mut", "std", "path"];
    tokens.find(|it| match it.kind {
        Kind::Ident => !WRAPPERS.contains(&it.raw),
        Kind::Punct('&' | ':' | '(') => false,
        _ => true,
    })
}

/// Every second token from `at` on, as long as only commas lie between.
pub(super) fn row<'s, 't>(tokens: &'s [Token<'t>], at: usize) -> impl Iterator<Item = &'s Token<'t>> {
    let mut goes_on = true;
    tokens[at..].chunks(2).map_while(move |pair| {
        // The last one is followed by what ends the row.
        let is_next = std::mem::replace(&mut goes_on, pair.get(1).is_some_and(|it| it.is(',')));
        pair.first().filter(|_| is_next)
    })
}

/// A number that is a byte.
pub(super) fn byte(raw: &str) -> Option<u8> {
    let text = raw.replace('_', "");
    match text.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Whether a token is a field or a method rather than the beginning of a path.
pub(super) fn is_member(tokens: &[Token<'_>], at: usize) -> bool {
    let is_dot = |by: usize| at.checked_sub(by).is_some_and(|at| tokens[at].is('.'));
    is_dot(1) && !is_dot(2)
}
