//! Where the sources lie that cargo will really compile.
//!
//! - A registry's packages: `registry/src/HOST-HASH/NAME-VERSION` below the cargo home. The hash differs between versions of
//!   cargo, so every directory of the host counts; behind a source replacement every host counts, because the environment
//!   (`CARGO_REGISTRIES_NAME_INDEX`) can still change it. Cached archives alike, in `registry/cache`.
//! - A git repository's: every `git/checkouts/*/PREFIX` whose name begins the commit.
//! - A directory source's: cargo takes each subdirectory for the package that its `Cargo.toml` names. A subdirectory named
//!   like a locked package is taken for that package without a look: what it holds must match that package's pin, manifest
//!   included, so that it cannot be another package without drift. Every other subdirectory's `Cargo.toml` is read, and it
//!   is one more place of the package it names. So no subdirectory that cargo could use stays unverified.
//! - A `paths` override's: every package below it, and below the path dependencies that its manifests name.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::document::{self, Item, Table};
use crate::config::replace::host;
use crate::config::{Configuration, Replacement, View, normal};
use crate::error::Error;
use crate::limits;
use crate::lockfile::{LockedPackage, Lockfile};
use crate::name::Source;
use crate::tree::Layout;

/// The hosts of crates.io: sparse and git protocol.
const CRATES_IO_HOSTS: [&str; 2] = ["index.crates.io", "github.com"];

/// The places of one package of the lockfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// Directories that cargo could compile it from; every one must match its pin. Only existing ones are listed.
    pub directories: Vec<Place>,
    /// Cached archives that cargo would unpack without looking (`registry/cache/*/NAME-VERSION.crate`, local
    /// registries). Only existing ones are listed.
    pub archives: Vec<PathBuf>,
}

/// A directory and how it came to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The directory, absolute.
    pub directory: PathBuf,
    /// How it came to be.
    pub layout: Layout,
}

/// Finds the places of each package of `lockfile`, in its order, over all views of the configuration. A package without a
/// source has a place here only where a `paths` override takes its own directory's place.
pub fn locate(
    lockfile: &Lockfile,
    configuration: &Configuration,
    cargo_home: &Path,
) -> Result<Vec<Located>, Error> {
    let packages = &lockfile.packages;
    let mut located = vec![Located::default(); packages.len()];
    let home = Home::list(cargo_home)?;
    let mut vendored = BTreeMap::<PathBuf, BTreeSet<usize>>::new();
    let mut overrides = BTreeSet::new();
    for view in &configuration.views {
        overrides.extend(view.paths.iter());
        let mut providers = HashMap::<&Source, Provider>::new();
        for (index, package) in packages.iter().enumerate() {
            let Some(source) = &package.id.source else { continue };
            if !providers.contains_key(source) {
                providers.insert(source, Provider::of(source, view, &home)?);
            }
            match &providers[source] {
                Provider::Checkout => home.checkouts_of(source, &mut located[index]),
                Provider::Directory(directory) => {
                    vendored.entry(directory.clone()).or_default().insert(index);
                }
                Provider::Registry { src, archives } => {
                    unpacked(package, src, archives, &mut located[index])?
                }
            }
        }
    }
    for (directory, provided) in &vendored {
        directory_source(directory, provided, packages, &mut located)?;
    }
    for directory in overrides {
        for manifest in overriding(directory)? {
            for (located, package) in located.iter_mut().zip(packages) {
                if package.id.name.as_str() == manifest.name {
                    located.add(manifest.directory.clone(), Layout::Path);
                }
            }
        }
    }
    for located in &mut located {
        located.directories.sort_unstable();
        located.directories.dedup();
        located.archives.sort_unstable();
        located.archives.dedup();
    }
    Ok(located)
}

impl Located {
    fn add(&mut self, directory: PathBuf, layout: Layout) {
        self.directories.push(Place { directory, layout });
    }
}

/// What provides the packages of one source in one view.
enum Provider {
    Checkout,
    Directory(PathBuf),
    Registry { src: Vec<PathBuf>, archives: Vec<PathBuf> },
}

impl Provider {
    fn of(source: &Source, view: &View, home: &Home) -> Result<Self, Error> {
        let replacement = view.replacement(source)?;
        let git = match &replacement {
            Replacement::None => source.is_git(),
            Replacement::Url(url) => url.starts_with("git+"),
            Replacement::Directory(_) | Replacement::LocalRegistry(_) => false,
        };
        Ok(match replacement {
            Replacement::Directory(directory) => Self::Directory(directory),
            Replacement::None | Replacement::Url(_) if git => Self::Checkout,
            Replacement::LocalRegistry(archives) => {
                Self::Registry { src: home.of_hosts(&home.src, None), archives: vec![archives] }
            }
            Replacement::None => {
                let one = [host(source.url())];
                let crates_io = source.is_crates_io() || CRATES_IO_HOSTS.contains(&one[0]);
                let hosts = Some(if crates_io { &CRATES_IO_HOSTS[..] } else { &one[..] });
                Self::Registry {
                    src: home.of_hosts(&home.src, hosts),
                    archives: home.of_hosts(&home.cache, hosts),
                }
            }
            Replacement::Url(_) => Self::Registry {
                src: home.of_hosts(&home.src, None),
                archives: home.of_hosts(&home.cache, None),
            },
        })
    }
}

