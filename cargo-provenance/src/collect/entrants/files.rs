//! The files of packages that no archive holds: those of a commit, and those of a directory. They are read anew and must still
//! be what was hashed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use cargo_metadata::TargetKind;
use provenance_build::tree::{Content, Tree};
use toml_edit::{DocumentMut, Item};

use crate::archive::{self, Requirement};
use crate::survey::{self, Sources};

/// Bytes of the files of one package, as of an archive.
const BYTES: u64 = 512 * 1024 * 1024;
/// Links that lead to links.
const LINKS: usize = 8;

/// Which files of a package cargo begins with. Paths are relative to its folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Roots {
    pub(super) build_scripts: Vec<String>,
    pub(super) library: Option<String>,
    pub(super) proc_macro: bool,
}

/// The files of a package.
#[derive(Debug)]
pub(super) struct Held {
    files: Vec<(String, bool, Vec<u8>)>,
    nested: Vec<String>,
    roots: Roots,
    dependencies: Vec<Requirement>,
    above: usize,
}

/// Reads the files of the package in `folder` of a tree that lies in `directory`. Packages below it are left out, unless they lie
/// where its own sources do.
pub(super) fn read(directory: &Path, tree: &Tree, folder: &str, roots: Roots) -> Result<Held, String> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let entries =
        tree.entries().iter().map(|entry| (&*entry.path, &entry.content)).collect::<BTreeMap<_, _>>();
    let own = entries.iter().filter_map(|(path, content)| Some((path.strip_prefix(&*prefix)?, *content)));
    let own = own.collect::<Vec<_>>();
    let is_nested = |package: &&str| {
        let within = |root: &String| root.starts_with(*package);
        !package.starts_with("src/") && !roots.build_scripts.iter().chain(&roots.library).any(within)
    };
    let packages = own.iter().filter_map(|(path, _)| path.strip_suffix("Cargo.toml"));
    let nested = packages.filter(|package| package.ends_with('/')).filter(is_nested).collect::<BTreeSet<_>>();
    let is_left_out = |path: &str| path.match_indices('/').any(|(at, _)| nested.contains(&path[..=at]));
    let mut held = Held {
        files: vec![],
        nested: nested.iter().map(|&package| package.to_owned()).collect(),
        above: folder.split('/').filter(|part| !part.is_empty()).count(),
        roots: Roots::default(),
        dependencies: vec![],
    };
    let mut left = BYTES;
    for (path, content) in own.iter().filter(|(path, _)| !is_left_out(path)) {
        match content {
            Content::File(hash) => held.take(directory, &format!("{prefix}{path}"), path, hash, &mut left)?,
            Content::Link(target) => {
                for (from, to, hash) in linked(&entries, &format!("{prefix}{path}"), path, target) {
                    held.take(directory, &from, &to, &hash, &mut left)?;
                }
            }
        }
    }
    held.roots = roots;
    let manifest = held.files.iter().find(|(path, ..)| path == "Cargo.toml");
    let declared = manifest.map(|(_, _, bytes)| archive::read_manifest(bytes)).transpose();
    held.dependencies = declared
        .map_err(|why| format!("its `Cargo.toml` {why}"))?
        .map(|declared| declared.dependencies)
        .unwrap_or_default();
    Ok(held)
}

/// The files that a link leads to, each with the path that it has through the link.
fn linked(
    entries: &BTreeMap<&str, &Content>,
    full: &str,
    path: &str,
    target: &str,
) -> Vec<(String, String, [u8; 32])> {
    let (mut full, mut target) = (full.to_owned(), target.to_owned());
    for _ in 0..LINKS {
        let mut parts = full.split('/').collect::<Vec<_>>();
        parts.pop();
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        let found = parts.join("/");
        match entries.get(&*found) {
            Some(Content::File(hash)) => return vec![(found, path.to_owned(), *hash)],
            Some(Content::Link(next)) => {
                target.clone_from(next);
                full = found;
            }
            None => {
                let folder = if found.is_empty() { found } else { found + "/" };
                let below = entries.iter().filter_map(|(from, content)| match content {
                    Content::File(hash) => Some((from, from.strip_prefix(&*folder)?, *hash)),
                    Content::Link(_) => None,
                });
                return below
                    .map(|(from, rest, hash)| ((*from).to_owned(), format!("{path}/{rest}"), hash))
                    .collect();
            }
        }
    }
    vec![]
}

