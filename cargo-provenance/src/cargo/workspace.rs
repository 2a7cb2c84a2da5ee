//! The workspace as cargo sees it: its members, and the packages that it reaches by a path without their being members.
//!
//! Found with `cargo metadata --no-deps`, which resolves nothing, downloads nothing and asks no compiler, so that
//! nothing of what the repository configures can run.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use cargo_metadata::{DependencyKind, TargetKind};
use provenance_build::{PackageName, Version, limits};
use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::command::{CargoCommand, Extent, Lock};
use super::error::Error;

/// Path packages of one workspace: far above any monorepo, and a bound for links that never end.
const PATH_PACKAGES: usize = 10_000;

/// A cargo workspace.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The directory of the workspace's manifest, absolute.
    pub root: PathBuf,
    /// `Cargo.lock`, where cargo puts it unless configuration says otherwise.
    pub lockfile: PathBuf,
    /// The members, sorted by name, then directory.
    pub members: Vec<Member>,
    /// Packages that are reached by a path (dependencies, `[patch]`, `[workspace.dependencies]`) and are no members,
    /// sorted by directory. Those that cargo does not use in the end are listed too.
    pub path_packages: Vec<PathPackage>,
}

/// A member of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The package's name.
    pub name: PackageName,
    /// The package's version.
    pub version: Version,
    /// Its directory, absolute.
    pub directory: PathBuf,
    /// Its `Cargo.toml`, absolute.
    pub manifest: PathBuf,
    /// Whether a program comes out of it.
    pub makes_binary: bool,
    /// Its build script, absolute.
    pub build_script: Option<PathBuf>,
    /// Whether it is a procedural macro.
    pub proc_macro: bool,
    /// The native library that its build script says it links.
    pub links: Option<String>,
    /// What it asks for.
    pub asks: Vec<Ask>,
}

/// What a member asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The package, by its own name.
    pub name: String,
    /// The versions that will do.
    pub versions: semver::VersionReq,
    /// Whether only for its tests and examples.
    pub is_dev: bool,
}

/// A package outside the workspace (though maybe inside its directory) that is reached by a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPackage {
    /// Its directory, absolute.
    pub directory: PathBuf,
    /// Its `Cargo.toml`, absolute.
    pub manifest: PathBuf,
    /// The package's name.
    pub name: PackageName,
    /// The manifest of its own workspace, if it takes anything from one.
    pub workspace: Option<PathBuf>,
}

impl Workspace {
    /// Finds the workspace that `manifest` belongs to, or the directory that `cargo` runs in.
    pub fn load(cargo: &CargoCommand, manifest: Option<&Path>) -> Result<Self, Error> {
        let metadata = cargo.metadata(manifest, Extent::Members, Lock::Settle)?;
        let root = metadata.workspace_root.clone().into_std_path_buf();
        let root_manifest = root.join("Cargo.toml");
        let mut members = vec![];
        let mut paths = BTreeSet::new();
        for package in &metadata.packages {
            members.push(member(package)?);
            paths.extend(package.dependencies.iter().filter_map(|d| d.path.clone().map(PathBuf::from)));
        }
        members.sort_by(|a: &Member, b| (&a.name, &a.directory).cmp(&(&b.name, &b.directory)));
        let document = read_manifest(&root_manifest)?;
        paths.extend(shared_paths(&document).into_iter().map(|path| normal(&root.join(path))));
        let known = members.iter().map(|member| member.directory.clone()).collect();
        let path_packages = follow(paths, known)?;
        Ok(Self { lockfile: root.join("Cargo.lock"), root, members, path_packages })
    }

    /// The workspace's own manifest.
    pub fn manifest(&self) -> PathBuf {
        self.root.join("Cargo.toml")
    }

    /// The repository that the workspace lies in: the nearest folder, from its root upward, that holds `.git`; else the
    /// root itself.
    pub fn repository(&self) -> PathBuf {
        repository(&self.root)
    }

    /// Adds packages at `directories` and what they reach by paths, as if something depended on them.
    pub fn reach(&mut self, directories: impl IntoIterator<Item = PathBuf>) -> Result<(), Error> {
        let members = self.members.iter().map(|member| member.directory.clone());
        let known = members.chain(self.path_packages.iter().map(|p| p.directory.clone())).collect();
        self.path_packages.extend(follow(directories.into_iter().collect(), known)?);
        self.path_packages.sort();
        Ok(())
    }
}

/// The repository that a workspace's root lies in.
pub(crate) fn repository(root: &Path) -> PathBuf {
    let root = real(root);
    root.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&root).to_owned()
}

