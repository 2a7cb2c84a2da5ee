//! Holding back: what does not pass is moved to the newest version that does, or stays as it is locked.
//!
//! Cargo takes the newest versions. Of about 430 locked packages ten are younger than a week on any day, so that a refusal
//! for each of them would stop every update. So cargo resolves again, within bounds that leave out what was refused, and
//! takes the newest versions that go together then. Each package that gets another version than cargo took first is told,
//! and only what has no version that passes is refused.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use provenance_build::{Lockfile, PackageId, PackageName, Version};

use super::super::vetting::{Vetted, Vetting};
use super::attempt::{Attempt, Resolved};
use super::change::{self, Change, Entry};
use super::{Error, Naming};
use crate::cargo::Bound;
use crate::collect::entrants::{Entrants, Proven};
use crate::collect::records::Record;
use crate::finding::{Finding, Weight};
use crate::vet::waiver::Accept;
use crate::vet::{checks, release};

/// More rounds than any graph needs: each one takes versions of all packages that are refused out of the running.
const ROUNDS: usize = 64;

/// What cargo's resolution came to, after holding back.
pub(super) struct Trial<'a> {
    /// What cargo said of the edit.
    pub(super) said: Vec<String>,
    pub(super) resolved: Resolved,
    /// What would enter, in the order of the change.
    pub(super) entering: Vec<Entering>,
    /// The archives that were fetched for the proofs; `None` where something was refused before.
    pub(super) entrants: Option<Entrants>,
    /// What was held back.
    pub(super) held: Vec<Held>,
    /// `--accept` flags that nothing needed.
    pub(super) unused: Vec<&'a Accept>,
}

/// A package that would enter, with all that is known and said of it.
pub(super) struct Entering {
    pub(super) entry: Entry,
    pub(super) record: Record,
    pub(super) vetted: Vetted,
    /// What came of proving it; `None` where something was refused before anything was fetched.
    pub(super) proven: Option<Proven>,
}

/// A package that does not get the version that cargo took.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) name: PackageName,
    /// The version that was refused.
    pub(super) refused: Version,
    /// The version that it gets instead.
    pub(super) at: Version,
    /// Why, as ids of checks; for a package that only pulls in what is refused, that package too.
    pub(super) why: String,
    /// What was found, of itself or of what it pulls in.
    pub(super) findings: Vec<Finding>,
}

/// Tries until nothing is refused, or until what is refused has no other version.
pub(super) fn hold<'a>(attempt: &Attempt<'a>, vetting: &Vetting<'_>) -> Result<Trial<'a>, Error> {
    let mut holding = Holding::default();
    let mut said = attempt.edit(&holding.limits.named)?;
    let mut first = None;
    for round in 0.. {
        let resolved = attempt.resolved()?;
        let first = first.get_or_insert_with(|| resolved.change.lockfile.clone());
        let Judged { entering, entrants, unused } = judge(attempt, vetting, &resolved.change)?;
        let refused = entering.iter().any(|entering| entering.vetted.judgment.refuses());
        if refused && round < ROUNDS {
            let step = holding.step(attempt, vetting, &resolved.change, &entering)?;
            // What was fetched for this round is at hand in the next one.
            entrants.into_iter().for_each(|entrants| attempt.keep(entrants));
            if let Some(words) = step {
                said = words.unwrap_or(said);
                continue;
            }
            let (held, entrants) = (vec![], None);
            return Ok(Trial { said, resolved, entering, entrants, held, unused });
        }
        let held = told(first, &resolved.change.lockfile, &holding.held);
        return Ok(Trial { said, resolved, entering, entrants, held, unused });
    }
    unreachable!("the rounds end")
}

/// What would enter, and what is said of it.
struct Judged<'a> {
    entering: Vec<Entering>,
    entrants: Option<Entrants>,
    unused: Vec<&'a Accept>,
}

