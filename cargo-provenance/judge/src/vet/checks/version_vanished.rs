//! `version-vanished`: a version that its registry no longer lists.

use crate::model::Evidence;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "version-vanished",
    group: Group::Manifest,
    needs: Needs::History,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 1,
    docs: "\
A version that the registry's index does not list any more.

crates.io deletes a version for malice, or within 72 hours when its owner asks. Either way, what is locked is something that
nobody can get any more. Look at the registry's page and at the advisories before anything else is built.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    if !matches!(dossier.release, Evidence::Absent) {
        return vec![];
    }
    vec![
        Observation::new(format!("the registry's index does not list `{}`", dossier.id.short()))
            .help("it may have been removed for malice: look at the registry's page before anything else"),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, release};

    #[test]
    fn a_version_that_the_index_does_not_list_is_denied() {
        let case = Case::new("", "1.0.0", vec![release("1.0.1", 900)]);
        assert_eq!(ids(&case.judged()), ["version-vanished"]);
        assert!(case.judged().refuses());
        // Nothing at all is listed of it.
        assert_eq!(ids(&Case::new("", "1.0.0", vec![]).judged()), ["version-vanished"]);
    }

    #[test]
    fn what_no_registry_offers_cannot_vanish() {
        let mut case = Case::new("", "1.0.0", vec![]);
        case.unpublished();
        assert!(case.judged().admits());
    }
}
