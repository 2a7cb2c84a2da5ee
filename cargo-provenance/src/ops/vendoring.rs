//! What a new lockfile changes in the directories that stand in for registries and repositories (`cargo vendor`): which
//! packages get a directory there, another one or none. Nothing is written here: the edits are for a transaction.
//!
//! Cargo vendors what is new into a scratch folder, without the replacement, and what it makes of a package is only put in
//! place if it is what was proven and pinned. Packages that stay where they are are not touched; those that move are copied
//! from where they are. Each gets the place that `cargo vendor` would give it, so that running that gives the same folder.

mod error;
mod folder;
mod names;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provenance_build::config::Replacement;
use provenance_build::locate::{self, Located, Place};
use provenance_build::manifest::Pin;
use provenance_build::tree::Layout;
use provenance_build::{LockedPackage, Manifest, PackageId, TreeDigest};

use self::folder::{Folder, Needed};
use crate::cargo::real;
use crate::collect::entrants::{self, Entrants, Vendored};
use crate::collect::gate::Gate;
use crate::collect::situation::Situation;
use crate::finding::{Finding, Weight};
use crate::report::Report;
use crate::report::progress::Progress;
use crate::store::{Contents, Folders, Staged, Transaction, contents};

pub use error::Error;

/// A workspace with a lockfile that was resolved anew.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    /// The workspace as it is; it has no drift.
    pub(super) gate: &'a Gate,
    /// The workspace as it shall be, with the new lockfile.
    pub(super) situation: &'a Situation,
    /// What was proven of it, with the archives that were fetched for that.
    pub(super) entrants: Option<&'a Entrants>,
    /// The new manifest. It pins all that the lockfile names, in any order.
    pub(super) manifest: &'a Manifest,
}

/// The pins of the new manifest.
type Pins<'a> = BTreeMap<PackageId, &'a Pin>;

/// What happens to the vendored packages.
#[derive(Debug, Default)]
pub(super) struct Vendoring {
    /// The directories that change, sorted by path.
    pub(super) edits: Vec<Edit>,
    /// Directories that nothing of this workspace needs any more, and that stay all the same.
    kept: Vec<PathBuf>,
    /// What is refused, and what is to be known.
    findings: Vec<Finding>,
    /// What cargo vendored. It is needed until the transaction is over.
    made: Option<Vendored>,
}

/// What happens to one vendored package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// Its directory.
    pub(super) path: PathBuf,
    /// The digest over all that lies there now, if anything does.
    pub(super) old: Option<TreeDigest>,
    /// What takes its place, if anything does.
    pub(super) new: Option<Staged>,
}

/// Finds out what changes.
pub(super) fn plan(scene: Scene<'_>, progress: &dyn Progress) -> Result<Vendoring, Error> {
    let Scene { gate, situation, manifest, .. } = scene;
    let lockfile = &situation.lockfile;
    let pins = manifest.packages.iter().map(|pin| (pin.id(), pin)).collect::<Pins<'_>>();
    let mut folders = BTreeMap::<PathBuf, Folder<'_>>::new();
    for (index, package) in lockfile.packages.iter().enumerate() {
        for directory in stand_ins(gate, package)? {
            folders.entry(directory).or_default().wanted.insert(index);
        }
    }
    let located = gate.seen.observation.lockfile.packages.iter().zip(&gate.seen.located);
    for (package, directory, name) in vendored(located) {
        let held = &mut folders.entry(directory).or_default().held;
        held.entry(name).or_default().push(&package.id);
    }
    let mut vendoring = Vendoring::default();
    if folders.is_empty() {
        return Ok(vendoring);
    }
    let located = locate::locate(lockfile, &gate.seen.configuration, &situation.cargo_home)?;
    for (package, directory, name) in vendored(lockfile.packages.iter().zip(&located)) {
        if let (Some(folder), Some(pin)) = (folders.get_mut(&directory), pins.get(&package.id)) {
            folder.claimed.entry(name).or_default().push(pin);
        }
    }
    let mut needed = vec![];
    for (directory, folder) in &folders {
        folder.survey(scene, &pins, directory, &mut vendoring, &mut needed)?;
    }
    vendoring.complete(scene, needed, progress)?;
    vendoring.edits.sort_by(|a, b| a.path.cmp(&b.path));
    for package in &lockfile.packages {
        let entering = package.id.source.is_some() && gate.seen.manifest.pin_for(&package.id).is_none();
        if entering && stand_ins(gate, package)?.is_empty() {
            vendoring.findings.push(not_vendored(package));
        }
    }
    Ok(vendoring)
}

impl Vendoring {
    /// Whether something is not what it should be.
    pub(super) fn refuses(&self) -> bool {
        self.findings.iter().any(|finding| finding.weight == Weight::Denial)
    }