fn judge<'a>(attempt: &Attempt<'a>, vetting: &Vetting<'_>, change: &Change) -> Result<Judged<'a>, Error> {
    let records = attempt.look_up(change, vetting)?;
    let accepts = &attempt.edit.common().accept;
    let settle = |judgments: Vec<_>| {
        let mut exceptions = vetting.exceptions();
        let settled = judgments.into_iter().map(|judgment| vetting.settle(judgment, None, &mut exceptions));
        let mut vetted = settled.collect::<Vec<Vetted>>();
        let unused = vetting.accept(&mut vetted, accepts, attempt.surroundings)?;
        Ok::<_, Error>((vetted, unused))
    };
    let (mut vetted, mut unused) =
        settle(records.iter().map(|record| vetting.before_fetching(record)).collect())?;
    let mut proven = records.iter().map(|_| None).collect::<Vec<_>>();
    let mut entrants = None;
    if vetted.iter().all(|vetted| vetted.judgment.admits()) {
        let proofs = attempt.prove(change, &records, vetting)?;
        let judgments = records.iter().zip(&proofs.proven);
        let judgments = judgments.map(|(record, proof)| vetting.judged(record, proof));
        (vetted, unused) = settle(judgments.collect())?;
        proven = proofs.proven.iter().cloned().map(Some).collect();
        entrants = Some(proofs);
    }
    let entering = change.entering.iter().cloned().zip(records).zip(vetted).zip(proven);
    let entering = entering
        .map(|(((entry, record), vetted), proven)| Entering { entry, record, vetted, proven })
        .collect();
    Ok(Judged { entering, entrants, unused })
}

/// What cargo is kept to.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits {
    /// Versions for dependencies that were named without one.
    pub(super) named: BTreeMap<String, Version>,
    /// What may be locked at most, each in its semver line.
    pub(super) bounds: BTreeMap<Line, Bound>,
    /// Locked versions that stay although they were yanked: cargo takes them for no requirement.
    pub(super) yanked: BTreeMap<Line, PackageId>,
}

/// The versions of a package that cargo takes for each other.
type Line = (PackageName, Option<String>, (u64, u64, u64));

#[derive(Default)]
struct Holding {
    limits: Limits,
    /// Versions that are out of the running.
    out: BTreeSet<(PackageName, Version)>,
    /// Packages that something needs newer than they may be.
    stuck: BTreeSet<Line>,
    held: Vec<Held>,
}

/// One more limit, and what it holds back.
struct Move {
    limit: Limit,
    held: Held,
}

enum Limit {
    Bound(Line, Bound),
    /// With the bound that makes cargo take no newer one than the new requirement names.
    Named(Version, Line, Bound),
    Yanked(Line, PackageId),
}

/// The search for a package whose version can be limited, so that what is refused does not come in: itself, whoever pulls it
/// in, and so on upward.
struct Search<'e> {
    refused: &'e Entering,
    /// Whether another release can be expected to do better.
    curable: bool,
    open: VecDeque<Candidate<'e>>,
    last: Option<Candidate<'e>>,
    seen: BTreeSet<usize>,
}

/// A package that may get another version, and the dependency that it should do without.
type Candidate<'e> = (&'e Entering, Option<&'e Entering>);

impl<'e> Search<'e> {
    fn of(refused: &'e Entering) -> Self {
        let findings = &refused.vetted.judgment.findings;
        let curable = findings
            .iter()
            .filter(|finding| finding.weight != Weight::Note)
            .all(|finding| checks::check(finding.id).is_none_or(|check| check.may_another_release_pass()));
        let open = VecDeque::from([(refused, None)]);
        Self { refused, curable, open, last: None, seen: BTreeSet::new() }
    }

    /// Looks for another version of the same package.
    fn retry(&mut self) {
        if let Some(last) = self.last.take() {
            self.seen.remove(&last.0.entry.index);
            self.open.push_front(last);
        }
    }
}

