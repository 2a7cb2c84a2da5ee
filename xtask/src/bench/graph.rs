//! The graph that is measured: well-known published packages, locked, in a cargo home of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::Plan;
use crate::repository::{self, Failure};
use crate::scratch::Scratch;

/// The workspace on disk: two members with the same dependencies, one of them with the build helper.
pub(super) struct Graph {
    /// Its cargo home and the tool.
    pub(super) scratch: Scratch,
    /// The workspace root.
    pub(super) root: PathBuf,
    /// The number of packages in `Cargo.lock`.
    pub(super) packages: usize,
}

/// Files below one directory of unpacked packages.
pub(super) struct Files {
    /// The directory.
    pub(super) folder: PathBuf,
    /// Paths relative to it, with their sizes in bytes.
    pub(super) files: Vec<(PathBuf, u64)>,
}

const DEPENDENCIES: &str = include_str!("../../bench/dependencies.toml");
/// The versions of everything that is measured.
pub(super) const LOCKFILE: &str = include_str!("../../bench/Cargo.lock");
const ROOT: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"gated\", \"ungated\"]\n";
const MAIN: &str = "fn main() {}\n";
const BUILD: &str = "fn main() {\n    provenance_build::enforce();\n}\n";

/// Writes the workspace, downloads what it locks, and pins it.
pub(super) fn prepare(plan: &Plan, tool: &Path) -> Result<Graph, Failure> {
    let scratch = Scratch::new(&plan.cache, tool)?;
    // Outside this repository's own workspace, of which cargo would otherwise take it for a part: the `[workspace]`
    // table of its own root makes it one.
    let root = plan.cache.join("graph");
    for (member, build, helper) in [("gated", Some(BUILD), true), ("ungated", None, false)] {
        let folder = root.join(member);
        let mut manifest = format!(
            "[package]\nname = \"{member}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{DEPENDENCIES}"
        );
        if helper {
            let path = repository::root().join("provenance-build");
            manifest
                .push_str(&format!("\n[build-dependencies]\nprovenance-build = {{ path = {:?} }}\n", path));
        }
        write_if_other(&folder.join("Cargo.toml"), &manifest)?;
        write_if_other(&folder.join("src/main.rs"), MAIN)?;
        if let Some(build) = build {
            write_if_other(&folder.join("build.rs"), build)?;
        }
    }
    write_if_other(&root.join("Cargo.toml"), ROOT)?;
    write_if_other(&root.join("Cargo.lock"), LOCKFILE)?;
    println!("Fetching the graph of xtask/bench/dependencies.toml");
    repository::succeed(scratch.cargo(&root).args(["fetch", "--quiet"]))?;
    for file in ["Provenance.toml", "Provenance.lock"] {
        match std::fs::remove_file(root.join(file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::file("remove", &root.join(file), &error));
            }
            _ => {}
        }
    }
    repository::succeed(scratch.command(tool, &root).args(["init", "--quiet"]).stdout(Stdio::null()))?;
    let packages = repository::read(&root.join("Cargo.lock"))?.matches("[[package]]").count();
    Ok(Graph { scratch, root, packages })
}

impl Graph {
    /// The files of every registry package that `Cargo.lock` names, as far as they are unpacked.
    pub(super) fn files(&self) -> Result<Vec<Files>, Failure> {
        let lockfile = repository::read(&self.root.join("Cargo.lock"))?;
        let packages = lockfile
            .split("[[package]]")
            .filter(|package| package.contains("\nsource = \"registry+"))
            .filter_map(|package| Some(format!("{}-{}", value(package, "name")?, value(package, "version")?)))
            .collect::<Vec<_>>();
        let mut registries = vec![];
        for registry in self.scratch.sources()? {
            let mut files = vec![];
            for package in packages.iter().filter(|package| registry.join(package).is_dir()) {
                walk(&registry, Path::new(package), &mut files)?;
            }
            registries.push(Files { folder: registry, files });
        }
        Ok(registries)
    }

    /// The version of a package that `Cargo.lock` names, the first of several.
    pub(super) fn version_of(&self, name: &str) -> Result<Option<String>, Failure> {
        let lockfile = repository::read(&self.root.join("Cargo.lock"))?;
        let mut packages = lockfile.split("[[package]]");
        let package = packages.find(|package| value(package, "name") == Some(name));
        Ok(package.and_then(|package| value(package, "version")).map(str::to_owned))
    }
}

/// The text of a key in an entry of a lockfile.
pub(super) fn value<'a>(package: &'a str, key: &str) -> Option<&'a str> {
    package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'))
}

/// Adds the files below `base/folder`, relative to `base`, with their sizes in bytes.
pub(super) fn walk(base: &Path, folder: &Path, files: &mut Vec<(PathBuf, u64)>) -> Result<(), Failure> {
    let full = base.join(folder);
    let failed = |error: std::io::Error| Failure::file("list", &full, &error);
    for entry in std::fs::read_dir(&full).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = folder.join(entry.file_name());
        let kind = entry.metadata().map_err(failed)?;
        if kind.is_dir() {
            walk(base, &path, files)?;
        } else {
            files.push((path, kind.len()));
        }
    }
    Ok(())
}

// A file that is only touched would make cargo build again.
fn write_if_other(path: &Path, text: &str) -> Result<(), Failure> {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    repository::write(path, text)
}
