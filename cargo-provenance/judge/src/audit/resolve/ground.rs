//! Everything that a store says about one crate: a graph of versions whose edges are entries, and what is banned.

use std::collections::BTreeSet;

use super::{Against, AuditRef, Conflict, Link, Mode, Void, Why};
use crate::audit::{
    Audit, AuditKind, Criteria, CriteriaSet, Publication, Publisher, Requirement, Set, Store, VetVersion,
};
use crate::model::Date;

/// The versions of a crate that entries speak of, and how they are connected.
pub(super) struct Ground<'s> {
    // The nodes after the first, which is nothing at all: where full reviews begin.
    pub(super) versions: Vec<&'s VetVersion>,
    pub(super) edges: Vec<Edge>,
    // The edges that lead to a node, and from it.
    pub(super) into: Vec<Vec<usize>>,
    pub(super) out: Vec<Vec<usize>>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) voids: Vec<Void>,
    bans: Vec<Ban<'s>>,
}

pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) criteria: CriteriaSet,
    pub(super) link: Link,
}

/// A violation, or what could not be read of one.
struct Ban<'s> {
    violation: Option<AuditRef>,
    versions: Option<&'s Requirement>,
    // What no version in it meets.
    criteria: CriteriaSet,
}

/// An entry that may become an edge, once all versions are known.
struct Found<'s> {
    from: Option<&'s VetVersion>,
    to: &'s VetVersion,
    criteria: CriteriaSet,
    link: Link,
}

impl<'s> Ground<'s> {
    /// What a store says about a crate; the first name that is no criterion where there is one.
    pub(super) fn of(
        store: &'s Store,
        criteria: &Criteria,
        krate: &str,
        today: Date,
        mode: Mode<'_>,
    ) -> Result<Self, String> {
        let speaking = Speaking { store, criteria, krate, today, mode };
        let audits = speaking.audits()?;
        let (mut found, mut voids) = (vec![], vec![]);
        for (reference, audit, criteria) in &audits {
            let link = match *reference {
                AuditRef { set: None, entry } => Link::Audit { entry, is_importable: audit.importable },
                AuditRef { set: Some(set), entry } => Link::Imported { set, entry },
            };
            let (from, to) = match &audit.kind {
                AuditKind::Full(version) => (None, version),
                AuditKind::Delta { from, to } => (Some(from), to),
                AuditKind::Violation(_) => continue,
            };
            found.push(Found { from, to, criteria: *criteria, link });
        }
        speaking.publishers(&mut found, &mut voids)?;
        for (entry, unpublished) in listed(&store.imports.unpublished, krate).enumerate() {
            let (from, to) = (Some(&unpublished.audited_as), &unpublished.version);
            found.push(Found { from, to, criteria: criteria.all(), link: Link::Unpublished { entry } });
        }
        for (entry, exemption) in listed(&store.config.exemptions, krate).enumerate() {
            let link = Link::Exemption { entry };
            let set = speaking.set(&exemption.criteria)?;
            found.push(Found { from: None, to: &exemption.version, criteria: set, link });
        }
        let conflicts = speaking.conflicts(&audits)?;
        let bans = match mode {
            Mode::Strict(_) => speaking.bans(&audits)?,
            Mode::VetCompatible => vec![],
        };
        Ok(Self::connected(found, conflicts, voids, bans))
    }

    fn connected(
        found: Vec<Found<'s>>,
        conflicts: Vec<Conflict>,
        voids: Vec<Void>,
        bans: Vec<Ban<'s>>,
    ) -> Self {
        let versions = found.iter().flat_map(|edge| edge.from.into_iter().chain([edge.to]));
        let versions = versions.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        let empty = vec![vec![]; versions.len() + 1];
        let mut ground =
            Self { versions, edges: vec![], into: empty.clone(), out: empty, conflicts, voids, bans };
        let banned = ground.versions.iter().map(|version| ground.banned(version)).collect::<Vec<_>>();
        let banned = [CriteriaSet::default()].into_iter().chain(banned).collect::<Vec<_>>();
        for Found { from, to: version, criteria, link } in found {
            let (from, to) = (from.map_or(0, |from| ground.node(from)), ground.node(version));
            let left = criteria.without(banned[from].union(banned[to]));
            if left.is_empty() && !criteria.is_empty() {
                ground.voids.push(Void { link, version: version.clone(), why: Why::Banned });
                continue;
            }
            ground.into[to].push(ground.edges.len());
            ground.out[from].push(ground.edges.len());
            ground.edges.push(Edge { from, to, criteria: left, link });
        }
        ground
    }

