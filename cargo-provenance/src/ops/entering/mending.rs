//! Mending: what an advisory speaks against is moved to the nearest version that passes.
//!
//! The nearest one, because it brings the least that nobody has seen; `update` is there for those who want the newest. Cargo
//! resolves within bounds that leave a package just the version that is tried, so that everything else stays as it is locked
//! as far as it can. Where whoever pulls the package in asks for the old one, that is moved too, as little as will do. Nothing
//! goes back to an older version, and what was merely yanked is left where it is.

use std::collections::BTreeSet;

use provenance_build::manifest::Pin;
use provenance_build::{LockedPackage, PackageId, PackageName, Version};

use super::super::limiting::change::Change;
use super::super::limiting::{Entering, Holding, Limits, Line, ROUNDS, Resolver, line};
use super::super::vetting::{Vetted, Vetting};
use super::Error;
use super::attempt::{Attempt, Resolved};
use super::holding::{Judged, Trial, judge};
use crate::advisory::{Coverage, coverage};
use crate::cargo::{Bound, Files};
use crate::collect::records::{Circumstances, Record};
use crate::finding::{Finding, Weight};
use crate::vet::waiver::{Accept, Waived};
use crate::vet::{Open, Way};

/// Resolutions that are tried for one package: more releases than anybody makes of a fix.
const TRIES: usize = 32;

/// What is to be mended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Packages, by name or by name and version; all where there are none.
    pub packages: Vec<(PackageName, Option<Version>)>,
}

/// What came of it, besides what enters, all of which passes.
pub(super) struct Mended {
    /// What was moved.
    pub(super) moved: Vec<Moved>,
    /// What stays as it is.
    pub(super) left: Vec<Left>,
    /// What could not be decided.
    pub(super) open: Vec<Open>,
    /// How many packages were looked at.
    pub(super) looked_at: usize,
    /// Packages that no database speaks of, and why.
    pub(super) uncovered: Vec<String>,
}

/// A package that is no longer locked in the version that had to go.
pub(super) struct Moved {
    pub(super) from: PackageId,
    /// The version in its place; `None` where nothing needs it any more.
    pub(super) to: Option<Version>,
    /// The advisories.
    pub(super) ids: Vec<String>,
}

/// A package that has to go and stays.
pub(super) struct Left {
    pub(super) ailing: Ailing,
    pub(super) why: Why,
}

/// A package that an advisory speaks against.
pub(super) struct Ailing {
    pub(super) package: LockedPackage,
    record: Record,
    /// What `check` says of it.
    pub(super) standing: Vec<Finding>,
    /// What people live with.
    pub(super) waived: Vec<Waived>,
}

/// Why a package stays.
#[derive(Default)]
pub(super) struct Why {
    /// The nearest release that would mend it and does not pass.
    pub(super) refused: Option<Refused>,
    /// The nearest release that mends it and passes, and that cargo cannot lock.
    pub(super) held: Option<Version>,
    /// Who pulls it in and is no member.
    pub(super) holders: Vec<PackageId>,
    /// The nearest release that mends it and passes, and that cargo does not take for this one.
    pub(super) beyond: Option<Version>,
    /// Whether any release mends it.
    pub(super) is_mendable: bool,
    open: Vec<Open>,
}

/// A release that does not pass.
pub(super) struct Refused {
    pub(super) version: Version,
    /// What speaks against it, or against what it brings in.
    pub(super) findings: Vec<Finding>,
    /// The packages that these are about.
    pub(super) packages: Vec<LockedPackage>,
}

/// What came of a resolution.
enum Tried {
    /// Cargo finds no versions that go together.
    Impossible,
    Open(Vec<Open>),
    Passed,
    /// What speaks against what would enter.
    Refused(Vec<Finding>, Vec<LockedPackage>),
}

/// Moves what is wanted, as far as that passes.
pub(super) fn mend(
    attempt: &Attempt<'_>,
    vetting: &Vetting<'_>,
    wanted: &Wanted,
    accepts: &[Accept],
) -> Result<(Trial, Mended), Error> {
    attempt.shadow.reset()?;
    let change = attempt.resolved()?.change;
    let mut search = Search {
        attempt,
        vetting,
        accepts,
        limits: Limits::default(),
        files: attempt.shadow.snapshot()?,
        change,
        along: vec![],
        tries: 0,
    };
    let Found { ailing, mut open, looked_at, uncovered } = search.find(wanted)?;
    let (mut moved, mut left) = (vec![], vec![]);
    for ailing in ailing {
        let why = search.mend(&ailing)?;
        match why {
            None => {
                let to = search.in_place_of(&ailing.package.id);
                moved.push(Moved { ids: ailing.ids().into_iter().collect(), from: ailing.package.id, to });
            }
            Some(mut why) => {
                open.append(&mut why.open);
                left.push(Left { ailing, why });
            }
        }
    }
    let resolved = attempt.resolved()?;
    let Judged { entering, entrants, unused } = judge(attempt, vetting, &resolved.change, accepts)?;
    let trial = Trial { said: vec![], resolved, entering, entrants, held: vec![], unused };
    Ok((trial, Mended { moved, left, open, looked_at, uncovered }))
}

