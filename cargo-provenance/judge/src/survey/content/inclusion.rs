//! How sources include each other, and other files.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::magic::{self, Format};
use super::place::{self, Place};
use super::reading::{self, Base, Found};
use super::{Kind, Role, Scan, escaped, invisible, source, unicode};
use crate::archive::File;
use crate::survey::lex;

/// No file has a longer name.
const NAME: usize = 255;

/// Extensions of sources in other languages.
const LANGUAGES: &[&str] =
    &["asm", "c", "cc", "cpp", "h", "hpp", "inl", "js", "m", "mm", "pl", "py", "s", "sh"];

struct Inclusion<'a> {
    source: &'a str,
    line: u32,
    by: &'static str,
    role: Role,
    file: String,
}

impl<'a> Scan<'a> {
    /// Reads the sources, and what they include as sources.
    pub(super) fn sources(&mut self) {
        let (own, others) =
            self.sources.files.iter().partition::<Vec<_>, _>(|file| self.is_source(file.path));
        let programs = own.iter().filter(|file: &&&File<'_>| self.program(file.path).is_some());
        let names = others.iter().chain(programs).map(|file| name(file.path).to_lowercase());
        self.others = names.collect();
        let mut next = self.follow(own);
        if self.is_indirect {
            // Whatever has a name that occurs somewhere may be meant.
            let mut by_name = BTreeMap::<String, Vec<&'a File<'a>>>::new();
            for file in others.iter().filter(|file| self.may_be_source(file)) {
                let name = name(file.path).to_lowercase();
                let stem = name.split_once('.').map_or("", |(stem, _)| stem);
                if !stem.is_empty() {
                    by_name.entry(stem.to_owned()).or_default().push(file);
                }
                by_name.entry(name).or_default().push(file);
            }
            while let Some(file) = next.pop().filter(|_| !by_name.is_empty()) {
                let mut meant = vec![];
                for word in source::words(&lex::text(file.content)) {
                    let word = word.rsplit(['/', '\\']).next().unwrap_or_default();
                    if word.len() <= NAME {
                        meant.extend(by_name.remove(&word.to_lowercase()).unwrap_or_default());
                    }
                }
                self.note_build_time(file.path, &meant);
                next.extend(self.follow(meant));
            }
        }
    }

    /// Reads these sources, and what they include. Returns those that were not read before.
    fn follow(&mut self, mut waiting: Vec<&'a File<'a>>) -> Vec<&'a File<'a>> {
        let mut read = vec![];
        while let Some(file) = waiting.pop() {
            if self.read.insert(file.path) {
                let compiled = self.source(file);
                self.note_build_time(file.path, &compiled);
                waiting.extend(compiled.into_iter().filter(|file| !self.read.contains(file.path)));
                read.push(file);
            }
        }
        read
    }

    fn is_of_build(&self, path: &str) -> bool {
        self.scripts.contains(path) || self.build_time.contains(path) || self.built.contains(path)
    }

    fn note_build_time(&mut self, source: &str, compiled: &[&'a File<'a>]) {
        if self.is_of_build(source) {
            self.built.extend(compiled.iter().map(|file| file.path));
        }
    }

    /// Whether rustc may take a file for a source that nothing names as one. What is called a source of another language is
    /// taken for that: ring's macros, for one, would make Rust of all its assembly.
    fn may_be_source(&self, file: &File<'a>) -> bool {
        !LANGUAGES.contains(&&*magic::extension(file.path))
            && !self.formats.contains_key(file.path)
            && memchr::memchr(0, file.content).is_none()
            && std::str::from_utf8(file.content).is_ok()
    }

    fn find(&self, path: &str) -> Option<&'a File<'a>> {
        let in_any_case = || self.in_any_case.get(&path.to_lowercase());
        self.files.get(path).or_else(in_any_case).copied()
    }

    fn is_nested(&self, path: &str) -> bool {
        self.nested.range(..=path).next_back().is_some_and(|package| path.starts_with(package))
    }

    fn program(&self, path: &str) -> Option<Format> {
        let format = self.formats.get(path).copied();
        format.filter(|format| matches!(format, Format::Executable(_) | Format::Object(_)))
    }

    /// Follows a text that a macro is given: nobody knows here what it does with a file of that name.
    fn given(
        &mut self,
        source: &'a str,
        line: u32,
        role: Role,
        from: Base,
        file: &str,
    ) -> Option<&'a File<'a>> {
        let found =
            [from, Base::Package].into_iter().filter(|from| *from != Base::OutDir).find_map(|from| {
                match resolve_from(from, source, file) {
                    Place::Within(path) => self.find(&path),
                    Place::Above(_) | Place::Elsewhere => None,
                }
            })?;
        if let Some(format) = self.program(found.path) {
            let file = crate::archive::printable(found.path.as_bytes());
            let what = || format!("a macro with the name of `{file}`, {}", format.as_str());
            self.tell_for(role, Kind::IncludesExecutable, source, line, what);
        }
        (!self.is_source(found.path) && self.may_be_source(found)).then_some(found)
    }

    /// Looks at a source. Returns the files that it compiles.
    fn source(&mut self, file: &File<'a>) -> Vec<&'a File<'a>> {
        let (path, content) = (file.path, file.content);
        if !content.is_ascii() {
            self.bidi(path, content);
        }
        if let Err(error) = std::str::from_utf8(content) {
            let line = unicode::Lines::default().of(content, error.valid_up_to());
            self.tell(Kind::NotUtf8, path, line, || "bytes that are not UTF-8".to_owned());
        } else if let Some(at) = memchr::memchr(0, content) {
            let line = unicode::Lines::default().of(content, at);
            self.tell(Kind::Nul, path, line, || "a NUL".to_owned());
        }
        self.long_lines(path, content);
        let text = lex::text(content);
        let is_other = |name: &str| {
            let is_small = || name.bytes().all(|it| it.is_ascii() && !it.is_ascii_uppercase());
            let small = || if is_small() { Cow::Borrowed(name) } else { Cow::Owned(name.to_lowercase()) };
            (1..=NAME).contains(&name.len()) && self.others.contains(&*small())
        };
        let is_dull = || !source::is_suspect(&text) && !source::names_file(&text, is_other);
        if self.sources.nested.is_empty() && !self.is_of_build(path) && is_dull() {
            return vec![];
        }
        let mut compiled = vec![];
        reading::read(&text, &mut |line, found, for_tests| {
            let role = if for_tests { Role::Tests } else { Role::Package };
            match found {
                Found::BeforeMain(what) => self.tell_for(role, Kind::LifeBeforeMain, path, line, || what),
                Found::Blob(what) => self.tell_for(role, Kind::Blob, path, line, || what),
                Found::Declares { .. } if self.sources.nested.is_empty() => {}
                Found::Declares { within, name } => {
                    let place = place::resolve(&self.child_folder(path, &within), &name);
                    if let Place::Within(module) = place
                        && self.is_nested(&format!("{module}/"))
                    {
                        self.tell_for(role, Kind::IncludesOutside, path, line, || {
                            format!("the module `{}`, which lies in another package", escaped(&name))
                        });
                    }
                }
                Found::Invisible(length) => {
                    self.tell_for(role, Kind::InvisibleRun, path, line, || invisible(length));
                }
                Found::Mixed(identifier, script) => {
                    self.tell_for(role, Kind::MixedScript, path, line, || {
                        format!(
                            "the identifier `{}` with Latin and {} letters",
                            escaped(&identifier),
                            script.as_str()
                        )
                    })
                }
                Found::Cut(by) => self.tell_for(role, Kind::IncludesOutside, path, line, || {
                    format!("{} with more tokens than are looked at", macro_of(by))
                }),
                Found::Given { from, file } => compiled.extend(self.given(path, line, role, from, &file)),
                Found::Indirect => self.is_indirect = true,
                Found::Include { by, from, file } => {
                    let place = match (from, resolve_from(from, path, &file)) {
                        (Base::OutDir, Place::Within(_)) => return,
                        (_, place) => place,
                    };
                    let inclusion = Inclusion { source: path, line, by, role, file };
                    compiled.extend(self.include(inclusion, place));
                }
                Found::Path { within, file } => {
                    let place = place::resolve(&module_folder(path, &within), &file);
                    let inclusion = Inclusion { source: path, line, by: "#[path]", role, file };
                    compiled.extend(self.include(inclusion, place));
                }
            }
        });
        compiled
    }

    /// Notes that a source reads another file. Returns which one of the package it compiles so.
    fn include(&mut self, inclusion: Inclusion<'a>, place: Place) -> Option<&'a File<'a>> {
        let Inclusion { source, line, by, role, file } = inclusion;
        match place {
            Place::Within(file) if by == "include_str" || !self.is_nested(&file) => {
                let reaches_in = place::is_of_own_target(&file) && !place::is_of_own_target(source);
                let is_code = matches!(by, "include" | "#[path]");
                self.tests_are_compiled |= reaches_in && is_code && role != Role::Tests;
                let found = self.find(&file)?;
                if let Some(format) = self.program(found.path) {
                    let file = crate::archive::printable(file.as_bytes());
                    let what = || format!("{} of `{file}`, {}", macro_of(by), format.as_str());
                    self.tell_for(role, Kind::IncludesExecutable, source, line, what);
                }
                is_code.then_some(found)
            }
            // What lies in another package was not looked at.
            Place::Within(_) => {
                let file = crate::archive::printable(file.as_bytes());
                let what = || format!("{} of `{file}` in another package", macro_of(by));
                self.tell_for(role, Kind::IncludesOutside, source, line, what);
                None
            }
            // The text of a file that belongs to the same commit is only shown.
            Place::Above(folders) if folders <= self.sources.above && by == "include_str" => None,
            Place::Above(_) | Place::Elsewhere => {
                let file = crate::archive::printable(file.as_bytes());
                self.tell_for(role, Kind::IncludesOutside, source, line, || {
                    format!("{} of `{file}`", macro_of(by))
                });
                None
            }
        }
    }

    /// The modules in files of their own, by their paths without the extension: those that are declared for tests, and those
    /// that are compiled otherwise.
    pub(super) fn modules(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let module = |path: String| path.strip_suffix(".rs").map(str::to_owned).unwrap_or(path);
        let roots = self.sources.build_scripts.iter().chain(&self.sources.library);
        let (mut tests, mut others) = (BTreeSet::new(), roots.cloned().map(module).collect::<BTreeSet<_>>());
        let mut note = |place: Place, for_tests: bool| {
            let Place::Within(path) = place else { return };
            let module = module(path);
            // Only what is there can be meant.
            let next = self.files.range(&*module..).next();
            if next.is_some_and(|(path, _)| path.starts_with(&module)) {
                if for_tests {
                    tests.insert(module)
                } else {
                    others.insert(module)
                };
            }
        };
        for file in self.read.iter().filter_map(|path| self.files.get(path)) {
            let folder = place::folder(file.path);
            reading::read(&lex::text(file.content), &mut |_, found, for_tests| match found {
                Found::Declares { within, name } => {
                    if !for_tests {
                        // Where another source includes this one, its modules lie beside it.
                        note(place::resolve(&format!("{folder}/{}", within.join("/")), &name), false);
                    }
                    note(place::resolve(&self.child_folder(file.path, &within), &name), for_tests);
                }
                Found::Path { within, file: named } => {
                    note(place::resolve(&module_folder(file.path, &within), &named), for_tests);
                }
                Found::Include { by: "include", from: Base::Folder, file: named } => {
                    note(place::resolve(folder, &named), for_tests);
                }
                _ => {}
            });
        }
        tests.retain(|module| !others.contains(module));
        (tests, others)
    }

    /// The folder that the files of a source's modules lie in. A root has them beside it, whatever its name.
    fn child_folder(&self, source: &str, within: &[String]) -> String {
        let stem = name(source).strip_suffix(".rs").unwrap_or(name(source));
        let is_beside = matches!(stem, "lib" | "main" | "mod") || self.is_root(source);
        let own = (!is_beside).then_some(stem);
        let parts = [place::folder(source)].into_iter().chain(own).chain(within.iter().map(String::as_str));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }
}

fn macro_of(by: &str) -> String {
    if by.starts_with('#') { format!("`{by}`") } else { format!("`{by}!`") }
}

/// Where a file lies that a source names.
fn resolve_from(from: Base, source: &str, file: &str) -> Place {
    match from {
        Base::Folder => place::resolve(place::folder(source), file),
        Base::OutDir | Base::Package => place::resolve("", file.trim_start_matches(['/', '\\'])),
    }
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder that `#[path]` begins in, for modules within inline ones (Rust reference, "The path attribute").
fn module_folder(source: &str, within: &[String]) -> String {
    let folder = place::folder(source);
    let name = source.rsplit('/').next().unwrap_or(source);
    let stem = name.strip_suffix(".rs").unwrap_or(name);
    let mut parts = vec![folder];
    if !within.is_empty() && !matches!(stem, "lib" | "main" | "mod") {
        parts.push(stem);
    }
    parts.extend(within.iter().map(String::as_str));
    parts.join("/")
}