    /// The node of a version; one past the last where no entry speaks of it.
    pub(super) fn node(&self, version: &VetVersion) -> usize {
        self.versions.binary_search(&version).map_or(self.versions.len() + 1, |index| index + 1)
    }

    /// The violations that forbid a version where this is required of it.
    pub(super) fn bans_of(&self, version: &VetVersion, demand: CriteriaSet) -> Vec<Conflict> {
        let bans = self
            .bans
            .iter()
            .filter(|ban| ban.concerns(version) && !demand.without(demand.without(ban.criteria)).is_empty());
        bans.map(|ban| Conflict { violation: ban.violation, against: Against::Version }).collect()
    }

    fn banned(&self, version: &VetVersion) -> CriteriaSet {
        let bans = self.bans.iter().filter(|ban| ban.concerns(version));
        bans.fold(CriteriaSet::default(), |all, ban| all.union(ban.criteria))
    }
}

impl Ban<'_> {
    fn concerns(&self, version: &VetVersion) -> bool {
        self.versions.is_none_or(|versions| versions.concerns(version))
    }
}

type Read<'s> = (AuditRef, &'s Audit, CriteriaSet);

/// Who reads which entries, for the time of one crate.
struct Speaking<'a, 's> {
    store: &'s Store,
    criteria: &'a Criteria,
    krate: &'a str,
    today: Date,
    mode: Mode<'a>,
}

