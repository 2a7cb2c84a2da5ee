//! Rust sources as tokens: enough to know what code names and prints, without its comments, strings and tests.

use std::collections::BTreeMap;

/// One source file, taken apart.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path relative to the repository, `/`-separated.
    pub(crate) file: String,
    /// Tokens of the code that ships: no comments, no tests.
    pub(crate) tokens: Vec<Token>,
    /// Comments with their line, tests included.
    pub(crate) comments: Vec<(u32, String)>,
    /// The number of lines without those of tests.
    pub(crate) lines: u32,
    /// Whether the first thing in the file is an inner doc comment.
    pub(crate) has_module_docs: bool,
    /// Tokens of everything, tests included.
    pub(crate) all_tokens: Vec<Token>,
}

/// One token and its line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: u32,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier, a keyword or the digits of a number.
    Word(String),
    /// One character of punctuation.
    Mark(char),
    /// A string, byte string or character.
    Literal,
}

/// A path that code names, such as `std::fs::write`, with imports resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) path: String,
    pub(crate) line: u32,
}

impl Source {
    /// Takes a file apart.
    pub(crate) fn parse(file: &str, text: &str) -> Self {
        let (all_tokens, comments) = tokenize(text);
        let (tokens, test_lines) = without_tests(&all_tokens);
        // What tests are made of is only compiled for them.
        let is_test = ["tests", "samples"]
            .iter()
            .any(|name| file.ends_with(&format!("/{name}.rs")) || file.contains(&format!("/{name}/")));
        let lines = text.lines().count() as u32;
        Self {
            file: file.to_owned(),
            tokens: if is_test { vec![] } else { tokens },
            comments,
            lines: if is_test { 0 } else { lines.saturating_sub(test_lines) },
            has_module_docs: text.trim_start().starts_with("//!"),
            all_tokens,
        }
    }

