//! Proves pins again from what was published: index = lock = `.crate` = tree, or the commit of a git dependency.

use provenance_build::config::Replacement;
use provenance_build::locate::Located;
use provenance_build::manifest::{Origin, Pin};
use provenance_build::{LockedPackage, Source, threads};

use crate::collect::gate::Gate;
use crate::git::Databases;
use crate::model::{Evidence, Surroundings};
use crate::registry::{self, Entries, Index, Proof, proof};
use crate::report::progress::Progress;

/// What came of proving one pin.
#[derive(Debug)]
pub enum Proven {
    /// It is not what was published: each difference, a lowercase fragment.
    Otherwise(Vec<String>),
    /// It could not be looked up, and why.
    Unknown(String),
    /// It is what was published.
    Yes,
}

/// Proves every pin that `Cargo.lock` uses, on all processors. Path packages were published nowhere: their trees are
/// all there is, and they are left out.
pub fn prove_pins<'g>(
    surroundings: &Surroundings,
    gate: &'g Gate,
    progress: &dyn Progress,
) -> Result<Vec<(&'g Pin, Proven)>, provenance_build::Error> {
    let mut wanted = Vec::new();
    let packages = gate.seen.observation.lockfile.packages.iter().zip(&gate.seen.located);
    for (locked, located) in packages {
        let pin = gate.seen.manifest.pin_for(&locked.id);
        if let Some((pin, Origin::Source(source))) = pin.map(|pin| (pin, &pin.origin)) {
            wanted.push((pin, source, locked, located));
        }
    }
    let index = Index::open(&surroundings.cargo_home);
    let databases = Databases::of(&surroundings.cargo_home);
    progress.begin("Proving", wanted.len());
    let proven = threads::map(&wanted, |(pin, source, locked, located)| {
        let proven = if source.is_git() {
            Ok(match &databases {
                Ok(databases) => commit(pin, source, databases),
                Err(fault) => Proven::Unknown(fault.to_string()),
            })
        } else {
            entries(gate, &index, source, locked).map(|entries| published(pin, locked, located, &entries))
        };
        progress.tick();
        proven
    });
    progress.end();
    wanted.into_iter().zip(proven).map(|((pin, ..), proven)| Ok((pin, proven?))).collect()
}

/// What the index in force for `source` says about a package.
pub fn entries(
    gate: &Gate,
    index: &Index,
    source: &Source,
    locked: &LockedPackage,
) -> Result<Evidence<Entries>, provenance_build::Error> {
    let name = &locked.id.name;
    for view in &gate.seen.configuration.views {
        match view.replacement(source)? {
            Replacement::Url(url) => return Ok(index.entries_at(&url, name)),
            Replacement::LocalRegistry(directory) => {
                return Ok(registry::index::local_entries(&directory, name));
            }
            // A vendored package is still proven by the registry that published it.
            Replacement::None | Replacement::Directory(_) => {}
        }
    }
    Ok(index.entries(source, name))
}

fn published(pin: &Pin, locked: &LockedPackage, located: &Located, entries: &Evidence<Entries>) -> Proven {
    match registry::prove(locked, &located.archives, entries) {
        Ok(proof) => compare(pin, &proof),
        Err(refusals) => {
            let wrong = refusals.iter().filter(|refusal| refusal.verdict == proof::Verdict::Refused);
            let wrong = wrong.map(|refusal| refusal.what.clone()).collect::<Vec<_>>();
            if wrong.is_empty() {
                let why = refusals.iter().map(|refusal| refusal.what.as_str()).collect::<Vec<_>>();
                Proven::Unknown(why.join("; "))
            } else {
                Proven::Otherwise(wrong)
            }
        }
    }
}

fn compare(pin: &Pin, proof: &Proof) -> Proven {
    let mut differences = Vec::new();
    if pin.checksum != Some(proof.checksum) {
        differences.push(format!("published with {}", proof.checksum));
    }
    if pin.tree != proof.tree {
        differences.push(format!("pinned {}, the published archive unpacks to {}", pin.tree, proof.tree));
    }
    if pin.vendor_tree != proof.vendor_tree {
        differences
            .push("the `vendor-tree` is not what `cargo vendor` leaves of the published archive".to_owned());
    }
    if pin.build_time != proof.build_time {
        differences.push("`build-time` does not tell which of its code runs while others compile".to_owned());
    }
    if !differences.is_empty() {
        return Proven::Otherwise(differences);
    }
    match &proof.index {
        Evidence::Known(_) => Proven::Yes,
        Evidence::Absent => Proven::Otherwise(vec!["its registry does not list it".to_owned()]),
        Evidence::Unavailable(why) => Proven::Unknown(why.clone()),
    }
}

fn commit(pin: &Pin, source: &Source, databases: &Databases) -> Proven {
    let Some(commit) = source.commit() else {
        return Proven::Unknown("its source names no commit".to_owned());
    };
    match databases.commit_tree(commit) {
        Ok(tree) if tree.digest() == pin.tree => Proven::Yes,
        Ok(tree) => {
            Proven::Otherwise(vec![format!("pinned {}, commit {commit} holds {}", pin.tree, tree.digest())])
        }
        Err(fault) => Proven::Unknown(fault.to_string()),
    }
}
