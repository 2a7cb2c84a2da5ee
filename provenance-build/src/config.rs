//! Cargo's configuration in force, as far as it can run or swap code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::name::Source;

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
    /// `[source]` tables, merged as cargo merges them: name to keys.
    pub sources: BTreeMap<String, BTreeMap<String, String>>,
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
    /// Another registry or git repository at this URL.
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
    pub fn read(surroundings: &Surroundings) -> Result<Self, Error> {
        let _ = surroundings;
        todo!()
    }

    /// The lockfile in force; an error where two views disagree.
    pub fn lockfile(&self, root: &Path) -> Result<PathBuf, Error> {
        let _ = root;
        todo!()
    }
}

impl View {
    /// The directories of its directory sources, absolute.
    pub fn directories(&self) -> Vec<PathBuf> {
        todo!()
    }

    /// What takes the place of `source`, following `replace-with` to its end; a cycle or an unknown name is an error.
    pub fn replacement(&self, source: &Source) -> Result<Replacement, Error> {
        let _ = source;
        todo!()
    }
}
