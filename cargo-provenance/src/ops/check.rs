//! `check`: vets the whole graph against policy and advisories, and proves every pin again.
//!
//! Everything that `verify --full` finds is found here too; the archives are read once for both.

mod ledger;
mod reviews;
mod since;
mod told;

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::thread;

use provenance_build::manifest::{Origin, Pin};
use provenance_build::{LockedPackage, Manifest, Verdict};

use self::since::Before;
use self::told::Told;
use super::interruption::noticing;
use super::signing::{self, Wanted};
use super::vetting::{self, Vetting};
use super::{pinning, proving};
use crate::collect::archives::{self, Which};
use crate::collect::audits;
use crate::collect::cooldown;
use crate::collect::entrants::{self, Entrant, Entrants, Homes, Proven};
use crate::collect::gate::{self, Gate};
use crate::collect::indices::{self, When};
use crate::collect::proofs;
use crate::collect::records::{Contents, Record};
use crate::collect::situation::{Situation, resolved};
use crate::finding::{Finding, Weight, drift};
use crate::graph::Graph;
use crate::model::{Clock, Evidence, Surroundings};
use crate::policy::Policy;
use crate::report::failure::Failure;
use crate::report::ledger::Ledger;
use crate::report::progress::Progress;
use crate::report::{Report, plural};
use crate::vet::{Judgment, Open};

/// What `check` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The revision since which what is new counts; everything counts where there is none.
    pub since: Option<String>,
}

/// Runs the use case.
///
/// # Errors
///
/// A workspace that cannot be read, a revision that names no commit, a cargo that does not answer.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let surroundings = &resolved(surroundings)?;
    noticing(Report::new("check"), &gate::root(surroundings)?, |report| {
        check(report, surroundings, options, &mut None, progress)
    })
}

/// The same over everything, with what is known of every package.
///
/// # Errors
///
/// Those of [`run`].
pub fn with_ledger(
    surroundings: &Surroundings,
    progress: &dyn Progress,
) -> Result<(Report, Option<Ledger>), Failure> {
    let surroundings = &resolved(surroundings)?;
    let mut ledger = None;
    let report = noticing(Report::new("report"), &gate::root(surroundings)?, |report| {
        check(report, surroundings, &Options::default(), &mut ledger, progress)
    })?;
    Ok((report, ledger))
}

