//! Whether the listed first-party packages are where the manifest says, and nothing leads around them.
//!
//! `Cargo.lock` names members and path packages without their directories, so a path dependency, a `[patch]` or a
//! `[replace]` could exchange one directory for another without a trace there. Their manifests are read to see it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use toml_span::value::Table;

use crate::drift::Drift;
use crate::error::Error;
use crate::lockfile::{LockedPackage, Lockfile};
use crate::manifest::{Manifest, Origin};
use crate::toml::{self, string, table};

/// Looks at the manifest files of the workspace root and of every listed member. (Those of path pins are hashed.)
pub fn inspect(root: &Path, manifest: &Manifest, lockfile: &Lockfile) -> Result<Vec<Drift>, Error> {
    let mut drift = Vec::new();
    let mut files = BTreeMap::from([(root.join("Cargo.toml"), None)]);
    for member in &manifest.members {
        files.insert(normal(&root.join(&member.path)).join("Cargo.toml"), Some(member));
    }
    let texts =
        files.keys().filter(|file| file.is_file()).map(|file| Ok((file.as_path(), toml::read(file)?)));
    let texts = texts.collect::<Result<BTreeMap<_, _>, Error>>()?;
    let documents = texts
        .iter()
        .map(|(file, text)| Ok((*file, toml::parse(text, file)?)))
        .collect::<Result<BTreeMap<_, _>, Error>>()?;
    let listed = Listed::new(root, manifest);
    let locked = Locked::new(lockfile, documents.get(root.join("Cargo.toml").as_path()));
    for (file, member) in &files {
        let moved = |what: String| {
            member.map(|member| Drift::Member { name: member.name.to_string(), file: file.clone(), what })
        };
        let Some(document) = documents.get(file.as_path()) else {
            drift.extend(moved("its manifest is not there".to_owned()));
            continue;
        };
        let found = table(document, "package").and_then(|package| string(package, "name")).unwrap_or("?");
        if member.is_some_and(|member| member.name.as_str() != found) {
            drift.extend(moved(format!("the package there is called `{found}`")));
        }
        if let Some(other) = other_root(root, file, document)? {
            let what = format!("cargo takes it for a part of the workspace of `{}`", other.display());
            let name = member.map_or("the root", |member| member.name.as_str()).to_owned();
            // A package elsewhere may have a workspace of its own.
            if member.is_none_or(|member| member.own.is_none()) {
                drift.push(Drift::Member { name, file: file.clone(), what });
            }
        }
        listed.judge(document, file, &mut drift);
        // What others declare is locked as far as this workspace uses it.
        if let Some(member) = member.filter(|member| member.own.is_none()) {
            locked.judge(member.name.as_str(), document, file, &mut drift);
        }
    }
    drift.extend(manifest.members.iter().filter_map(|member| locked.twins(member.name.as_str())));
    Ok(drift)
}