    /// Every path that the code names. `use` groups are spread out, and a path that begins with an imported name is
    /// given in full, so that `use std::fs;` and `fs::write` yield `std::fs` and `std::fs::write`.
    pub(crate) fn paths(&self) -> Vec<Named> {
        let mut named = vec![];
        let mut imports = BTreeMap::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let in_import = self.is_word(at, "use");
            if in_import {
                let mut end = at + 1;
                self.import(&mut end, "", &mut named, &mut imports);
                at = end.max(at + 1);
            } else {
                at = self.inline_path(at, &mut named);
            }
        }
        for path in &mut named {
            let (first, rest) =
                path.path.split_once("::").map_or((path.path.as_str(), None), |(a, b)| (a, Some(b)));
            if let (Some(full), Some(rest)) = (imports.get(first), rest) {
                path.path = format!("{full}::{rest}");
            }
        }
        named
    }

    /// The macros that the code calls.
    pub(crate) fn macros(&self) -> impl Iterator<Item = Named> + '_ {
        self.tokens.windows(3).filter_map(|window| {
            match [&window[0].kind, &window[1].kind, &window[2].kind] {
                [Kind::Word(name), Kind::Mark('!'), Kind::Mark('(' | '[' | '{')] => {
                    Some(Named { path: name.clone(), line: window[0].line })
                }
                _ => None,
            }
        })
    }

    /// The methods without arguments that the code calls: `.exists()`.
    pub(crate) fn plain_methods(&self) -> impl Iterator<Item = Named> + '_ {
        self.tokens.windows(4).filter_map(|window| {
            match [&window[0].kind, &window[1].kind, &window[2].kind, &window[3].kind] {
                [Kind::Mark('.'), Kind::Word(name), Kind::Mark('('), Kind::Mark(')')] => {
                    Some(Named { path: name.clone(), line: window[1].line })
                }
                _ => None,
            }
        })
    }

    fn is_word(&self, at: usize, word: &str) -> bool {
        matches!(self.tokens.get(at), Some(Token { kind: Kind::Word(text), .. }) if text == word)
    }

    fn is_mark(&self, at: usize, mark: char) -> bool {
        matches!(self.tokens.get(at), Some(Token { kind: Kind::Mark(c), .. }) if *c == mark)
    }

    fn is_path_separator(&self, at: usize) -> bool {
        self.is_mark(at, ':') && self.is_mark(at + 1, ':')
    }

    // One tree of a `use` declaration; `at` ends behind it.
    fn import(
        &self,
        at: &mut usize,
        prefix: &str,
        named: &mut Vec<Named>,
        imports: &mut BTreeMap<String, String>,
    ) {
        let mut path = prefix.to_owned();
        while let Some(token) = self.tokens.get(*at) {
            match &token.kind {
                Kind::Word(word) if word == "as" => {
                    if let Some(Token { kind: Kind::Word(alias), .. }) = self.tokens.get(*at + 1) {
                        imports.insert(alias.clone(), path.clone());
                    }
                    *at += 2;
                    named.push(Named { path, line: token.line });
                    return;
                }
                Kind::Word(word) => {
                    // `{self}` names the folder itself.
                    if word != "self" || path.is_empty() {
                        path = if path.is_empty() { word.clone() } else { format!("{path}::{word}") };
                    }
                    *at += 1;
                    if !self.is_path_separator(*at) && !self.is_word(*at, "as") {
                        let name = path.rsplit("::").next().unwrap_or_default().to_owned();
                        imports.insert(name, path.clone());
                        named.push(Named { path, line: token.line });
                        return;
                    }
                }
                Kind::Mark(':') => *at += 1,
                Kind::Mark('*') => {
                    *at += 1;
                    named.push(Named { path: format!("{path}::*"), line: token.line });
                    return;
                }
                Kind::Mark('{') => {
                    *at += 1;
                    while *at < self.tokens.len() && !self.is_mark(*at, '}') {
                        if self.is_mark(*at, ',') {
                            *at += 1;
                        } else {
                            self.import(at, &path, named, imports);
                        }
                    }
                    *at += 1;
                    return;
                }
                _ => {
                    *at += 1;
                    return;
                }
            }
        }
    }

    // A path in an expression or a type; returns where to go on.
    fn inline_path(&self, start: usize, named: &mut Vec<Named>) -> usize {
        let Some(Token { kind: Kind::Word(first), line }) = self.tokens.get(start) else { return start + 1 };
        let (mut path, mut at) = (first.clone(), start + 1);
        while self.is_path_separator(at) {
            match self.tokens.get(at + 2) {
                Some(Token { kind: Kind::Word(word), .. }) => {
                    path = format!("{path}::{word}");
                    at += 3;
                }
                _ => break,
            }
        }
        if path.contains("::") {
            named.push(Named { path, line: *line });
        }
        at
    }
}

