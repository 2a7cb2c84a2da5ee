//! What the entries of a store prove about the packages of a tree.
//!
//! For each package that is not one's own: what is required of it (`demand`), which entries speak of its crate (`ground`), and
//! a chain of them from nothing to its version for each criterion that is required (`search`).

mod chain;
mod demand;
mod faults;
mod ground;
mod search;
mod strict;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::ground::Ground;
pub use chain::{Against, AuditRef, Conflict, Link};
pub use demand::{Cause, Demand, Derivation, derivation};
pub use faults::{KNOWN_VERSION, furthest_end, policy_faults};
use search::StandIns;
pub use strict::{Circumstances, Strict, Void, Why};

use super::{AuditError, Criteria, CriteriaSet, Origin, Store, Tree, TreePackage, VetVersion};
use crate::model::Date;

/// By whose rules a store is judged.
#[derive(Clone, Copy, Debug)]
pub enum Mode<'m> {
    /// By this tool's: whatever cargo-vet refuses is refused, and what it overlooks too.
    Strict(&'m Strict),
    /// As `cargo vet --locked` of version 0.10 does it.
    VetCompatible,
}

/// What a store proves.
#[derive(Clone, Debug)]
pub struct Verdicts {
    /// The criteria that sets of the verdicts are of.
    pub criteria: Criteria,
    /// One for each package of the tree, by its index.
    pub packages: Vec<Verdict>,
    /// Entries that do not count, by crate; only strict judgment has them.
    pub voids: BTreeMap<String, Vec<Void>>,
}

/// What is proven of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is one's own: nobody has to review it.
    Own,
    /// All that is required is proven, or nothing is required.
    Proven {
        /// How far it was really looked at.
        grade: Grade,
        /// A chain of entries for each criterion that is required, from the version back to nothing.
        chains: BTreeMap<usize, Vec<Link>>,
    },
    /// It comes from elsewhere than crates.io and the policy does not say what it is; only strict judgment asks.
    Undeclared,
    /// Something that is required has no proof.
    Unproven {
        /// What is missing.
        missing: CriteriaSet,
        /// Where the chains end.
        gap: Gap,
    },
    /// Entries contradict each other, or the version is one that must not be used.
    Violated(Vec<Conflict>),
}

/// How far a package was really looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// Something that is required stands on exemptions alone.
    Exempted,
    /// Without an exemption.
    Fully,
    /// An exemption and reviews together.
    Partially,
}

/// Between which versions a review is missing: one from any of `known`, or of everything, to any of `wanted`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// Versions that have all the missing criteria.
    pub known: BTreeSet<VetVersion>,
    /// Versions that the package's own would have them from.
    pub wanted: BTreeSet<VetVersion>,
}

/// What comes out for the whole tree: the worst of all packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conclusion {
    /// Everything that is required is proven.
    Proven,
    /// Something is not.
    Unproven,
    /// Entries contradict each other.
    Violated,
}

impl Verdicts {
    /// The worst of all packages.
    pub fn conclusion(&self) -> Conclusion {
        let conclusions = self.packages.iter().map(|verdict| match verdict {
            Verdict::Own | Verdict::Proven { .. } => Conclusion::Proven,
            Verdict::Undeclared | Verdict::Unproven { .. } => Conclusion::Unproven,
            Verdict::Violated(_) => Conclusion::Violated,
        });
        conclusions.max().unwrap_or(Conclusion::Proven)
    }
}

/// Judges the packages of a tree by a store, or says what is wrong with the store.
pub fn resolve(store: &Store, tree: &Tree, today: Date, mode: Mode<'_>) -> Result<Verdicts, Vec<AuditError>> {
    let criteria = faults::check(store, tree, today, mode)?;
    let unknown = |name: String| vec![faults::unknown_criterion(store, &name)];
    let demands = demand::demands(tree, &store.config, &criteria).map_err(unknown)?;
    let mut grounds: BTreeMap<&str, Ground<'_>> = BTreeMap::new();
    let mut packages = vec![];
    for (package, demand) in tree.packages.iter().zip(demands) {
        if let Some(verdict) = unjudged(store, package, mode) {
            packages.push(verdict);
            continue;
        }
        let ground = match grounds.entry(&package.name) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(open) => {
                open.insert(Ground::of(store, &criteria, &package.name, today, mode).map_err(unknown)?)
            }
        };
        packages.push(judge(ground, package, demand.criteria, mode, stand_ins(store, package, mode)));
    }
    let voids = grounds.into_iter().filter(|(_, ground)| !ground.voids.is_empty());
    let voids = voids.map(|(name, ground)| (name.to_owned(), ground.voids)).collect();
    Ok(Verdicts { criteria, packages, voids })
}

