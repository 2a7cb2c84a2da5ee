//! `burst`: many versions on one day.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;
use crate::vet::release::DAY;

/// So many versions within 24 hours: 0.85 % of 36,617 releases are among so many.
const VERSIONS: usize = 5;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "burst",
    group: Group::History,
    needs: Needs::History,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A version that was published together with at least four others within 24 hours.

A burst is what repairing a release looks like, and what pushing a payload out on every line at once looks like (the worms of
2025 and 2026 in other registries). Look at whether the versions make sense one after the other.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(own) = dossier.listed().and_then(|release| release.published) else { return vec![] };
    let mut times = dossier.releases().iter().filter_map(|release| release.published).collect::<Vec<_>>();
    times.sort_unstable();
    let within = |from: u64| times.iter().filter(|at| (from..from.saturating_add(DAY)).contains(*at)).count();
    let starts = times.iter().filter(|start| **start <= own && own < start.saturating_add(DAY));
    let most = starts.map(|start| within(*start)).max().unwrap_or_default();
    if most < VERSIONS {
        return vec![];
    }
    let name = dossier.id.short();
    vec![Observation::new(format!("`{name}` is one of {most} versions that were published within a day"))]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, release};

    #[test]
    fn five_versions_within_a_day_are_a_burst() {
        for (hours, own, expected) in [
            (&[0, 1, 2, 3, 4][..], 4, true),
            (&[0, 1, 2, 3, 4], 0, true),
            (&[0, 5, 10, 15, 23], 2, true),
            (&[0, 5, 10, 15, 24], 4, false),
            (&[0, 1, 2, 3], 0, false),
            (&[0, 1, 2, 3, 4, 100], 5, false),
        ] {
            let releases = hours.iter().enumerate().map(|(at, hours)| {
                let mut release = release(&format!("1.0.{at}"), 900);
                release.published = release.published.map(|time| time + hours * 3_600);
                release
            });
            let mut case = Case::new("", &format!("1.0.{own}"), vec![]);
            case.releases = releases.collect();
            assert_eq!(case.whole("burst").is_some(), expected, "{hours:?} {own}");
        }
    }
}