/// The packages that something is to be done about.
struct Found {
    ailing: Vec<Ailing>,
    open: Vec<Open>,
    looked_at: usize,
    uncovered: Vec<String>,
}

/// The search for versions. Whatever it tries, the shadow holds what passed last.
struct Search<'s, 'a> {
    attempt: &'s Attempt<'a>,
    vetting: &'s Vetting<'s>,
    accepts: &'s [Accept],
    /// What cargo is kept to, for everything that was mended so far.
    limits: Limits,
    files: Files,
    change: Change,
    /// What went along with what was mended last, and has nearer versions.
    along: Vec<Along>,
    tries: usize,
}

/// A package that had to move because another one did.
struct Along {
    id: PackageId,
    replaces: Version,
    /// Versions between the two that pass, the nearest first.
    nearer: Vec<Version>,
}

impl Ailing {
    /// The advisories that speak against it.
    pub(super) fn ids(&self) -> BTreeSet<String> {
        let findings = self.standing.iter().chain(self.waived.iter().map(|waived| &waived.finding));
        findings.filter_map(|finding| finding.subject.clone()).collect()
    }

    /// Whether a release is not concerned by what speaks against this one.
    fn is_mended_by(&self, findings: &[Finding]) -> bool {
        let ids = self.ids();
        !findings.iter().any(|finding| {
            is_grave(finding) && finding.subject.as_ref().is_some_and(|subject| ids.contains(subject))
        })
    }
}

/// Whether a finding is about something that another version can mend.
fn is_grave(finding: &Finding) -> bool {
    matches!(finding.id, "malicious" | "unsound" | "vulnerability")
}

impl Search<'_, '_> {
    /// Looks for what an advisory speaks against: what is vulnerable or malicious, whatever people said to that, and what is
    /// unsound where `check` refuses it or the package was named.
    fn find(&self, wanted: &Wanted) -> Result<Found, Error> {
        let locked = &self.change.lockfile.packages;
        let is_named = |id: &PackageId| {
            let named = |(name, version): &(PackageName, Option<Version>)| {
                *name == id.name && version.as_ref().is_none_or(|version| *version == id.version)
            };
            wanted.packages.iter().any(named)
        };
        if let Some((name, version)) = wanted.packages.iter().find(|(name, version)| {
            let meant =
                |id: &PackageId| id.name == *name && version.as_ref().is_none_or(|it| *it == id.version);
            !locked.iter().any(|package| meant(&package.id))
        }) {
            let version = version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
            return Err(Error::NotLocked(format!("{name}{version}")));
        }
        let mut found = Found { ailing: vec![], open: vec![], looked_at: 0, uncovered: vec![] };
        let mut considered = vec![];
        for (index, package) in locked.iter().enumerate() {
            let id = &package.id;
            if self.is_first_party(index) || !(wanted.packages.is_empty() || is_named(id)) {
                continue;
            }
            found.looked_at += 1;
            match coverage(id) {
                Coverage::Covered => considered.push((package, self.circumstances(index))),
                Coverage::NotCovered(why) => found.uncovered.push(format!("{} {why}", id.short())),
            }
        }
        let mut exceptions = self.vetting.exceptions();
        let suspects = considered.into_iter().filter_map(|(package, circumstances)| {
            let pin = self.pin(package);
            let bare = Record::named(&package.id, circumstances.clone());
            let Vetted { judgment, waived, .. } = self.vetting.advised(&bare, pin, &mut exceptions);
            found.open.extend(judgment.open);
            let is_asked = |finding: &Finding| finding.id != "unsound" || is_named(&package.id);
            let mut standing = judgment.findings;
            standing.retain(|it| is_grave(it) && (it.weight != Weight::Note || is_asked(it)));
            let waived = waived.into_iter().filter(|it| is_grave(&it.finding) && is_asked(&it.finding));
            let waived = waived.collect::<Vec<_>>();
            let is_ailing = !(standing.is_empty() && waived.is_empty());
            is_ailing.then_some((package, circumstances, standing, waived))
        });
        let suspects = suspects.collect::<Vec<_>>();
        let packages = suspects.iter().map(|(package, circumstances, ..)| (*package, circumstances.clone()));
        let records =
            self.attempt.look_up_locked(&self.change, &packages.collect::<Vec<_>>(), self.vetting)?;
        let ailing = suspects.into_iter().zip(records).map(|((package, _, standing, waived), record)| {
            Ailing { package: package.clone(), record, standing, waived }
        });
        found.ailing = ailing.collect();
        Ok(found)
    }

