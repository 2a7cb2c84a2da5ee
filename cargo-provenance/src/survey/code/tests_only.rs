//! Which tokens are compiled only for a package's own tests, which nobody who depends on it compiles.

use std::ops::Range;

use super::super::lex::{Kind, Token};

/// The tokens of an attribute that are looked at.
const ATTRIBUTE: usize = 64;

/// The ranges of the items that are only there for tests, in order.
pub(super) fn ranges(tokens: &[Token<'_>]) -> Vec<Range<usize>> {
    let mut ranges = vec![];
    let mut at = 0;
    while at < tokens.len() {
        match attribute(tokens, at) {
            Some((inside, end)) if is_for_tests(inside) => {
                let end = item_end(tokens, end);
                ranges.push(at..end);
                at = end;
            }
            Some((_, end)) => at = end,
            None => at += 1,
        }
    }
    ranges
}

/// Whether a source says of itself that it is for tests.
pub(super) fn is_all(tokens: &[Token<'_>]) -> bool {
    let mut at = 0;
    while tokens.get(at).is_some_and(|it| it.is('#')) && tokens.get(at + 1).is_some_and(|it| it.is('!')) {
        let Some((inside, end)) = brackets(tokens, at + 2) else { return false };
        if is_for_tests(inside) {
            return true;
        }
        at = end;
    }
    false
}

/// The inside of an attribute that begins at `at`, and where it ends.
fn attribute<'s, 't>(tokens: &'s [Token<'t>], at: usize) -> Option<(&'s [Token<'t>], usize)> {
    if tokens[at].is('#') { brackets(tokens, at + 1) } else { None }
}

fn brackets<'s, 't>(tokens: &'s [Token<'t>], at: usize) -> Option<(&'s [Token<'t>], usize)> {
    if !tokens.get(at)?.is('[') {
        return None;
    }
    let mut depth = 0_usize;
    for (offset, token) in tokens[at..].iter().take(ATTRIBUTE).enumerate() {
        match token.kind {
            Kind::Punct('[') => depth += 1,
            Kind::Punct(']') if depth == 1 => return Some((&tokens[at + 1..at + offset], at + offset + 1)),
            Kind::Punct(']') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `test`, `bench`, `RUNTIME::test`, `cfg(test)` or `cfg(all(test, …))`.
fn is_for_tests(inside: &[Token<'_>]) -> bool {
    let words = inside.iter().map(|token| token.raw).collect::<Vec<_>>();
    match words[..] {
        ["test" | "bench"] | ["cfg", "(", "test", ")"] | ["cfg", "(", "all", "(", "test", ",", ..] => true,
        [_, ":", ":", "test", ref rest @ ..] => rest.first().is_none_or(|it| *it == "("),
        _ => false,
    }
}

/// Where the item ends whose attributes end at `at`.
fn item_end(tokens: &[Token<'_>], at: usize) -> usize {
    let mut at = at;
    while let Some((_, end)) = tokens.get(at).and_then(|_| attribute(tokens, at)) {
        at = end;
    }
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.kind {
            Kind::Punct('{' | '(' | '[') => depth += 1,
            Kind::Punct('}') if depth == 1 => return at,
            // The end of what the item stands in.
            Kind::Punct('}' | ')' | ']') if depth == 0 => return at - 1,
            Kind::Punct('}' | ')' | ']') => depth -= 1,
            Kind::Punct(';' | ',') if depth == 0 => return at,
            _ => {}
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::super::super::lex::tokens;
    use super::*;

    fn left(source: &str) -> String {
        let tokens = tokens(source).collect::<Vec<_>>();
        let ranges = ranges(&tokens);
        let kept = tokens.iter().enumerate().filter(|(at, _)| !ranges.iter().any(|range| range.contains(at)));
        kept.map(|(_, token)| token.raw).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn items_for_tests_end_where_they_end() {
        for (source, expected) in [
            ("a #[cfg(test)] mod t { x { y } } b", "a b"),
            ("a #[cfg(test)] mod t; b", "a b"),
            ("#[test] #[ignore] fn f(a: [u8; 3]) -> X { } b", "b"),
            ("#[tokio::test(flavor = \"x\")] async fn f() {} b", "b"),
            ("#[cfg(all(test, unix))] use a; b", "b"),
            ("struct S { #[cfg(test)] a: u8, b: u8 }", "struct S { b : u8 }"),
            ("f(#[cfg(test)] a) b", "f ( ) b"),
            ("#[cfg(any(test, unix))] fn f() {}", "# [ cfg ( any ( test , unix ) ) ] fn f ( ) { }"),
            ("#[cfg(not(test))] a;", "# [ cfg ( not ( test ) ) ] a ;"),
            ("#[test] fn open() {", ""),
            ("#[", "# ["),
        ] {
            assert_eq!(left(source), expected, "{source}");
        }
        let all = |source| is_all(&tokens(source).collect::<Vec<_>>());
        assert!(all("#![allow(x)] #![cfg(test)] fn f() {}"));
        assert!(!all("#![allow(x)] fn f() {}") && !all(""));
    }
}
