//! What the paths of a source stand for, as far as its tokens say: imports, renames, other names of types.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::lex::{Kind, Token};
use super::paths;

/// Longer imports are generated, and only cost time.
const LONGEST_IMPORT: usize = 4_096;

/// The deepest braces of an import that are followed.
const DEEPEST: usize = 32;

/// The types that matter: one that a source makes itself is another.
const TYPES: &[&str] = &[
    "Command",
    "File",
    "OpenOptions",
    "TcpListener",
    "TcpSocket",
    "TcpStream",
    "ToSocketAddrs",
    "UdpSocket",
];

/// The most segments of a path, and how often one name may stand for another.
const SEGMENTS: usize = 12;
const RENAMES: usize = 4;

/// The names that a source gives to paths of the crates that matter.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// A name and the path that it stands for.
    aliases: HashMap<String, String>,
    /// Everything in these modules has a name.
    globs: BTreeSet<String>,
    /// Types that the source makes itself, which hide what a glob brings.
    own: HashSet<String>,
    /// Whether a glob brings in names from somewhere else in the package.
    has_own_glob: bool,
}

impl Names {
    /// Reads the imports among `tokens`. `renamed` are the dependencies that have another name here.
    pub(super) fn learn(&mut self, tokens: &[Token<'_>], renamed: &[(String, String)]) {
        for (key, package) in renamed {
            self.aliases.insert(key.clone(), package.clone());
        }
        for (at, token) in tokens.iter().enumerate() {
            if token.kind != Kind::Ident {
                continue;
            }
            let next = |by: usize| tokens.get(at + by).copied();
            match token.raw {
                "use" => self.import(&tokens[at + 1..tokens.len().min(at + LONGEST_IMPORT)]),
                "extern" => {
                    let renames = next(1).is_some_and(|it| it.is_ident("crate"))
                        && next(3).is_some_and(|it| it.is_ident("as"));
                    if let (true, Some(krate), Some(name)) = (renames, next(2), next(4)) {
                        self.rename(name.raw, krate.raw);
                    }
                }
                "type" if next(2).is_some_and(|it| it.is('=')) => {
                    if let (Some(name), Some((path, _))) = (next(1), path_at(tokens, at + 3)) {
                        self.rename(name.raw, &path.join("::"));
                    }
                }
                "struct" | "enum" | "trait" | "union" => {
                    let name = next(1).filter(|name| TYPES.contains(&name.raw));
                    self.own.extend(name.map(|name| name.raw.to_owned()));
                }
                _ => {}
            }
        }
        // Most imports lead nowhere that matters, and every name in the source is looked up.
        let leading = self.aliases.keys().filter(|name| self.whole(&[name]).is_some()).cloned();
        let leading = leading.collect::<HashSet<_>>();
        self.aliases.retain(|name, _| leading.contains(name));
    }

    /// Whether a path that begins with this name can mean anything; `is_alone` says that nothing follows the name.
    pub(super) fn may_matter(&self, first: &str, is_alone: bool) -> bool {
        self.aliases.contains_key(first)
            || (!is_alone && paths::is_root(first))
            || !self.globs.is_empty()
            || self.has_own_glob && TYPES.contains(&first)
    }

    fn rename(&mut self, name: &str, path: &str) {
        // A name that stands for itself would be followed in a circle.
        if name != "_" && name != path {
            self.aliases.insert(name.to_owned(), path.to_owned());
        }
    }

    /// Reads one import, which follows `use`.
    fn import(&mut self, tokens: &[Token<'_>]) {
        let mut outer: Vec<Vec<&str>> = vec![];
        let mut path: Vec<&str> = vec![];
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token.kind {
                Kind::Ident if token.raw == "as" => {
                    if let Some(name) = tokens.get(at + 1) {
                        self.leaf(&path, Some(name.raw));
                        path.clear();
                    }
                    at += 1;
                }
                Kind::Ident => path.push(token.raw),
                Kind::Punct(':') => {}
                Kind::Punct('*') => {
                    match path.first() {
                        Some(&("super" | "crate" | "self")) => self.has_own_glob = true,
                        Some(first) if paths::is_root(first) || self.aliases.contains_key(*first) => {
                            self.globs.insert(path.join("::"));
                        }
                        _ => {}
                    }
                    path.clear();
                }
                Kind::Punct('{') if outer.len() < DEEPEST => {
                    outer.push(path.clone());
                }
                Kind::Punct(',') | Kind::Punct('}') => {
                    if !path.is_empty() {
                        self.leaf(&path, None);
                    }
                    if token.is('}') {
                        outer.pop();
                        path.clear();
                        if outer.is_empty() {
                            return;
                        }
                    } else {
                        path = outer.last().cloned().unwrap_or_default();
                        at += 1;
                        continue;
                    }
                }
                Kind::Punct(';') => {
                    if !path.is_empty() {
                        self.leaf(&path, None);
                    }
                    return;
                }
                _ => return,
            }
            at += 1;
        }
    }

    /// Records what an import names. After a group, only its prefix is left of the path, which names nothing.
    fn leaf(&mut self, path: &[&str], name: Option<&str>) {
        let path = match path {
            [rest @ .., "self"] if !rest.is_empty() => rest,
            path => path,
        };
        let Some(last) = path.last() else { return };
        let name = name.unwrap_or(last);
        if path.len() > 1 || name != *last {
            self.rename(name, &path.join("::"));
        }
    }

    /// The whole path that `path` stands for, if its crate can mean anything.
    pub(super) fn whole(&self, path: &[&str]) -> Option<String> {
        let (first, rest) = path.split_first()?;
        let Some(found) = self.aliases.get(*first) else {
            return (path.len() > 1 && paths::is_root(first)).then(|| path.join("::"));
        };
        let mut whole = found.clone();
        for _ in 0..RENAMES {
            let (first, rest) =
                whole.split_once("::").map_or((&*whole, None), |(first, rest)| (first, Some(rest)));
            let Some(next) = self.aliases.get(first) else { break };
            whole = rest.map_or(next.clone(), |rest| format!("{next}::{rest}"));
        }
        let whole = rest.iter().fold(whole, |whole, segment| whole + "::" + segment);
        paths::is_root(whole.split("::").next()?).then_some(whole)
    }

    /// The paths that a name may stand for because everything in some module has a name here.
    pub(super) fn from_globs<'n>(&'n self, path: &'n [&str]) -> impl Iterator<Item = String> + 'n {
        let is_own = path.first().is_none_or(|first| self.own.contains(*first));
        let globs = self.globs.iter().filter(move |_| !is_own);
        globs.filter_map(move |glob| {
            let glob = glob.split("::").collect::<Vec<_>>();
            let whole = self.whole(&glob).or_else(|| paths::is_root(glob[0]).then(|| glob.join("::")))?;
            Some(format!("{whole}::{}", path.join("::")))
        })
    }

    /// Whether a name that no import explains may come from elsewhere in the package.
    pub(super) fn may_be_foreign(&self, name: &str) -> bool {
        self.has_own_glob && !self.own.contains(name)
    }
}

/// The path that begins at a token, and how many tokens it takes. Angle brackets between its segments are left out.
pub(super) fn path_at<'t>(tokens: &[Token<'t>], at: usize) -> Option<(Vec<&'t str>, usize)> {
    let mut path = vec![];
    let mut next = at;
    let colons = |at: usize| {
        tokens.get(at).is_some_and(|it| it.is(':')) && tokens.get(at + 1).is_some_and(|it| it.is(':'))
    };
    if colons(next) {
        next += 2;
    }
    while let Some(token) = tokens.get(next).filter(|it| it.kind == Kind::Ident) {
        path.push(token.raw);
        next += 1;
        if !colons(next) || path.len() == SEGMENTS {
            break;
        }
        next += 2;
    }
    (!path.is_empty()).then_some((path, next - at))
}

