//! `.dep-v0`: the list of packages, as cargo-auditable defines it.
//!
//! An unknown format is read as the newest known one before it, which is how the format grows; no known one differs in its shape.

use std::collections::{BTreeMap, BTreeSet};

use provenance_build::{PackageName, Version};
use serde::Deserialize;

use super::limits::{PACKAGES, WORD};
use super::{ArtifactError, EmbeddedKind, EmbeddedPackage, EmbeddedSource, LIST, unreadable};

#[derive(Deserialize)]
struct List {
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    source: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    dependencies: Vec<usize>,
    #[serde(default)]
    root: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Build,
    #[default]
    Runtime,
}

/// Reads the JSON of a list.
pub(super) fn parse(json: &[u8]) -> Result<Vec<EmbeddedPackage>, ArtifactError> {
    let list = serde_json::from_slice::<List>(json);
    let list = list.map_err(|error| {
        // The parser's own words could repeat what the file holds.
        unreadable(LIST, format!("no list in line {} column {}", error.line(), error.column()))
    })?;
    if list.packages.len() > PACKAGES {
        return Err(unreadable(LIST, format!("it has more than {PACKAGES} packages")));
    }
    let packages = list.packages.into_iter().enumerate().map(|(at, entry)| {
        package(entry)
            .ok_or_else(|| unreadable(LIST, format!("package {at} has no plain name, version or source")))
    });
    let packages = packages.collect::<Result<Vec<_>, _>>()?;
    validate(&packages)?;
    Ok(packages)
}

fn package(entry: Entry) -> Option<EmbeddedPackage> {
    let mut dependencies = entry.dependencies;
    dependencies.sort_unstable();
    dependencies.dedup();
    Some(EmbeddedPackage {
        name: PackageName::parse(&entry.name)?,
        version: Version::parse(&entry.version)?,
        source: source(entry.source)?,
        kind: match entry.kind {
            Kind::Build => EmbeddedKind::Build,
            Kind::Runtime => EmbeddedKind::Runtime,
        },
        dependencies,
        root: entry.root,
    })
}

fn source(word: String) -> Option<EmbeddedSource> {
    Some(match word.as_str() {
        "crates.io" => EmbeddedSource::CratesIo,
        "git" => EmbeddedSource::Git,
        "local" => EmbeddedSource::Local,
        "registry" => EmbeddedSource::Registry,
        _ if word.len() <= WORD && word.bytes().all(|byte| byte.is_ascii_graphic()) => {
            EmbeddedSource::Other(word)
        }
        _ => return None,
    })
}

fn validate(packages: &[EmbeddedPackage]) -> Result<(), ArtifactError> {
    if packages.iter().filter(|package| package.root).count() > 1 {
        return Err(unreadable(LIST, "it has two roots"));
    }
    let mut seen = BTreeSet::new();
    for package in packages {
        // Of crates.io there is one package of a name and version; two repositories may each have one.
        if package.source == EmbeddedSource::CratesIo && !seen.insert((&package.name, &package.version)) {
            let why = format!("`{} v{}` stands there twice", package.name, package.version);
            return Err(unreadable(LIST, why));
        }
        if package.dependencies.iter().any(|at| *at >= packages.len()) {
            let why = format!("`{} v{}` depends on what is not there", package.name, package.version);
            return Err(unreadable(LIST, why));
        }
    }
    acyclic(packages)
}

/// Takes out what nothing that is left depends on, until nothing is left.
fn acyclic(packages: &[EmbeddedPackage]) -> Result<(), ArtifactError> {
    let mut dependents = vec![0usize; packages.len()];
    for at in packages.iter().flat_map(|package| &package.dependencies) {
        dependents[*at] += 1;
    }
    let mut free = (0..packages.len()).filter(|at| dependents[*at] == 0).collect::<Vec<_>>();
    let mut left = packages.len();
    while let Some(at) = free.pop() {
        left -= 1;
        for dependency in &packages[at].dependencies {
            dependents[*dependency] -= 1;
            if dependents[*dependency] == 0 {
                free.push(*dependency);
            }
        }
    }
    if left == 0 { Ok(()) } else { Err(unreadable(LIST, "its packages depend on each other in a circle")) }
}

/// Puts the lists of a universal file together: what any of its programs holds, the file holds.
pub(super) fn merge(lists: Vec<Vec<EmbeddedPackage>>) -> Result<Vec<EmbeddedPackage>, ArtifactError> {
    let mut lists = lists;
    if lists.len() <= 1 {
        return Ok(lists.pop().unwrap_or_default());
    }
    // One program's list may have two packages that look alike: each keeps its number among them.
    let mut merged: Vec<EmbeddedPackage> = Vec::new();
    let mut places = BTreeMap::new();
    for list in lists {
        let mut numbers = BTreeMap::new();
        let positions = list.iter().map(|package| {
            let key = (package.name.clone(), package.version.clone(), package.source.clone());
            let number = numbers.entry(key.clone()).and_modify(|number| *number += 1).or_insert(0usize);
            *places.entry((key, *number)).or_insert_with(|| {
                merged.push(EmbeddedPackage { dependencies: vec![], ..package.clone() });
                merged.len() - 1
            })
        });
        let positions = positions.collect::<Vec<_>>();
        for (package, at) in list.iter().zip(&positions) {
            let into = &mut merged[*at];
            into.kind = into.kind.max(package.kind);
            into.root |= package.root;
            into.dependencies.extend(package.dependencies.iter().map(|at| positions[*at]));
            into.dependencies.sort_unstable();
            into.dependencies.dedup();
        }
    }
    validate(&merged)?;
    Ok(merged)
}
