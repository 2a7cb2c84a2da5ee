//! Which tokens are compiled only for a package's own tests, which nobody who depends on it compiles.

use std::collections::HashSet;
use std::ops::Range;

use super::super::lex::{Kind, Token};
use super::declared::called;

/// The tokens of an attribute that are looked at. A longer one is none of a test.
const ATTRIBUTE: usize = 64;

/// How often each token is looked at, on average, for where an item ends. What is left then is taken for no test.
const LOOKS: usize = 8;

/// Crates whose `test` makes a test of a function. Any other may make something else of it.
pub(super) const RUNTIMES: &[&str] = &[
    "actix",
    "actix_rt",
    "actix_web",
    "async_std",
    "compio",
    "core",
    "futures_test",
    "gpui",
    "monoio",
    "ntex",
    "smol_potat",
    "sqlx",
    "std",
    "test_log",
    "tokio",
    "tokio_uring",
];

/// The ranges of the items that are only there for tests, in order. `foreign` are names that the package gives a meaning of its
/// own.
pub(super) fn ranges(tokens: &[Token<'_>], foreign: &HashSet<String>) -> Vec<Range<usize>> {
    let mut ranges = vec![];
    let (mut at, mut depth) = (0, 0_usize);
    // How deep the call of a macro is, which may drop any attribute.
    let mut call = None;
    // The token before the attributes that are being read.
    let mut before: Option<Token<'_>> = None;
    // What is nested is looked at again and again, up to so often all in all.
    let mut left = LOOKS * tokens.len();
    while let Some(token) = tokens.get(at) {
        if let Some((inside, end)) = attribute(tokens, at) {
            let range = (call.is_none() && is_for_tests(inside, foreign))
                .then(|| item(tokens, end, before, &mut left));
            if let Some(Some(end)) = range {
                ranges.push(at..end);
                before = tokens.get(end.wrapping_sub(1)).copied();
                at = end;
            } else {
                at = end;
            }
            continue;
        }
        match token.kind {
            Kind::Punct('{' | '(' | '[') => {
                depth += 1;
                if call.is_none() && called(tokens, at).is_some() {
                    call = Some(depth);
                }
            }
            Kind::Punct('}' | ')' | ']') => {
                depth = depth.saturating_sub(1);
                call = call.filter(|began| *began <= depth);
            }
            _ => {}
        }
        before = Some(*token);
        at += 1;
    }
    ranges
}

/// Whether a source says of itself that it is for tests.
pub(super) fn is_all(tokens: &[Token<'_>], foreign: &HashSet<String>) -> bool {
    let mut at = 0;
    while let Some((inside, end)) = inner(tokens, at) {
        if is_for_tests(inside, foreign) {
            return true;
        }
        at = end;
    }
    false
}

/// The inside of an attribute of what it stands in.
fn inner<'s, 't>(tokens: &'s [Token<'t>], at: usize) -> Option<(&'s [Token<'t>], usize)> {
    let is_inner = tokens.get(at)?.is('#') && tokens.get(at + 1)?.is('!');
    if is_inner { brackets(tokens, at + 2) } else { None }
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
fn is_for_tests(inside: &[Token<'_>], foreign: &HashSet<String>) -> bool {
    let words = inside.iter().map(|token| token.raw).collect::<Vec<_>>();
    match words[..] {
        ["cfg", "(", "test", ")"] | ["cfg", "(", "all", "(", "test", ",", ..] => true,
        [name @ ("test" | "bench")] => !foreign.contains(name),
        [krate, ":", ":", "test", ref rest @ ..] => {
            RUNTIMES.contains(&krate) && !foreign.contains(krate) && rest.first().is_none_or(|it| *it == "(")
        }
        _ => false,
    }
}

/// Where the item ends whose attributes end at `at`; `before` stands before them. `None` where no item can begin, and for what
/// may not be one: a parameter between `<` and `>`, or one between bars.
fn item(tokens: &[Token<'_>], at: usize, before: Option<Token<'_>>, left: &mut usize) -> Option<usize> {
    let is_statement = before.is_none_or(|it| it.is(';') || it.is('{') || it.is('}'));
    if !is_statement && !before.is_some_and(|it| it.is(',') || it.is('(') || it.is('[')) {
        return None;
    }
    let mut at = at;
    while let Some((_, end)) = tokens.get(at).and_then(|_| attribute(tokens, at)) {
        *left = left.checked_sub(end - at)?;
        at = end;
    }
    let (mut depth, mut angles, mut is_arm) = (0_usize, 0_usize, false);
    while let Some(token) = tokens.get(at) {
        *left = left.checked_sub(1)?;
        let last = tokens[at - 1];
        at += 1;
        match token.kind {
            Kind::Punct('{' | '(' | '[') => depth += 1,
            Kind::Punct('}') if depth == 1 && (is_statement || is_arm) => return Some(at),
            // The end of what the item stands in.
            Kind::Punct('}' | ')' | ']') if depth == 0 => return Some(at - 1),
            Kind::Punct('}' | ')' | ']') => depth -= 1,
            Kind::Punct(';') if depth == 0 => return Some(at),
            Kind::Punct(',') if depth == 0 && angles == 0 => return Some(at),
            Kind::Punct('|') if depth == 0 && !is_statement && !is_arm => return None,
            Kind::Punct('<') if depth == 0 && !is_statement => angles += 1,
            Kind::Punct('>') if depth == 0 && !is_statement && last.is('=') => is_arm = true,
            Kind::Punct('>') if depth == 0 && !is_statement && !last.is('-') => {
                angles = angles.checked_sub(1)?;
            }
            _ => {}
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::super::super::lex::tokens;
    use super::*;

    fn left(source: &str) -> String {
        let tokens = tokens(source).collect::<Vec<_>>();
        let ranges = ranges(&tokens, &HashSet::new());
        let kept = tokens.iter().enumerate().filter(|(at, _)| !ranges.iter().any(|range| range.contains(at)));
        kept.map(|(_, token)| token.raw).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn items_for_tests_end_where_they_end() {
        for (source, expected) in [
            ("a; #[cfg(test)] mod t { x { y } } b", "a ; b"),
            ("a; #[cfg(test)] mod t; b", "a ; b"),
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
        let all = |source| is_all(&tokens(source).collect::<Vec<_>>(), &HashSet::new());
        assert!(all("#![allow(x)] #![cfg(test)] fn f() {}"));
        assert!(!all("#![allow(x)] fn f() {}") && !all(""));
    }
}
