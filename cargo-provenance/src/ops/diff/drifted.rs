//! How the sources on disk differ from what was pinned.
//!
//! The pinned side is never taken from the unpacked directory: it is the archive or the commit that the pin proves.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use provenance_build::manifest::Pin;
use provenance_build::tree::{self, Content, Entry, Layout, Tree};
use provenance_build::{Drift, LockedPackage, PackageId, Verdict};

use super::comparison::{self, Item, Pair};
use super::loose;
use super::risk::{Roles, is_dropped};
use super::{PackageSpec, View};
use crate::archive::Archive;
use crate::collect::gate::{self, Gate};
use crate::collect::publishers::Publishers;
use crate::finding::{Finding, Weight, drift};
use crate::git::{Databases, Export};
use crate::model::Surroundings;
use crate::registry;
use crate::report::failure::{Explain, Failure, Kind};
use crate::report::files::FileDiff;
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};

/// The manifest of a package.
const MANIFEST: &str = "Cargo.toml";

/// Bytes of a file on disk that are read: no archive unpacks to more.
const DISK_BYTES: u64 = 512 * 1024 * 1024;

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
pub(super) fn run(
    surroundings: &Surroundings,
    package: Option<&PackageSpec>,
    view: &View,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut report = Report::new("diff");
    report.files.shown = view.shown;
    let gate = match Gate::open(surroundings) {
        Err(error @ gate::Error::NoManifest { .. }) => {
            let help = "name two versions to compare published ones: `cargo provenance diff CRATE FROM TO`";
            return Err(Failure::from(error).help(help));
        }
        gate => gate?,
    };
    let verdict = gate.verdict();
    let wanted = wanted(&gate, &verdict, package, &mut report)?;
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
                let files = compare(&pinned, &found, directory, *layout, view);
                differing += files.len().max(1);
                report.files.list.extend(files);
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
    if wanted.is_empty() && package.is_none() {
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
    package: Option<&PackageSpec>,
    report: &mut Report,
) -> Result<Vec<Wanted<'g>>, Error> {
    let mut wanted = Vec::new();
    let mut known = false;
    for (locked, located) in gate.seen.observation.lockfile.packages.iter().zip(&gate.seen.located) {
        let chosen = match package {
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
    match package {
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

    fn file(&self, path: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Archive(archive, _) => Cow::Borrowed(archive.file(path).unwrap_or_default()),
            Self::Commit(export) => Cow::Owned(read(&export.directory().join(path))),
        }
    }
}

/// The files of one directory that differ.
fn compare(pinned: &Pinned, found: &[Entry], directory: &Path, layout: Layout, view: &View) -> Vec<FileDiff> {
    let mut pairs = Vec::new();
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
        let path = before.or(after).map_or("", |entry| entry.path.as_str());
        // What vendoring leaves out is no difference of a vendored package.
        let is_left_out = after.is_none() && is_dropped(layout, path);
        if before.map(|entry| &entry.content) != after.map(|entry| &entry.content) && !is_left_out {
            pairs.push(Pair {
                path: path.to_owned(),
                old: before.map(|entry| side(&entry.content, || pinned.file(path))),
                new: after.map(|entry| side(&entry.content, || Cow::Owned(read(&directory.join(path))))),
            });
        }
    }
    let mut roles = Roles::default();
    roles.add(Some(&pinned.file(MANIFEST)));
    // The manifest on disk decides what cargo would run, whoever changed it.
    roles.add(Some(&read(&directory.join(MANIFEST))));
    let names = ("pinned/", format!("{}/", directory.display()));
    comparison::compare(pairs, &roles, (names.0, &names.1), view).list
}

/// Modes are left out: cargo's unpacking and git's checkout set them as the machine has it.
fn side<'a>(content: &Content, read: impl Fn() -> Cow<'a, [u8]>) -> Item<'a> {
    let bytes = match content {
        Content::File(_) => read(),
        Content::Link(target) => Cow::Owned(format!("link to {target}\n").into_bytes()),
    };
    Item { bytes, executable: false }
}

/// What cannot be read is empty, and differs all the same.
fn read(file: &Path) -> Vec<u8> {
    let is_file = fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_file());
    let mut bytes = vec![];
    if is_file && let Ok(file) = File::open(file) {
        let _ = file.take(DISK_BYTES).read_to_end(&mut bytes);
    }
    bytes
}