#[cfg(test)]
mod tests {
    use super::super::super::lex::tokens;
    use super::*;

    fn whole(source: &str, path: &str) -> Vec<String> {
        let tokens = tokens(source).collect::<Vec<_>>();
        let mut names = Names::default();
        names.learn(&tokens, &[("web".to_owned(), "ureq".to_owned())]);
        let path = path.split("::").collect::<Vec<_>>();
        names.whole(&path).into_iter().chain(names.from_globs(&path)).collect()
    }

    #[test]
    fn names_are_followed_to_what_they_stand_for() {
        for (source, path, expected) in [
            ("use std::process::Command;", "Command::new", "std::process::Command::new"),
            ("use std::process::Command as C;", "C::new", "std::process::Command::new"),
            ("use std::process;", "process::Command", "std::process::Command"),
            ("use std::{env, process::{self, Command as X}, net};", "X::new", "std::process::Command::new"),
            ("use std::{env, process::{self as p}, net};", "net::TcpStream", "std::net::TcpStream"),
            ("use std::{env, process::{self as p}};", "p::Command", "std::process::Command"),
            ("use std::{env, fs}; use std as s;", "s::net", "std::net"),
            ("use std::process as p; use p::Command;", "Command", "std::process::Command"),
            ("extern crate std as core2;", "core2::net", "std::net"),
            ("type Link = std::net::TcpStream;", "Link::connect", "std::net::TcpStream::connect"),
            ("use std::net::*;", "TcpStream", "std::net::TcpStream"),
            ("", "std::net", "std::net"),
            ("", "web::get", "ureq::get"),
            ("use r#std::net;", "net", "std::net"),
        ] {
            assert!(
                whole(source, path).contains(&expected.to_owned()),
                "{source}: {:?}",
                whole(source, path)
            );
        }
        for (source, path) in [
            ("use clap::Command;", "Command::new"),
            ("use std::net::*; struct TcpStream;", "TcpStream"),
            ("use a as b; use b as a;", "a::c"),
            ("use self as self; use x as x;", "x"),
        ] {
            let found = whole(source, path);
            assert!(found.iter().all(|path| !path.starts_with("std")), "{source}: {found:?}");
        }
    }

    #[test]
    fn imports_that_are_none_do_no_harm() {
        for source in [
            "use",
            "use {",
            "use }}}",
            "use a::{",
            "use ::",
            "use a as",
            "use ,,,;",
            "extern crate",
            "type X =",
        ] {
            whole(source, "a::b");
        }
        whole(&format!("use {}", "a::{".repeat(10_000)), "a");
    }
}
