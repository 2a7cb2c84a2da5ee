//! Holding back: what does not pass is moved to the newest version that does, or stays as it is locked.
//!
//! Cargo takes the newest versions. Of about 430 locked packages ten are younger than a week on any day, so that a refusal
//! for each of them would stop every update. What is held back is told, and only what has no version that passes is refused.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use provenance_build::{PackageName, Version};

use super::super::vetting::{Vetted, Vetting};
use super::attempt::{Attempt, Resolved};
use super::change::{Change, Entry};
use super::{Error, Naming};
use crate::collect::entrants::{Entrants, Proven};
use crate::collect::records::Record;
use crate::finding::{Finding, Weight};
use crate::vet::waiver::Accept;

/// More rounds than any graph needs: each one takes a version of a package out of the running.
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
    let mut said = attempt.run(&holding.named)?;
    for round in 0.. {
        let resolved = attempt.resolved()?;
        let Judged { entering, entrants, unused } = judge(attempt, vetting, &resolved.change)?;
        let refused = entering.iter().any(|entering| entering.vetted.judgment.refuses());
        let step = match refused && round < ROUNDS {
            true => holding.step(attempt, vetting, &resolved.change, &entering)?,
            false => Step::Stuck,
        };
        match step {
            Step::Again => {
                attempt.shadow.reset()?;
                said = attempt.run(&holding.named)?;
            }
            Step::Moved => {}
            Step::Stuck => {
                return Ok(Trial { said, resolved, entering, entrants, held: holding.told(), unused });
            }
        }
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

#[derive(Default)]
struct Holding {
    /// Versions for dependencies that were named without one.
    named: BTreeMap<String, Version>,
    /// Versions that are out of the running.
    out: BTreeSet<(PackageName, Version)>,
    held: Vec<Held>,
}

enum Step {
    /// The edit must be made again, with other versions named.
    Again,
    /// The lockfile of the shadow was changed.
    Moved,
    /// Nothing more can be done.
    Stuck,
}

impl Holding {
    fn step(
        &mut self,
        attempt: &Attempt<'_>,
        vetting: &Vetting<'_>,
        change: &Change,
        entrants: &[Entering],
    ) -> Result<Step, Error> {
        let mut moved = false;
        for refused in entrants.iter().filter(|entering| entering.vetted.judgment.refuses()) {
            let findings =
                refused.vetted.judgment.findings.iter().filter(|finding| finding.weight != Weight::Note);
            let findings = findings.cloned().collect::<Vec<_>>();
            let ids = findings.iter().map(|finding| finding.id).collect::<BTreeSet<_>>();
            let ids = ids.into_iter().collect::<Vec<_>>().join(", ");
            // Whoever pulls in something that has no version which passes must do without it, and so on upward.
            let (mut open, mut seen) = (VecDeque::from([(refused, None)]), BTreeSet::new());
            while let Some((entering, without)) = open.pop_front() {
                if !seen.insert(entering.entry.index) {
                    continue;
                }
                if moved && !attempt.is_locked(&refused.entry.id)? {
                    // An earlier move took it along.
                    break;
                }
                let why = match without {
                    None => ids.clone(),
                    Some(_) => format!("it pulls in `{}` ({ids})", refused.entry.id.short()),
                };
                match self.move_one(attempt, vetting, entering, without, (&why, &findings)) {
                    Step::Again => return Ok(Step::Again),
                    Step::Moved => {
                        moved = true;
                        break;
                    }
                    Step::Stuck => {
                        let dependents = change.graph.dependents(entering.entry.index);
                        let above = entrants.iter().filter(|other| dependents.contains(&other.entry.index));
                        open.extend(above.map(|other| (other, Some(&entering.entry.id.name))));
                    }
                }
            }
        }
        Ok(if moved { Step::Moved } else { Step::Stuck })
    }

    /// Gives one package another version. `without` is the dependency that it should do without.
    fn move_one(
        &mut self,
        attempt: &Attempt<'_>,
        vetting: &Vetting<'_>,
        entering: &Entering,
        without: Option<&PackageName>,
        (why, findings): (&str, &[Finding]),
    ) -> Step {
        let Entering { entry, record, .. } = entering;
        let (name, current) = (&entry.id.name, &entry.id.version);
        self.out.insert((name.clone(), current.clone()));
        let naming = if entry.direct { attempt.edit.naming(name.as_str()) } else { Naming::Not };
        let candidates = match &naming {
            // Who names a version gets that one or nothing.
            Naming::Version(version) => vec![version.clone()],
            Naming::Freely | Naming::Not | Naming::Required => vetting.candidates(record, without),
        };
        for version in candidates {
            if self.out.contains(&(name.clone(), version.clone())) {
                continue;
            }
            let held = Held {
                name: name.clone(),
                refused: current.clone(),
                at: version.clone(),
                why: why.to_owned(),
                findings: findings.to_vec(),
            };
            if naming == Naming::Freely && self.named.get(name.as_str()) != Some(&version) {
                self.named.insert(name.to_string(), version);
                self.held.push(held);
                return Step::Again;
            }
            if attempt.hold(entry, &version) {
                self.held.push(held);
                return Step::Moved;
            }
            self.out.insert((name.clone(), version));
        }
        Step::Stuck
    }

    /// What was held back: of each package the version that cargo took first, and the one that it has in the end.
    fn told(self) -> Vec<Held> {
        let mut told: Vec<Held> = vec![];
        for held in self.held {
            if told.iter().any(|earlier| earlier.name == held.name && earlier.refused == held.refused) {
                continue;
            }
            match told.iter_mut().find(|earlier| earlier.name == held.name && earlier.at == held.refused) {
                Some(earlier) => earlier.at = held.at,
                None => told.push(held),
            }
        }
        told
    }
}
