//! `verify --repair`: puts drifted sources back from archives that prove their pins.
//!
//! Only what can be downloaded again is touched: unpacked registry packages, cached archives, vendored packages and git
//! checkouts. Configuration, lockfile and first-party packages are the user's to mend.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use provenance_build::manifest::Pin;
use provenance_build::tree::Layout;
use provenance_build::{Drift, PackageId, Verdict};

use crate::cargo::{CargoCommand, Workspace};
use crate::collect::entrants::{self, Entrant};
use crate::collect::gate::Gate;
use crate::collect::publishers::Publishers;
use crate::collect::situation::Situation;
use crate::model::{Network, Surroundings};
use crate::registry::{self, Proof};
use crate::report::Report;
use crate::report::failure::Failure;
use crate::report::progress::Progress;
use crate::store::{self, Form, WorkspaceLock};
use crate::vet::Judgment;

/// Restores what can be restored. What remains shows when the workspace is looked at again.
pub fn run(
    surroundings: &Surroundings,
    gate: &Gate,
    verdict: &Verdict,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    if let Some(setting) = verdict.drift.iter().find(|drift| matches!(drift, Drift::Setting { .. })) {
        // Configuration that nobody reviewed says where the sources lie: it must not say what is overwritten.
        report.step("Skipping", format!("the repair, because {setting}"));
        return Ok(());
    }
    let _lock = WorkspaceLock::acquire(&gate.root, "verify --repair", surroundings.clock)?;
    let cargo_home = &surroundings.cargo_home;
    let cache = cargo_home.join("registry").join("cache");
    for drift in &verdict.drift {
        // An archive of a local registry is the user's own file.
        if let Drift::Archive { id, file, .. } = drift
            && file.starts_with(&cache)
            && !locked_otherwise(verdict, id)
        {
            store::remove_file(&cache, file)?;
            report.step("Removing", format!("`{}`: not the archive of `{}`", file.display(), id.short()));
        }
    }
    let drifted = directories(verdict);
    let checkouts = drifted.iter().filter(|(directory, _)| layout(gate, directory) == Some(Layout::Checkout));
    let mut refetch = false;
    for (directory, id) in checkouts {
        store::remove_directory(&cargo_home.join("git").join("checkouts"), directory)?;
        report.step("Removing", format!("the checkout of `{}` in `{}`", id.short(), directory.display()));
        refetch = true;
    }
    if refetch && surroundings.network == Network::Allowed {
        let cargo = CargoCommand::new(surroundings).within(&gate.root);
        // Resolving is enough: cargo reads the manifests of git packages in their checkouts.
        cargo.check_lockfile(&gate.root.join("Cargo.toml"), progress)?;
    }
    let archives = Archives::obtain(surroundings, gate, verdict, progress)?;
    for (directory, id) in drifted {
        let (base, vendored) = match layout(gate, directory) {
            Some(Layout::Registry) => (cargo_home.join("registry").join("src"), false),
            // Only what `cargo vendor` wrote into this repository: anything else may be somebody's work.
            Some(Layout::Directory) if is_vendored_here(gate, directory) => {
                (directory.parent().unwrap_or(directory).to_owned(), true)
            }
            _ => continue,
        };
        match archives.proof(gate, id)? {
            Ok(proof) => {
                let form = if vendored { Form::Vendored(proof.checksum) } else { Form::Registry };
                store::restore(&base, directory, &proof.contents, form)?;
                report.step("Restoring", format!("`{}` in `{}`", id.short(), directory.display()));
            }
            Err(why) => report.step("Skipping", format!("`{}`: {why}", id.short())),
        }
    }
    Ok(())
}

/// Removes what an interrupted repair left beside the packages.
pub fn sweep(gate: &Gate) {
    let places = gate.seen.located.iter().flat_map(|located| &located.directories);
    let restorable = places.filter(|place| matches!(place.layout, Layout::Registry | Layout::Directory));
    for parent in restorable.filter_map(|place| place.directory.parent()).collect::<BTreeSet<_>>() {
        store::sweep_restored(parent);
    }
}