fn check(
    report: &mut Report,
    surroundings: &Surroundings,
    options: &Options,
    ledger: &mut Option<Ledger>,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let mut gate = Gate::open(surroundings)?;
    let before = options.since.as_deref().map(|name| Before::read(&gate, name)).transpose()?;
    let locked = plural(gate.seen.observation.lockfile.packages.len(), "package");
    report.step("Checking", format!("{locked} of Cargo.lock against policy, advisories and registries"));
    archives::hash(&mut gate.seen, Which::All, progress)?;
    let (gate, verdict) = (&gate, gate.verdict());
    let ledger = ledger.insert(ledger::of(gate, surroundings.clock));
    let demand = signing::demand(surroundings, &Wanted::default())?;
    let is_trusted = signing::judge(gate, &demand, report)? && !signing::is_expired(&verdict);
    report.findings.extend(verdict.drift.iter().map(|found| drift::of(found, gate)));
    // What the repository configures may run code, so it must be what was recorded before cargo runs at all: by this
    // manifest, which somebody trusted stands behind, and where a change is judged, by the one that it starts from.
    let configured = before.as_ref().map(|before| before.settings(gate)).unwrap_or_default();
    let situation = match proving::is_configured(&verdict) || !configured.is_empty() || !is_trusted {
        true => None,
        false => proving::workspace(surroundings, gate, report)?,
    };
    report.findings.extend(configured);
    let Some(situation) = situation else {
        if let Some(before) = &before {
            let baseline = before.tell(gate, report);
            report.findings.extend(baseline);
        }
        told::undecidable(report);
        if !is_trusted {
            signing::distrust(report);
        }
        return Ok(());
    };

    let graph = GraphOf::new(&situation, &gate.seen.manifest)?;
    let wanted = graph.third_parties();
    let packages = wanted.iter().map(|index| &situation.lockfile.packages[*index]).collect::<Vec<_>>();
    let notes = indices::freshen(&situation, &packages, When::Daily, surroundings.network, progress)?;
    report.not_checked.extend(notes);
    let pins = &gate.seen.manifest.packages;
    let databases = vetting::databases(surroundings, &gate.policy, &gate.root, pins, report, progress);
    let databases = databases.as_ref().map(Vec::as_slice);
    let reviews = vetting::reviews(&gate.policy, &gate.root, surroundings.clock, report);
    let index_of = |name: &str| situation.index_of(name);
    // What the change says of databases and registries does not count for the policy before it.
    let old = before.as_ref().and_then(Before::policy);
    let old_databases = old.filter(|old| !same_databases(old, &gate.policy)).map(|old| {
        let mut told = Report::new(report.command);
        let pins = before.as_ref().map(Before::pins).unwrap_or_default();
        let databases = vetting::databases(surroundings, old, &gate.root, pins, &mut told, progress);
        let news = told.not_checked.into_iter().filter(|line| !report.not_checked.contains(line));
        report.not_checked.extend(news.collect::<Vec<_>>());
        databases
    });
    let old_databases =
        old_databases.as_ref().map_or(databases.clone(), |old| old.as_ref().map(Vec::as_slice));
    // Copies of sets change together with the digests that name them; what was required of packages stays.
    let old_reviews = old.map(|old| match &reviews {
        Evidence::Known(reviews) => {
            let policies = before.as_ref().map_or(Ok(Default::default()), Before::vet_policies);
            let revoked = audits::revoked(old, surroundings.clock);
            let held = policies.and_then(|policies| reviews.held_to(old.audits(), &policies, revoked));
            held.map_or_else(Evidence::Unavailable, Evidence::Known)
        }
        Evidence::Absent => vetting::reviews(old, &gate.root, surroundings.clock, report),
        Evidence::Unavailable(why) => Evidence::Unavailable(why.clone()),
    });
    let old_index_of = |name: &str| before.as_ref().and_then(|before| before.index_of(name));
    let members = || situation.workspace.members.iter().map(|member| &member.name);
    let used = || pins.iter().map(|pin| &pin.name);
    let cooldown = cooldown::read(&situation.configuration, &gate.root)?;
    let judges = Judges {
        now: Vetting::new(&gate.policy, databases, &index_of, surroundings.clock)
            .among(members(), used())
            .cooling(cooldown)
            .reviewed(reviews.as_ref()),
        before: old.map(|old| {
            let is_same = old.digest() == gate.policy.digest();
            let vetting = Vetting::new(old, old_databases, &old_index_of, surroundings.clock);
            (
                vetting
                    .among(members(), used())
                    .cooling(before.as_ref().map(Before::cooldown).unwrap_or_default())
                    .reviewed(old_reviews.as_ref().map_or(Evidence::Absent, Evidence::as_ref)),
                is_same,
            )
        }),
    };

    let manifest = &gate.seen.manifest;
    let mut records = judges.now.look_up(&situation, Some(manifest), &wanted)?;
    if let Some(before) = &before {
        for (package, record) in packages.iter().zip(&mut records) {
            let pin = manifest.pin_for(&package.id);
            record.circumstances.judged_by = before.judged_by(package, pin);
            record.comes_anew = before.unchanged(package, pin).is_none();
        }
    }
    let mut asked = records.clone();
    let anew = records.iter().map(|record| record.comes_anew).collect::<Vec<_>>();
    let raised = before.as_ref().map(|before| match &judges.before {
        Some((vetting, _)) => before.raised(vetting, &situation),
        None => before.raised(&blind(&gate.policy, &index_of, surroundings.clock), &situation),
    });
    let raised = raised.unwrap_or_default();
    let is_raised = |number: usize| raised.contains(&wanted[number]) && !anew[number];
    if let (Some(before), Some((vetting, _))) = (&before, &judges.before) {
        let demands = vetting.demands(&situation.lockfile, &situation.workspace.members);
        vetting.ask_of(&mut asked, &demands);
        let there = before.demands(vetting);
        for (number, asked) in asked.iter_mut().enumerate() {
            if !asked.comes_anew && !is_raised(number) {
                asked.demand = there.as_ref().map(|there| there.of(&asked.id).clone());
            }
        }
    }
    // What it is needed for anew is asked of it as of a newcomer, by either policy.
    for (number, (asked, record)) in asked.iter_mut().zip(&mut records).enumerate() {
        asked.comes_anew |= is_raised(number);
        record.comes_anew = asked.comes_anew;
    }
    let looked = judges.look(&situation, surroundings, &wanted, (&records, &asked), progress);
    let (stale, Looked { entrants, earlier }) = looked?;
    proving::tell_stale(stale, report);
    report.not_checked.extend(entrants.uncompared.iter().cloned());
    let compared = packages.iter().zip(&entrants.proven).filter_map(|(package, proven)| {
        let pin = manifest.pin_for(&package.id).filter(|pin| matches!(pin.origin, Origin::Source(_)))?;
        Some((pin, proofs::compare(pin, proven)))
    });
    let compared = compared.collect::<Vec<_>>();
    // What could not be proven could not be judged either, which is told below.
    proving::tell(gate, &compared, report);
    let proven = compared.iter().filter(|(_, proof)| *proof == proofs::Proven::Yes).map(|(pin, _)| pin.id());
    let proven = proven.collect::<BTreeSet<_>>();
    entrants.settle(|index| proven.contains(&situation.lockfile.packages[index].id), progress)?;

    ledger::enrich(ledger, &wanted, &records, &entrants);
    let mut told = Told::new(&graph, &judges.now);
    let mut exceptions = judges.now.exceptions();
    for (number, (package, record)) in packages.iter().zip(&records).enumerate() {
        let proven = &entrants.proven[number];
        let pin = vetting::covering(manifest, package, proven);
        let judgment = judges.now.judged(record, proven);
        let old = before.as_ref().map(|before| before.pin_for(&package.id));
        told.findings.extend(reviews::overstated(gate, pin, &judgment, old));
        let mut vetted = match is_raised(number) {
            true => judges.now.settle_raised(judgment, pin, old.flatten(), &mut exceptions),
            false => judges.now.settle(judgment, pin, &mut exceptions),
        };
        told::lower(&mut vetted.judgment.findings, record.circumstances.judged_by);
        told::tell_unjudged(&mut vetted.judgment.findings, pin);
        if let Some(before) = &before {
            let there = || judges.there_before(&asked[number], proven, earlier[number].get());
            match before.unchanged(package, pin) {
                Some(then) if is_raised(number) => {
                    let (reviews, there) = vetting::parted(there());
                    let there = judges.settled_before(there, then, None).findings;
                    told.there_before += before.demote(&mut vetted.judgment.findings, &there);
                    before.hold_to(&mut vetted.judgment, judges.settled_before(reviews, pin, Some(then)));
                }
                Some(then) if vetted.judgment.refuses() => {
                    let there = judges.settled_before(there(), then, None).findings;
                    told.there_before += before.demote(&mut vetted.judgment.findings, &there);
                }
                Some(_) => {}
                // What comes in with a change is not judged by what the change makes of the policy alone.
                None => before.hold_to(&mut vetted.judgment, judges.settled_before(there(), pin, None)),
            }
        }
        if let Some(before) = before.as_ref().filter(|_| record.comes_anew) {
            vetted.judgment.open.extend(before.unknown(&package.id));
        }
        told.take(wanted[number], vetted);
    }
    told.unplaced(&situation, &graph);
    let mut of_policy = exceptions.expired();
    of_policy.extend(exceptions.unused());
    if let Some(before) = &before {
        told.there_before += before.demote_expired(&mut of_policy, &gate.policy);
        before.count(told.there_before, report);
        told.findings.extend(before.tell(gate, report));
        let new = before.new_members(manifest);
        let names = new.iter().map(|member| &member.name).collect::<Vec<_>>();
        report.not_checked.extend(pinning::ask_about(&situation, &names, surroundings.network, progress)?);
        told.findings.extend(pinning::well_known(&situation, before.manifest(), &new)?);
    }
    told.findings.extend(of_policy);
    let verdict = seen_again(surroundings, &verdict, progress)?.unwrap_or(verdict);
    told.conclude(gate, &verdict, report);
    if !is_trusted {
        signing::distrust(report);
    }
    Ok(())
}

