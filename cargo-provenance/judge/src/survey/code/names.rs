//! What the paths of a source stand for, as far as its tokens say: imports, renames, other names of types.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::lex::{Kind, Token};
use super::{declared, paths, tests_only};

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

/// The most segments of a path in code: what follows is read as another one.
const SEGMENTS: usize = 12;

/// The longest path of an import, in segments and bytes.
const DEEPEST: usize = 32;
const LONGEST: usize = 256;

/// So many meanings are followed, of one name and of all of a source.
const MEANINGS: usize = 8;
const ALL_MEANINGS: usize = 16_384;

/// So many modules of crates that matter give all their names to one source.
const GLOBS: usize = 32;

/// How often each token is read as part of an import, on average.
const READ: usize = 4;

/// The names that a source gives to paths of the crates that matter.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Names, and the paths that they stand for wherever one of them is imported.
    aliases: BTreeSet<(String, String)>,
    /// The same, followed to the crates that matter.
    meanings: HashMap<String, Vec<String>>,
    /// Everything in these modules has a name.
    globs: BTreeSet<String>,
    /// Those of them that matter.
    open: BTreeSet<String>,
    /// Types that the source makes itself, which hide what a glob brings.
    own: HashSet<String>,
    /// What tests go by, and means something else here.
    foreign: HashSet<String>,
    /// Whether a glob brings in names from somewhere else in the package.
    has_own_glob: bool,
    /// The first import that was not followed to its end, or that gives a macro which brings in files another name.
    unread: Option<usize>,
}