    /// Moves a package. Says why it stays, if it does.
    fn mend(&mut self, ailing: &Ailing) -> Result<Option<Why>, Error> {
        if self.index_of(&ailing.package.id).is_none() {
            // It went along with another one.
            return Ok(None);
        }
        self.tries = 0;
        let mut why = Why::default();
        let (newer, beyond) = self.vetting.newer(&ailing.record);
        let passing = self.passing(ailing, newer, &mut why)?;
        for record in &passing {
            match self.within(self.exactly(&record.id))? {
                Tried::Passed => {
                    self.keep_near()?;
                    return Ok(None);
                }
                tried => note(&mut why, record, tried),
            }
        }
        let mut further = Why::default();
        why.beyond = self.passing(ailing, beyond, &mut further)?.first().map(|it| it.id.version.clone());
        why.is_mendable |= further.is_mendable;
        why.holders = self.holders(&ailing.package.id);
        Ok(Some(why))
    }

    /// The releases that mend a package and pass, as far as can be told before anything is fetched.
    fn passing(&self, ailing: &Ailing, releases: Vec<Record>, why: &mut Why) -> Result<Vec<Record>, Error> {
        let mut passing = vec![];
        for record in releases {
            let judgment = self.vetting.before_fetching(&record);
            if !ailing.is_mended_by(&judgment.findings) {
                continue;
            }
            why.is_mendable = true;
            let mut exceptions = self.vetting.exceptions();
            let mut vetted = [self.vetting.settle(judgment, None, &mut exceptions)];
            self.vetting.accept(&mut vetted, self.accepts, self.attempt.surroundings)?;
            let [Vetted { judgment, .. }] = vetted;
            if judgment.admits() {
                passing.push(record);
            } else if judgment.refuses() {
                let findings = judgment.findings.into_iter().filter(|it| it.weight != Weight::Note).collect();
                let version = record.id.version.clone();
                let packages = vec![record.to_locked()];
                why.refused.get_or_insert(Refused { version, findings, packages });
            } else {
                why.open.extend(judgment.open);
            }
        }
        Ok(passing)
    }

