//! Cargo's configuration in force, as far as it can run or swap code.
//!
//! Cargo reads `.cargo/config.toml` in the directory it is started in and in every directory above it, then the cargo home's.
//! Settings of files inside the repository are *recorded* in the manifest; settings from anywhere else are listed as *outside*.
//! The repository is everything below the nearest directory above the workspace root that holds `.git` (else the root itself)
//! and everything below a member's directory; the cargo home is never part of it unless it lies inside the workspace root.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

pub(crate) mod document;
mod files;
mod filter;
pub(crate) mod replace;
mod scope;

use document::{Item, Table};
pub(crate) use files::normal;
use files::{Document, Loader, config_file};
use scope::Scope;

/// What cargo would be configured with when it is started in any of several directories.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// One view per distinct list of files; the first is that of the workspace root.
    pub views: Vec<View>,
    /// Settings of files inside the repository that can run or swap code, in the form that the manifest records.
    pub recorded: BTreeMap<String, Setting>,
    /// The same kind of settings from outside the repository (home, parents, environment, command line).
    pub outside: Vec<Setting>,
    /// Every configuration and toolchain file that was read, for re-run lines.
    pub files: Vec<PathBuf>,
}

/// One setting with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `build.rustc`; prefixed with `FILE#` unless it stands in the workspace root's `.cargo/config.toml`.
    pub key: String,
    /// The value as canonical TOML: `"text"`, `["a", "b"]`, `true`, `1`.
    pub value: String,
    /// The file it stands in, or a name such as `--config` or `RUSTC_WRAPPER`.
    pub file: PathBuf,
    /// The line, counted from 1; 0 where there is none.
    pub line: u32,
}

/// What cargo, started in one directory, sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// `[source]` tables, merged as cargo merges them: name to keys; `directory` and `local-registry` are absolute.
    pub sources: BTreeMap<String, BTreeMap<String, String>>,
    /// `registries.NAME.index`: name to URL.
    pub registries: BTreeMap<String, String>,
    /// Where each `[source]` of `sources` stands: file and line of the key that counts most.
    pub places: BTreeMap<String, (PathBuf, u32)>,
    /// `paths` overrides, absolute.
    pub paths: Vec<PathBuf>,
    /// `resolver.lockfile-path`, absolute.
    pub lockfile: Option<PathBuf>,
}

/// What takes the place of a package source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// Nothing: the source itself.
    None,
    /// A directory source, as `cargo vendor` makes it.
    Directory(PathBuf),
    /// A local registry: archives in this directory, unpacked below the cargo home.
    LocalRegistry(PathBuf),
    /// Another registry or git repository at this URL; one of git begins with `git+`.
    Url(String),
}

/// The inputs of [`Configuration::read`].
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The workspace root, absolute.
    pub root: PathBuf,
    /// Directories that cargo may have been started in, absolute; the root is always added.
    pub starts: Vec<PathBuf>,
    /// Directories of members, whose configuration counts as the repository's.
    pub members: Vec<PathBuf>,
    /// The cargo home, absolute.
    pub cargo_home: PathBuf,
    /// `--config` arguments of the cargo that runs, as far as they are known.
    pub arguments: Vec<String>,
    /// `CARGO_RESOLVER_LOCKFILE_PATH`, absolute.
    pub lockfile: Option<PathBuf>,
}

impl Configuration {
    /// Reads every configuration file in force.
    ///
    /// Fails with [`Error::Invalid`] for a file that cannot be judged: what cannot be read is never taken as harmless.
    pub fn read(surroundings: &Surroundings) -> Result<Self, Error> {
        let scope = Scope::new(surroundings);
        let mut loader = Loader::default();
        let mut configuration = Self::default();
        for directory in scope.directories() {
            if let Some(file) = config_file(&directory.join(".cargo")) {
                for document in loader.chain(&file)? {
                    configuration.note(&document, &scope, scope.repository_file(&document.file))?;
                }
            }
            configuration.note_toolchain(&directory, &scope)?;
        }
        for start in scope.starts() {
            let arguments = scope.arguments(start, &mut loader)?;
            let mut documents = vec![];
            for file in scope.files_seen_from(start) {
                documents.append(&mut loader.chain(&file)?);
            }
            for document in &arguments {
                configuration.note(document, &scope, false)?;
            }
            for document in &documents {
                configuration.note(document, &scope, scope.repository_file(&document.file))?;
            }
            let mut view = View::default();
            arguments.iter().try_for_each(|document| view.overlay(document))?;
            view.lockfile = view.lockfile.or_else(|| surroundings.lockfile.clone());
            documents.iter().try_for_each(|document| view.overlay(document))?;
            if !configuration.views.contains(&view) {
                configuration.views.push(view);
            }
        }
        configuration.files.extend(loader.files().cloned());
        Ok(configuration)
    }

    /// The lockfile in force; an error where two views disagree, or where another lockfile is configured and the usual one
    /// is there with other content (cargo before 1.97 ignores the setting, so either could be the one in use).
    pub fn lockfile(&self, root: &Path) -> Result<PathBuf, Error> {
        let usual = root.join("Cargo.lock");
        let mut chosen = self.views.iter().map(|view| view.lockfile.as_ref().unwrap_or(&usual));
        let first = chosen.next().unwrap_or(&usual);
        let disagree = chosen.any(|other| other != first)
            || (*first != usual
                && usual.exists()
                && fs::read(&usual).map_err(|e| Error::io("read", &usual, e))?
                    != fs::read(first).map_err(|e| Error::io("read", first, e))?);
        if disagree {
            let what = format!("two lockfiles could be in force: `{}` and another", first.display());
            return Err(Error::unclear(what, "leave only one, or remove `resolver.lockfile-path`"));
        }
        Ok(first.clone())
    }