/// The path without `.` and `..`, by text alone. What would climb above the root stays there.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// The path with links in the part of it that exists resolved, so that two names of one place are the same.
pub(crate) fn real(path: &Path) -> PathBuf {
    let path = normal(path);
    let existing = path.ancestors().find_map(|part| Some((part.canonicalize().ok()?, part)));
    match existing {
        Some((real, part)) => real.join(path.strip_prefix(part).unwrap_or(Path::new(""))),
        None => path,
    }
}

/// Reads a file that is text by its nature, bounded.
pub(crate) fn read_text(path: &Path) -> Result<String, Error> {
    let mut bytes = vec![];
    let file = File::open(path).map_err(|source| Error::file("read", path, source))?;
    file.take(limits::TEXT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::file("read", path, source))?;
    if bytes.len() as u64 > limits::TEXT_BYTES {
        return Err(Error::unacceptable(path, "larger than any such file in use"));
    }
    String::from_utf8(bytes).map_err(|_| Error::unacceptable(path, "not UTF-8"))
}

/// Reads a manifest or a configuration file.
pub(crate) fn read_manifest(path: &Path) -> Result<DocumentMut, Error> {
    let text = read_text(path)?;
    text.parse().map_err(|e: toml_edit::TomlError| Error::unacceptable(path, e.message().to_owned()))
}

fn member(package: &cargo_metadata::Package) -> Result<Member, Error> {
    let manifest = package.manifest_path.clone().into_std_path_buf();
    let (name, version) = (package.name.to_string(), package.version.to_string());
    let unacceptable = |what: &str, text: &str| {
        Error::unacceptable(
            &manifest,
            format!("the package's {what} `{}` is not accepted", text.escape_debug()),
        )
    };
    let kinds = || package.targets.iter().flat_map(|target| &target.kind);
    let build_script = package.targets.iter().find(|target| target.kind.contains(&TargetKind::CustomBuild));
    Ok(Member {
        name: PackageName::parse(&name).ok_or_else(|| unacceptable("name", &name))?,
        version: Version::parse(&version).ok_or_else(|| unacceptable("version", &version))?,
        directory: manifest.parent().map(Path::to_owned).unwrap_or_default(),
        makes_binary: kinds().any(|kind| matches!(kind, TargetKind::Bin)),
        build_script: build_script.map(|target| target.src_path.clone().into_std_path_buf()),
        proc_macro: kinds().any(|kind| matches!(kind, TargetKind::ProcMacro)),
        links: package.links.clone(),
        asks: package.dependencies.iter().map(ask).collect(),
        manifest,
    })
}

fn ask(asked: &cargo_metadata::Dependency) -> Ask {
    let is_dev = asked.kind == DependencyKind::Development;
    Ask { name: asked.name.clone(), versions: asked.req.clone(), is_dev }
}

/// What a manifest asks for, by its text alone. `shared` is the one of its workspace, from which it may inherit.
pub fn asks(document: &DocumentMut, shared: Option<&DocumentMut>) -> Vec<Ask> {
    const TABLES: [(&str, bool); 5] = [
        ("build-dependencies", false),
        ("build_dependencies", false),
        ("dependencies", false),
        ("dev-dependencies", true),
        ("dev_dependencies", true),
    ];
    let shared = shared.and_then(|it| it.get("workspace")?.get("dependencies"));
    let targets = tables(document.get("target")).map(|(_, target)| target.as_table_like());
    let holders = [Some(document.as_table() as &dyn TableLike)].into_iter().chain(targets).flatten();
    let all = holders.flat_map(|holder| {
        TABLES
            .into_iter()
            .flat_map(move |(name, is_dev)| tables(holder.get(name)).map(move |it| (it, is_dev)))
    });
    let asks = all.map(|((key, own), is_dev)| {
        let is_inherited = own.get("workspace").and_then(Item::as_bool) == Some(true);
        let asked = if is_inherited { shared.and_then(|shared| shared.get(key)).unwrap_or(own) } else { own };
        let name = asked.get("package").and_then(Item::as_str).unwrap_or(key).to_owned();
        let versions = asked.as_str().or_else(|| asked.get("version")?.as_str());
        let versions = versions.and_then(|versions| versions.parse().ok()).unwrap_or_default();
        Ask { name, versions, is_dev }
    });
    asks.collect()
}

/// Whether a package belongs to the workspace of the manifest `root`, by their texts alone: it lies at `path`, relative to that, and
/// a member reaches it by a path where it is no member itself.
pub fn belongs(root: &DocumentMut, path: &str, package: &DocumentMut) -> bool {
    if matches!(path, "" | ".") {
        return true;
    }
    let Some(workspace) = root.get("workspace").filter(|_| !package.contains_key("workspace")) else {
        return false;
    };
    // Cargo compares whole folders, and takes no pattern for a name here.
    let names = |key: &str| {
        let listed = workspace.get(key).and_then(Item::as_array).into_iter().flatten();
        let mut listed = listed.filter_map(Value::as_str);
        let plain = |listed| Path::new(listed).strip_prefix(".").unwrap_or(Path::new(listed));
        listed.any(|listed| Path::new(path).starts_with(plain(listed)))
    };
    names("members") || (!names("exclude") && !path.starts_with(".."))
}