fn tokenize(text: &str) -> (Vec<Token>, Vec<(u32, String)>) {
    let chars = text.chars().collect::<Vec<_>>();
    let (mut tokens, mut comments) = (vec![], vec![]);
    let (mut at, mut line) = (0, 1);
    while let Some(&c) = chars.get(at) {
        let (start, start_line) = (at, line);
        let rest = &chars[at..];
        let kind = if c.is_whitespace() {
            at += 1;
            None
        } else if rest.starts_with(&['/', '/']) {
            at += rest.iter().position(|&c| c == '\n').unwrap_or(rest.len());
            comments.push((start_line, chars[start..at].iter().collect()));
            None
        } else if rest.starts_with(&['/', '*']) {
            at += block_comment(rest);
            comments.push((start_line, chars[start..at].iter().collect()));
            None
        } else if let Some(length) = literal(rest) {
            at += length;
            Some(Kind::Literal)
        } else if c.is_alphanumeric() || c == '_' {
            at += rest.iter().position(|&c| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            Some(Kind::Word(chars[start..at].iter().collect()))
        } else {
            at += 1;
            Some(Kind::Mark(c))
        };
        line += chars[start..at].iter().filter(|&&c| c == '\n').count() as u32;
        tokens.extend(kind.map(|kind| Token { kind, line: start_line }));
    }
    (tokens, comments)
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

// The length of the string or character that begins here.
fn literal(rest: &[char]) -> Option<usize> {
    let prefix = rest.iter().take(2).take_while(|c| matches!(c, 'b' | 'c' | 'r')).count();
    let hashes = rest[prefix..].iter().take_while(|&&c| c == '#').count();
    let raw = prefix > 0 && rest[prefix - 1] == 'r';
    match rest.get(prefix + hashes) {
        Some('"') if raw => {
            let end = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect::<Vec<_>>();
            let body = prefix + hashes + 1;
            let length = rest[body..].windows(end.len()).position(|window| window == end)?;
            Some(body + length + end.len())
        }
        Some('"') if hashes == 0 => quoted(rest, prefix + 1, '"'),
        // A lifetime has no closing quote right behind its first character.
        Some('\'')
            if hashes == 0
                && (rest.get(prefix + 1) == Some(&'\\') || rest.get(prefix + 2) == Some(&'\'')) =>
        {
            quoted(rest, prefix + 1, '\'')
        }
        _ => None,
    }
}

fn quoted(rest: &[char], mut at: usize, end: char) -> Option<usize> {
    while let Some(&c) = rest.get(at) {
        at += if c == '\\' { 2 } else { 1 };
        if c == end {
            return Some(at);
        }
    }
    None
}

// Leaves out every item under `#[cfg(test)]` or `#[cfg(all(test, …))]`, and counts the lines it takes.
fn without_tests(tokens: &[Token]) -> (Vec<Token>, u32) {
    let (mut kept, mut lines, mut at) = (vec![], 0, 0);
    while at < tokens.len() {
        match test_item(&tokens[at..]) {
            Some(length) => {
                lines += tokens[at + length - 1].line - tokens[at].line + 1;
                at += length;
            }
            None => {
                kept.push(tokens[at].clone());
                at += 1;
            }
        }
    }
    (kept, lines)
}

fn test_item(tokens: &[Token]) -> Option<usize> {
    let word = |at: usize, word: &str| matches!(tokens.get(at), Some(Token { kind: Kind::Word(w), .. }) if w == word);
    let mark = |at: usize, mark: char| matches!(tokens.get(at), Some(Token { kind: Kind::Mark(c), .. }) if *c == mark);
    let opens = mark(0, '#') && mark(1, '[') && word(2, "cfg") && mark(3, '(');
    let names_test = word(4, "test") || (word(4, "all") && mark(5, '(') && word(6, "test"));
    if !(opens && names_test) {
        return None;
    }
    // The item ends with its first brace group, or with a semicolon before any.
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Mark('{') => depth += 1,
            Kind::Mark('}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            Kind::Mark(';') if depth == 0 => return Some(at + 1),
            _ => {}
        }
    }
    Some(tokens.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        Source::parse("x.rs", text).paths().into_iter().map(|named| named.path).collect()
    }

    #[test]
    fn imports_are_spread_out_and_resolved() {
        assert_eq!(
            paths("use std::{fs, io::{self, Write as W}};\nfn f() { fs::write(a, b); W::flush(x) }"),
            ["std::fs", "std::io", "std::io::Write", "std::fs::write", "std::io::Write::flush"]
        );
        assert_eq!(paths("use crate::model::*; mod x;"), ["crate::model::*"]);
    }

    #[test]
    fn comments_strings_and_tests_name_nothing() {
        let text = "// std::fs\n/* std::fs /* x */ */ const A: &str = \"std::fs\"; const B: &str = r#\"std::fs\"#;\n\
                    const C: char = '\"'; fn f<'a>(x: &'a str) {}\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        assert_eq!(paths(text), [] as [&str; 0]);
    }

    #[test]
    fn lines_of_tests_do_not_count() {
        let source =
            Source::parse("x.rs", "//! X.\nfn f() {}\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n");
        assert_eq!(source.lines, 2);
        assert!(source.has_module_docs);
        assert_eq!(Source::parse("a/tests.rs", "fn f() {}\n").lines, 0);
    }

    #[test]
    fn macros_and_methods_are_seen() {
        let source = Source::parse("x.rs", "fn f() { println!(\"x\"); a.exists(); a != b; }");
        assert_eq!(source.macros().map(|m| m.path).collect::<Vec<_>>(), ["println"]);
        assert_eq!(source.plain_methods().map(|m| m.path).collect::<Vec<_>>(), ["exists"]);
    }
}
