//! `vet --repository`: whether a package is what its repository has at the commit that it names.
//!
//! Whoever reviews code reads the repository, and cargo builds the package. Nothing but this comparison ties the two together.

mod classes;

use std::collections::BTreeMap;

use provenance_build::PackageId;
use provenance_build::tree::Content;

use self::classes::{Class, Commit, Compared, Node};
use super::super::diff::risks;
use crate::archive::{Archive, Vcs, printable};
use crate::finding::{Finding, Weight};
use crate::git::{Address, Export, GitError, fetch_commit};
use crate::model::Network;
use crate::report::failure::{Explain, Failure, Kind};
use crate::report::files::Risk;
use crate::report::progress::Progress;
use crate::report::{Report, plural};

/// Files that are named of each kind of difference.
const NAMED: usize = 10;

/// Where the repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// Where the package says.
    Named,
    /// Here.
    At(Address),
}

/// What came of a comparison.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// What is said of it.
    pub(super) findings: Vec<Finding>,
    /// Whether it could not be decided.
    pub(super) is_open: bool,
    /// The repository and the commit, `URL#COMMIT`, if the package is what they have.
    pub(super) matching: Option<String>,
}

impl Outcome {
    /// Whether the package is not what its repository has.
    pub(super) fn refuses(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.id == "repository-differs" && finding.weight != Weight::Note)
    }
}