/// What was missing may have been fetched for the proofs.
fn seen_again(
    surroundings: &Surroundings,
    verdict: &Verdict,
    progress: &dyn Progress,
) -> Result<Option<Verdict>, Failure> {
    if verdict.absent.is_empty() {
        return Ok(None);
    }
    let mut gate = Gate::open(surroundings)?;
    archives::hash(&mut gate.seen, Which::Needed, progress)?;
    Ok(Some(gate.verdict()))
}

/// A judge who does not know what reviews there are, and sees all the same what is needed for more than before.
fn blind<'a>(
    policy: &'a Policy,
    index_of: &'a (dyn Fn(&str) -> Option<String> + Sync),
    now: Clock,
) -> Vetting<'a> {
    Vetting::new(policy, Evidence::Absent, index_of, now).reviewed(Evidence::Unavailable(String::new()))
}

/// The lockfile's graph, and which of its packages are first-party.
struct GraphOf<'a> {
    graph: Graph,
    situation: &'a Situation,
    manifest: &'a Manifest,
}

impl<'a> GraphOf<'a> {
    fn new(situation: &'a Situation, manifest: &'a Manifest) -> Result<Self, Failure> {
        let graph = Graph::of(&situation.lockfile).map_err(pinning::Error::from)?;
        Ok(Self { graph, situation, manifest })
    }

