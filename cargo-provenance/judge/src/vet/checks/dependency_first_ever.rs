//! `dependency-first-ever`: a release that needs something where the one before it needed nothing.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;
use crate::vet::release;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "dependency-first-ever",
    group: Group::History,
    needs: Needs::History,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A compatible release that cannot do without another package, where the release before it needed none.

It is how event-stream (2018), axios (2026) and arrayref (2026) reached everybody: the taken-over package itself stayed clean, and
one line of its manifest pulled the payload in. 0.16 % of releases do it for good reasons. The releases of one week count as one,
so that a decoy in between changes nothing, and a release that has stood for a year is only noted. Look at the new dependency:
who publishes it, since when, and what for.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let Some(release) = dossier.listed() else { return vec![] };
    let Some(before) = release::before(dossier.releases(), release) else { return vec![] };
    let new = release::newly_needed(release, before);
    if new.is_empty() || release::needed(before).next().is_some() {
        return vec![];
    }
    let names = new.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let what =
        format!("`{}` needs {}, and {} needed nothing", dossier.id.short(), list(&names), before.version);
    vec![
        Observation::new(what)
            .at(release::weighs(Level::Review, release, ground.now))
            .note("one new dependency is how a payload gets into a package that everybody has"),
    ]
}

/// A few names, and how many more.
pub(super) fn list(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, needing, release};
    use crate::finding::Weight;
    use crate::model::DependencyKind::{Build, Dev, Normal};

    #[test]
    fn the_first_dependency_of_a_line_is_up_for_review() {
        for (before, after, version, expected) in [
            (&[][..], &[("a", Normal, false)][..], "1.0.1", true),
            (&[], &[("a", Build, false)], "1.0.1", true),
            (&[("a", Normal, true), ("b", Dev, false)], &[("a", Normal, false)], "1.0.1", true),
            (&[], &[("a", Normal, true), ("b", Dev, false)], "1.0.1", false),
            (&[("a", Normal, false)], &[("b", Normal, false)], "1.0.1", false),
            (&[], &[("a", Normal, false)], "2.0.0", false),
            (&[], &[], "1.0.1", false),
        ] {
            let releases =
                vec![needing(release("1.0.0", 900), before), needing(release(version, 300), after)];
            let found = Case::new("", version, releases).whole("dependency-first-ever");
            let weight = found.map(|finding| finding.weight);
            assert_eq!(weight, expected.then_some(Weight::Review), "{before:?} {after:?} {version}");
        }
    }

    #[test]
    fn what_has_stood_for_a_year_is_only_noted() {
        for (days, weight) in [(364, Weight::Review), (365, Weight::Note)] {
            let needs = [("a", Normal, false)];
            let releases = vec![release("1.0.0", 900), needing(release("1.0.1", days), &needs)];
            let found = Case::new("", "1.0.1", releases).whole("dependency-first-ever");
            assert_eq!(found.map(|finding| finding.weight), Some(weight), "{days}");
        }
    }

    #[test]
    fn a_decoy_in_between_changes_nothing() {
        let needs = [("a", Normal, false)];
        let releases = vec![
            release("1.0.0", 900),
            needing(release("1.0.1", 20), &needs),
            needing(release("1.0.2", 19), &needs),
        ];
        assert!(Case::new("", "1.0.2", releases).whole("dependency-first-ever").is_some());
    }
}
