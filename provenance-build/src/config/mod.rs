//! Cargo's configuration in force, as far as it can run or swap code.
//!
//! Cargo reads `.cargo/config.toml` in the directory it is started in and in every directory above it, then the cargo home's.
//! Settings of files inside the repository are *recorded* in the manifest; settings from anywhere else are listed as *outside*.
//! The repository is everything below the nearest directory above the workspace root that holds `.git` (else the root itself)
//! and everything below a member's directory; the cargo home is never part of it unless it lies inside the workspace root.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::error::Error;
use crate::manifest::quoted;
use crate::toml;

mod document;
mod filter;
mod scope;
mod view;

pub(crate) use document::canonical;
use document::{Document, Leaf, Loader, config_file};
use scope::Scope;
pub(crate) use view::{host, is_crates_io};

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
                configuration.note(&loader.chain(&file)?, &scope)?;
            }
            configuration.note_toolchain(&directory, &scope)?;
        }
        for start in scope.starts() {
            let mut view = View::default();
            for document in scope.arguments(start, &mut loader)? {
                view.overlay(&document)?;
                configuration.outside(settings(&document));
            }
            view.lockfile = view.lockfile.or_else(|| surroundings.lockfile.clone());
            for file in scope.files_seen_from(start) {
                let documents = loader.chain(&file)?;
                documents.iter().try_for_each(|document| view.overlay(document))?;
                configuration.note(&documents, &scope)?;
            }
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
        let chosen = self.views.iter().map(|view| view.lockfile.as_ref().unwrap_or(&usual));
        let mut chosen = chosen.collect::<BTreeSet<_>>();
        let first = chosen.pop_first().unwrap_or(&usual);
        if !chosen.is_empty()
            || (*first != usual && usual.exists() && toml::read(&usual)? != toml::read(first)?)
        {
            let what = format!("`{}` may be in force, or another lockfile", first.display());
            return Err(Error::unclear(what, "leave only one, or remove `resolver.lockfile-path`"));
        }
        Ok(first.clone())
    }

    fn note(&mut self, documents: &[Rc<Document>], scope: &Scope) -> Result<(), Error> {
        for document in documents {
            if scope.repository_file(&document.file) {
                settings(document).into_iter().try_for_each(|setting| self.record(setting, scope))?;
            } else {
                self.outside(settings(document));
            }
        }
        Ok(())
    }

    /// The toolchain directory that a toolchain file names. Rustup takes the file without an extension first, whose old
    /// form is a single line: a channel, or the absolute path of a toolchain.
    fn note_toolchain(&mut self, directory: &Path, scope: &Scope) -> Result<(), Error> {
        for name in ["rust-toolchain", "rust-toolchain.toml"] {
            let file = directory.join(name);
            if !file.exists() {
                continue;
            }
            let text = toml::read(&file)?;
            let key = "toolchain.path".to_owned();
            let old = name == "rust-toolchain" && text.lines().count() < 2;
            let found = if old {
                let path = text.trim();
                Path::new(path).is_absolute().then(|| (quoted(path), 1))
            } else {
                let table = toml::parse(&text, &file)?;
                let path = toml::table(&table, "toolchain").and_then(|toolchain| toolchain.get("path"));
                path.map(|path| (document::canonical(path), toml::line(&text, path.span.start)))
            };
            if let Some((value, line)) = found {
                self.record(Setting { key, value, file: file.clone(), line }, scope)?;
            }
            self.files.push(file);
        }
        Ok(())
    }

    fn record(&mut self, mut setting: Setting, scope: &Scope) -> Result<(), Error> {
        setting.key = scope.recorded_key(&setting.file, setting.key)?;
        self.recorded.insert(setting.key.clone(), setting);
        Ok(())
    }

    fn outside(&mut self, settings: Vec<Setting>) {
        for setting in settings {
            if !self.outside.contains(&setting) {
                self.outside.push(setting);
            }
        }
    }
}

/// The settings that can run or swap code in the `text` of a configuration file, as the manifest would record those of the
/// workspace root's. Files that it includes are not read.
pub fn settings_of(text: &str, file: &Path) -> Result<Vec<Setting>, Error> {
    let folder = file.parent().unwrap_or(file);
    Ok(settings(&Document::parse(text, file, folder, folder)?))
}

/// The settings of a document that are not harmless.
fn settings(document: &Document) -> Vec<Setting> {
    let telling = document.leaves.iter().filter(|leaf| !filter::harmless(&leaf.path));
    let setting = |leaf: &Leaf| Setting {
        key: leaf.path.iter().map(|name| document::key(name)).collect::<Vec<_>>().join("."),
        value: leaf.canonical.clone(),
        file: document.file.clone(),
        line: leaf.line,
    };
    telling.map(setting).collect()
}

#[cfg(test)]
mod tests;
