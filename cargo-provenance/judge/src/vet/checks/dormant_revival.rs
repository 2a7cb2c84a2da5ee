//! `dormant-revival`: a version after a long silence.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;
use crate::vet::release::{self, DAY};

/// After so many days without a version one is noted: 3.5 % of all releases come after so long.
const NOTE_DAYS: u64 = 365;

/// After so many days a person must look: 0.39 % of all releases.
const REVIEW_DAYS: u64 = 1_095;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "dormant-revival",
    group: Group::History,
    needs: Needs::History,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A version that was published after a year or more without any.

An account that nobody uses is an account that nobody watches: arrayref, internment and append-only-vec had been quiet for long
when they were taken over. After a year it is noted, after three years a person has to look at it: at who published it, at the
project's own announcement, and at the difference (`cargo provenance diff`); a release that has stood for a year is not told.
Versions of the week before count as the same
awakening.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let Some(release) = dossier.listed() else { return vec![] };
    let Some(silence) = release::silence(dossier.releases(), release) else { return vec![] };
    let level = match silence / DAY {
        REVIEW_DAYS.. => Level::Review,
        NOTE_DAYS.. => Level::Note,
        _ => return vec![],
    };
    // Of the newest versions of all packages every fifth came after a silence at some time.
    if release::has_stood(release, ground.now) {
        return vec![];
    }
    let (name, days) = (dossier.id.short(), silence / DAY);
    let seen = Observation::new(format!("`{name}` was published after {days} days without any version"));
    vec![seen.at(level).note("accounts that nobody uses are taken over before others")]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, release};
    use crate::finding::Weight;

    #[test]
    fn the_length_of_the_silence_decides() {
        for (days, own, expected) in [
            (&[728, 364][..], 1, None),
            (&[729, 364], 1, Some(Weight::Note)),
            (&[1_458, 364], 1, Some(Weight::Note)),
            (&[1_459, 364], 1, Some(Weight::Review)),
            // It has stood for a year.
            (&[2_000, 365], 1, None),
            // A decoy and the payload.
            (&[2_000, 100, 98], 2, Some(Weight::Review)),
            (&[2_000, 100, 90], 2, None),
            (&[200], 0, None),
        ] {
            let releases = days.iter().enumerate().map(|(at, days)| release(&format!("1.0.{at}"), *days));
            let mut case = Case::new("", &format!("1.0.{own}"), vec![]);
            case.releases = releases.collect();
            let found = case.whole("dormant-revival").map(|finding| finding.weight);
            assert_eq!(found, expected, "{days:?}");
        }
    }
}
