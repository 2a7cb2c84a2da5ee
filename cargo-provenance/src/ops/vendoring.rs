//! What a new lockfile changes in the directories that stand in for registries and repositories (`cargo vendor`): which
//! packages get a directory there, another one or none. Nothing is written here: the edits are for a transaction.
//!
//! Cargo vendors into a scratch folder, without the replacement, and what it makes of a package is only put in place if it
//! is what was proven and pinned. Packages that stay where they are are not touched. Each keeps to the place that `cargo
//! vendor` would give it, so that running that gives the same folder.

mod error;
mod folder;
mod names;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provenance_build::config::Replacement;
use provenance_build::manifest::Pin;
use provenance_build::tree::Layout;
use provenance_build::{LockedPackage, Lockfile, Manifest, PackageId, TreeDigest, locate};

use self::folder::Folder;
use crate::cargo::{CargoCommand, Shadow, Vendored, real};
use crate::collect::gate::Gate;
use crate::finding::{Finding, Weight};
use crate::report::Report;
use crate::report::progress::Progress;
use crate::store::{Folders, Staged, Transaction};

pub use error::Error;

/// Where a lockfile was resolved anew.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    /// The workspace as it is; it has no drift.
    pub(super) gate: &'a Gate,
    /// Its shadow, in which the lockfile lies.
    pub(super) shadow: &'a Shadow,
    /// The cargo that works there.
    pub(super) cargo: &'a CargoCommand,
    /// The shadow of the workspace's manifest.
    pub(super) manifest: &'a Path,
    /// The cargo home.
    pub(super) cargo_home: &'a Path,
    /// Who is told what takes time.
    pub(super) progress: &'a dyn Progress,
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
    vendored: Option<Vendored>,
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

/// Finds out what a new `lockfile` changes. `manifest` pins all that the lockfile names, in any order.
pub(super) fn plan(scene: Scene<'_>, lockfile: &Lockfile, manifest: &Manifest) -> Result<Vendoring, Error> {
    let gate = scene.gate;
    let pins = manifest.packages.iter().map(|pin| (pin.id(), pin)).collect::<Pins<'_>>();
    let mut folders = BTreeMap::<PathBuf, Folder<'_>>::new();
    for (index, package) in lockfile.packages.iter().enumerate() {
        for directory in stand_ins(gate, package)? {
            folders.entry(directory).or_default().wanted.insert(index);
        }
    }
    let located = gate.seen.observation.lockfile.packages.iter().zip(&gate.seen.located);
    for (package, located) in located {
        for place in located.directories.iter().filter(|place| place.layout == Layout::Directory) {
            if let Some((directory, name)) = split(&place.directory) {
                let held = &mut folders.entry(directory).or_default().held;
                held.entry(name).or_default().push(&package.id);
            }
        }
    }
    let mut vendoring = Vendoring::default();
    if folders.is_empty() {
        return Ok(vendoring);
    }
    let mut claimed = BTreeMap::<PathBuf, BTreeMap<String, Vec<&Pin>>>::new();
    let located = locate::locate(lockfile, &gate.seen.configuration, scene.cargo_home)?;
    for (package, located) in lockfile.packages.iter().zip(&located) {
        for place in located.directories.iter().filter(|place| place.layout == Layout::Directory) {
            if let (Some((directory, name)), Some(pin)) = (split(&place.directory), pins.get(&package.id)) {
                claimed.entry(directory).or_default().entry(name).or_default().push(*pin);
            }
        }
    }
    for (directory, folder) in &folders {
        let claimed = claimed.remove(directory).unwrap_or_default();
        folder.plan(scene, directory, (lockfile, &pins), &claimed, &mut vendoring)?;
    }
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
            let why = "its folder also holds packages that `Cargo.lock` does not name";
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

    /// What cargo vendors of the shadow's lockfile. It is asked once, when the first package is looked for.
    fn vendored(&mut self, scene: Scene<'_>) -> Result<&Vendored, Error> {
        let vendored = match self.vendored.take() {
            Some(vendored) => vendored,
            None => scene.shadow.vendor(scene.cargo, scene.manifest, scene.progress)?,
        };
        Ok(self.vendored.insert(vendored))
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

/// The folder that holds a vendored package, and the name of the package's directory in it.
fn split(place: &Path) -> Option<(PathBuf, String)> {
    Some((real(place.parent()?), place.file_name()?.to_str()?.to_owned()))
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