/// The parts of the cargo home whose names cannot be computed.
struct Home {
    src: Vec<(OsString, PathBuf)>,
    cache: Vec<(OsString, PathBuf)>,
    /// Every directory of every checkout: its name in lowercase and its path.
    checkouts: Vec<(String, PathBuf)>,
}

impl Home {
    fn list(cargo_home: &Path) -> Result<Self, Error> {
        let mut checkouts = vec![];
        for (_, repository) in list(&cargo_home.join("git").join("checkouts"))? {
            for (name, checkout) in list(&repository)? {
                checkouts.push((name.to_string_lossy().to_ascii_lowercase(), checkout));
            }
        }
        let registry = cargo_home.join("registry");
        Ok(Self { src: list(&registry.join("src"))?, cache: list(&registry.join("cache"))?, checkouts })
    }

    /// The directories `HOST-HASH` and `HOST-HASH-shallow` of some hosts, or all directories.
    fn of_hosts(&self, directories: &[(OsString, PathBuf)], hosts: Option<&[&str]>) -> Vec<PathBuf> {
        let of_host = |name: &str, host: &str| {
            let hash = name.strip_prefix(host).and_then(|rest| rest.strip_prefix('-'));
            let hash = hash.map(|hash| hash.strip_suffix("-shallow").unwrap_or(hash));
            hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        let wanted = |name: &OsString| {
            let name = name.to_string_lossy().to_ascii_lowercase();
            hosts.is_none_or(|hosts| hosts.iter().any(|host| of_host(&name, host)))
        };
        directories.iter().filter(|(name, _)| wanted(name)).map(|(_, path)| path.clone()).collect()
    }

    fn checkouts_of(&self, source: &Source, located: &mut Located) {
        // The shortest abbreviation that git makes has four digits.
        let commit = source.commit().unwrap_or_default();
        for (name, checkout) in &self.checkouts {
            if name.len() >= 4 && commit.starts_with(name.as_str()) {
                located.add(checkout.clone(), Layout::Checkout);
            }
        }
    }
}

/// Adds the unpacked directories and the archives of a registry package.
///
/// Each candidate is asked for by its name, as cargo does, so that a file system that takes other spellings for the same
/// name cannot hide one.
fn unpacked(
    package: &LockedPackage,
    src: &[PathBuf],
    archives: &[PathBuf],
    located: &mut Located,
) -> Result<(), Error> {
    let stem = package.id.file_stem();
    for directory in src {
        let directory = directory.join(&stem);
        if there(&directory)? && !discarded(&directory) {
            located.add(directory, Layout::Registry);
        }
    }
    let name = format!("{stem}.crate");
    for directory in archives {
        let archive = directory.join(&name);
        if there(&archive)? {
            located.archives.push(archive);
        }
    }
    Ok(())
}

/// Whether cargo will delete the directory and unpack the archive again: cargo before 1.71 left its `.cargo-ok` empty or
/// with `ok`, and no cargo since then takes that (`sources/registry/mod.rs`, `unpack_package`).
fn discarded(directory: &Path) -> bool {
    let marker = directory.join(".cargo-ok");
    let short = fs::symlink_metadata(&marker).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= 2);
    short && fs::read(&marker).is_ok_and(|content| content.is_empty() || content == b"ok")
}

/// Adds the places of a directory source's packages.
fn directory_source(
    directory: &Path,
    provided: &BTreeSet<usize>,
    packages: &[LockedPackage],
    located: &mut [Located],
) -> Result<(), Error> {
    let mut by_stem = HashMap::<String, Vec<usize>>::new();
    let mut by_name = HashMap::<&str, Vec<usize>>::new();
    for &index in provided {
        by_stem.entry(packages[index].id.file_stem()).or_default().push(index);
        by_name.entry(packages[index].id.name.as_str()).or_default().push(index);
    }
    let entries = list(directory)?;
    let names = entries.iter().filter_map(|(name, _)| name.to_str()).collect::<BTreeSet<_>>();
    for (name, path) in &entries {
        let name = name.to_str().unwrap_or_default();
        // Cargo skips hidden directories and directories without a manifest (`sources/directory.rs`).
        if name.starts_with('.') || !path.join("Cargo.toml").exists() {
            continue;
        }
        let alone = |same: &&Vec<usize>| {
            let stem = packages[same[0]].id.file_stem();
            same.iter().all(|&index| packages[index].id.file_stem() == stem) && !names.contains(stem.as_str())
        };
        let claimed = by_stem.get(name).or_else(|| by_name.get(name).filter(alone));
        if let Some(claimed) = claimed {
            claimed.iter().for_each(|&index| located[index].add(path.clone(), Layout::Directory));
            continue;
        }
        let Some(manifest) = Manifest::read(path)? else {
            let what = "names no package, so cargo cannot use the directory source that holds it";
            return Err(Error::invalid(&path.join("Cargo.toml"), 0, what, "run `cargo vendor` again"));
        };
        for &index in by_name.get(manifest.name.as_str()).into_iter().flatten() {
            if manifest
                .version
                .as_deref()
                .is_none_or(|version| version == packages[index].id.version.as_str())
            {
                located[index].add(path.clone(), Layout::Directory);
            }
        }
    }
    Ok(())
}