    /// Moves what had to go along, such as whoever asked for just the old version, as little as will do: cargo takes the newest.
    fn keep_near(&mut self) -> Result<(), Error> {
        for Along { id, replaces, nearer } in std::mem::take(&mut self.along) {
            let is_done = |now: Version| now == replaces || now != id.version;
            if self.in_place_of(&id).is_none_or(is_done) {
                continue;
            }
            for version in nearer {
                let near = PackageId { version, ..id.clone() };
                if let Tried::Passed = self.within(self.exactly(&near))? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The limits so far, and just this version of a package.
    fn exactly(&self, id: &PackageId) -> Limits {
        let mut limits = self.limits.clone();
        limits.bounds.extend(exact_bound(id));
        limits
    }

    /// Lets cargo resolve within limits, holds back what does not pass of the rest, and keeps what it came to if all of it
    /// passes. Otherwise everything is as it was.
    fn within(&mut self, limits: Limits) -> Result<Tried, Error> {
        self.tries += 1;
        if self.tries > TRIES {
            return Ok(Tried::Impossible);
        }
        let mut holding = Holding::within(limits);
        if self.attempt.limit(&holding.limits, false)?.is_none() {
            return Ok(Tried::Impossible);
        }
        let tried = self.judged(&mut holding)?;
        match tried {
            Ok((change, entering)) => {
                self.along = self.along(&holding.limits, &entering);
                self.limits = holding.limits;
                self.files = self.attempt.shadow.snapshot()?;
                self.change = change;
                Ok(Tried::Passed)
            }
            Err(tried) => {
                self.attempt.shadow.restore(&self.files)?;
                Ok(tried)
            }
        }
    }

    fn judged(&self, holding: &mut Holding) -> Result<Result<(Change, Vec<Entering>), Tried>, Error> {
        let Self { attempt, vetting, accepts, .. } = self;
        for round in 0.. {
            let Resolved { change, .. } = attempt.resolved()?;
            let Judged { entering, entrants, .. } = judge(attempt, vetting, &change, accepts)?;
            // What was fetched for this round is at hand in the next one.
            entrants.into_iter().for_each(|entrants| attempt.keep(entrants));
            let refused = entering.iter().any(|it| it.vetted.judgment.refuses());
            if refused && round < ROUNDS && holding.step(*attempt, vetting, &change, &entering)?.is_some() {
                continue;
            }
            let against = entering.iter().flat_map(against).collect::<Vec<_>>();
            let open = entering.iter().flat_map(|it| it.vetted.judgment.open.clone()).collect::<Vec<_>>();
            return Ok(match (against.is_empty(), open.is_empty()) {
                (false, _) => Err(Tried::Refused(against, change.lockfile.packages)),
                (true, false) => Err(Tried::Open(open)),
                (true, true) => Ok((change, entering)),
            });
        }
        unreachable!("the rounds end")
    }

    /// What moved that nothing keeps where it is.
    fn along(&self, limits: &Limits, entering: &[Entering]) -> Vec<Along> {
        let number = |version: &Version| semver::Version::parse(version.as_str()).ok();
        let along = entering.iter().filter_map(|Entering { entry, record, .. }| {
            let (id, replaces) = (entry.id.clone(), entry.replaces.clone()?);
            let is_free = line(&id).is_some_and(|line| !limits.bounds.contains_key(&line));
            let mut nearer = self.vetting.candidates(record, None);
            nearer.retain(|it| number(it) < number(&id.version) && *it != replaces);
            nearer.reverse();
            (is_free && !nearer.is_empty()).then_some(Along { id, replaces, nearer })
        });
        along.collect()
    }

    /// The version that is locked now in the place of a package, among those that cargo takes for each other.
    fn in_place_of(&self, id: &PackageId) -> Option<Version> {
        let same = |other: &&LockedPackage| line(&other.id) == line(id);
        self.change.lockfile.packages.iter().find(same).map(|package| package.id.version.clone())
    }

    fn index_of(&self, id: &PackageId) -> Option<usize> {
        self.change.lockfile.packages.iter().position(|package| package.id == *id)
    }

    fn is_first_party(&self, index: usize) -> bool {
        self.change.lockfile.packages[index].id.source.is_none()
    }

    fn circumstances(&self, index: usize) -> Circumstances {
        let package = &self.change.lockfile.packages[index];
        let dependents = self.change.graph.dependents(index);
        let judged_by = self.pin(package).and_then(|pin| pin.vetted.as_ref()).map(|vetted| vetted.checks);
        Circumstances {
            way: Way::Kept,
            direct: dependents.iter().any(|at| self.is_first_party(*at)),
            replaces: None,
            pinned_from: None,
            judged_by,
        }
    }

    fn pin(&self, package: &LockedPackage) -> Option<&Pin> {
        let pin = self.attempt.gate.seen.manifest.pin_for(&package.id);
        pin.filter(|pin| pin.checksum == package.checksum)
    }

    /// Who pulls a package in, members left out.
    fn holders(&self, id: &PackageId) -> Vec<PackageId> {
        let Some(index) = self.index_of(id) else { return vec![] };
        let dependents = self.change.graph.dependents(index).iter();
        let others = dependents.filter(|at| !self.is_first_party(**at));
        let others = others.map(|at| self.change.lockfile.packages[*at].id.clone());
        others.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Writes down why a release was not taken.
fn note(why: &mut Why, record: &Record, tried: Tried) {
    let version = || record.id.version.clone();
    match tried {
        Tried::Impossible => drop(why.held.get_or_insert_with(version)),
        Tried::Open(open) => why.open.extend(open),
        Tried::Refused(findings, packages) => {
            let version = version();
            why.refused.get_or_insert(Refused { version, findings, packages });
        }
        Tried::Passed => {}
    }
}

/// What speaks against a package that would enter. To go back is no way out either.
fn against(entering: &Entering) -> Vec<Finding> {
    let findings = entering.vetted.judgment.findings.iter();
    let mut against = findings.filter(|it| it.weight != Weight::Note).cloned().collect::<Vec<_>>();
    let id = &entering.entry.id;
    let number = |version: &Version| semver::Version::parse(version.as_str()).ok();
    if let Some(before) = entering.entry.replaces.as_ref().filter(|it| number(it) > number(&id.version)) {
        let message = format!("`{}` would take the place of v{before}, which is newer", id.short());
        against.push(Finding::new("downgrade", Weight::Denial, message).about(id.clone()));
    }
    against
}

/// The bound that leaves a package just its version.
fn exact_bound(id: &PackageId) -> Option<(Line, Bound)> {
    let (least, most) = (id.version.clone(), id.version.clone());
    let bound = Bound { name: id.name.clone(), source: id.source.clone()?, least, most };
    Some((line(id)?, bound))
}