impl Holding {
    /// Limits what cargo may lock, so that what is refused does not come in. Returns what cargo said, if the edit was made
    /// again; `None` where nothing more can be done.
    fn step(
        &mut self,
        attempt: &Attempt<'_>,
        vetting: &Vetting<'_>,
        change: &Change,
        entrants: &[Entering],
    ) -> Result<Option<Option<Vec<String>>>, Error> {
        let refused = entrants.iter().filter(|entering| entering.vetted.judgment.refuses());
        let mut searches = refused.map(Search::of).collect::<Vec<_>>();
        for search in &searches {
            let id = &search.refused.entry.id;
            self.out.insert((id.name.clone(), id.version.clone()));
        }
        let found = searches.iter_mut().map(|search| self.next(attempt, vetting, change, entrants, search));
        let mut found = found.collect::<Vec<_>>();
        // All at once, which is what cargo can do in most cases; else one after the other.
        let all = found.iter().flatten().collect::<Vec<_>>();
        if all.is_empty() {
            return Ok(None);
        }
        if let Some(said) = self.take(attempt, &all)? {
            return Ok(Some(said));
        }
        let mut made = None;
        for (search, found) in searches.iter_mut().zip(&mut found) {
            while let Some(tried) = found.take() {
                if made.is_some() && !attempt.is_locked(&search.refused.entry.id)? {
                    // An earlier one took it along.
                    break;
                }
                if let Some(said) = self.take(attempt, &[&tried])? {
                    made = Some(said.or(made.flatten()));
                    break;
                }
                match tried.limit {
                    Limit::Bound(line, _) | Limit::Yanked(line, _) => {
                        self.stuck.insert(line);
                    }
                    // An older one of it may do.
                    Limit::Named(version, ..) => {
                        self.out.insert((tried.held.name, version));
                        search.retry();
                    }
                }
                *found = self.next(attempt, vetting, change, entrants, search);
            }
        }
        Ok(made)
    }

    /// Lets cargo resolve within more limits. Where it cannot, everything stays as it is.
    fn take(&mut self, attempt: &Attempt<'_>, moves: &[&Move]) -> Result<Option<Option<Vec<String>>>, Error> {
        let mut limits = self.limits.clone();
        let mut anew = false;
        for Move { limit, held } in moves {
            match limit {
                Limit::Named(version, line, bound) => {
                    anew = true;
                    limits.named.insert(held.name.to_string(), version.clone());
                    limits.bounds.insert(line.clone(), bound.clone());
                }
                Limit::Bound(line, bound) => {
                    limits.bounds.insert(line.clone(), bound.clone());
                }
                Limit::Yanked(line, id) => {
                    limits.bounds.remove(line);
                    limits.yanked.insert(line.clone(), id.clone());
                }
            }
        }
        let Some(said) = attempt.limit(&limits, anew)? else { return Ok(None) };
        self.limits = limits;
        self.held.extend(moves.iter().map(|it| it.held.clone()));
        if anew {
            // Another requirement may let in what nothing fitted before.
            self.stuck.clear();
        }
        Ok(Some(anew.then_some(said)))
    }