    /// Tells what happens to the vendored packages of the workspace at `root`.
    pub(super) fn tell(&self, report: &mut Report, root: &Path) {
        let shown = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
        report.findings.extend(self.findings.iter().cloned());
        if self.refuses() {
            return;
        }
        for Edit { path, old, new } in &self.edits {
            let what = match (old, new) {
                (None, _) => "added",
                (Some(_), Some(_)) => "changed",
                (Some(_), None) => "removed",
            };
            report.step("Vendoring", format!("{}, {what}", shown(path)));
        }
        for path in &self.kept {
            let why = "this workspace no longer needs it, but others that use its folder may";
            report.step("Keeping", format!("{}: {why}", shown(path)));
        }
        report.count("vendored", self.edits.len());
    }

    /// What changes, in words that follow the number of files; empty where nothing does.
    pub(super) fn summary(&self) -> String {
        match self.edits.len() {
            0 => String::new(),
            1 => " and 1 vendored directory".to_owned(),
            number => format!(" and {number} vendored directories"),
        }
    }

    /// Adds the edits to a transaction. The folders that come back must live until it is over.
    pub(super) fn enlist(&self, transaction: &mut Transaction) -> Result<Folders, Error> {
        let mut folders = Folders::default();
        for Edit { path, old, new } in &self.edits {
            folders.make_for(path)?;
            transaction.replace_directory(path, *old, new.clone());
        }
        Ok(folders)
    }

    /// Lets cargo vendor what is needed, and takes it where it is what is pinned.
    fn complete(
        &mut self,
        scene: Scene<'_>,
        needed: Vec<Needed<'_>>,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        if needed.is_empty() {
            return Ok(());
        }
        let wanted = needed.iter().map(|needed| needed.index).collect();
        let made = entrants::vendor(scene.situation, &wanted, scene.entrants, progress)?;
        for Needed { index, pin, path, now } in needed {
            let id = &scene.situation.lockfile.packages[index].id;
            let from = made.package(id);
            let fits = now.is_some_and(|now| accepts(pin, now.package));
            match contents(&from)? {
                _ if fits && folder::list(&path) == folder::list(&from) => {}
                Some(new) if accepts(pin, new.package) => {
                    let new = Some(Staged { from, whole: new.whole });
                    self.edits.push(Edit { path, old: now.map(|now| now.whole), new });
                }
                found => self.findings.push(differs(id, pin, found)),
            }
        }
        self.made = Some(made);
        Ok(())
    }
}

/// The directories that stand in for a package's source, wherever cargo is started.
fn stand_ins(gate: &Gate, package: &LockedPackage) -> Result<Vec<PathBuf>, Error> {
    let mut directories = vec![];
    for view in &gate.seen.configuration.views {
        let Some(source) = &package.id.source else { continue };
        if let Replacement::Directory(directory) = view.replacement(source)? {
            directories.push(real(&directory));
        }
    }
    directories.dedup();
    Ok(directories)
}

/// The places of packages in directory sources: the package, the folder, and the name of its directory there.
fn vendored<'a>(
    located: impl Iterator<Item = (&'a LockedPackage, &'a Located)>,
) -> impl Iterator<Item = (&'a LockedPackage, PathBuf, String)> {
    located.flat_map(|(package, located)| {
        let places = located.directories.iter().filter(|place| place.layout == Layout::Directory);
        places.filter_map(move |Place { directory, .. }| {
            let name = directory.file_name()?.to_str()?.to_owned();
            Some((package, real(directory.parent()?), name))
        })
    })
}

/// Whether a pin lets a directory source hold this.
fn accepts(pin: &Pin, found: TreeDigest) -> bool {
    found == pin.tree || pin.vendor_tree == Some(found)
}

fn not_vendored(package: &LockedPackage) -> Finding {
    let source = package.id.source.as_ref().map(|source| source.display_name()).unwrap_or_default();
    let message = format!("no vendor directory stands in for the source of `{}`", package.id.short());
    Finding::new("not-vendored", Weight::Note, message)
        .about(package.id.clone())
        .note(format!("it comes from {source}, also when it is built"))
        .help("to vendor it as well, add the tables that `cargo vendor` prints to `.cargo/config.toml`")
        .help("then run `cargo provenance pin`")
}

fn differs(id: &PackageId, pin: &Pin, found: Option<Contents>) -> Finding {
    let message = format!("`{}`: what `cargo vendor` made of it is not what was proven", id.short());
    let found = found.map_or("nothing".to_owned(), |found| found.package.to_string());
    Finding::new("vendor-differs", Weight::Denial, message)
        .about(id.clone())
        .note(format!("proven {}", pin.vendor_tree.unwrap_or(pin.tree)))
        .note(format!("vendored {found}"))
        .help("find out which `cargo` ran: it should have made the proven files of the proven archive")
}
