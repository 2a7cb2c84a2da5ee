//! Holding back: what does not pass is moved to the newest version that does, or stays as it is locked.
//!
//! Cargo takes the newest versions. Of about 430 locked packages ten are younger than a week on any day, so that a refusal
//! for each of them would stop every update. So cargo resolves again, within bounds that leave out what was refused, and
//! takes the newest versions that go together then. Each package that gets another version than cargo took first is told,
//! and only what has no version that passes is refused.

use provenance_build::manifest::Pin;

use super::super::limiting::change::{Change, Entry};
use super::super::limiting::{Entering, Held, Holding, ROUNDS, told};
use super::super::vetting::{Vetted, Vetting};
use super::Error;
use super::attempt::{Attempt, Resolved};
use crate::collect::entrants::Entrants;
use crate::collect::records::Record;
use crate::vet::waiver::Accept;

/// What cargo's resolution came to, after holding back.
pub(super) struct Trial {
    /// What cargo said of the edit.
    pub(super) said: Vec<String>,
    pub(super) resolved: Resolved,
    /// What would enter, in the order of the change, and after that what stays and is required to be more.
    pub(super) entering: Vec<Entering>,
    /// The archives that were fetched for the proofs; `None` where something was refused before.
    pub(super) entrants: Option<Entrants>,
    /// What was held back.
    pub(super) held: Vec<Held>,
    /// Acceptances that nothing needed.
    pub(super) unused: Vec<Accept>,
}

impl Trial {
    /// What would enter.
    pub(super) fn newcomers(&self) -> impl Iterator<Item = &Entering> {
        self.entering.iter().filter(|it| it.entry.asked_before.is_none())
    }
}

/// Tries until nothing is refused, or until what is refused has no other version.
pub(super) fn hold(attempt: &Attempt<'_>, vetting: &Vetting<'_>, accepts: &[Accept]) -> Result<Trial, Error> {
    attempt.shadow.reset()?;
    let mut holding = Holding::default();
    let mut said = attempt.edit(&holding.limits.named)?;
    let mut first = None;
    for round in 0.. {
        let resolved = attempt.resolved()?;
        let first = first.get_or_insert_with(|| resolved.change.lockfile.clone());
        let Judged { entering, entrants, unused } = judge(attempt, vetting, &resolved.change, accepts)?;
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
            let decisive =
                entering.iter().map(|it| !it.vetted.judgment.refuses() || holding.is_decisive(it, &entering));
            let decisive = decisive.collect::<Vec<_>>();
            let entering =
                entering.into_iter().zip(decisive).filter(|(_, it)| *it).map(|(it, _)| it).collect();
            return Ok(Trial { said, resolved, entering, entrants, held, unused });
        }
        let held = told(first, &resolved.change.lockfile, &holding.held);
        return Ok(Trial { said, resolved, entering, entrants, held, unused });
    }
    unreachable!("the rounds end")
}

/// What would enter, or stays and is required to be more, and what is said of it.
pub(super) struct Judged {
    pub(super) entering: Vec<Entering>,
    pub(super) entrants: Option<Entrants>,
    pub(super) unused: Vec<Accept>,
}

/// Judges what would enter with a change and what it requires more of, and proves it where nothing that is known before speaks
/// against it.
pub(super) fn judge(
    attempt: &Attempt<'_>,
    vetting: &Vetting<'_>,
    change: &Change,
    accepts: &[Accept],
) -> Result<Judged, Error> {
    let found = attempt.look_up(change, vetting)?;
    let pins = found.iter().map(|(entry, _)| attempt.pin(entry)).collect::<Vec<_>>();
    let settle = |judgments: Vec<_>| {
        let mut exceptions = vetting.exceptions();
        let settled = judgments.into_iter().zip(&pins);
        let settled =
            settled.map(|(judgment, pin)| vetting.settle_raised(judgment, *pin, *pin, &mut exceptions));
        let mut vetted = settled.collect::<Vec<Vetted>>();
        let unused = vetting.accept(&mut vetted, accepts, attempt.surroundings)?;
        Ok::<_, Error>((vetted, unused.into_iter().cloned().collect::<Vec<_>>()))
    };
    let before = found.iter().zip(&pins).map(|((_, record), pin)| match pin {
        None => vetting.before_fetching(record),
        Some(pin) => vetting.reviewed_anew(record, pin, None),
    });
    let (mut vetted, mut unused) = settle(before.collect())?;
    let mut proven = found.iter().map(|_| None).collect::<Vec<_>>();
    let mut entrants = None;
    if vetted.iter().all(|vetted| vetted.judgment.admits()) {
        // The contents of what stays were looked at once, and matter again only where a review is of just these.
        let is_needed = |(entry, _): &(Entry, Record), pin: &Option<&Pin>| {
            pin.is_none() || vetting.depends_on_contents(&entry.id)
        };
        let places = (0..found.len()).filter(|at| is_needed(&found[*at], &pins[*at])).collect::<Vec<_>>();
        let wanted = places.iter().map(|at| &found[*at]).cloned().collect::<Vec<_>>();
        let proofs = attempt.prove(change, wanted, vetting)?;
        for (at, proof) in places.into_iter().zip(&proofs.proven) {
            proven[at] = Some(proof.clone());
        }
        let judgments =
            found.iter().zip(&pins).zip(&proven).map(|(((_, record), pin), proof)| match (pin, proof) {
                (Some(pin), proof) => vetting.reviewed_anew(record, pin, proof.as_ref()),
                (None, Some(proof)) => vetting.judged(record, proof),
                (None, None) => vetting.before_fetching(record),
            });
        (vetted, unused) = settle(judgments.collect())?;
        entrants = Some(proofs);
    }
    let entering = found.into_iter().zip(vetted).zip(proven);
    let entering = entering
        .map(|(((entry, record), vetted), proven)| Entering { entry, record, vetted, proven })
        .collect();
    Ok(Judged { entering, entrants, unused })
}