// What is said of a package that nobody has to review; nothing for one that somebody has to.
fn unjudged(store: &Store, package: &TreePackage, mode: Mode<'_>) -> Option<Verdict> {
    match (audited_as_crates_io(store, package), package.origin, mode) {
        (Some(true), _, _) | (_, Origin::CratesIo, _) => None,
        (Some(false), _, _) | (None, _, Mode::VetCompatible) => Some(Verdict::Own),
        // A review of a commit is of these very bytes, so git needs no declaration to be proven by one.
        (None, Origin::Git, Mode::Strict(_)) => None,
        (None, Origin::Path, Mode::Strict(strict))
            if strict.is_own(package) && !store.speaks_of(&package.name) =>
        {
            Some(Verdict::Own)
        }
        (None, _, Mode::Strict(_)) => Some(Verdict::Undeclared),
    }
}

fn audited_as_crates_io(store: &Store, package: &TreePackage) -> Option<bool> {
    store.config.policy(&package.name, &package.version)?.audit_as_crates_io
}

// A published version stands for one that is not where somebody declared so; cargo-vet does not look whether anybody did.
fn stand_ins(store: &Store, package: &TreePackage, mode: Mode<'_>) -> StandIns {
    let is_declared =
        package.origin != Origin::CratesIo && audited_as_crates_io(store, package) == Some(true);
    match mode {
        Mode::Strict(_) if !is_declared => StandIns::Void,
        Mode::Strict(_) | Mode::VetCompatible => StandIns::Count,
    }
}

fn judge(
    ground: &Ground<'_>,
    package: &TreePackage,
    demand: CriteriaSet,
    mode: Mode<'_>,
    stand_ins: StandIns,
) -> Verdict {
    let mut conflicts = ground.conflicts.clone();
    if matches!(mode, Mode::Strict(_)) {
        conflicts.extend(ground.bans_of(&package.version, demand));
    }
    if !conflicts.is_empty() {
        return Verdict::Violated(conflicts);
    }
    let mut chains = BTreeMap::new();
    let mut missing = CriteriaSet::default();
    let mut gap: Option<Gap> = None;
    for criterion in demand.indices() {
        match ground.chain(&package.version, criterion, stand_ins) {
            Ok(chain) => {
                chains.insert(criterion, chain);
            }
            Err(open) => {
                missing = missing.with(criterion);
                gap = Some(gap.map_or_else(|| open.clone(), |gap| gap.shared(&open)));
            }
        }
    }
    match gap {
        Some(gap) => Verdict::Unproven { missing, gap },
        None => Verdict::Proven { grade: grade(chains.values()), chains },
    }
}

fn grade<'c>(chains: impl Iterator<Item = &'c Vec<Link>>) -> Grade {
    let (mut needed, mut alone) = (false, false);
    for chain in chains {
        needed |= chain.iter().any(|link| matches!(link, Link::Exemption { .. }));
        alone |= chain.iter().all(|link| matches!(link, Link::Exemption { .. } | Link::Unpublished { .. }));
    }
    match (needed, alone) {
        (false, _) => Grade::Fully,
        (true, true) => Grade::Exempted,
        (true, false) => Grade::Partially,
    }
}

impl Gap {
    fn shared(&self, other: &Self) -> Self {
        Self {
            known: self.known.intersection(&other.known).cloned().collect(),
            wanted: self.wanted.intersection(&other.wanted).cloned().collect(),
        }
    }
}

impl Store {
    /// Whether an entry names the crate, so that it is known to crates.io or was once taken from there: cargo-vet asks
    /// for a declaration of a package of such a name, but only when it may use the network.
    pub fn speaks_of(&self, krate: &str) -> bool {
        let sets = [&self.audits].into_iter().chain(self.imports.sets.values());
        let mut sets = sets.map(|set| {
            set.audits.contains_key(krate)
                || set.wildcards.contains_key(krate)
                || set.trusted.contains_key(krate)
        });
        sets.any(|named| named) || self.config.exemptions.contains_key(krate)
    }
}