    fn note(&mut self, document: &Document, scope: &Scope, recorded: bool) -> Result<(), Error> {
        let mut found = vec![];
        settings(&document.table, &mut vec![], &mut found);
        for (path, line, value) in found {
            let key = path.iter().map(|name| document::key(name)).collect::<Vec<_>>().join(".");
            self.add(Setting { key, value, file: document.file.clone(), line }, scope, recorded)?;
        }
        Ok(())
    }

    fn note_toolchain(&mut self, directory: &Path, scope: &Scope) -> Result<(), Error> {
        // rustup prefers the first name, but reads the second where the first is missing.
        for name in ["rust-toolchain", "rust-toolchain.toml"] {
            let file = directory.join(name);
            if !file.exists() {
                continue;
            }
            let text = document::read_text(&file)?;
            let path = if name == "rust-toolchain" && text.lines().count() < 2 {
                // The old form: a single line, a channel or the absolute path of a toolchain.
                let line = text.trim();
                Path::new(line).is_absolute().then(|| (1, Item::Text(line.to_owned())))
            } else {
                let mut table = document::parse(&text, &file)?;
                let toolchain = table.remove("toolchain").map(|node| node.item);
                let path = toolchain.as_ref().and_then(Item::table).and_then(|table| table.get("path"));
                path.map(|node| (node.line, node.item.clone()))
            };
            if let Some((line, item)) = path {
                let key = "toolchain.path".to_owned();
                self.add(Setting { key, value: item.canonical(), file: file.clone(), line }, scope, true)?;
            }
            self.files.push(file);
        }
        Ok(())
    }

    fn add(&mut self, mut setting: Setting, scope: &Scope, recorded: bool) -> Result<(), Error> {
        if recorded {
            setting.key = scope.recorded_key(&setting.file, setting.key)?;
            self.recorded.insert(setting.key.clone(), setting);
        } else if !self.outside.contains(&setting) {
            self.outside.push(setting);
        }
        Ok(())
    }
}

impl View {
    /// Adds what a less important document says.
    fn overlay(&mut self, document: &Document) -> Result<(), Error> {
        let invalid = |line, key: &str, kind: &str| {
            let what = format!("`{}` is not {kind}", key.escape_debug());
            Error::invalid(&document.file, line, what, "correct that line: cargo cannot use it either")
        };
        let table_of = |table: &Table, key: &str| match table.get(key) {
            None => Ok(Table::new()),
            Some(node) => node.item.table().cloned().ok_or_else(|| invalid(node.line, key, "a table")),
        };
        let path_of = |text: &str| document.base.join(text);
        let tables = table_of(&document.table, "source")?;
        for (name, node) in &tables {
            for (key, value) in table_of(&tables, name)? {
                let Some(text) = value.item.text() else {
                    return Err(invalid(value.line, &key, "a string"));
                };
                let text = match key.as_str() {
                    "directory" | "local-registry" => path_of(text)
                        .into_os_string()
                        .into_string()
                        .map_err(|_| invalid(value.line, &key, "a path in UTF-8"))?,
                    _ => text.to_owned(),
                };
                self.places.entry(name.clone()).or_insert_with(|| (document.file.clone(), node.line));
                self.sources.entry(name.clone()).or_default().entry(key).or_insert(text);
            }
        }
        let tables = table_of(&document.table, "registries")?;
        for name in tables.keys() {
            if let Some(index) = table_of(&tables, name)?.get("index") {
                let Some(text) = index.item.text() else { return Err(invalid(index.line, name, "a string")) };
                self.registries.entry(name.clone()).or_insert_with(|| text.to_owned());
            }
        }
        if let Some(node) = document.table.get("paths") {
            let Item::List(paths) = &node.item else { return Err(invalid(node.line, "paths", "an array")) };
            for path in paths {
                let Some(path) = path.text() else {
                    return Err(invalid(node.line, "paths", "an array of strings"));
                };
                let path = normal(&path_of(path));
                if !self.paths.contains(&path) {
                    self.paths.push(path);
                }
            }
        }
        if let Some(node) = table_of(&document.table, "resolver")?.get("lockfile-path") {
            let Some(path) = node.item.text() else {
                return Err(invalid(node.line, "lockfile-path", "a string"));
            };
            self.lockfile.get_or_insert_with(|| normal(&path_of(path)));
        }
        Ok(())
    }
}

/// Every setting of a table that is not harmless: its key, its line, its value. A table without keys is a setting, too: an
/// empty `[target.TRIPLE.LINKS]` keeps a build script from running.
fn settings<'a>(table: &'a Table, path: &mut Vec<&'a str>, found: &mut Vec<(Vec<&'a str>, u32, String)>) {
    for (name, node) in table {
        path.push(name);
        match &node.item {
            Item::Table(table) if !table.is_empty() => settings(table, path, found),
            _ if filter::harmless(path) => {}
            item => found.push((path.clone(), node.line, item.canonical())),
        }
        path.pop();
    }
}

#[cfg(test)]
mod tests;
