//! Proves pins again from what was published: index = lock = `.crate` = tree, or the commit of a git dependency.

use provenance_build::manifest::{Origin, Pin};
use provenance_build::{Manifest, PackageId};

use super::entrants::{self, Entrant};
use super::situation::Situation;
use crate::model::{Evidence, Network};
use crate::registry::Refusal;
use crate::registry::proof::Verdict;
use crate::report::progress::Progress;
use crate::vet::Judgment;

/// What came of proving one pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proven {
    /// It is not what was published: each difference, a lowercase fragment.
    Otherwise(Vec<String>),
    /// It could not be looked up, and why.
    Unknown(String),
    /// It is what was published.
    Yes,
}

/// Proves every pin that the lockfile uses. Path packages were published nowhere: their trees are all there is, and
/// they are left out.
pub fn prove_pins<'m>(
    situation: &Situation,
    manifest: &'m Manifest,
    network: Network,
    progress: &dyn Progress,
) -> Result<Vec<(&'m Pin, Proven)>, entrants::Error> {
    let published =
        |id: &PackageId| manifest.pin_for(id).filter(|pin| matches!(pin.origin, Origin::Source(_)));
    let packages = situation.lockfile.packages.iter().enumerate();
    let (wanted, pins): (Vec<_>, Vec<_>) =
        packages.filter_map(|(at, package)| published(&package.id).map(|pin| (at, pin))).unzip();
    let entrants = entrants::prove(situation, network, &wanted, &|_, _| Judgment::default(), progress)?;
    let proven: Vec<_> =
        pins.into_iter().zip(&entrants.proven).map(|(pin, entrant)| (pin, compare(pin, entrant))).collect();
    let has_passed = |index: usize| {
        let at = wanted.iter().position(|wanted| *wanted == index);
        at.is_some_and(|at| proven[at].1 == Proven::Yes)
    };
    entrants.settle(has_passed, progress)?;
    Ok(proven)
}

/// What came of proving a pin, from what came of proving its package.
pub fn compare(pin: &Pin, entrant: &Result<Entrant, Vec<Refusal>>) -> Proven {
    let entrant = match entrant {
        Ok(entrant) => entrant,
        Err(refusals) => {
            let refused = refusals.iter().filter(|refusal| refusal.verdict == Verdict::Refused);
            let refused = refused.map(|refusal| refusal.what.clone()).collect::<Vec<_>>();
            let all = || refusals.iter().map(|refusal| refusal.what.as_str()).collect::<Vec<_>>().join("; ");
            return if refused.is_empty() { Proven::Unknown(all()) } else { Proven::Otherwise(refused) };
        }
    };
    let mut differences = Vec::new();
    if let (Some(published), true) = (entrant.checksum, pin.checksum != entrant.checksum) {
        differences.push(format!("its registry published {published}"));
    }
    if pin.tree != entrant.tree {
        differences.push(format!("pinned {}, what was published has {}", pin.tree, entrant.tree));
    }
    // The vendored form of a git package is known only where it is vendored.
    if (entrant.checksum.is_some() || entrant.vendor_tree.is_some()) && pin.vendor_tree != entrant.vendor_tree
    {
        differences.push("`vendor-tree` is not what `cargo vendor` leaves of what was published".to_owned());
    }
    if pin.build_time != entrant.build_time {
        differences.push("`build-time` does not tell which of its code runs while others compile".to_owned());
    }
    match &entrant.releases {
        _ if !differences.is_empty() => Proven::Otherwise(differences),
        Evidence::Unavailable(why) => Proven::Unknown(why.clone()),
        Evidence::Known(_) | Evidence::Absent => Proven::Yes,
    }
}
