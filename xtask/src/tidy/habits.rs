//! What every source file keeps to: its size, its first line, and what it must not contain.

use super::source::{Kind, Source, Token};
use super::{KERNEL, Offence, inside};

/// Lines without tests above which a file is worth a warning.
pub(super) const LONG_FILE: u32 = 300;
const TOO_LONG_FILE: u32 = 600;
/// The kernel is to be read in an hour, which 2,500 lines would be. It stands at 6,150 with its documentation, a
/// fifth of which checks signatures, and 430 lines of which tell a binary what it is built from: this number only ever goes down.
const KERNEL_LINES: u32 = 6_150;
const UNFINISHED: &[&str] = &["dbg", "todo", "unimplemented"];
const VAGUE: &[&str] = &["common", "helpers", "misc", "util", "utils"];

/// Checks one file.
pub(super) fn check(source: &Source) -> Vec<Offence> {
    let mut offences = vec![];
    let mut offend = |line: u32, message: String| offences.push(Offence::new(&source.file, line, message));

    if !source.has_module_docs {
        offend(1, "the file opens without `//!`; say what it is for".to_owned());
    }
    if source.lines > TOO_LONG_FILE {
        offend(
            0,
            format!("{} lines without tests, more than {TOO_LONG_FILE}; it has two jobs", source.lines),
        );
    }
    let stem = source.file.rsplit('/').find(|part| *part != "mod.rs").unwrap_or_default();
    if VAGUE.contains(&stem.strip_suffix(".rs").unwrap_or(stem)) {
        offend(0, format!("`{stem}` says nothing; name it in the words of the domain"));
    }
    for called in source.macros().filter(|called| UNFINISHED.contains(&called.path.as_str())) {
        offend(called.line, format!("`{}!` is unfinished work", called.path));
    }
    for (line, comment) in &source.comments {
        if let Some(word) = ["FIXME", "TODO", "XXX"].iter().find(|word| has_word(comment, word)) {
            offend(*line, format!("`{word}` in a comment; do it now or open an issue"));
        }
    }
    if inside(&source.file, KERNEL).is_some() {
        for line in let_chains(&source.tokens) {
            offend(line, "let chains need Rust 1.88, and the kernel promises 1.85".to_owned());
        }
    }
    for (line, what) in attributes(&source.all_tokens) {
        offend(line, what);
    }
    offences
}

/// Checks the kernel's size as a whole.
pub(super) fn kernel_budget(sources: &[&Source]) -> Option<Offence> {
    let lines = sources
        .iter()
        .filter(|source| inside(&source.file, KERNEL).is_some())
        .map(|source| source.lines)
        .sum::<u32>();
    (lines > KERNEL_LINES).then(|| {
        Offence::new(
            "provenance-build/src",
            0,
            format!("the kernel has {lines} lines without tests, more than {KERNEL_LINES}"),
        )
    })
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|part| part == word)
}

// `&& let`: no lint of ours sees a language feature that is newer than the promised compiler.
fn let_chains(tokens: &[Token]) -> impl Iterator<Item = u32> + '_ {
    tokens.windows(3).filter_map(|window| match [&window[0].kind, &window[1].kind, &window[2].kind] {
        [Kind::Mark('&'), Kind::Mark('&'), Kind::Word(word)] if word == "let" => Some(window[2].line),
        _ => None,
    })
}

// `#[ignore]` without a reason and `#[allow(…)]`, in tests too.
fn attributes(tokens: &[Token]) -> Vec<(u32, String)> {
    let mut found = vec![];
    for (at, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Mark('#') {
            continue;
        }
        let inner = usize::from(tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Mark('!')));
        let [Some(open), Some(name), Some(next)] = [at + inner + 1, at + inner + 2, at + inner + 3]
            .map(|at| tokens.get(at).map(|token| &token.kind))
        else {
            continue;
        };
        if *open != Kind::Mark('[') {
            continue;
        }
        match name {
            Kind::Word(word) if word == "ignore" && *next == Kind::Mark(']') => {
                found.push((token.line, "`#[ignore]` without a reason".to_owned()));
            }
            Kind::Word(word) if word == "allow" && *next == Kind::Mark('(') => {
                found.push((token.line, "`allow` is for good; write `expect(…, reason = \"…\")`".to_owned()));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(file: &str, text: &str) -> usize {
        check(&Source::parse(file, text)).len()
    }

    #[test]
    fn each_bad_habit_is_found() {
        for text in [
            "fn f() {}\n",
            "//! X.\nfn f() { todo!() }\n",
            "//! X.\nfn f() { dbg!(1) }\n",
            "//! X.\n// FIXME: later\n",
            "//! X.\n/* TODO */\n",
            "//! X.\n#[allow(dead_code)]\nfn f() {}\n",
            "//! X.\n#![allow(dead_code)]\n",
            "//! X.\n#[cfg(test)]\nmod tests {\n #[ignore]\n fn f() {} }\n",
        ] {
            assert_eq!(count("tests/src/x.rs", text), 1, "{text}");
        }
        assert_eq!(count("provenance-build/src/x.rs", "//! X.\nfn f() { if a && let Some(b) = c {} }\n"), 1);
        assert_eq!(count("cargo-provenance/src/ops/utils.rs", "//! X.\n"), 1);
        assert_eq!(count("cargo-provenance/src/utils/mod.rs", "//! X.\n"), 1);
        assert_eq!(count("tests/src/x.rs", &format!("//! X.\n{}", "fn f() {}\n".repeat(600))), 1);
    }

    #[test]
    fn good_habits_pass() {
        let text = "//! X.\n#[expect(dead_code, reason = \"y\")]\nfn f() {}\n#[cfg(test)]\nmod tests {\n\
                    #[ignore = \"needs a disk that is full\"]\n fn f() {} }\n";
        assert_eq!(count("tests/src/x.rs", text), 0);
    }

    #[test]
    fn a_kernel_that_grew_is_found() {
        let lines = |number: u32| "\n".repeat(number as usize);
        let (code, tests) = (lines(KERNEL_LINES * 3 / 5), lines(KERNEL_LINES));
        let text = format!("//! X.\n{code}\n#[cfg(test)]\nmod tests {{\n{tests}}}\n");
        let source = Source::parse("provenance-build/src/a.rs", &text);
        assert_eq!(kernel_budget(&[&source]), None);
        assert!(kernel_budget(&[&source, &source]).is_some());
    }
}
