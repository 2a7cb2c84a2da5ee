//! `diff`: shows how the sources on disk differ from what was pinned.
//!
//! The pinned side is never taken from the unpacked directory: it is the archive or the commit that the pin proves.

mod loose;

use std::fs;
use std::path::Path;

use provenance_build::manifest::Pin;
use provenance_build::tree::{self, Content, Entry, Layout, Tree};
use provenance_build::{Drift, LockedPackage, PackageId, PackageName, Verdict, Version};
use similar::TextDiff;

use crate::archive::Archive;
use crate::collect::gate::Gate;
use crate::collect::publishers::Publishers;
use crate::finding::{Finding, Weight, drift};
use crate::git::{Databases, Export};
use crate::model::Surroundings;
use crate::registry;
use crate::report::failure::{Explain, Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};

/// Bytes of a file that is shown line by line: more than any hand-written source; larger ones are only named.
const SHOWN_BYTES: usize = 1024 * 1024;

/// What `diff` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The package; `None` for all that drifted.
    pub package: Option<PackageSpec>,
}

/// `NAME` or `NAME@VERSION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageSpec {
    /// The name.
    pub name: PackageName,
    /// The version; `None` for every version.
    pub version: Option<Version>,
}

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No pinned package has this name.
    #[error("no pinned package is called `{0}`")]
    Unknown(String),
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn help(&self) -> Vec<String> {
        vec!["see `Provenance.lock` for what is pinned".to_owned()]
    }
}

/// Why the pinned files of a package are not at hand.
struct NotAtHand {
    /// A lowercase fragment.
    why: String,
    /// What to do next.
    help: &'static str,
}

/// Compares packages with what was pinned, file by file.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut report = Report::new("diff");
    let gate = Gate::open(surroundings)?;
    let verdict = gate.verdict();
    let wanted = wanted(&gate, &verdict, options, &mut report)?;
    let (mut differing, mut apart) = (0, 0);
    for (locked, pin, directory, layout) in &wanted {
        progress.status("Comparing", &format!("{} in {}", locked.id.short(), directory.display()));
        let read = tree::read(directory, *layout)?;
        if let Ok(tree) = &read
            && (tree.digest() == pin.tree
                || (*layout == Layout::Directory && pin.vendor_tree == Some(tree.digest())))
        {
            continue;
        }
        let mut finding = difference(&verdict, &gate, &locked.id, directory);
        match Pinned::obtain(surroundings, &gate, locked, pin)? {
            Ok(pinned) => {
                let found = match &read {
                    Ok(tree) => tree.entries().to_vec(),
                    Err(fault) => {
                        report.output +=
                            &format!("{}: `{}` {}\n", directory.display(), fault.path, fault.what);
                        loose::list(directory, *layout)
                    }
                };
                differing += compare(&pinned, &found, directory, *layout, &mut report.output).max(1);
                finding = finding.help("run `cargo provenance verify --repair` to restore it");
            }
            Err(NotAtHand { why, help }) => {
                apart += 1;
                if let Err(fault) = &read {
                    let first = format!(
                        "remove `{}` first: no package can hold it, and edits may hide behind it",
                        fault.path
                    );
                    finding = finding.help(first);
                }
                report.not_checked.push(format!("which files of {} differ: {why}", locked.id.short()));
                finding = finding.help(help);
            }
        }
        report.findings.push(finding);
    }
    if !report.findings.is_empty() {
        report.outcome = Outcome::Drift;
    }
    report.count("packages", wanted.len());
    report.count("files", differing);
    let compared = plural(wanted.len() - apart, "directory");
    report.conclusion = format!("{compared} compared, {} differing", plural(differing, "file"));
    if wanted.is_empty() && options.package.is_none() {
        report.conclusion = "no source on disk differs from its pin".to_owned();
    }
    if apart > 0 {
        let differ = if apart == 1 { "differs" } else { "differ" };
        report.conclusion += &format!("; {} {differ} and could not be compared", plural(apart, "directory"));
    }
    Ok(report)
}