/// Walks from path to path. A directory without a manifest is passed over: whether that matters is for cargo to say.
fn follow(mut open: BTreeSet<PathBuf>, mut known: BTreeSet<PathBuf>) -> Result<Vec<PathPackage>, Error> {
    let mut roots = BTreeSet::new();
    let mut found = vec![];
    while let Some(directory) = open.pop_first() {
        let manifest = directory.join("Cargo.toml");
        if !known.insert(directory.clone()) || !manifest.is_file() {
            continue;
        }
        if found.len() == PATH_PACKAGES {
            return Err(Error::unacceptable(&manifest, "more path packages than a workspace can have"));
        }
        let document = read_manifest(&manifest)?;
        let Some(name) = document.get("package").and_then(|p| p.get("name")).and_then(Item::as_str) else {
            continue;
        };
        let name = PackageName::parse(name).ok_or_else(|| {
            let name = name.escape_debug();
            Error::unacceptable(&manifest, format!("the package's name `{name}` is not accepted"))
        })?;
        let workspace = own_workspace(&directory, &document);
        if let Some(workspace) = &workspace {
            let root = workspace.parent().map(Path::to_owned).unwrap_or_default();
            if roots.insert(workspace.clone()) && workspace.is_file() {
                let document = read_manifest(workspace)?;
                open.extend(shared_paths(&document).into_iter().map(|path| normal(&root.join(path))));
            }
        }
        open.extend(dependency_paths(&document).into_iter().map(|path| normal(&directory.join(path))));
        found.push(PathPackage { directory, manifest, name, workspace });
    }
    found.sort();
    Ok(found)
}

/// Cargo's search for the workspace of a package that inherits from it: `package.workspace`, else the nearest manifest
/// above with a `[workspace]`.
fn own_workspace(directory: &Path, document: &DocumentMut) -> Option<PathBuf> {
    if document.contains_key("workspace") || !inherits(document.as_item()) {
        return None;
    }
    let named = document.get("package").and_then(|p| p.get("workspace")).and_then(Item::as_str);
    if let Some(named) = named {
        return Some(normal(&directory.join(named)).join("Cargo.toml"));
    }
    let above = directory.ancestors().skip(1).map(|directory| directory.join("Cargo.toml"));
    let mut above = above.filter(|manifest| manifest.is_file());
    above.find(|manifest| read_manifest(manifest).is_ok_and(|document| document.contains_key("workspace")))
}

/// Whether `workspace = true` stands anywhere.
fn inherits(item: &Item) -> bool {
    tables(Some(item))
        .any(|(key, value)| (key == "workspace" && value.as_bool() == Some(true)) || inherits(value))
}

/// The paths that a workspace's manifest holds for all its members.
fn shared_paths(document: &DocumentMut) -> Vec<String> {
    let mut paths = vec![];
    let shared = document.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    collect_paths(shared, &mut paths);
    collect_paths(document.get("replace"), &mut paths);
    for (_, patched) in tables(document.get("patch")) {
        collect_paths(Some(patched), &mut paths);
    }
    paths
}

/// The paths of a package that somebody depends on; its dev-dependencies do not matter then.
fn dependency_paths(document: &DocumentMut) -> Vec<String> {
    let mut paths = vec![];
    let mut of = |holder: Option<&dyn TableLike>| {
        for name in ["dependencies", "build-dependencies", "build_dependencies"] {
            collect_paths(holder.and_then(|holder| holder.get(name)), &mut paths);
        }
    };
    of(Some(document.as_table()));
    for (_, target) in tables(document.get("target")) {
        of(target.as_table_like());
    }
    paths
}

fn collect_paths(dependencies: Option<&Item>, paths: &mut Vec<String>) {
    for (_, dependency) in tables(dependencies) {
        paths.extend(dependency.get("path").and_then(Item::as_str).map(str::to_owned));
    }
}