/// Compares a package with its repository.
///
/// # Errors
///
/// A git that is not there, a scratch folder that cannot be used: nothing that is about this package alone.
pub(super) fn compare(
    id: &PackageId,
    archive: &Archive,
    place: &Where,
    network: Network,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<Outcome, Failure> {
    let unknown = |why: &str, help: &str| Ok(unknown(id, why, help));
    let (commit, path) = match archive.vcs() {
        Vcs::Commit { id, path, .. } => (id.to_ascii_lowercase(), path),
        Vcs::Missing => {
            let help = "compare it by hand with the tag of its version, or review the package itself";
            return unknown("it does not say which commit it was made from", help);
        }
        Vcs::Unreadable(why) => {
            let why = format!("its `.cargo_vcs_info.json` names no commit: {why}");
            return unknown(&why, "review the package itself");
        }
    };
    let address = match (place, archive.repository()) {
        (Where::At(address), _) => address.clone(),
        (Where::Named, Some(named)) => match Address::of_package(named) {
            Ok(address) => address,
            Err(why) => {
                let why = format!("`repository` of its manifest, `{}`, {why}", printable(named.as_bytes()));
                return unknown(&why, "name the repository with `--repository=URL`");
            }
        },
        (Where::Named, None) => {
            return unknown("its manifest names no repository", "name it with `--repository=URL`");
        }
    };
    if network == Network::Forbidden && !address.is_local() {
        return unknown(&format!("`{address}` is out of reach offline"), "run it again without `--offline`");
    }
    progress.status("Fetching", &format!("commit {commit:.12} of {address}"));
    let export = match fetch_commit(&address, &commit) {
        Ok(export) => export,
        Err(error @ (GitError::Missing(_) | GitError::Scratch { .. })) => return Err(error.into()),
        Err(error) => return unknown(&error.to_string(), &Explain::help(&error).join("; ")),
    };
    let compared = compared(archive, &export, path.as_deref());
    report.step("Repository", told(&address, &commit, &compared));
    let mut outcome = judged(id, archive, &compared);
    let clean = outcome.findings.iter().all(|finding| finding.weight == Weight::Note) && !outcome.is_open;
    outcome.matching = clean.then(|| format!("{address}#{commit}"));
    Ok(outcome)
}

/// A package that cannot be compared, which is no pass.
pub(super) fn unknown(id: &PackageId, why: &str, help: &str) -> Outcome {
    let message = format!("`{}` could not be compared with its repository: {why}", id.short());
    let finding = Finding::new("repository-unknown", Weight::Denial, message).about(id.clone()).help(help);
    Outcome { findings: vec![finding], is_open: true, matching: None }
}

/// Reads where the repository is, as a person names it.
///
/// # Errors
///
/// What is no address of a repository.
pub fn place(named: &str) -> Result<Where, Failure> {
    if named.is_empty() {
        return Ok(Where::Named);
    }
    let address = Address::of_person(named).map_err(|why| {
        Failure::new(Kind::Usage, format!("`{}` {why}", printable(named.as_bytes())))
            .help("name a repository as `https://HOST/PATH`, `ssh://git@HOST/PATH` or `file:///FOLDER`")
    })?;
    Ok(Where::At(address))
}

fn compared(archive: &Archive, export: &Export, path: Option<&str>) -> Compared {
    let node = |entry: &provenance_build::tree::Entry| {
        let node = match &entry.content {
            Content::File(hash) => Node::File(*hash),
            Content::Link(target) => Node::Link(target.clone()),
        };
        (entry.path.clone(), node)
    };
    let nodes = export.tree().entries().iter().map(node).collect();
    let read = |path: &str| export.file(path);
    Commit { nodes, submodules: export.left_out(), read: &read }.compare(archive, path)
}

fn told(address: &Address, commit: &str, compared: &Compared) -> String {
    let count = |wanted: fn(&Class) -> bool| compared.files.iter().filter(|(class, _)| wanted(class)).count();
    let place = match compared.prefix.as_str() {
        "" => String::new(),
        prefix => format!(", in `{prefix}`"),
    };
    let mut parts = vec![format!("{} identical", plural(count(|class| *class == Class::Identical), "file"))];
    for (number, word) in [
        (count(|class| *class == Class::Rewritten), "written by cargo"),
        (count(|class| matches!(class, Class::Copied(_))), "copied from above"),
        (count(|class| *class == Class::LineEnds), "with other line ends"),
        (count(|class| *class == Class::Differs), "different"),
        (count(|class| matches!(class, Class::Extra | Class::Submodule)), "not in the commit"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    parts.push(format!("{} of the commit left out", compared.left_out));
    format!("{address} at {commit:.12}{place}: {}", parts.join(", "))
}

/// What the classes come to. Whatever could be compiled, run, or read by code that is refuses; tests and prose are for a
/// person to look at. Line ends are noted: git itself changes them.
fn judged(id: &PackageId, archive: &Archive, compared: &Compared) -> Outcome {
    let name = id.short();
    let finding = |weight, what: String, notes: &[String]| {
        let finding =
            Finding::new("repository-differs", weight, format!("`{name}` {what}")).about(id.clone());
        let finding = notes.iter().take(NAMED).fold(finding, Finding::note);
        match notes.len().checked_sub(NAMED) {
            Some(more @ 1..) => finding.note(format!("and {more} more")),
            _ => finding,
        }
    };
    let risk = risks(archive.file("Cargo.toml"));
    let contents = archive.files().map(|file| (file.path, file.content)).collect::<BTreeMap<_, _>>();
    // The author's manifest decides what is compiled, whatever cargo made of it.
    let is_code = |path: &str| {
        path == "Cargo.toml.orig" || risk(path, contents.get(path).copied().unwrap_or_default()) < Risk::Other
    };
    let mut outcome = Outcome::default();
    let (mut code, mut other) = (compared.deviations.clone(), vec![]);
    for (class, path) in &compared.files {
        let how = match class {
            Class::Differs if path == "Cargo.toml" && !compared.deviations.is_empty() => continue,
            Class::Differs => "has other contents than in the commit",
            Class::Extra => "is not in the commit",
            _ => continue,
        };
        let list = if is_code(path) { &mut code } else { &mut other };
        list.push(format!("`{}` {how}", printable(path.as_bytes())));
    }
    for (weight, notes) in [(Weight::Denial, code), (Weight::Review, other)] {
        if !notes.is_empty() {
            let finding = finding(
                weight,
                format!("is not what its commit holds: {}", plural(notes.len(), "difference")),
                &notes,
            );
            let help =
                "review what was published and not the repository, and ask its authors how it came about";
            outcome.findings.push(finding.help(help));
        }
    }
    let ends = compared.files.iter().filter(|(class, _)| *class == Class::LineEnds);
    let ends = ends.map(|(_, path)| format!("`{}`", printable(path.as_bytes()))).collect::<Vec<_>>();
    if !ends.is_empty() {
        let what = format!("has other line ends than its commit in {}", plural(ends.len(), "file"));
        outcome.findings.push(finding(Weight::Note, what, &ends));
    }
    let inside = compared.files.iter().filter(|(class, _)| *class == Class::Submodule).count();
    if inside > 0 {
        let files = plural(inside, "file");
        let lie = if inside == 1 { "lies" } else { "lie" };
        let why = format!("{files} {lie} in a submodule, which is not fetched");
        let open = unknown(id, &why, "compare them with the submodule's own repository");
        outcome.findings.extend(open.findings);
        outcome.is_open = true;
    }
    outcome
}