impl<'s> Speaking<'_, 's> {
    fn set(&self, names: &[String]) -> Result<CriteriaSet, String> {
        self.criteria.set(names).map_err(str::to_owned)
    }

    // Those of others by name, then one's own.
    fn sets(&self) -> impl Iterator<Item = (Option<usize>, Option<&'s String>, &'s Set)> + use<'s> {
        let imported = self.store.imports.sets.iter().enumerate();
        let imported = imported.map(|(index, (name, set))| (Some(index), Some(name), set));
        imported.chain([(None, None, &self.store.audits)])
    }

    fn audits(&self) -> Result<Vec<Read<'s>>, String> {
        let mut audits = vec![];
        for (index, _, set) in self.sets() {
            for (entry, audit) in listed(&set.audits, self.krate).enumerate() {
                audits.push((AuditRef { set: index, entry }, audit, self.set(&audit.criteria)?));
            }
        }
        Ok(audits)
    }

    /// What publishers are trusted with, and what is not believed of it.
    fn publishers(&self, found: &mut Vec<Found<'s>>, voids: &mut Vec<Void>) -> Result<(), String> {
        let mut windows = vec![];
        for (set, name, entries) in self.sets() {
            for (entry, wildcard) in listed(&entries.wildcards, self.krate).enumerate() {
                let window = Window(&wildcard.publisher, wildcard.start, wildcard.end);
                let whose = Whose::Wildcard(set, entry);
                windows.push((whose, window, self.doubted(window, name), &wildcard.criteria));
            }
        }
        for (entry, trust) in listed(&self.store.audits.trusted, self.krate).enumerate() {
            let window = Window(&trust.publisher, trust.start, trust.end);
            windows.push((Whose::Trusted(entry), window, self.doubted(window, None), &trust.criteria));
        }
        for (publication, published) in listed(&self.store.imports.publications, self.krate).enumerate() {
            // Of entries that say the same only the first counts: there may be thousands for each of thousands.
            let mut said: Vec<(Option<Why>, CriteriaSet, Link)> = vec![];
            let unsure = self.unsure(published);
            for (whose, _, doubt, names) in windows.iter().filter(|(_, window, ..)| window.has(published)) {
                let (why, criteria) = (doubt.or(unsure), self.set(names)?);
                let link = whose.link(publication);
                match said.iter_mut().find(|(known, same, _)| (*known, *same) == (why, criteria)) {
                    Some((_, _, first)) => *first = link.min(first.clone()),
                    None => said.push((why, criteria, link)),
                }
            }
            let version = &published.version;
            for (why, criteria, link) in said {
                match why {
                    None => found.push(Found { from: None, to: version, criteria, link }),
                    Some(why) => voids.push(Void { link, version: version.clone(), why }),
                }
            }
        }
        Ok(())
    }

    // Why an entry about a publisher does not count, whatever was published.
    fn doubted(&self, window: Window<'_>, set: Option<&String>) -> Option<Why> {
        if matches!(self.mode, Mode::VetCompatible) {
            return None;
        }
        let import = set.and_then(|name| self.store.config.imports.get(name));
        if import.is_some_and(|import| import.exclude.iter().any(|name| name == self.krate)) {
            return Some(Why::Excluded);
        }
        (window.2 > super::faults::furthest_end(self.today)).then_some(Why::EndsTooLate)
    }

    // Why the name of a publisher says nothing for a publication.
    fn unsure(&self, publication: &Publication) -> Option<Why> {
        let Mode::Strict(strict) = self.mode else { return None };
        strict.doubt(self.krate, &publication.version, self.today.days_since(publication.when))
    }

    // What cargo-vet calls so: entries that certify what a violation denies, of versions that it is about.
    fn conflicts(&self, audits: &[Read<'s>]) -> Result<Vec<Conflict>, String> {
        let mut conflicts = vec![];
        for (reference, audit, _) in audits {
            let AuditKind::Violation(versions) = &audit.kind else { continue };
            let matches = |version: &VetVersion| match self.mode {
                Mode::Strict(_) => versions.concerns(version),
                Mode::VetCompatible => versions.matches(version),
            };
            let denied = self.each(&audit.criteria)?;
            let denies = |certified: CriteriaSet| denied.iter().any(|one| certified.contains(*one));
            let mut against = |against: Against| {
                conflicts.push(Conflict { violation: Some(*reference), against });
            };
            for (entry, exemption) in listed(&self.store.config.exemptions, self.krate).enumerate() {
                if denies(self.set(&exemption.criteria)?) && matches(&exemption.version) {
                    against(Against::Exemption(entry));
                }
            }
            for (other, audit, _) in audits.iter().filter(|(_, _, certified)| denies(*certified)) {
                let is_concerned = match &audit.kind {
                    AuditKind::Full(version) => matches(version),
                    AuditKind::Delta { from, to } => matches(from) || matches(to),
                    AuditKind::Violation(_) => false,
                };
                if is_concerned {
                    against(Against::Audit(*other));
                }
            }
        }
        Ok(conflicts)
    }

    fn bans(&self, audits: &[Read<'s>]) -> Result<Vec<Ban<'s>>, String> {
        let mut bans = vec![];
        for (reference, audit, _) in audits {
            let AuditKind::Violation(versions) = &audit.kind else { continue };
            let denied = self.each(&audit.criteria)?;
            let criteria = (0..self.criteria.count())
                .filter(|index| denied.iter().any(|one| self.criteria.implied(*index).contains(*one)))
                .fold(CriteriaSet::default(), CriteriaSet::with);
            bans.push(Ban { violation: Some(*reference), versions: Some(versions), criteria });
        }
        let everything = (0..self.criteria.count()).fold(CriteriaSet::default(), CriteriaSet::with);
        for bar in self.sets().flat_map(|(_, _, set)| &set.bars).filter(|bar| bar.krate == self.krate) {
            bans.push(Ban { violation: None, versions: bar.versions.as_ref(), criteria: everything });
        }
        Ok(bans)
    }

    // Each name by itself: a violation of two criteria is one of either.
    fn each(&self, names: &[String]) -> Result<Vec<CriteriaSet>, String> {
        names.iter().map(|name| self.set(std::slice::from_ref(name))).collect()
    }
}

/// Whose publications count, from a day on, until another that does not.
#[derive(Clone, Copy)]
struct Window<'s>(&'s Publisher, Date, Date);

impl Window<'_> {
    fn has(self, publication: &Publication) -> bool {
        *self.0 == publication.publisher && self.1 <= publication.when && publication.when < self.2
    }
}

/// Whose entry about a publisher it is.
enum Whose {
    Trusted(usize),
    Wildcard(Option<usize>, usize),
}

impl Whose {
    fn link(&self, publication: usize) -> Link {
        match *self {
            Self::Trusted(entry) => Link::Trusted { publication, entry },
            Self::Wildcard(set, entry) => Link::Wildcard { set, entry, publication },
        }
    }
}

fn listed<'s, T>(
    all: &'s crate::audit::ByName<Vec<T>>,
    krate: &str,
) -> impl Iterator<Item = &'s T> + use<'s, T> {
    all.get(krate).into_iter().flatten()
}