fn tables(item: Option<&Item>) -> impl Iterator<Item = (&str, &Item)> {
    item.and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_manifest_asks_for_is_read_from_its_text() {
        let document = |text: &str| text.parse::<DocumentMut>().expect("a manifest");
        let shared = document("[workspace.dependencies]\nx = { package = \"real\", version = \"1.2\" }\n");
        let own = document(
            "[dependencies]\na = \"1\"\nx.workspace = true\n[dev-dependencies]\nb = { path = \"b\" }\n\
             [build-dependencies.c]\npackage = \"d\"\nversion = \"=2.0.0\"\n\
             [target.'cfg(unix)'.dev-dependencies]\ne = { version = \"odd\" }\n[lib]\nname = \"l\"\n",
        );
        let asks = asks(&own, Some(&shared));
        let asks = asks.iter().map(|ask| (ask.name.as_str(), ask.versions.to_string(), ask.is_dev));
        let expected = [
            ("d", "=2.0.0", false),
            ("a", "^1", false),
            ("real", "^1.2", false),
            ("b", "*", true),
            ("e", "*", true),
        ];
        assert_eq!(asks.collect::<Vec<_>>(), expected.map(|(name, it, dev)| (name, it.to_owned(), dev)));
    }

    #[test]
    fn who_belongs_to_a_workspace_is_read_from_its_text() {
        let document = |text: &str| text.parse::<DocumentMut>().expect("a manifest");
        let root = "[workspace]\nmembers = [\"crates/*\", \"../far\", \"near/in\"]\nexclude = [\"./near/\", \"crates/out\"]\n";
        for (path, expected) in [
            (".", true),
            ("crates/a", true),
            ("crates/out", false),
            ("near", false),
            ("near/out", false),
            ("near/in", true),
            ("nearby", true),
            ("../far", true),
            ("../other", false),
        ] {
            assert_eq!(belongs(&document(root), path, &document("")), expected, "{path}");
            assert!(path == "." || !belongs(&document(root), path, &document("[workspace]\n")), "{path}");
            assert!(path == "." || !belongs(&document(""), path, &document("")), "{path}");
        }
    }

    use crate::model::{Clock, Network, Surroundings};

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("inside")).expect("a directory");
            std::fs::write(path, text).expect("a file");
        }
    }

    fn load(directory: &Path) -> Workspace {
        let surroundings = Surroundings {
            directory: directory.to_owned(),
            manifest_path: None,
            cargo_home: directory.join("cargo-home"),
            cargo: "cargo".into(),
            lockfile: None,
            overrides: vec![],
            agent: None,
            network: Network::Forbidden,
            offline_by: None,
            transport: Default::default(),
            clock: Clock(0),
            user: String::new(),
        };
        Workspace::load(&CargoCommand::new(&surroundings), None).expect("a workspace")
    }

    #[test]
    fn members_and_path_packages_are_told_apart() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let base = scratch.path().canonicalize().expect("it exists");
        let package = |name: &str, rest: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{rest}")
        };
        write(
            &base,
            &[
                (
                    "ws/Cargo.toml",
                    "[workspace]\nmembers = [\"app\"]\n[workspace.dependencies]\nshared = { path = \"../shared\" }\n\
                     [patch.crates-io]\nfixed = { path = \"fixed\" }\n",
                ),
                (
                    "ws/app/Cargo.toml",
                    &package("app", "[dependencies]\nnear = { path = \"../../libs/near\" }\n"),
                ),
                ("ws/app/src/main.rs", ""),
                ("ws/app/build.rs", ""),
                ("ws/fixed/src/lib.rs", ""),
                ("shared/src/lib.rs", ""),
                ("far/src/lib.rs", ""),
                ("libs/near/src/lib.rs", ""),
                (
                    "ws/fixed/Cargo.toml",
                    &package("fixed", "[dev-dependencies]\nx = { path = \"../../missing\" }\n"),
                ),
                (
                    "shared/Cargo.toml",
                    &package("shared", "[target.'cfg(unix)'.dependencies]\nfar = { path = \"../far\" }\n"),
                ),
                ("far/Cargo.toml", &package("far", "")),
                (
                    "libs/Cargo.toml",
                    "[workspace]\nmembers = [\"near\"]\n[workspace.package]\nlicense = \"MIT\"\n",
                ),
                ("libs/near/Cargo.toml", &package("near", "license.workspace = true\n")),
            ],
        );
        let workspace = load(&base.join("ws/app"));
        assert_eq!(workspace.root, base.join("ws"));
        let app = &workspace.members[0];
        assert_eq!((workspace.members.len(), app.name.as_str(), app.makes_binary), (1, "app", true));
        assert_eq!(app.build_script, Some(base.join("ws/app/build.rs")));
        let found: Vec<_> = workspace.path_packages.iter().map(|p| (p.name.as_str(), &p.workspace)).collect();
        let libs = Some(base.join("libs/Cargo.toml"));
        assert_eq!(found, [("far", &None), ("near", &libs), ("shared", &None), ("fixed", &None)]);
    }

    #[test]
    fn paths_are_normal_without_asking_the_disk() {
        for (path, expected) in [("/a/./b/../c", "/a/c"), ("/../../x", "/x"), ("/a/b/../../..", "/")] {
            assert_eq!(normal(Path::new(path)), Path::new(expected));
        }
    }
}
