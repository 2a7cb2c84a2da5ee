//! Limiting what cargo may lock: what is refused does not come in, and cargo takes the newest versions that go together then.

pub(super) mod change;
mod dead;
mod resolver;
mod telling;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use provenance_build::{PackageId, PackageName, Version};

use self::change::{Change, Entry};
pub(super) use self::resolver::{Place, Resolver, is_without_solution};
pub(super) use self::telling::{asked, tell_entering, tell_held, tell_raised, told};
use super::entering::Naming;
use super::vetting::{Vetted, Vetting};
use crate::cargo::Bound;
use crate::collect::entrants::Proven;
use crate::collect::records::Record;
use crate::finding::{Finding, Weight};
use crate::vet::{checks, release};

/// More rounds than any graph needs: each one takes versions of all packages that are refused out of the running.
pub(in crate::ops) const ROUNDS: usize = 64;

/// So many rounds in a row that all leave what was refused before refused have come to nothing: it is not the newest versions.
const BARREN: usize = 8;

/// A package that would enter, with all that is known and said of it.
pub(in crate::ops) struct Entering {
    pub(in crate::ops) entry: Entry,
    pub(in crate::ops) record: Record,
    pub(in crate::ops) vetted: Vetted,
    /// What came of proving it; `None` where something was refused before anything was fetched.
    pub(in crate::ops) proven: Option<Proven>,
}

/// A package that does not get the version that cargo took.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Held {
    pub(in crate::ops) name: PackageName,
    /// The version that was refused.
    pub(in crate::ops) refused: Version,
    /// The version that it gets instead.
    pub(in crate::ops) at: Version,
    /// Why, as ids of checks; for a package that only pulls in what is refused, that package too.
    pub(in crate::ops) why: String,
    /// What was found, of itself or of what it pulls in.
    pub(in crate::ops) findings: Vec<Finding>,
}

/// What cargo is kept to.
#[derive(Clone, Debug, Default)]
pub(in crate::ops) struct Limits {
    /// Versions for dependencies that were named without one.
    pub(in crate::ops) named: BTreeMap<String, Version>,
    /// What may be locked at most, each in its semver line.
    pub(in crate::ops) bounds: BTreeMap<Line, Bound>,
    /// Locked versions that stay although they were yanked: cargo takes them for no requirement.
    pub(in crate::ops) yanked: BTreeMap<Line, PackageId>,
}

/// The versions of a package that cargo takes for each other.
pub(in crate::ops) type Line = (PackageName, Option<String>, (u64, u64, u64));

/// What was held back so far.
#[derive(Default)]
pub(in crate::ops) struct Holding {
    pub(in crate::ops) limits: Limits,
    /// Versions that are out of the running.
    out: BTreeSet<(PackageName, Version)>,
    /// Packages that something needs newer than they may be.
    stuck: BTreeSet<Line>,
    /// What cannot come in, whichever versions cargo takes, by its place in the lockfile that was judged last.
    dead: BTreeSet<usize>,
    /// What was refused in the round before, and for how many rounds at least that has been so.
    refused: BTreeSet<PackageName>,
    barren: usize,
    pub(in crate::ops) held: Vec<Held>,
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
        let open = VecDeque::from([(refused, None)]);
        Self { refused, curable: refused.is_curable(), open, last: None, seen: BTreeSet::new() }
    }

    /// Looks for another version of the same package.
    fn retry(&mut self) {
        if let Some(last) = self.last.take() {
            self.seen.remove(&last.0.entry.index);
            self.open.push_front(last);
        }
    }
}

impl Entering {
    /// Whether another release can be expected to do better.
    fn is_curable(&self) -> bool {
        let findings = &self.vetted.judgment.findings;
        findings.iter().filter(|finding| finding.weight != Weight::Note).all(|finding| {
            let check = checks::check(finding.id);
            check.is_none_or(|check| check.may_another_release_pass(finding.weight))
        })
    }
}

impl Holding {
    /// Holds back within limits that are there already. Where they leave a package just one version, it keeps that.
    pub(in crate::ops) fn within(limits: Limits) -> Self {
        let fixed = limits.bounds.iter().filter(|(_, bound)| bound.least == bound.most);
        let stuck = fixed.map(|(line, _)| line.clone()).collect();
        Self { limits, stuck, ..Self::default() }
    }