/// The manifest file of another workspace that cargo would take the package of `file` for a part of (the cargo book, "The
/// workspace field"): the one that `package.workspace` names, else the nearest above with a `[workspace]` table that does
/// not exclude it.
fn other_root(root: &Path, file: &Path, document: &Table<'_>) -> Result<Option<PathBuf>, Error> {
    let own = root.join("Cargo.toml");
    let folder = file.parent().unwrap_or(root);
    if let Some(named) = table(document, "package").and_then(|package| string(package, "workspace")) {
        let named = normal(&folder.join(named)).join("Cargo.toml");
        return Ok((named != own).then_some(named));
    }
    if document.contains_key("workspace") {
        return Ok((file != own).then(|| file.to_owned()));
    }
    for above in folder.ancestors().skip(1) {
        let candidate = above.join("Cargo.toml");
        if !candidate.is_file() {
            continue;
        }
        let text = toml::read(&candidate)?;
        let document = toml::parse(&text, &candidate)?;
        let Some(workspace) = table(&document, "workspace") else { continue };
        let excluded = workspace.get("exclude").and_then(|value| value.as_array()).into_iter().flatten();
        let mut excluded = excluded.filter_map(|value| value.as_str()).map(|path| normal(&above.join(path)));
        if candidate == own {
            return Ok(None);
        }
        if !excluded.any(|excluded| folder.starts_with(excluded)) {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

/// Resolves `.` and `..` by text alone, as cargo does with the paths of manifests.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// The directories that the manifest lists, by package name.
struct Listed<'m> {
    directories: BTreeMap<&'m str, (PathBuf, Kind)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A member that is taken for the team's own because it is in the workspace.
    Member,
    /// A member of which somebody said that it is the team's own, or a pinned path package.
    Declared,
}

impl<'m> Listed<'m> {
    fn new(root: &Path, manifest: &'m Manifest) -> Self {
        let members = manifest.members.iter().map(|member| {
            let kind = if member.own.is_some() { Kind::Declared } else { Kind::Member };
            (member.name.as_str(), (normal(&root.join(&member.path)), kind))
        });
        let pins = manifest.packages.iter().filter_map(|pin| match &pin.origin {
            Origin::Path(path) => Some((pin.name.as_str(), (normal(&root.join(path)), Kind::Declared))),
            Origin::Source(_) => None,
        });
        Self { directories: members.chain(pins).collect() }
    }

    fn judge(&self, document: &Table<'_>, file: &Path, drift: &mut Vec<Drift>) {
        let shared = table(document, "workspace").and_then(|workspace| table(workspace, "dependencies"));
        for (name, path) in dependencies(document).chain(shared).flat_map(paths) {
            match self.directories.get(name) {
                Some((directory, _)) => self.same(name, directory, path, file, drift),
                None => drift.push(unlisted(name, path, file)),
            }
        }
        let substitutes = tables(table(document, "patch")).chain(table(document, "replace"));
        substitutes.for_each(|entries| self.substitutes(entries, file, drift));
    }

    /// `[patch]` and `[replace]` put a directory in the place of a third-party package: only a declared one may.
    fn substitutes(&self, entries: &Table<'_>, file: &Path, drift: &mut Vec<Drift>) {
        for (name, path) in paths(entries) {
            // `[replace]` keys are package specs: `name:1.0.0`.
            let name = name.split([':', '@']).next().unwrap_or(name);
            match self.directories.get(name) {
                Some((directory, Kind::Declared)) => self.same(name, directory, path, file, drift),
                Some((_, Kind::Member)) => drift.push(Drift::Detour {
                    name: name.to_owned(),
                    file: file.to_owned(),
                    what: "a member takes the place of a third-party package and nobody declared it the team's own".to_owned(),
                }),
                None => drift.push(unlisted(name, path, file)),
            }
        }
    }

    fn same(&self, name: &str, listed: &Path, path: &str, file: &Path, drift: &mut Vec<Drift>) {
        let base = file.parent().unwrap_or(Path::new(""));
        if normal(&base.join(path)) != *listed {
            let what = format!("`path = \"{path}\"` leads past the listed `{}`", listed.display());
            drift.push(Drift::Detour { name: name.to_owned(), file: file.to_owned(), what });
        }
    }
}

/// The tables of a package that name dependencies; the old spellings still count (cargo's `TomlManifest`).
fn dependencies<'t, 'a>(document: &'t Table<'a>) -> impl Iterator<Item = &'t Table<'a>> {
    const KEYS: [&str; 5] =
        ["dependencies", "build-dependencies", "build_dependencies", "dev-dependencies", "dev_dependencies"];
    let holders = [document].into_iter().chain(tables(table(document, "target")));
    holders.flat_map(|holder| KEYS.iter().filter_map(|key| table(holder, key)))
}

fn unlisted(name: &str, path: &str, file: &Path) -> Drift {
    let what = format!("`path = \"{path}\"` leads to a package that the manifest does not list");
    Drift::Detour { name: name.to_owned(), file: file.to_owned(), what }
}

/// The lockfile, to be held against what members ask for: one that is stale says nothing about the next build, in which
/// cargo will write another.
struct Locked<'l> {
    packages: BTreeMap<&'l str, Vec<&'l LockedPackage>>,
    workspace: Option<&'l Table<'l>>,
    patched: bool,
}

impl<'l> Locked<'l> {
    fn new(lockfile: &'l Lockfile, root: Option<&'l Table<'l>>) -> Self {
        let mut packages: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for package in &lockfile.packages {
            packages.entry(package.id.name.as_str()).or_default().push(package);
        }
        let workspace = root.and_then(|root| table(table(root, "workspace")?, "dependencies"));
        let patched = root.is_some_and(|root| ["patch", "replace"].iter().any(|key| root.contains_key(*key)));
        Self { packages, workspace, patched }
    }

    fn judge(&self, member: &str, document: &Table<'_>, file: &Path, drift: &mut Vec<Drift>) {
        let entry =
            self.packages.get(member).into_iter().flatten().find(|package| package.id.source.is_none());
        let Some(entry) = entry else { return };
        let named = entry.dependencies.iter().filter_map(|dependency| dependency.split(' ').next());
        let named = named.collect::<BTreeSet<_>>();
        for (key, value) in dependencies(document).flatten() {
            let (name, entry) = self.resolve(&key.name, value.as_table());
            if !named.contains(name) || !self.comes_from(name, entry) {
                let (name, file) = (name.to_owned(), file.to_owned());
                drift.push(Drift::Stale { member: member.to_owned(), name, file });
            }
        }
    }

    /// Members are not hashed, so no other package without a source may bear the name of one.
    fn twins(&self, member: &str) -> Option<Drift> {
        let named = self.packages.get(member)?.iter().filter(|package| package.id.source.is_none());
        let versions = named.map(|package| package.id.version.to_string()).collect::<Vec<_>>();
        (versions.len() > 1).then(|| Drift::Twin { name: member.to_owned(), versions })
    }

    /// The package that an entry asks for, and the entry that says where it comes from.
    fn resolve<'e>(&'e self, key: &'e str, entry: Option<&'e Table<'e>>) -> (&'e str, Option<&'e Table<'e>>) {
        let inherited = entry.and_then(|entry| entry.get("workspace")).and_then(|value| value.as_bool());
        let entry = match (inherited, self.workspace) {
            (Some(true), Some(workspace)) => table(workspace, key),
            _ => entry,
        };
        (entry.and_then(|entry| string(entry, "package")).unwrap_or(key), entry)
    }

    /// Whether a locked package of the name comes from where the entry says. A patch may lead elsewhere.
    fn comes_from(&self, name: &str, entry: Option<&Table<'_>>) -> bool {
        let sources = self.packages.get(name).into_iter().flatten().map(|package| &package.id.source);
        let text = |key| entry.and_then(|entry| string(entry, key));
        let (git, path) = (text("git"), text("path"));
        self.patched
            || sources.into_iter().any(|source| match source {
                None => path.is_some(),
                Some(source) if source.is_git() => git.is_some_and(|git| git == source.url()),
                Some(_) => git.is_none() && path.is_none(),
            })
    }
}

/// Package names and paths of the entries of a dependency table that have a path.
fn paths<'t>(entries: &'t Table<'_>) -> impl Iterator<Item = (&'t str, &'t str)> {
    entries.iter().filter_map(|(key, value)| {
        let entry = value.as_table()?;
        let path = string(entry, "path")?;
        Some((string(entry, "package").unwrap_or(key.name.as_ref()), path))
    })
}

fn tables<'t, 'a>(holder: Option<&'t Table<'a>>) -> impl Iterator<Item = &'t Table<'a>> {
    holder.into_iter().flat_map(|holder| holder.values()).filter_map(|value| value.as_table())
}