/// The drifted directories with their packages.
fn directories(verdict: &Verdict) -> BTreeMap<&Path, &PackageId> {
    let directories = verdict.drift.iter().filter_map(|drift| match drift {
        Drift::Tree { directory, id, .. } => Some((directory.as_path(), id)),
        _ => None,
    });
    directories.collect()
}

/// Whether pin and lockfile name different archives: then it is not the file that is wrong.
fn locked_otherwise(verdict: &Verdict, id: &PackageId) -> bool {
    verdict.drift.iter().any(|drift| matches!(drift, Drift::Checksum { id: other, .. } if other == id))
}

fn is_vendored_here(gate: &Gate, directory: &Path) -> bool {
    let real = directory.canonicalize();
    real.is_ok_and(|real| real.starts_with(&gate.root)) && directory.join(".cargo-checksum.json").is_file()
}

fn layout(gate: &Gate, directory: &Path) -> Option<Layout> {
    let mut places = gate.seen.located.iter().flat_map(|located| &located.directories);
    places.find(|place| place.directory == directory).map(|place| place.layout)
}

/// The archives of the drifted packages, fetched where they were missing.
struct Archives {
    situation: Situation,
}

impl Archives {
    fn obtain(
        surroundings: &Surroundings,
        gate: &Gate,
        verdict: &Verdict,
        progress: &dyn Progress,
    ) -> Result<Self, Failure> {
        let cargo = CargoCommand::new(surroundings);
        let workspace = Workspace::load(&cargo, Some(&gate.root.join("Cargo.toml")))?;
        let situation = Situation::read(surroundings, workspace)?;
        let drifted = |id: &PackageId| verdict.drift.iter().any(|drift| drift.package() == Some(id));
        let packages = situation.lockfile.packages.iter().enumerate();
        let wanted = packages.filter(|(_, package)| package.checksum.is_some() && drifted(&package.id));
        let wanted = wanted.map(|(at, _)| at).collect::<Vec<_>>();
        // What is missing is fetched on the way, and kept if it is what is pinned; what is refused shows when the proof is
        // asked for.
        let entrants = entrants::prove(
            &situation,
            surroundings.network,
            &wanted,
            &|_, _| Judgment::default(),
            progress,
        )?;
        let is_pinned = |index: usize| {
            let at = wanted.iter().position(|wanted| *wanted == index);
            let entrant = at.and_then(|at| entrants.proven[at].as_ref().ok());
            let pin = gate.seen.manifest.pin_for(&situation.lockfile.packages[index].id);
            let same = |(entrant, pin): (&Entrant, &Pin)| {
                entrant.checksum == pin.checksum && entrant.tree == pin.tree
            };
            entrant.zip(pin).is_some_and(same)
        };
        entrants.settle(is_pinned, progress)?;
        Ok(Self { situation })
    }

    /// The proof of a package, if it is the one that is pinned.
    fn proof(&self, gate: &Gate, id: &PackageId) -> Result<Result<Proof, String>, Failure> {
        let position = self.situation.lockfile.packages.iter().position(|locked| locked.id == *id);
        let (Some(at), Some(source), Some(pin)) = (position, &id.source, gate.seen.manifest.pin_for(id))
        else {
            return Ok(Err("it has no pin".to_owned()));
        };
        let locked = &self.situation.lockfile.packages[at];
        let publishers = Publishers::of(&self.situation.configuration, &self.situation.cargo_home)?;
        let entries = publishers.entries(source, &locked.id.name)?;
        let archives = publishers.archives(&self.situation.lockfile)?.swap_remove(at);
        Ok(match registry::prove(locked, &archives, &entries) {
            Ok(proof) if pin.checksum == Some(proof.checksum) && pin.tree == proof.tree => Ok(proof),
            Ok(_) => Err("its archive is not the pinned one".to_owned()),
            Err(refusals) => {
                Err(refusals.into_iter().map(|refusal| refusal.what).collect::<Vec<_>>().join("; "))
            }
        })
    }
}
