//! Whether the listed first-party packages are where the manifest says, and nothing leads around them.
//!
//! `Cargo.lock` names members and path packages without their directories, so a path dependency, a `[patch]` or a
//! `[replace]` could exchange one directory for another without a trace there. Their manifests are read to see it.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use toml_span::value::Table;

use crate::drift::Drift;
use crate::error::Error;
use crate::manifest::{Manifest, Origin};
use crate::toml::{self, string, table};

/// Looks at the manifest files of the workspace root and of every listed member and path pin.
pub fn inspect(root: &Path, manifest: &Manifest) -> Result<Vec<Drift>, Error> {
    let listed = Listed::new(root, manifest);
    let mut drift = Vec::new();
    let workspace = root.join("Cargo.toml");
    let mut files: BTreeMap<PathBuf, Option<&str>> = BTreeMap::from([(workspace, None)]);
    for member in &manifest.members {
        files.insert(normal(&root.join(&member.path)).join("Cargo.toml"), Some(member.name.as_str()));
    }
    for (file, name) in files {
        if !file.is_file() {
            if let Some(name) = name {
                drift.push(Drift::Member {
                    name: name.to_owned(),
                    file,
                    what: "its manifest is not there".to_owned(),
                });
            }
            continue;
        }
        let text = toml::read(&file)?;
        let document = toml::parse(&text, &file)?;
        if let Some(name) = name {
            let found = table(&document, "package").and_then(|package| string(package, "name"));
            if found != Some(name) {
                let what = format!("the package there is called `{}`", found.unwrap_or("?"));
                drift.push(Drift::Member { name: name.to_owned(), file: file.clone(), what });
            }
        }
        listed.judge(&document, &file, &mut drift);
    }
    Ok(drift)
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
        self.dependencies(document, file, drift);
        self.dependencies_of(table(document, "workspace"), "dependencies", file, drift);
        for target in tables(table(document, "target")) {
            self.dependencies(target, file, drift);
        }
        for registry in tables(table(document, "patch")) {
            self.substitutes(registry, file, drift);
        }
        if let Some(replaced) = table(document, "replace") {
            self.substitutes(replaced, file, drift);
        }
    }

    fn dependencies(&self, holder: &Table<'_>, file: &Path, drift: &mut Vec<Drift>) {
        for key in [
            "dependencies",
            "dev-dependencies",
            "dev_dependencies",
            "build-dependencies",
            "build_dependencies",
        ] {
            self.dependencies_of(Some(holder), key, file, drift);
        }
    }

    fn dependencies_of(&self, holder: Option<&Table<'_>>, key: &str, file: &Path, drift: &mut Vec<Drift>) {
        for (name, path) in paths(holder.and_then(|holder| table(holder, key))) {
            if let Some((directory, _)) = self.directories.get(name) {
                self.same(name, directory, path, file, drift);
            }
        }
    }

    /// `[patch]` and `[replace]` put a directory in the place of a third-party package: only a declared one may.
    fn substitutes(&self, entries: &Table<'_>, file: &Path, drift: &mut Vec<Drift>) {
        for (name, path) in paths(Some(entries)) {
            // `[replace]` keys are package specs: `name:1.0.0`.
            let name = name.split([':', '@']).next().unwrap_or(name);
            match self.directories.get(name) {
                Some((directory, Kind::Declared)) => self.same(name, directory, path, file, drift),
                Some((_, Kind::Member)) => drift.push(Drift::Detour {
                    name: name.to_owned(),
                    file: file.to_owned(),
                    what: "a member takes the place of a third-party package and nobody declared it the team's own".to_owned(),
                }),
                // An unlisted package shows as an unpinned entry of the lockfile when cargo uses it.
                None => {}
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

/// Package names and paths of the entries of a dependency table that have a path.
fn paths<'t>(entries: Option<&'t Table<'_>>) -> impl Iterator<Item = (&'t str, &'t str)> {
    entries.into_iter().flat_map(|entries| entries.iter()).filter_map(|(key, value)| {
        let entry = value.as_table()?;
        let path = string(entry, "path")?;
        Some((string(entry, "package").unwrap_or(key.name.as_ref()), path))
    })
}

fn tables<'t, 'a>(holder: Option<&'t Table<'a>>) -> impl Iterator<Item = &'t Table<'a>> {
    holder.into_iter().flat_map(|holder| holder.values()).filter_map(|value| value.as_table())
}