/// The drift of one directory as a finding, its help left to the caller: that of `verify` leads to this very command.
fn difference(verdict: &Verdict, gate: &Gate, id: &PackageId, directory: &Path) -> Finding {
    let of_it = |drift: &&Drift| source_drift(drift) == Some((id, directory));
    match verdict.drift.iter().find(of_it) {
        Some(drift) => {
            let mut finding = drift::of(drift, gate);
            finding.help.clear();
            finding
        }
        None => {
            let message = format!("`{}` differs from the manifest", id.short());
            Finding::new("source-differs", Weight::Denial, message).about(id.clone())
        }
    }
}

/// The package and the directory of a drift of sources.
fn source_drift(drift: &Drift) -> Option<(&PackageId, &Path)> {
    match drift {
        Drift::Tree { id, directory, .. } => Some((id, directory.as_path())),
        _ => None,
    }
}

type Wanted<'g> = (&'g LockedPackage, &'g Pin, &'g Path, Layout);

/// The directories to compare: those of the named package, or all that drifted.
fn wanted<'g>(
    gate: &'g Gate,
    verdict: &Verdict,
    options: &Options,
    report: &mut Report,
) -> Result<Vec<Wanted<'g>>, Error> {
    let mut wanted = Vec::new();
    let mut known = false;
    for (locked, located) in gate.seen.observation.lockfile.packages.iter().zip(&gate.seen.located) {
        let chosen = match &options.package {
            Some(spec) => {
                locked.id.name == spec.name && spec.version.as_ref().is_none_or(|v| *v == locked.id.version)
            }
            None => verdict.drift.iter().filter_map(source_drift).any(|(id, _)| *id == locked.id),
        };
        let Some(pin) = gate.seen.manifest.pin_for(&locked.id).filter(|_| chosen) else { continue };
        known = true;
        if located.directories.is_empty() {
            report.not_checked.push(format!("{}: nothing of it is on disk to compare", locked.id.short()));
            report.outcome = Outcome::Undecided;
        }
        let places = located.directories.iter();
        wanted.extend(places.map(|place| (locked, pin, place.directory.as_path(), place.layout)));
    }
    match &options.package {
        Some(spec) if !known => Err(Error::Unknown(spec.name.to_string())),
        _ => Ok(wanted),
    }
}

/// The files that a pin stands for.
enum Pinned {
    Archive(Box<Archive>, Tree),
    Commit(Export),
}

impl Pinned {
    fn obtain(
        surroundings: &Surroundings,
        gate: &Gate,
        locked: &LockedPackage,
        pin: &Pin,
    ) -> Result<Result<Self, NotAtHand>, Failure> {
        let Some(source) = &locked.id.source else {
            return Ok(Err(NotAtHand {
                why: "a path package is published nowhere".to_owned(),
                help: "compare it with your version control; if the change is meant, run `cargo provenance pin`, \
                       which pins it as it is now",
            }));
        };
        let other = || {
            Ok(Err(NotAtHand {
                why: "what was published is not what is pinned".to_owned(),
                help: "run `cargo provenance verify --full`, which proves the pin again",
            }))
        };
        if let Some(commit) = source.commit() {
            let export = Databases::of(&surroundings.cargo_home)?.export(commit)?;
            return if export.tree().digest() == pin.tree { Ok(Ok(Self::Commit(export))) } else { other() };
        }
        let publishers = Publishers::of(&gate.seen.configuration, &surroundings.cargo_home)?;
        let entries = publishers.entries(source, &locked.id.name)?;
        let lockfile = &gate.seen.observation.lockfile;
        let position = lockfile.packages.iter().position(|package| package.id == locked.id);
        let archives = position.map(|at| publishers.archives(lockfile).map(|mut all| all.swap_remove(at)));
        let archives = archives.transpose()?.unwrap_or_default();
        let unproven = |why: String| NotAtHand {
            why,
            help: "run `cargo provenance verify --repair`, which fetches the archive and restores the files",
        };
        let proof = match registry::prove(locked, &archives, &entries) {
            Ok(proof) if proof.tree == pin.tree => proof,
            Ok(_) => return other(),
            Err(refusals) => {
                let whys = refusals.into_iter().map(|refusal| refusal.what).collect::<Vec<_>>();
                return Ok(Err(unproven(whys.join("; "))));
            }
        };
        let tree = proof.contents.tree().map_err(|fault| unproven(fault.what));
        Ok(tree.map(|tree| Self::Archive(Box::new(proof.contents), tree)))
    }