    fn package(&self, index: usize) -> &'a LockedPackage {
        &self.situation.lockfile.packages[index]
    }

    /// Those that the manifest lists where they lie, and members that it does not list yet: that they are not listed is
    /// drift.
    fn is_first_party(&self, index: usize) -> bool {
        let package = self.package(index);
        let mut members = self.manifest.members.iter();
        package.id.source.is_none()
            && (self.situation.member(package).is_some()
                || members.any(|member| {
                    let place = || self.situation.place(package);
                    member.name == package.id.name && place().as_ref() == Some(&member.path)
                }))
    }

    /// Whether it is a path package that leads nowhere.
    fn is_lost(&self, index: usize) -> bool {
        let package = self.package(index);
        package.id.source.is_none() && !self.is_first_party(index) && self.situation.place(package).is_none()
    }

    /// The packages to vet, as far as they can be found.
    fn third_parties(&self) -> Vec<usize> {
        let all = 0..self.situation.lockfile.packages.len();
        all.filter(|index| !self.is_first_party(*index) && !self.is_lost(*index)).collect()
    }

    /// Who pulls a package in, for people.
    fn pulled_in(&self, index: usize) -> String {
        let chain = self.graph.chain(index, |at| self.is_first_party(at));
        let above = chain.iter().take(chain.len().saturating_sub(1));
        let names = above.map(|at| self.package(*at).id.name.as_str()).collect::<Vec<_>>();
        match names[..] {
            [] => "nothing in the workspace depends on it".to_owned(),
            [only] => format!("`{only}` depends on it"),
            _ => format!("pulled in by {}", names.join(" > ")),
        }
    }
}

/// The judges: by the policy in force, and by the one at the revision that is compared with (and whether they are the same).
struct Judges<'a> {
    now: Vetting<'a>,
    before: Option<(Vetting<'a>, bool)>,
}

/// What came of looking at the packages.
struct Looked {
    entrants: Entrants,
    /// What the earlier policy has to say of the contents, where it is another one.
    earlier: Vec<OnceLock<Judgment>>,
}

impl Judges<'_> {
    /// Proves the packages and judges their contents, while cargo says whether the lockfile follows the manifests. The second
    /// records say what the earlier policy asks of the packages.
    fn look(
        &self,
        situation: &Situation,
        surroundings: &Surroundings,
        wanted: &[usize],
        (records, asked): (&[Record], &[Record]),
        progress: &dyn Progress,
    ) -> Result<(Option<Finding>, Looked), Failure> {
        let earlier = records.iter().map(|_| OnceLock::new()).collect::<Vec<_>>();
        let inspect = |number: usize, contents: Contents<'_>| {
            if let Some((vetting, is_same)) = &self.before
                && (!is_same || criteria(&asked[number]) != criteria(&records[number]))
            {
                let _ = earlier[number].set(vetting.of_contents(&asked[number], contents));
            }
            self.now.of_contents(&records[number], contents)
        };
        let (stale, entrants) = thread::scope(|scope| {
            let stale = scope.spawn(|| proving::stale(situation, progress));
            let mut before = self.now.before(records);
            if let Some((vetting, _)) = &self.before {
                before.iter_mut().zip(vetting.before(asked)).for_each(|(now, old)| *now = now.take().or(old));
            }
            let homes = Homes::default();
            let network = surroundings.network;
            let entrants =
                entrants::prove_once_more(situation, network, wanted, &before, homes, &inspect, progress);
            (stale.join(), entrants)
        });
        let stale = stale.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((stale, Looked { entrants: entrants?, earlier }))
    }

    /// What would have stood at the revision, with what is known today.
    fn there_before(&self, record: &Record, proven: &Proven, earlier: Option<&Judgment>) -> Judgment {
        let Some((vetting, _)) = &self.before else { return Judgment::default() };
        let proven = match (proven, earlier) {
            (Ok(entrant), Some(judgment)) => Ok(Entrant { judgment: judgment.clone(), ..entrant.clone() }),
            (proven, _) => proven.clone(),
        };
        vetting.judged(record, &proven)
    }

    /// What of that people had let pass there, or let pass in a pin of the change. `then` is the pin there of what is needed for more.
    fn settled_before(&self, judgment: Judgment, pin: Option<&Pin>, then: Option<Option<&Pin>>) -> Judgment {
        let Some((vetting, _)) = &self.before else { return judgment };
        let exceptions = &mut vetting.exceptions();
        let settled = match then {
            Some(then) => vetting.settle_raised(judgment, pin, then, exceptions),
            None => vetting.settle(judgment, pin, exceptions),
        };
        settled.judgment
    }
}

fn criteria(record: &Record) -> Evidence<&Vec<String>> {
    record.demand.as_ref().map(|demand| &demand.criteria)
}

fn same_databases(one: &Policy, other: &Policy) -> bool {
    let all = |policy: &Policy| policy.databases().into_iter().map(|at| at.value).collect::<Vec<_>>();
    all(one) == all(other)
}