impl Held {
    fn take(
        &mut self,
        directory: &Path,
        from: &str,
        path: &str,
        hash: &[u8; 32],
        left: &mut u64,
    ) -> Result<(), String> {
        let shown = archive::printable(from.as_bytes());
        let cannot = |error| format!("`{shown}` could not be read: {error}");
        let file = File::open(directory.join(from)).map_err(cannot)?;
        let executable = is_executable(&file);
        let mut bytes = vec![];
        file.take(*left + 1).read_to_end(&mut bytes).map_err(cannot)?;
        let Some(rest) = left.checked_sub(bytes.len() as u64) else {
            return Err(format!("its files hold more than {} MiB", BYTES / 1024 / 1024));
        };
        if blake3::hash(&bytes) != *hash {
            return Err(format!("`{shown}` changed while it was read"));
        }
        *left = rest;
        self.files.push((path.to_owned(), executable, bytes));
        Ok(())
    }

    /// The files with what cargo does with them.
    pub(super) fn sources(&self) -> Sources<'_> {
        let files = self.files.iter().map(|(path, executable, content)| archive::File {
            path,
            executable: *executable,
            content,
        });
        Sources {
            files: files.collect(),
            build_scripts: self.roots.build_scripts.clone(),
            library: self.roots.library.clone(),
            proc_macro: self.roots.proc_macro,
            dependencies: self.dependencies.clone(),
            above: self.above,
            nested: self.nested.clone(),
        }
        .settled()
    }
}

#[cfg(unix)]
fn is_executable(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &File) -> bool {
    false
}

impl Roots {
    /// Those of a package that cargo describes.
    pub(super) fn described(package: &cargo_metadata::Package) -> Self {
        let folder = package.manifest_path.parent();
        let mut roots = Self::default();
        for target in &package.targets {
            let within = folder.and_then(|folder| target.src_path.strip_prefix(folder).ok());
            let path = survey::normal(within.unwrap_or(&target.src_path).as_str());
            let is = |kind: TargetKind| target.kind.contains(&kind);
            let is_own = is(TargetKind::Bin)
                || is(TargetKind::Bench)
                || is(TargetKind::Example)
                || is(TargetKind::Test);
            if is(TargetKind::CustomBuild) {
                roots.build_scripts.push(path);
            } else if !is_own {
                roots.library = Some(path);
            }
            roots.proc_macro |= is(TargetKind::ProcMacro);
        }
        roots
    }

    /// Those that a manifest declares, by cargo's rules.
    pub(super) fn declared(document: &DocumentMut, directory: &Path, proc_macro: bool) -> Self {
        let package = document.get("package").or_else(|| document.get("project"));
        let build = package.and_then(|package| package.get("build"));
        let default = || directory.join("build.rs").is_file().then(|| "build.rs".to_owned());
        let build_scripts = match build {
            Some(build) if build.as_bool() == Some(false) => vec![],
            Some(build) if build.is_str() => build.as_str().map(survey::normal).into_iter().collect(),
            Some(Item::Value(toml_edit::Value::Array(all))) => {
                all.iter().filter_map(|one| one.as_str()).map(survey::normal).collect()
            }
            Some(_) | None => default().into_iter().collect(),
        };
        let library =
            document.get("lib").and_then(|library| library.get("path")?.as_str()).map(survey::normal);
        Self { build_scripts, library: library.or_else(|| Some("src/lib.rs".to_owned())), proc_macro }
    }
}
