//! The files that somebody reads to review a version, or what changed up to it: risky ones first, and those that take no part in
//! a build told apart.

use std::collections::BTreeSet;

use provenance_build::{PackageName, Version};

use super::View;
use super::between::{self, Asked, Gathered};
use crate::archive::{Archive, Build};
use crate::model::Surroundings;
use crate::report::Report;
use crate::report::failure::Failure;
use crate::report::files::{Change, FileDiff, Risk};
use crate::report::progress::Progress;

/// Letters of a file's name from which on it is looked for in other files: shorter ones stand anywhere.
const NAME: usize = 3;

/// What there is to read.
pub(in crate::ops) struct Reading {
    /// The files, riskiest first; the outcome is not fine where they are not at hand.
    pub(in crate::ops) report: Report,
    /// The paths of those that nothing which is compiled names.
    pub(in crate::ops) aside: BTreeSet<String>,
}

/// What is to be read of a version, or of what changed since another one.
pub(in crate::ops) fn reading(
    surroundings: &Surroundings,
    name: &PackageName,
    from: Option<&Version>,
    to: &Version,
    progress: &dyn Progress,
) -> Result<Reading, Failure> {
    let asked = Asked { name, from, to: Some(to), registry: None };
    let Gathered { mut report, packages, archives } = between::gather(surroundings, &asked, progress)?;
    let mut aside = BTreeSet::new();
    if let Some(archives) = archives {
        // What cargo writes is named, so that it is shown as well.
        let view = View { paths: vec!["**".to_owned()], ..View::default() };
        report.files = between::files(&packages, &archives, &view)?;
        if let Some(new) = archives.last() {
            aside = set_aside(&report.files.list, new);
        }
    }
    Ok(Reading { report, aside })
}

/// The files that take no part in a build, as far as anybody can tell: tests, documentation and what cargo writes, unless a file
/// that is compiled, or the manifest, names them or the folder that they lie in.
fn set_aside(files: &[FileDiff], new: &Archive) -> BTreeSet<String> {
    let may_be = |risk: Risk| matches!(risk, Risk::Generated | Risk::Other);
    let risks = super::risks(new.file("Cargo.toml"));
    let scripts = match &new.declared().build {
        Build::Scripts(scripts) => scripts.as_slice(),
        Build::Off | Build::Default | Build::On => &[],
    };
    let top = |path: &str| path.trim_start_matches("./").split_once('/').map(|(top, _)| top.to_owned());
    let tops = new.library().into_iter().chain(scripts.iter().map(String::as_str)).filter_map(top);
    let tops = tops.collect::<BTreeSet<_>>();
    let is_in_target = |path: &str| top(path).is_some_and(|top| tops.contains(&top));
    let mut candidates = files
        .iter()
        .filter(|file| may_be(file.risk) && file.change != Change::Mode && !is_in_target(&file.path))
        .map(|file| file.path.as_str())
        .collect::<BTreeSet<_>>();
    // What a file that is read brings in is read as well, and what that brings in.
    let mut open = new
        .files()
        .filter(|file| !may_be(risks(file.path, file.content)) || is_in_target(file.path))
        .map(|file| file.content)
        .collect::<Vec<_>>();
    while let Some(content) = open.pop() {
        let named = candidates.iter().copied().filter(|path| names(content, path)).collect::<Vec<_>>();
        // Sources of a folder bring one another in without naming a file.
        let folders = named.iter().filter(|path| path.ends_with(".rs"));
        let folders =
            folders.filter_map(|path| path.rsplit_once('/')).map(|(folder, _)| format!("{folder}/"));
        let folders = folders.collect::<BTreeSet<_>>();
        let is_brought_in =
            |path: &&str| named.contains(path) || folders.iter().any(|folder| path.starts_with(folder));
        for path in candidates.iter().copied().filter(is_brought_in).collect::<Vec<_>>() {
            candidates.remove(path);
            open.extend(new.file(path));
        }
    }
    candidates.into_iter().map(str::to_owned).collect()
}

/// Whether a file names another one.
fn names(content: &[u8], path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    // Sources of a folder bring one another in without the ending.
    name.len() < NAME || memchr::memmem::find(content, name.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_name_wherever_it_lies() {
        assert!(names(b"include!(\"../tests/gen.rs\")", "tests/gen.rs"));
        assert!(!names(b"mod tests;", "tests/gen.rs"));
        assert!(names(b"", "tests/a"), "too short to be looked for");
    }
}
