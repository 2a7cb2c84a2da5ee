//! `duplicate-version`: a package that is in the graph more than once.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::{Dossier, Way};
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "duplicate-version",
    group: Group::Source,
    needs: Needs::Identity,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A package of which the lockfile has another version as well.

Each is compiled, reviewed and patched on its own, and a fix that reaches one of them may not reach the other. Of packages that
are locked already the older versions are told, of what enters with `add` or `update` each. `cargo tree --duplicates` shows who
asks for which.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    if dossier.twins.is_empty() {
        return vec![];
    }
    let number = |version: &provenance_build::Version| semver::Version::parse(version.as_str()).ok();
    let own = number(&dossier.id.version);
    let is_newest = dossier.twins.iter().all(|twin| number(twin) < own);
    if is_newest && matches!(dossier.way, Way::Kept | Way::Locked) {
        return vec![];
    }
    let twins = dossier.twins.iter().map(ToString::to_string).collect::<Vec<_>>();
    let others = super::dependency_first_ever::list(&twins);
    vec![Observation::new(format!("`{}` is in the graph beside {others}", dossier.id.short()))]
}

#[cfg(test)]
mod tests {
    use provenance_build::Version;

    use super::super::samples::{Case, ids, release};
    use super::*;

    #[test]
    fn the_surplus_version_is_noted() {
        for (way, twins, expected) in [
            (Way::Kept, &["2.0.0"][..], true),
            (Way::Locked, &["0.9.0"], false),
            (Way::Kept, &["0.9.0", "2.0.0"], true),
            (Way::Pulled, &["0.9.0"], true),
            (Way::Pulled, &[], false),
        ] {
            let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
            case.way = way;
            case.twins = twins.iter().map(|twin| Version::parse(twin).expect("a version")).collect();
            let found = ids(&case.judged()).contains(&"duplicate-version");
            assert_eq!(found, expected, "{way:?} {twins:?}");
        }
    }
}