    fn tree(&self) -> &Tree {
        match self {
            Self::Archive(_, tree) => tree,
            Self::Commit(export) => export.tree(),
        }
    }

    fn file(&self, path: &str) -> Vec<u8> {
        match self {
            Self::Archive(archive, _) => archive.file(path).unwrap_or_default().to_vec(),
            Self::Commit(export) => fs::read(export.directory().join(path)).unwrap_or_default(),
        }
    }
}

/// Writes the differences of one directory and returns the number of files that differ.
fn compare(pinned: &Pinned, found: &[Entry], directory: &Path, layout: Layout, out: &mut String) -> usize {
    let mut files = Vec::new();
    let (mut old, mut new) = (pinned.tree().entries().iter().peekable(), found.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(old), Some(new)) => old.path.cmp(&new.path),
        };
        let before = if order.is_le() { old.next() } else { None };
        let after = if order.is_ge() { new.next() } else { None };
        if before.map(|entry| &entry.content) != after.map(|entry| &entry.content) {
            files.push((before, after));
        }
    }
    // What vendoring leaves out is no difference of a vendored package.
    files.retain(|(before, after)| {
        let dropped =
            |path: &str| path.split('/').any(|part| matches!(part, ".git" | ".gitignore" | ".gitattributes"));
        !(layout == Layout::Directory && after.is_none() && before.is_some_and(|entry| dropped(&entry.path)))
    });
    for (before, after) in &files {
        let path = before.or(*after).map_or("", |entry| entry.path.as_str());
        let old = before.map(|entry| side(&entry.content, || pinned.file(path)));
        let new =
            after.map(|entry| side(&entry.content, || fs::read(directory.join(path)).unwrap_or_default()));
        out.push_str(&show(path, directory, old.as_deref(), new.as_deref()));
    }
    files.len()
}

fn side(content: &Content, read: impl Fn() -> Vec<u8>) -> Vec<u8> {
    match content {
        Content::File(_) => read(),
        Content::Link(target) => format!("link to {target}\n").into_bytes(),
    }
}

/// One file as a unified diff; a file that is no text, or too large, is only named.
fn show(path: &str, directory: &Path, old: Option<&[u8]>, new: Option<&[u8]>) -> String {
    let names = (
        old.map_or_else(|| "/dev/null".to_owned(), |_| format!("pinned/{path}")),
        new.map_or_else(|| "/dev/null".to_owned(), |_| format!("{}/{path}", directory.display())),
    );
    let text = |bytes: Option<&[u8]>| {
        let bytes = bytes.unwrap_or_default();
        (bytes.len() <= SHOWN_BYTES).then(|| std::str::from_utf8(bytes).ok()).flatten().map(str::to_owned)
    };
    match (text(old), text(new)) {
        (Some(before), Some(after)) => {
            let lines =
                TextDiff::from_lines(&before, &after).unified_diff().header(&names.0, &names.1).to_string();
            // An empty file has no lines to show.
            if lines.is_empty() { format!("--- {}\n+++ {}\n", names.0, names.1) } else { lines }
        }
        _ => {
            let size = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
            format!(
                "--- {}\n+++ {}\nfiles of {} and {} bytes differ\n",
                names.0,
                names.1,
                size(old),
                size(new)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::show;
    use std::path::Path;

    #[test]
    fn new_files_are_shown_whole_and_binaries_only_named() {
        let added = show("build.rs", Path::new("/d"), None, Some(b"fn main() {}\n"));
        assert_eq!(added, "--- /dev/null\n+++ /d/build.rs\n@@ -0,0 +1 @@\n+fn main() {}\n");
        let binary = show("a.bin", Path::new("/d"), Some(b"\xff"), Some(b"\xfe\xff"));
        assert!(binary.ends_with("files of 1 and 2 bytes differ\n"), "{binary}");
    }
}
