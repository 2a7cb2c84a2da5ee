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

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml_span::value::Table;

use crate::config::{Configuration, Replacement, View, host, is_crates_io};
use crate::error::Error;
use crate::limits;
use crate::lockfile::{LockedPackage, Lockfile};
use crate::members::normal;
use crate::name::Source;
use crate::toml;
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
        let mut providers = BTreeMap::<&Source, Provider>::new();
        for (index, package) in packages.iter().enumerate() {
            let Some(source) = &package.id.source else { continue };
            let provider = match providers.entry(source) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(Provider::of(source, view, &home)?),
            };
            match provider {
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
        Ok(match view.replacement(source)? {
            Replacement::Directory(directory) => Self::Directory(directory),
            Replacement::LocalRegistry(archives) => {
                Self::Registry { src: of_hosts(&home.src, None), archives: vec![archives] }
            }
            Replacement::None if source.is_git() => Self::Checkout,
            Replacement::Url(url) if url.starts_with("git+") => Self::Checkout,
            replacement => {
                let one = [host(source.url())];
                let own = if is_crates_io(source) { &CRATES_IO_HOSTS[..] } else { &one[..] };
                let hosts = (replacement == Replacement::None).then_some(own);
                Self::Registry { src: of_hosts(&home.src, hosts), archives: of_hosts(&home.cache, hosts) }
            }
        })
    }
}

/// The parts of the cargo home whose names cannot be computed.
struct Home {
    src: Vec<(OsString, PathBuf)>,
    cache: Vec<(OsString, PathBuf)>,
    /// Every directory of every checkout.
    checkouts: Vec<(OsString, PathBuf)>,
}

impl Home {
    fn list(cargo_home: &Path) -> Result<Self, Error> {
        let mut checkouts = vec![];
        for (_, repository) in list(&cargo_home.join("git").join("checkouts"))? {
            checkouts.extend(list(&repository)?);
        }
        let registry = cargo_home.join("registry");
        Ok(Self { src: list(&registry.join("src"))?, cache: list(&registry.join("cache"))?, checkouts })
    }

    fn checkouts_of(&self, source: &Source, located: &mut Located) {
        // The shortest abbreviation that git makes has four digits.
        let commit = source.commit().unwrap_or_default();
        for (name, checkout) in &self.checkouts {
            let name = name.to_string_lossy().to_ascii_lowercase();
            if name.len() >= 4 && commit.starts_with(&name) {
                located.add(checkout.clone(), Layout::Checkout);
            }
        }
    }
}

/// The directories `HOST-HASH` and `HOST-HASH-shallow` of some hosts, or all directories.
fn of_hosts(directories: &[(OsString, PathBuf)], hosts: Option<&[&str]>) -> Vec<PathBuf> {
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
        let text = toml::read(&file)?;
        let table = toml::parse(&text, &file)?;
        let mut nested = Nested::default();
        nested.collect(&table, directory, false);
        // `[project]` is the old name that cargo still takes.
        let package = toml::table(&table, "package").or_else(|| toml::table(&table, "project"));
        let Some(name) = package.and_then(|package| toml::string(package, "name")) else { return Ok(None) };
        let version = package.and_then(|package| toml::string(package, "version"));
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
        for (key, value) in table {
            let key = key.name.as_ref();
            match (value.as_table(), value.as_str()) {
                (Some(table), _) => {
                    self.collect(table, directory, dependency || key.ends_with("dependencies"))
                }
                (_, Some(path)) if key == "path" => self.paths.push(normal(&directory.join(path))),
                _ => self.inherits |= dependency && key == "workspace" && value.as_bool() == Some(true),
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
            let skipped = hidden || (package && name == "target") || path.join(".git").exists();
            if !skipped && fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
                below.push(path);
            }
        }
    }
    Ok(found)
}

