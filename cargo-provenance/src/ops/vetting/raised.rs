//! Packages whose pins stay and of which more is required than before: somebody else needs them now, or for something else.

use std::collections::BTreeMap;

use provenance_build::manifest::Pin;
use provenance_build::{Lockfile, PackageId};

use super::{Vetted, Vetting, known};
use crate::audit::Store;
use crate::cargo::Member;
use crate::collect::entrants::Proven;
use crate::collect::records::Record;
use crate::model::Evidence;
use crate::vet::reviews::Known;
use crate::vet::waiver::Exceptions;
use crate::vet::{Demand, Dossier, Group, Judgment, Needs, Reviews, checks, judge};

impl Vetting<'_> {
    /// The packages of a lockfile of which more is required than before, by their places, and what was required of each. Those
    /// that were not there before are among them only where that cannot be told.
    pub fn raised(
        &self,
        (lockfile, members): (&Lockfile, &[Member]),
        (old, old_members): (&Lockfile, &[Member]),
    ) -> Vec<(usize, Demand)> {
        let nobodys;
        let reviews = match &self.audits {
            Evidence::Known(reviews) if reviews.goes_by_the_tree() => reviews,
            Evidence::Absent | Evidence::Known(_) => return vec![],
            // Nobody can tell who reviewed what; what is shipped from now on has to be told apart all the same.
            Evidence::Unavailable(_) => {
                match Reviews::new(Store::default(), None, BTreeMap::new(), self.today()) {
                    Ok(without) => {
                        nobodys = without;
                        &nobodys
                    }
                    Err(_) => return vec![],
                }
            }
        };
        // A policy that cargo-vet refuses leaves open what counts, which is told of whatever is asked by it. What rises is seen
        // all the same.
        let of = |lockfile, members| known::demanded(reviews, lockfile, members);
        let all = lockfile.packages.iter().enumerate();
        let (Evidence::Known(now), Evidence::Known(before)) = (of(lockfile, members), of(old, old_members))
        else {
            return all.map(|(index, _)| (index, Demand::default())).collect();
        };
        let raised = all.filter_map(|(index, package)| {
            let was = before.of(&package.id);
            reviews.is_more(now.of(&package.id), was).then(|| (index, was.clone()))
        });
        raised.collect()
    }

    /// Whether it matters who needs a package for what is required of it, or may matter.
    pub fn may_go_by_the_tree(&self) -> bool {
        self.goes_by_the_tree() || self.audits.unavailable().is_some()
    }

    /// What reviews say of a package that is pinned, judged as if it came in now. Its contents are asked where they were proven
    /// again.
    pub fn reviewed_anew(&self, record: &Record, pin: &Pin, proven: Option<&Proven>) -> Judgment {
        match proven {
            None => {
                let bytes = Known { checksum: pin.checksum, tree: Some(pin.tree) };
                let dossier = Dossier { bytes, ..record.dossier() };
                judge(&dossier, &self.ground(record), &[Needs::Audits])
            }
            Some(proven) => {
                let judgment = self.judged(record, proven);
                // What cannot be proven any more is told whole.
                if proven.is_err() { judgment } else { parted(judgment).0 }
            }
        }
    }

    /// The same as [`Vetting::settle`] for a package of which more is required than before. `then` is its pin from when less was: what
    /// people let pass of its reviews there they let pass for less.
    pub fn settle_raised(
        &self,
        judgment: Judgment,
        pinned: Option<&Pin>,
        then: Option<&Pin>,
        exceptions: &mut Exceptions<'_>,
    ) -> Vetted {
        let known = then.map(|then| then.accepted.as_slice()).unwrap_or_default();
        let pinned = pinned.map(|pin| {
            let mut pin = pin.clone();
            pin.accepted.retain(|it| !is_of_reviews(&it.check) || !known.contains(it));
            pin.baseline.retain(|key| !is_of_reviews(key.split('/').next().unwrap_or_default()));
            pin
        });
        self.settle(judgment, pinned.as_ref(), exceptions)
    }

    /// Whether reviews of a package count only once its contents were looked at.
    pub fn depends_on_contents(&self, id: &PackageId) -> bool {
        let reviews = self.audits.known();
        reviews.is_some_and(|reviews| reviews.trusts_for(id.name.as_str()) || !reviews.claims(id).is_empty())
    }
}

/// What a judgment says of reviews, and what it says of everything else.
pub fn parted(judgment: Judgment) -> (Judgment, Judgment) {
    let (findings, other_findings) =
        judgment.findings.into_iter().partition(|finding| is_of_reviews(finding.id));
    let (open, other_open) =
        judgment.open.into_iter().partition(|open| open.checks.iter().any(|id| is_of_reviews(id)));
    let others = Judgment { findings: other_findings, open: other_open, ..Judgment::default() };
    (Judgment { findings, open, ..judgment }, others)
}

fn is_of_reviews(id: &str) -> bool {
    checks::check(id).is_some_and(|check| matches!(check.group, Group::Audits))
}
