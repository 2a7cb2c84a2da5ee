//! `verify --repair`: puts drifted sources back from archives that prove their pins.
//!
//! Only what can be downloaded again is touched: unpacked registry packages, cached archives, vendored packages and git
//! checkouts. Configuration, lockfile and first-party packages are the user's to mend.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provenance_build::tree::Layout;
use provenance_build::{Drift, PackageId, Verdict};

use crate::cargo::{CargoCommand, Lock};
use crate::collect::gate::Gate;
use crate::collect::proofs;
use crate::model::Surroundings;
use crate::registry::{self, Index, Proof};
use crate::report::Report;
use crate::report::progress::Progress;
use crate::store::{self, Form, WorkspaceLock};

use super::Error;

/// Restores what can be restored. What remains shows when the workspace is looked at again.
pub fn run(
    surroundings: &Surroundings,
    gate: &Gate,
    verdict: &Verdict,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let _lock = WorkspaceLock::acquire(&gate.root, "verify --repair", surroundings.clock)?;
    let cargo_home = &surroundings.cargo_home;
    let mut missing = false;
    for drift in &verdict.drift {
        if let Drift::Archive { id, file, .. } = drift {
            store::remove_file(file)?;
            report.step("Removing", format!("`{}`: not the archive of `{}`", file.display(), id.short()));
            missing = true;
        }
    }
    let drifted = directories(verdict);
    for (directory, id) in &drifted {
        if layout(gate, directory) == Some(Layout::Checkout) {
            store::remove_directory(&cargo_home.join("git/checkouts"), directory)?;
            report.step("Removing", format!("the checkout of `{}` in `{}`", id.short(), directory.display()));
            missing = true;
        }
    }
    let needed = drifted.values().any(|id| archives(gate, id).iter().all(|archive| !archive.is_file()));
    if missing || needed {
        let cargo = CargoCommand::new(surroundings).within(&gate.root);
        cargo.fetch(&gate.root.join("Cargo.toml"), Lock::Keep, progress)?;
    }
    let index = Index::open(cargo_home);
    for (directory, id) in drifted {
        let (base, vendored) = match layout(gate, directory) {
            Some(Layout::Registry) => (cargo_home.join("registry/src"), false),
            Some(Layout::Directory) => (directory.parent().unwrap_or(directory).to_owned(), true),
            _ => continue,
        };
        match proof(gate, &index, id)? {
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

/// The drifted directories with their packages.
fn directories(verdict: &Verdict) -> BTreeMap<&Path, &PackageId> {
    let directory = |drift| match drift {
        &Drift::Tree { ref directory, ref id, .. } | &Drift::Unacceptable { ref directory, ref id, .. } => {
            Some((directory.as_path(), id))
        }
        _ => None,
    };
    verdict.drift.iter().filter_map(directory).collect()
}

fn layout(gate: &Gate, directory: &Path) -> Option<Layout> {
    let mut places = gate.seen.located.iter().flat_map(|located| &located.directories);
    places.find(|place| place.directory == directory).map(|place| place.layout)
}

fn archives<'g>(gate: &'g Gate, id: &PackageId) -> &'g [PathBuf] {
    let position = gate.seen.observation.lockfile.packages.iter().position(|locked| locked.id == *id);
    position.map_or(&[], |at| &gate.seen.located[at].archives)
}

/// The proof of a package, if it is the one that is pinned.
fn proof(gate: &Gate, index: &Index, id: &PackageId) -> Result<Result<Proof, String>, Error> {
    let locked = gate.seen.observation.lockfile.packages.iter().find(|locked| locked.id == *id);
    let (Some(locked), Some(source), Some(pin)) = (locked, &id.source, gate.seen.manifest.pin_for(id)) else {
        return Ok(Err("it has no pin".to_owned()));
    };
    let entries = proofs::entries(gate, index, source, locked)?;
    Ok(match registry::prove(locked, archives(gate, id), &entries) {
        Ok(proof) if pin.checksum == Some(proof.checksum) && pin.tree == proof.tree => Ok(proof),
        Ok(_) => Err("its archive is not the pinned one".to_owned()),
        Err(refusals) => Err(refusals.into_iter().map(|refusal| refusal.what).collect::<Vec<_>>().join("; ")),
    })
}