/// The entries of a directory with their names; none if it is not there.
fn list(directory: &Path) -> Result<Vec<(OsString, PathBuf)>, Error> {
    let failed = |e| Error::io("list", directory, e);
    let entries = match fs::read_dir(directory) {
        Err(e) if missing(&e) => return Ok(vec![]),
        entries => entries.map_err(failed)?,
    };
    let named = |entry: fs::DirEntry| (entry.file_name(), entry.path());
    entries.map(|entry| entry.map(named)).collect::<Result<_, _>>().map_err(failed)
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

#[cfg(test)]
mod tests {
    use crate::config::Surroundings;
    use crate::name::{CRATES_IO, PackageId, PackageName, Version};

    use super::*;

    const COMMIT: &str = "0123456789012345678901234567890123456789";

    /// A directory tree in which `ws` is the workspace root, `home` the cargo home.
    struct Sandbox(tempfile::TempDir);

    impl Sandbox {
        fn new(files: &[(&str, &str)]) -> Self {
            let sandbox = Self(tempfile::tempdir().expect("temporary directory"));
            fs::create_dir_all(sandbox.path("ws")).expect("made");
            fs::create_dir_all(sandbox.path("home")).expect("made");
            for (path, content) in files {
                sandbox.write(path, content);
            }
            sandbox
        }

        fn write(&self, path: &str, content: &str) {
            let file = self.path(path);
            fs::create_dir_all(file.parent().expect("has a parent")).expect("made");
            fs::write(file, content).expect("written");
        }

        fn path(&self, path: &str) -> PathBuf {
            self.0.path().canonicalize().expect("there").join(path)
        }

        fn try_locate(&self, packages: &[(&str, &str, &str)]) -> Result<Vec<Located>, Error> {
            let package = |&(name, version, source): &(&str, &str, &str)| LockedPackage {
                id: PackageId {
                    name: PackageName::parse(name).expect("a name"),
                    version: Version::parse(version).expect("a version"),
                    source: (!source.is_empty()).then(|| Source::parse(source).expect("a source")),
                },
                checksum: None,
                dependencies: vec![],
                line: 1,
            };
            let lockfile = Lockfile { version: 4, packages: packages.iter().map(package).collect() };
            let configuration = Configuration::read(&Surroundings {
                root: self.path("ws"),
                starts: vec![self.path("ws/sub")],
                members: vec![],
                cargo_home: self.path("home"),
                arguments: vec![],
                lockfile: None,
            })?;
            locate(&lockfile, &configuration, &self.path("home"))
        }

        /// The places of each package as `LAYOUT PATH` and archives as `PATH`, relative to the sandbox.
        fn locate(&self, packages: &[(&str, &str, &str)]) -> Vec<Vec<String>> {
            let root = self.path("");
            let relative =
                |path: &Path| path.strip_prefix(&root).expect("inside").to_str().expect("UTF-8").to_owned();
            let show = |located: Located| {
                let place = |place: &Place| format!("{:?} {}", place.layout, relative(&place.directory));
                let places = located.directories.iter().map(place);
                places.chain(located.archives.iter().map(|archive| relative(archive))).collect()
            };
            self.try_locate(packages).expect("located").into_iter().map(show).collect()
        }
    }

    fn manifest(name: &str, version: &str) -> String {
        format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n")
    }

    const VENDORED: &str = "[source.crates-io]\nreplace-with = 'v'\n[source.v]\ndirectory = 'vendor'\n";

    #[test]
    fn every_directory_of_the_registrys_host_counts() {
        let sandbox = Sandbox::new(&[]);
        for host in [
            "index.crates.io-1949cf8c6b5b557f",
            "index.crates.io-6f17d22bba15001f",
            "github.com-25cdd57fae9f0462",
            "index.crates.io-1949cf8c6b5b557f-shallow",
            "index.crates.io.evil-1949cf8c6b5b557f",
            "corp-0000000000000000",
            "-9b13a31df11f8c63",
        ] {
            sandbox.write(&format!("home/registry/src/{host}/a-1.0.0/.cargo-ok"), r#"{"v":1}"#);
            sandbox.write(&format!("home/registry/cache/{host}/a-1.0.0.crate"), "");
        }
        let both = |hosts: &[&str]| {
            let src = hosts.iter().map(|host| format!("Registry home/registry/src/{host}/a-1.0.0"));
            let cache = hosts.iter().map(|host| format!("home/registry/cache/{host}/a-1.0.0.crate"));
            src.chain(cache).collect::<Vec<_>>()
        };
        let located = sandbox.locate(&[
            ("a", "1.0.0", CRATES_IO),
            ("a", "1.0.0", "sparse+https://corp:8443/index/"),
            ("a", "1.0.0", "registry+file:///srv/index"),
            ("a", "1.0.0", "registry+https://github.com/corp/index"),
            ("a", "1.0.0", "registry+https://github.com/Rust-Lang/crates.io-index"),
            ("a", "2.0.0", CRATES_IO),
            ("a", "1.0.0", ""),
        ]);
        let crates_io = [
            "github.com-25cdd57fae9f0462",
            "index.crates.io-1949cf8c6b5b557f",
            "index.crates.io-1949cf8c6b5b557f-shallow",
            "index.crates.io-6f17d22bba15001f",
        ];
        let expected = [
            both(&crates_io),
            both(&["corp-0000000000000000"]),
            both(&["-9b13a31df11f8c63"]),
            both(&["github.com-25cdd57fae9f0462"]),
            both(&crates_io),
            vec![],
            vec![],
        ];
        assert_eq!(located, expected);
    }

    #[test]
    fn what_cargo_will_delete_is_no_place() {
        let directory = "home/registry/src/index.crates.io-1949cf8c6b5b557f/a-1.0.0";
        for (content, counts) in
            [("", false), ("ok", false), ("no", true), ("{\"v\":1}", true), ("{\"v\":2}", true)]
        {
            let sandbox = Sandbox::new(&[(&format!("{directory}/.cargo-ok"), content)]);
            assert_eq!(
                sandbox.locate(&[("a", "1.0.0", CRATES_IO)])[0].len(),
                usize::from(counts),
                "{content:?}"
            );
        }
        // What was never finished is unpacked over, so what lies there would be compiled.
        let sandbox = Sandbox::new(&[(&format!("{directory}/Cargo.toml"), "")]);
        assert_eq!(sandbox.locate(&[("a", "1.0.0", CRATES_IO)])[0].len(), 1);
    }

    #[test]
    fn behind_a_replacement_every_host_counts() {
        let sandbox = Sandbox::new(&[
            (
                "ws/.cargo/config.toml",
                "[source.crates-io]\nreplace-with='m'\n[registries.m]\nindex='https://m/i'",
            ),
            ("home/registry/src/m-0000000000000000/a-1.0.0/x", ""),
            ("home/registry/src/elsewhere-0000000000000000/a-1.0.0/x", ""),
            ("home/registry/cache/m-0000000000000000/a-1.0.0.crate", ""),
        ]);
        let expected = [
            "Registry home/registry/src/elsewhere-0000000000000000/a-1.0.0",
            "Registry home/registry/src/m-0000000000000000/a-1.0.0",
            "home/registry/cache/m-0000000000000000/a-1.0.0.crate",
        ];
        assert_eq!(sandbox.locate(&[("a", "1.0.0", CRATES_IO)])[0], expected);
    }

    #[test]
    fn a_local_registry_has_its_own_archives() {
        let sandbox = Sandbox::new(&[
            (
                "ws/.cargo/config.toml",
                "[source.crates-io]\nreplace-with='l'\n[source.l]\nlocal-registry='reg'",
            ),
            ("ws/reg/a-1.0.0.crate", ""),
            ("home/registry/src/-0000000000000000/a-1.0.0/x", ""),
        ]);
        let expected = ["Registry home/registry/src/-0000000000000000/a-1.0.0", "ws/reg/a-1.0.0.crate"];
        assert_eq!(sandbox.locate(&[("a", "1.0.0", CRATES_IO)])[0], expected);
    }

    #[test]
    fn checkouts_are_found_by_the_beginning_of_the_commit() {
        let sandbox = Sandbox::new(&[
            ("home/git/checkouts/r-0000000000000000/0123456/x", ""),
            ("home/git/checkouts/fork-0000000000000000/01234567890/x", ""),
            ("home/git/checkouts/r-0000000000000000/012/x", ""),
            ("home/git/checkouts/r-0000000000000000/0123457/x", ""),
            ("home/git/checkouts/file", ""),
        ]);
        let source = format!("git+https://h/r?branch=x#{COMMIT}");
        let expected = vec![
            "Checkout home/git/checkouts/fork-0000000000000000/01234567890",
            "Checkout home/git/checkouts/r-0000000000000000/0123456",
        ];
        let located = sandbox.locate(&[("a", "1.0.0", &source), ("b", "1.0.0", &source)]);
        assert_eq!(located, [expected.clone(), expected]);
        sandbox.write(
            "ws/.cargo/config.toml",
            &format!("[source.g]\ngit='https://h/r'\nbranch='x'\nreplace-with='v'\n{VENDORED}"),
        );
        sandbox.write("ws/vendor/a/Cargo.toml", "");
        // The view of the subdirectory is the same, so the checkouts are out of use.
        assert_eq!(sandbox.locate(&[("a", "1.0.0", &source)]), [["Directory ws/vendor/a"]]);
    }

    #[test]
    fn vendored_packages_are_found_by_name_without_reading_them() {
        // The manifests are not even TOML: they are not read, the digest judges them.
        let sandbox = Sandbox::new(&[
            ("ws/.cargo/config.toml", VENDORED),
            ("ws/vendor/a/Cargo.toml", "="),
            ("ws/vendor/b-1.0.0/Cargo.toml", "="),
            ("ws/vendor/b-2.0.0-rc.1+x/Cargo.toml", "="),
            ("ws/vendor/.hidden/Cargo.toml", "="),
            ("ws/vendor/no-manifest/x", ""),
            ("ws/vendor/README.md", ""),
        ]);
        let located = sandbox.locate(&[
            ("a", "1.0.0", CRATES_IO),
            ("b", "1.0.0", CRATES_IO),
            ("b", "2.0.0-rc.1+x", CRATES_IO),
            ("c", "1.0.0", CRATES_IO),
        ]);
        let one = |path: &str| vec![format!("Directory ws/vendor/{path}")];
        assert_eq!(located, [one("a"), one("b-1.0.0"), one("b-2.0.0-rc.1+x"), vec![]]);
    }

    #[test]
    fn a_vendored_directory_with_an_unclear_name_is_what_its_manifest_says() {
        let sandbox = Sandbox::new(&[
            ("ws/.cargo/config.toml", VENDORED),
            // Two versions: the plain name could be either.
            ("ws/vendor/a/Cargo.toml", &manifest("a", " 2.0.0 ")),
            ("ws/vendor/a-1.0.0/Cargo.toml", "="),
            // The plain name is a remnant: the package has its versioned directory.
            ("ws/vendor/b/Cargo.toml", &manifest("b", "9.0.0")),
            ("ws/vendor/b-1.0.0/Cargo.toml", "="),
            // Forged seconds, under any name and with any way to leave the version open.
            ("ws/vendor/zzz/Cargo.toml", &manifest("c", "1.0.0")),
            ("ws/vendor/cc/Cargo.toml", "package = { name = 'c', version.workspace = true }"),
            ("ws/vendor/zz/Cargo.toml", "[project]\n'na\\u006de' = 'x'\n\"na\\u006de\" = 'c'"),
            ("ws/vendor/c/Cargo.toml", "="),
            // Somebody else's.
            ("ws/vendor/unused/Cargo.toml", &manifest("unused", "1.0.0")),
        ]);
        let located = sandbox.locate(&[
            ("a", "1.0.0", CRATES_IO),
            ("a", "2.0.0", CRATES_IO),
            ("b", "1.0.0", CRATES_IO),
            ("c", "1.0.0", CRATES_IO),
        ]);
        let places = |names: &[&str]| {
            names.iter().map(|name| format!("Directory ws/vendor/{name}")).collect::<Vec<_>>()
        };
        assert_eq!(
            located,
            [places(&["a-1.0.0"]), places(&["a"]), places(&["b-1.0.0"]), places(&["c", "cc", "zz", "zzz"])]
        );
    }

    #[test]
    fn a_directory_that_lies_about_its_package_is_a_place_of_the_one_it_is_named_after() {
        // `foo` holds `bar`: cargo may take it for `bar`, but it must match the pin of `foo`, which it cannot.
        let sandbox = Sandbox::new(&[
            ("ws/.cargo/config.toml", VENDORED),
            ("ws/vendor/foo/Cargo.toml", &manifest("bar", "1.0.0")),
            ("ws/vendor/bar/Cargo.toml", &manifest("bar", "1.0.0")),
        ]);
        let located = sandbox.locate(&[("bar", "1.0.0", CRATES_IO), ("foo", "1.0.0", CRATES_IO)]);
        assert_eq!(located, [["Directory ws/vendor/bar"], ["Directory ws/vendor/foo"]]);
        // Without `foo` in the lockfile it is read, and is a second place of `bar`.
        let located = sandbox.locate(&[("bar", "1.0.0", CRATES_IO)]);
        assert_eq!(located, [["Directory ws/vendor/bar", "Directory ws/vendor/foo"]]);
    }

    #[test]
    fn a_vendored_manifest_that_cannot_be_judged_is_refused() {
        for text in
            ["=", "", "[package]\nversion = '1.0.0'", "[package]\nname.workspace = true", "[workspace]"]
        {
            let sandbox =
                Sandbox::new(&[("ws/.cargo/config.toml", VENDORED), ("ws/vendor/x/Cargo.toml", text)]);
            assert!(sandbox.try_locate(&[("a", "1.0.0", CRATES_IO)]).is_err(), "{text}");
        }
    }

    #[test]
    fn every_view_counts() {
        let sandbox = Sandbox::new(&[
            ("ws/sub/.cargo/config.toml", VENDORED),
            ("ws/sub/vendor/a/Cargo.toml", ""),
            ("home/registry/src/index.crates.io-1949cf8c6b5b557f/a-1.0.0/x", ""),
        ]);
        let expected = [
            "Registry home/registry/src/index.crates.io-1949cf8c6b5b557f/a-1.0.0",
            "Directory ws/sub/vendor/a",
        ];
        assert_eq!(sandbox.locate(&[("a", "1.0.0", CRATES_IO)])[0], expected);
    }

    #[test]
    fn overrides_take_the_place_of_packages_by_name() {
        let sandbox = Sandbox::new(&[
            ("ws/.cargo/config.toml", "paths = ['over', '../more']"),
            ("ws/over/Cargo.toml", "[workspace]"),
            ("ws/over/a/Cargo.toml", &manifest("a", "9.0.0")),
            ("ws/over/target/t/Cargo.toml", &manifest("hidden", "1.0.0")),
            ("ws/over/.h/Cargo.toml", &manifest("hidden", "1.0.0")),
            ("ws/over/sub/.git", ""),
            ("ws/over/sub/Cargo.toml", &manifest("hidden", "1.0.0")),
            ("ws/over/deep/target/b/Cargo.toml", &manifest("b", "1.0.0")),
            (
                "more/Cargo.toml",
                &format!("{}[target.x.dependencies]\nn = {{ path = '../.nested' }}", manifest("c", "1.0.0")),
            ),
            (".nested/Cargo.toml", &manifest("nested", "1.0.0")),
            (".nested/below/Cargo.toml", "="),
        ]);
        let located = sandbox.locate(&[
            ("a", "1.0.0", CRATES_IO),
            ("b", "1.0.0", CRATES_IO),
            ("c", "1.0.0", ""),
            ("hidden", "1.0.0", CRATES_IO),
            ("nested", "1.0.0", CRATES_IO),
        ]);
        let expected = [
            vec!["Path ws/over/a"],
            vec!["Path ws/over/deep/target/b"],
            vec!["Path more"],
            vec![],
            vec!["Path .nested"],
        ];
        assert_eq!(located, expected);
    }

    #[test]
    fn an_override_that_cannot_be_judged_is_refused() {
        for text in ["=", &format!("{}[dependencies]\nx.workspace = true", manifest("a", "1.0.0"))] {
            let sandbox =
                Sandbox::new(&[("ws/.cargo/config.toml", "paths = ['over']"), ("ws/over/Cargo.toml", text)]);
            assert!(sandbox.try_locate(&[("a", "1.0.0", CRATES_IO)]).is_err(), "{text}");
        }
        let text = format!("{}edition.workspace = true\n[lints]\nworkspace = true", manifest("a", "1.0.0"));
        let sandbox =
            Sandbox::new(&[("ws/.cargo/config.toml", "paths = ['over']"), ("ws/over/Cargo.toml", &text)]);
        assert!(sandbox.try_locate(&[("a", "1.0.0", CRATES_IO)]).is_ok());
    }
}