    /// Limits what cargo may lock, so that what is refused does not come in. Returns what cargo said, if the edit was made
    /// again; `None` where nothing more can be done.
    pub(in crate::ops) fn step<R: Resolver>(
        &mut self,
        resolver: &R,
        vetting: &Vetting<'_>,
        change: &Change,
        entrants: &[Entering],
    ) -> Result<Option<Option<Vec<String>>>, R::Error> {
        let refused = entrants.iter().filter(|entering| entering.vetted.judgment.refuses());
        self.dead = dead::among(resolver, vetting, change, entrants);
        if self.is_in_vain(entrants) || self.is_barren(refused.clone()) {
            return Ok(None);
        }
        let mut searches = refused.map(Search::of).collect::<Vec<_>>();
        for search in &searches {
            let id = &search.refused.entry.id;
            self.out.insert((id.name.clone(), id.version.clone()));
        }
        let found = searches.iter_mut().map(|search| self.next(resolver, vetting, change, entrants, search));
        let mut found = found.collect::<Vec<_>>();
        // All at once, which is what cargo can do in most cases; else one after the other.
        let all = found.iter().flatten().collect::<Vec<_>>();
        if all.is_empty() {
            return Ok(None);
        }
        if let Some(said) = self.take(resolver, &all)? {
            return Ok(Some(said));
        }
        let mut made = None;
        for (search, found) in searches.iter_mut().zip(&mut found) {
            while let Some(tried) = found.take() {
                if made.is_some() && !resolver.is_locked(&search.refused.entry.id)? {
                    // An earlier one took it along.
                    break;
                }
                if let Some(said) = self.take(resolver, &[&tried])? {
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
                *found = self.next(resolver, vetting, change, entrants, search);
            }
        }
        Ok(made)
    }

    /// Whether something that the workspace itself asks for cannot come in.
    fn is_in_vain(&self, entrants: &[Entering]) -> bool {
        entrants.iter().any(|it| it.entry.direct && self.dead.contains(&it.entry.index))
    }

    /// Whether a refusal is about what no other version would mend, if there is such a one: whatever else is refused could be
    /// held back, and is not what speaks against the whole.
    pub(in crate::ops) fn is_decisive(&self, entering: &Entering, entrants: &[Entering]) -> bool {
        !self.is_in_vain(entrants) || self.dead.contains(&entering.entry.index)
    }

    /// Whether all that was refused has been for too many rounds.
    fn is_barren<'e>(&mut self, refused: impl Iterator<Item = &'e Entering>) -> bool {
        let refused = refused.map(|it| it.entry.id.name.clone()).collect::<BTreeSet<_>>();
        let gains = self.refused.is_empty() || !self.refused.is_subset(&refused);
        self.barren = if gains { 0 } else { self.barren + 1 };
        self.refused = refused;
        self.barren >= BARREN
    }

    /// Lets cargo resolve within more limits. Where it cannot, everything stays as it is.
    fn take<R: Resolver>(
        &mut self,
        resolver: &R,
        moves: &[&Move],
    ) -> Result<Option<Option<Vec<String>>>, R::Error> {
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
        let Some(said) = resolver.limit(&limits, anew)? else { return Ok(None) };
        self.limits = limits;
        self.held.extend(moves.iter().map(|it| it.held.clone()));
        if anew {
            // Another requirement may let in what nothing fitted before.
            self.stuck.clear();
        }
        Ok(Some(anew.then_some(said)))
    }

    /// The next limit that may keep out what a search is about.
    fn next<'e, R: Resolver>(
        &mut self,
        resolver: &R,
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
            if let Some(found) = self.limit(resolver, vetting, entering, without, search) {
                search.last = Some((entering, without));
                return Some(found);
            }
        }
        None
    }

    /// Another version for one package. `without` is the dependency that it should do without.
    fn limit<R: Resolver>(
        &mut self,
        resolver: &R,
        vetting: &Vetting<'_>,
        entering: &Entering,
        without: Option<&Entering>,
        search: &Search<'_>,
    ) -> Option<Move> {
        let Entering { entry, record, .. } = entering;
        let (name, current) = (&entry.id.name, &entry.id.version);
        let naming = if entry.direct { resolver.naming(name.as_str()) } else { Naming::Not };
        let line = line(&entry.id)?;
        // Who names a version gets that one or nothing, and what is pinned stays.
        let is_fixed = matches!(naming, Naming::Version(_)) || entry.asked_before.is_some();
        if is_fixed || self.stuck.contains(&line) {
            return None;
        }
        self.out.insert((name.clone(), current.clone()));
        let locked = entry.replaces.as_ref();
        let free = |version: &Version| without.is_some_and(|it| !record.needs(version, &it.entry.id.name));
        let is_dead = without.is_some_and(|it| self.dead.contains(&it.entry.index));
        let expected = |version: &&Version| {
            // The index says nothing of the licenses of other releases.
            (search.curable && !is_dead) || Some(*version) == locked || free(version)
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

pub(in crate::ops) fn line(id: &PackageId) -> Option<Line> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_begins_with_its_semver_line() {
        for (version, expected) in [
            ("1.2.3", "1.0.0"),
            ("0.4.21", "0.4.0"),
            ("0.0.7", "0.0.7"),
            ("0.0.0", "0.0.0"),
            ("2.0.0+meta", "2.0.0"),
            ("1.0.0-rc.2", "1.0.0-rc.2"),
        ] {
            let first = first_of(&Version::parse(version).expect("a version"));
            assert_eq!(first, Version::parse(expected), "{version}");
        }
    }
}