impl Names {
    /// Reads the imports among `tokens`. `renamed` are the dependencies that have another name here.
    ///
    /// Says which token begins an import that cannot be followed to its end.
    pub(super) fn learn(&mut self, tokens: &[Token<'_>], renamed: &[(String, String)]) -> Option<usize> {
        self.unread = None;
        for (key, package) in renamed {
            self.rename(key, package);
            self.foreign.insert(key.clone());
        }
        let mut left = READ * tokens.len();
        for (at, token) in tokens.iter().enumerate() {
            if token.kind != Kind::Ident {
                continue;
            }
            let next = |by: usize| tokens.get(at + by).copied();
            match token.raw {
                "use" => self.import(tokens, at, &mut left),
                "extern" => {
                    let renames = next(1).is_some_and(|it| it.is_ident("crate"))
                        && next(3).is_some_and(|it| it.is_ident("as"));
                    if let (true, Some(krate), Some(name)) = (renames, next(2), next(4)) {
                        self.leaf(&[krate.raw], Some(name.raw), at);
                    }
                }
                "type" if next(2).is_some_and(|it| it.is('=')) => {
                    if let (Some(name), Some((path, _))) = (next(1), path_at(tokens, at + 3)) {
                        self.leaf(&path, Some(name.raw), at);
                    }
                }
                "struct" | "enum" | "trait" | "union" => {
                    let name = next(1).filter(|name| TYPES.contains(&name.raw));
                    self.own.extend(name.map(|name| name.raw.to_owned()));
                }
                "mod" => {
                    let name = next(1).filter(|name| tests_only::RUNTIMES.contains(&name.raw));
                    self.foreign.extend(name.map(|name| name.raw.to_owned()));
                }
                _ => {}
            }
        }
        if !self.follow() {
            self.unread = self.unread.or(Some(0));
        }
        self.unread
    }

    /// Follows every name from the crates that matter to whatever else stands for the same, however often it changes. False
    /// where there are more than are followed.
    fn follow(&mut self) -> bool {
        let (mut is_all, mut count) = (true, 0);
        let mut by_first: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
        let mut next = vec![];
        for (name, path) in &self.aliases {
            let (first, rest) = path.split_once("::").unwrap_or((path, ""));
            if first != name {
                by_first.entry(first).or_default().push((name, rest));
            }
            if paths::is_root(first) {
                next.push((name.as_str(), path.clone()));
            }
        }
        // What is left out does not hang on the order of a set.
        next.sort_unstable();
        let mut meanings: HashMap<String, Vec<String>> = HashMap::new();
        while let Some((name, path)) = next.pop() {
            let known = meanings.entry(name.to_owned()).or_default();
            if known.contains(&path) {
                continue;
            }
            if count == ALL_MEANINGS {
                is_all = false;
                break;
            }
            if known.len() == MEANINGS || path.len() > LONGEST {
                is_all = false;
                continue;
            }
            count += 1;
            for (name, rest) in by_first.get(name).into_iter().flatten() {
                let whole = if rest.is_empty() { path.clone() } else { format!("{path}::{rest}") };
                next.push((*name, whole));
            }
            known.push(path);
        }
        // Most imports lead nowhere that matters.
        self.aliases.retain(|(name, _)| meanings.get(name).is_some_and(|known| !known.is_empty()));
        self.meanings = meanings;
        for glob in std::mem::take(&mut self.globs) {
            for path in self.whole(&glob.split("::").collect::<Vec<_>>()) {
                if !paths::may_open(&path) || self.open.contains(&path) {
                    continue;
                }
                if self.open.len() == GLOBS {
                    is_all = false;
                    continue;
                }
                self.open.insert(path);
            }
        }
        is_all
    }

    /// Whether a path that begins with this name can mean anything; `is_alone` says that nothing follows the name.
    pub(super) fn may_matter(&self, first: &str, is_alone: bool) -> bool {
        self.meanings.contains_key(first)
            || (!is_alone && paths::is_root(first))
            || !self.open.is_empty()
            || self.has_own_glob && TYPES.contains(&first)
    }

    /// What tests go by, and means something else here.
    pub(super) fn foreign(&self) -> &HashSet<String> {
        &self.foreign
    }

    fn rename(&mut self, name: &str, path: &str) {
        if name != "_" && name != path {
            self.aliases.insert((name.to_owned(), path.to_owned()));
        }
    }

    /// Reads one import, which begins with `use` at `start`.
    fn import(&mut self, tokens: &[Token<'_>], start: usize, left: &mut usize) {
        // How long the path is outside of each brace.
        let mut outer: Vec<usize> = vec![];
        let mut path: Vec<&str> = vec![];
        // Whether the path names something yet: after a group, only its prefix is left of it.
        let mut names = false;
        let mut at = start + 1;
        while let Some(token) = tokens.get(at) {
            let Some(less) = left.checked_sub(1) else {
                self.unread = self.unread.or(Some(start));
                return;
            };
            *left = less;
            at += 1;
            match token.kind {
                Kind::Ident if token.raw == "as" => {
                    let name = tokens.get(at).filter(|_| names);
                    if let Some(name) = name {
                        self.leaf(&path, Some(name.raw), start);
                    }
                    names = false;
                    at += 1;
                }
                Kind::Ident => {
                    names = true;
                    if path.len() == DEEPEST {
                        self.unread = self.unread.or(Some(start));
                        return;
                    }
                    path.push(token.raw);
                }
                Kind::Punct(':') => {}
                Kind::Punct('*') => {
                    self.glob(&path, start);
                    names = false;
                }
                Kind::Punct('{') => {
                    outer.push(path.len());
                    names = false;
                }
                Kind::Punct(',' | '}' | ';') => {
                    if names {
                        self.leaf(&path, None, start);
                    }
                    names = false;
                    if token.is('}') {
                        outer.pop();
                    }
                    path.truncate(outer.last().copied().unwrap_or(0));
                    if token.is(';') || token.is('}') && outer.is_empty() {
                        return;
                    }
                }
                _ => return,
            }
        }
    }

    /// Records that everything in a module has a name here.
    fn glob(&mut self, path: &[&str], start: usize) {
        match path.first() {
            Some(&("super" | "crate" | "self")) => self.has_own_glob = true,
            Some(_) => {
                let path = path.join("::");
                if path.len() > LONGEST {
                    self.unread = self.unread.or(Some(start));
                } else {
                    self.globs.insert(path);
                }
            }
            None => {}
        }
    }

    /// Records what an import names.
    fn leaf(&mut self, path: &[&str], name: Option<&str>, start: usize) {
        let path = match path {
            [rest @ .., "self"] if !rest.is_empty() => rest,
            path => path,
        };
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return };
        let name = name.unwrap_or(last);
        let is_test = name == "test" || name == "bench";
        let is_runtime = tests_only::RUNTIMES.contains(&name);
        let is_known = tests_only::RUNTIMES.contains(first);
        // `use test::{self, Bencher}` names a module.
        if is_test && !is_known && (path.len() > 1 || name != *last)
            || is_runtime && (!is_known || name != *last)
        {
            self.foreign.insert(name.to_owned());
        }
        // Under another name it is a macro like any other, or is taken for one that does no harm.
        let is_hidden = name != "_" && name != *last;
        if is_hidden && (declared::INCLUDES.contains(last) || declared::HARMLESS.contains(&name)) {
            self.unread = self.unread.or(Some(start));
        }
        if path.len() == 1 && name == *last {
            return;
        }
        if path.iter().map(|segment| segment.len() + 2).sum::<usize>() + name.len() > LONGEST {
            self.unread = self.unread.or(Some(start));
            return;
        }
        self.rename(name, &path.join("::"));
    }

    /// The whole paths that `path` may stand for, if its crate can mean anything.
    pub(super) fn whole(&self, path: &[&str]) -> Vec<String> {
        let Some((first, rest)) = path.split_first() else { return vec![] };
        let rest = rest.iter().map(|segment| format!("::{segment}")).collect::<String>();
        let known = self.meanings.get(*first).into_iter().flatten();
        let itself = (path.len() > 1 && paths::is_root(first)).then_some(*first);
        known.map(String::as_str).chain(itself).map(|whole| format!("{whole}{rest}")).collect()
    }

    /// The paths that a name may stand for because everything in some module has a name here.
    pub(super) fn by_globs<'n>(&'n self, path: &'n [&str]) -> impl Iterator<Item = String> + 'n {
        let is_own = path.first().is_none_or(|first| self.own.contains(*first));
        let globs = self.open.iter().filter(move |_| !is_own);
        globs.map(move |glob| format!("{glob}::{}", path.join("::")))
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
        names.whole(&path).into_iter().chain(names.by_globs(&path)).collect()
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