    /// The next limit that may keep out what a search is about.
    fn next<'e>(
        &mut self,
        attempt: &Attempt<'_>,
        vetting: &Vetting<'_>,
        change: &Change,
        entrants: &'e [Entering],
        search: &mut Search<'e>,
    ) -> Option<Move> {
        while let Some((entering, without)) = search.open.pop_front() {
            if !search.seen.insert(entering.entry.index) {
                continue;
            }
            let dependents = change.graph.dependents(entering.entry.index);
            let above = entrants.iter().filter(|other| dependents.contains(&other.entry.index));
            // What only a person can decide about is no reason to bring in something old.
            let above = above.filter(|other| search.curable || other.entry.replaces.is_some());
            search.open.extend(above.map(|other| (other, Some(entering))));
            if let Some(found) = self.limit(attempt, vetting, entering, without, search) {
                search.last = Some((entering, without));
                return Some(found);
            }
        }
        None
    }

    /// Another version for one package. `without` is the dependency that it should do without.
    fn limit(
        &mut self,
        attempt: &Attempt<'_>,
        vetting: &Vetting<'_>,
        entering: &Entering,
        without: Option<&Entering>,
        search: &Search<'_>,
    ) -> Option<Move> {
        let Entering { entry, record, .. } = entering;
        let (name, current) = (&entry.id.name, &entry.id.version);
        let naming = if entry.direct { attempt.edit.naming(name.as_str()) } else { Naming::Not };
        let line = line(&entry.id)?;
        // Who names a version gets that one or nothing.
        if matches!(naming, Naming::Version(_)) || self.stuck.contains(&line) {
            return None;
        }
        self.out.insert((name.clone(), current.clone()));
        let locked = entry.replaces.as_ref();
        let free = |version: &Version| without.is_some_and(|it| !record.needs(version, &it.entry.id.name));
        let expected = |version: &&Version| {
            // The index says nothing of the licenses of other releases.
            search.curable || Some(*version) == locked || free(version)
        };
        let candidates = vetting.candidates(record, without.map(|it| &it.entry.id.name));
        let version = candidates
            .iter()
            .filter(expected)
            .find(|version| !self.out.contains(&(name.clone(), (*version).clone())))?;
        let findings = search.refused.vetted.judgment.findings.iter();
        let findings = findings.filter(|finding| finding.weight != Weight::Note).cloned().collect::<Vec<_>>();
        let ids = findings.iter().map(|finding| finding.id).collect::<BTreeSet<_>>();
        let ids = ids.into_iter().collect::<Vec<_>>().join(", ");
        let why = match without {
            None => ids,
            Some(_) => format!("it pulls in `{}` ({ids})", search.refused.entry.id.short()),
        };
        let (refused, at) = (current.clone(), version.clone());
        let held = Held { name: name.clone(), refused, at, why, findings };
        let id = PackageId { version: version.clone(), ..entry.id.clone() };
        let line = self::line(&id)?;
        let least = match locked.filter(|locked| line_of(locked) == Some(line.2)) {
            Some(locked) => locked.clone(),
            None => first_of(version)?,
        };
        let bound = Bound { name: id.name.clone(), source: id.source.clone()?, least, most: version.clone() };
        let limit = if naming == Naming::Freely && self.limits.named.get(name.as_str()) != Some(version) {
            Limit::Named(version.clone(), line, bound)
        } else if record.is_yanked(version) {
            Limit::Yanked(line, id)
        } else {
            Limit::Bound(line, bound)
        };
        Some(Move { limit, held })
    }
}

fn line_of(version: &Version) -> Option<(u64, u64, u64)> {
    semver::Version::parse(version.as_str()).ok().map(|version| release::line(&version))
}

pub(super) fn line(id: &PackageId) -> Option<Line> {
    let source = id.source.as_ref().map(ToString::to_string);
    Some((id.name.clone(), source, line_of(&id.version)?))
}

/// The first version of a semver line, as a bound. A requirement admits prereleases of one version only.
fn first_of(version: &Version) -> Option<Version> {
    let parsed = semver::Version::parse(version.as_str()).ok()?;
    if !parsed.pre.is_empty() {
        return Some(version.clone());
    }
    let (major, minor, patch) = release::line(&parsed);
    Version::parse(&format!("{major}.{minor}.{patch}"))
}

/// What was held back: each package that has another version than cargo took first, and why.
fn told(first: &Lockfile, last: &Lockfile, held: &[Held]) -> Vec<Held> {
    let because = held.iter().map(|held| held.name.as_str()).collect::<BTreeSet<_>>();
    let because = because.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let told = change::moved(first, last).into_iter().map(|(from, to)| {
        let mut own = held.iter().filter(|held| held.name == from.name);
        let known = own.clone().find(|held| held.refused == from.version).or_else(|| own.next());
        let (why, findings) = match known {
            Some(held) => (held.why.clone(), held.findings.clone()),
            None => (format!("it goes with what is held back of {because}"), vec![]),
        };
        Held { name: from.name, refused: from.version, at: to.version, why, findings }
    });
    told.collect()
}
