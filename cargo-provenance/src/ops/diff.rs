//! `diff`: shows how the sources on disk differ from what was pinned.
//!
//! The pinned side is never taken from the unpacked directory: it is the archive or the commit that the pin proves.

use std::fs;
use std::path::Path;

use provenance_build::manifest::Pin;
use provenance_build::tree::{self, Content, Layout, Tree};
use provenance_build::{LockedPackage, PackageName, Version};
use similar::TextDiff;

use crate::archive::Archive;
use crate::collect::gate::Gate;
use crate::collect::publishers::Publishers;
use crate::finding::drift;
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
    /// The published files are not at hand, or are not the pinned ones.
    #[error("the pinned files of `{package}` are not at hand: {why}")]
    NotAtHand {
        /// `name v1.2.3`.
        package: String,
        /// Why: a lowercase fragment.
        why: String,
    },
    /// No pinned package has this name.
    #[error("no pinned package is called `{0}`")]
    Unknown(String),
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotAtHand { .. } => Kind::Undecided,
            Self::Unknown(_) => Kind::Usage,
        }
    }

    fn help(&self) -> Vec<String> {
        vec![match self {
            Self::NotAtHand { .. } => {
                "run `cargo provenance verify --full`, which fetches what is missing".to_owned()
            }
            Self::Unknown(_) => "see `Provenance.lock` for what is pinned".to_owned(),
        }]
    }
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
    let wanted = wanted(&gate, &verdict, options)?;
    let mut differing = 0;
    for (locked, pin, directory, layout) in &wanted {
        progress.status("Comparing", &format!("{} in {}", locked.id.short(), directory.display()));
        let found = match tree::read(directory, *layout)? {
            Ok(tree) => tree,
            Err(fault) => {
                report.output += &format!("{}: `{}` {}\n", directory.display(), fault.path, fault.what);
                differing += 1;
                continue;
            }
        };
        if found.digest() == pin.tree
            || (*layout == Layout::Directory && pin.vendor_tree == Some(found.digest()))
        {
            continue;
        }
        let pinned = Pinned::obtain(surroundings, &gate, locked, pin)?;
        differing += compare(&pinned, &found, directory, *layout, &mut report.output);
    }
    let drift = verdict
        .drift
        .iter()
        .filter(|drift| drift.package().is_none_or(|id| wanted.iter().any(|w| w.0.id == *id)));
    let drift = drift.filter(|drift| options.package.is_none() || drift.package().is_some());
    report.findings.extend(drift.map(|drift| drift::of(drift, &gate)));
    if !report.findings.is_empty() {
        report.outcome = Outcome::Drift;
    }
    report.count("packages", wanted.len());
    report.count("files", differing);
    report.conclusion =
        format!("{} compared, {} differing", plural(wanted.len(), "directory"), plural(differing, "file"));
    Ok(report)
}

type Wanted<'g> = (&'g LockedPackage, &'g Pin, &'g Path, Layout);

/// The directories to compare: those of the named package, or all that drifted.
fn wanted<'g>(
    gate: &'g Gate,
    verdict: &provenance_build::Verdict,
    options: &Options,
) -> Result<Vec<Wanted<'g>>, Error> {
    let mut wanted = Vec::new();
    let mut known = false;
    for (locked, located) in gate.seen.observation.lockfile.packages.iter().zip(&gate.seen.located) {
        let chosen = match &options.package {
            Some(spec) => {
                locked.id.name == spec.name && spec.version.as_ref().is_none_or(|v| *v == locked.id.version)
            }
            None => verdict.drift.iter().any(|drift| drift.package() == Some(&locked.id)),
        };
        let Some(pin) = gate.seen.manifest.pin_for(&locked.id).filter(|_| chosen) else { continue };
        known = true;
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
    ) -> Result<Self, Failure> {
        let not_at_hand = |why: String| Failure::from(Error::NotAtHand { package: locked.id.short(), why });
        let Some(source) = &locked.id.source else {
            return Err(not_at_hand("a path package is published nowhere".to_owned()));
        };
        let other = || not_at_hand("what is at hand is not what is pinned".to_owned());
        if let Some(commit) = source.commit() {
            let export = Databases::of(&surroundings.cargo_home)?.export(commit)?;
            return if export.tree().digest() == pin.tree { Ok(Self::Commit(export)) } else { Err(other()) };
        }
        let publishers = Publishers::of(&gate.seen.configuration, &surroundings.cargo_home)?;
        let entries = publishers.entries(source, locked)?;
        let lockfile = &gate.seen.observation.lockfile;
        let position = lockfile.packages.iter().position(|package| package.id == locked.id);
        let archives = position.map(|at| publishers.archives(lockfile).map(|mut all| all.swap_remove(at)));
        let archives = archives.transpose()?.unwrap_or_default();
        let proof = registry::prove(locked, &archives, &entries).map_err(|refusals| {
            not_at_hand(refusals.into_iter().map(|refusal| refusal.what).collect::<Vec<_>>().join("; "))
        })?;
        if proof.tree != pin.tree {
            return Err(other());
        }
        let tree = proof.contents.tree().map_err(|fault| not_at_hand(fault.what))?;
        Ok(Self::Archive(Box::new(proof.contents), tree))
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
fn compare(pinned: &Pinned, found: &Tree, directory: &Path, layout: Layout, out: &mut String) -> usize {
    let mut files = Vec::new();
    let (mut old, mut new) = (pinned.tree().entries().iter().peekable(), found.entries().iter().peekable());
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
