//! `dependency-too-young`: a new dependency that had hardly been there itself.

use crate::model::Evidence;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::{Birth, Dossier};
use crate::vet::engine::Ground;
use crate::vet::names::same_family;
use crate::vet::release::{self, DAY};

/// A dependency that was first published so many days before the release, or after it, is young: 0.27 % of compatible
/// releases bring such a one in.
const DAYS: u64 = 30;

/// After so many days of silence a stranger among the dependencies is refused: 0.08 % of compatible releases.
const SILENT_DAYS: u64 = 180;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "dependency-too-young",
    group: Group::History,
    needs: Needs::Dependencies,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A compatible release that newly needs a package of which nothing was published 30 days before.

arrayref 0.3.10 needed `proc-macro1`, which was 5 hours old. Where the two names have nothing in common and the package had been
quiet for 180 days, it is refused, else a person has to look at it; a release that has stood for 90 days is not refused for it,
and one that has stood for a year only noted. Optional and development dependencies do not count, and the
releases of one week count as one. The age is looked up where the new dependency is in the lockfile, in what is at hand of its
registry's index; if that is missing there, the package is not judged. A dependency that is not in the graph, as for
`cargo provenance vet`, is only looked up in what is at hand, and noted where it is not; a version that is merely proposed is
judged once it is resolved.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let (Some(release), Some(births)) = (dossier.listed(), dossier.births) else { return vec![] };
    let Some(before) = release::before(dossier.releases(), release) else { return vec![] };
    let Some(published) = release.published else { return vec![] };
    let silence = release::silence(dossier.releases(), release).unwrap_or_default();
    let id = dossier.id;
    let mut seen = vec![];
    for name in release::newly_needed(release, before) {
        let birth = births.iter().find(|birth| birth.name == *name);
        let at = match birth {
            Some(Birth { at: Evidence::Known(at), .. }) => *at,
            // Without times or a registry there is no age, about which other checks have their say.
            Some(_) => continue,
            None => {
                let what = format!("`{}` needs `{name}`, which {} did not need", id.short(), before.version);
                let seen_it = Observation::new(what).on(name.as_str()).at(Level::Note);
                let seen_it = seen_it.note("how old that is was not looked up: it is not in the lockfile");
                seen.push(Observation { at_most: Some(Level::Note), ..seen_it });
                continue;
            }
        };
        if published >= at.saturating_add(DAYS * DAY) {
            continue;
        }
        let age = match published.checked_sub(at).map(|age| age / DAY) {
            None => "was published after it".to_owned(),
            Some(0) => "was not a day old then".to_owned(),
            Some(days) => format!("was {} old then", crate::report::plural(days as usize, "day")),
        };
        let what = format!("`{}` newly needs `{name}`, which {age}", id.short());
        let mut young = Observation::new(what).on(name.as_str());
        let mut level = Level::Review;
        young = young.note(format!("{} did not need it", before.version));
        if silence >= SILENT_DAYS * DAY && !same_family(&id.name, name) {
            let silent = format!("nothing of `{}` had been published for {} days", id.name, silence / DAY);
            (young, level) = (young.note(silent), Level::Deny);
        }
        seen.push(young.at(release::weighs(level, release, ground.now)));
    }
    seen
}

#[cfg(test)]
mod tests {
    use provenance_build::PackageName;

    use super::super::samples::{Case, NOW, needing, release};
    use super::*;
    use crate::finding::Weight;
    use crate::model::DependencyKind::Normal;

    fn born(name: &str, days_ago: u64) -> Birth {
        let name = PackageName::parse(name).expect("a name");
        Birth { name, at: Evidence::Known(NOW - days_ago * DAY) }
    }

    fn case(days: [u64; 2], needs: &str, births: Option<Vec<Birth>>) -> Case {
        let needs = [(needs, Normal, false)];
        let releases = vec![release("1.0.0", days[0]), needing(release("1.0.1", days[1]), &needs)];
        let mut case = Case::new("", "1.0.1", releases);
        case.births = births;
        case
    }

    #[test]
    fn the_age_of_a_new_dependency_at_publication_decides() {
        for (days, needs, birth, expected) in [
            ([150, 40], "stranger", 69, Some(Weight::Review)),
            ([150, 40], "stranger", 70, None),
            // Published after the release that needs it.
            ([150, 40], "stranger", 30, Some(Weight::Review)),
            ([220, 40], "stranger", 41, Some(Weight::Denial)),
            ([219, 40], "stranger", 41, Some(Weight::Review)),
            ([220, 40], "dep-core", 41, Some(Weight::Review)),
            ([270, 89], "stranger", 90, Some(Weight::Denial)),
            ([270, 90], "stranger", 91, Some(Weight::Review)),
            ([900, 365], "stranger", 366, Some(Weight::Note)),
        ] {
            let case = case(days, needs, Some(vec![born(needs, birth)]));
            let found = case.whole("dependency-too-young").map(|finding| finding.weight);
            assert_eq!(found, expected, "{days:?} {needs} {birth}");
        }
    }

    #[test]
    fn what_was_not_looked_up_is_no_pass() {
        let unseen = Birth { at: Evidence::Unavailable("offline".to_owned()), ..born("a", 0) };
        let judgment = case([150, 40], "a", Some(vec![unseen])).judged();
        assert_eq!(judgment.open.len(), 1);
        assert!(judgment.open[0].checks.contains(&"dependency-too-young"));
        let note = case([150, 40], "a", Some(vec![])).whole("dependency-too-young").expect("a note");
        assert_eq!((note.weight, note.subject.as_deref()), (Weight::Note, Some("a")));
        assert!(case([150, 40], "a", None).whole("dependency-too-young").is_none());
        let undated = Birth { at: Evidence::Absent, ..born("a", 0) };
        assert!(case([150, 40], "a", Some(vec![undated])).whole("dependency-too-young").is_none());
    }
}