/// As much of a `Cargo.toml` as tells which package it is.
struct Manifest {
    directory: PathBuf,
    name: String,
    /// Nothing where the version is left out or inherited, and so may be any.
    version: Option<String>,
    nested: Nested,
}

impl Manifest {
    /// Reads the manifest of a directory; nothing if it names no package.
    fn read(directory: &Path) -> Result<Option<Self>, Error> {
        let file = directory.join("Cargo.toml");
        let table = document::read(&file)?;
        let mut nested = Nested::default();
        nested.collect(&table, directory, false);
        // `[project]` is the old name that cargo still takes.
        let package = ["package", "project"].iter().find_map(|name| table.get(*name)?.item.table());
        let Some(name) = package.and_then(|package| package.get("name")?.item.text()) else {
            return Ok(None);
        };
        let version = package.and_then(|package| package.get("version")?.item.text());
        let version = version.map(|version| version.trim().to_owned());
        Ok(Some(Self { directory: directory.to_owned(), name: name.to_owned(), version, nested }))
    }
}

/// What a manifest says of packages elsewhere.
#[derive(Default)]
struct Nested {
    /// Whatever any `path` in it names.
    paths: Vec<PathBuf>,
    /// Whether a dependency is inherited from a workspace.
    inherits: bool,
}

impl Nested {
    fn collect(&mut self, table: &Table, directory: &Path, dependency: bool) {
        for (key, node) in table {
            match &node.item {
                Item::Text(path) if key == "path" => self.paths.push(normal(&directory.join(path))),
                Item::Plain(truth) if dependency && key == "workspace" => self.inherits |= truth == "true",
                Item::Table(table) => {
                    self.collect(table, directory, dependency || key.ends_with("dependencies"));
                }
                _ => {}
            }
        }
    }
}

/// Every package that a `paths` override offers (cargo's `RecursivePathSource`): those below it, without hidden directories,
/// nested repositories and `target`, and those that the path dependencies of these lead to.
fn overriding(root: &Path) -> Result<Vec<Manifest>, Error> {
    let unclear = |what: String| Err(Error::unclear(what, "remove the `paths` override, or use `[patch]`"));
    let mut found = vec![];
    let mut seen = BTreeSet::new();
    let mut below = vec![root.to_owned()];
    let mut named = vec![];
    while let Some((directory, walk)) =
        below.pop().map(|d| (d, true)).or_else(|| named.pop().map(|d| (d, false)))
    {
        if !seen.insert((directory.clone(), walk)) {
            continue;
        }
        if seen.len() > limits::TREE_FILES {
            return unclear(format!("the `paths` override `{}` holds too much to be judged", root.display()));
        }
        let package = directory.join("Cargo.toml").exists();
        if let Some(manifest) = if package { Manifest::read(&directory)? } else { None } {
            if manifest.nested.inherits {
                let what = "inherits dependencies, so what the `paths` override offers cannot be judged";
                return unclear(format!("`{}` {what}", directory.display()));
            }
            named.extend(manifest.nested.paths.iter().cloned());
            found.push(manifest);
        }
        for (name, path) in if walk { list(&directory)? } else { vec![] } {
            let hidden = name.to_str().is_some_and(|name| name.starts_with('.'));
            let directory = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
            if directory && !hidden && !(package && name == "target") && !path.join(".git").exists() {
                below.push(path);
            }
        }
    }
    Ok(found)
}

/// The entries of a directory with their names; none if it is not there.
fn list(directory: &Path) -> Result<Vec<(OsString, PathBuf)>, Error> {
    let entries = match fs::read_dir(directory) {
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(vec![]);
        }
        entries => entries.map_err(|e| Error::io("list", directory, e))?,
    };
    entries
        .map(|entry| entry.map(|entry| (entry.file_name(), entry.path())))
        .collect::<Result<_, _>>()
        .map_err(|e| Error::io("list", directory, e))
}

fn there(path: &Path) -> Result<bool, Error> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if missing(&e) => Ok(false),
        Err(e) => Err(Error::io("read", path, e)),
    }
}

fn missing(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
