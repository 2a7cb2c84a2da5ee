//! `few-versions`: a young crate with hardly a history.

use crate::policy::{Firmness, Level};
use crate::report::plural;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;
use crate::vet::release::{DAY, ago};

/// A crate with so many versions has a history.
const VERSIONS: usize = 3;

/// An older crate, in days, may simply be finished.
const DAYS: u64 = 365;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "few-versions",
    group: Group::History,
    needs: Needs::History,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A crate that is younger than a year and has fewer than three versions.

Most malicious crates had one or two versions when they were found: a clean stub and then the payload (envlogger, lazystatic
and serd of 2023), or the payload alone. `crate-too-young` decides; this says that there is no history to look at either.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let releases = dossier.releases();
    let Some(first) = releases.iter().filter_map(|release| release.published).min() else { return vec![] };
    if releases.len() >= VERSIONS || ground.now.0 >= first.saturating_add(DAYS * DAY) {
        return vec![];
    }
    let (name, versions) = (&dossier.id.name, plural(releases.len(), "version"));
    vec![Observation::new(format!(
        "crate `{name}` has {versions}, the first of which was published {}",
        ago(first, ground.now)
    ))]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, release};
    use crate::finding::Weight;

    #[test]
    fn a_young_crate_without_a_history_is_noted() {
        for (days, expected) in
            [(&[100][..], true), (&[364, 100], true), (&[365, 100], false), (&[300, 200, 100], false)]
        {
            let releases = days.iter().enumerate().map(|(at, days)| release(&format!("1.0.{at}"), *days));
            let newest = format!("1.0.{}", days.len() - 1);
            let mut case = Case::new("", &newest, vec![]);
            case.releases = releases.collect();
            let found = case.whole("few-versions");
            assert_eq!(found.map(|finding| finding.weight), expected.then_some(Weight::Note), "{days:?}");
        }
    }
}
