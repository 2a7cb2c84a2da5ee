//! `version-yanked`: a version that its publisher withdrew.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::{Dossier, Way};
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "version-yanked",
    group: Group::History,
    needs: Needs::History,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 1,
    docs: "\
A version that was yanked from its registry.

A yank is a warning sign, not an order. In the attack of 2026-08-20 the thief of arrayref yanked 0.3.5 to 0.3.9 so that
everybody would move to 0.3.10, which carried the payload. A version that is pinned and did not change is therefore only
noted, and no advice here ever leads onto a version that is too new. A yanked version that wants to enter is reviewed.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    if !dossier.listed().is_some_and(|release| release.yanked) {
        return vec![];
    }
    let seen = Observation::new(format!("`{}` was yanked from its registry", dossier.id.short()));
    vec![match dossier.way {
        Way::Kept => {
            let seen =
                seen.note("it is pinned and did not change: find out why before you move to another version");
            Observation { at_most: Some(Level::Note), ..seen }
        }
        _ => seen,
    }]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, release};
    use super::*;

    #[test]
    fn a_yanked_version_is_reviewed_when_it_enters_and_noted_when_it_stays() {
        for (way, policy, refuses) in [
            (Way::Named, "", true),
            (Way::Locked, "", true),
            (Way::Kept, "", false),
            (Way::Kept, "[checks]\nversion-yanked = \"deny\"\n", false),
        ] {
            let mut yanked = release("1.0.0", 400);
            yanked.yanked = true;
            let mut case = Case::new(policy, "1.0.0", vec![yanked]);
            case.way = way;
            let judgment = case.judged();
            assert_eq!(ids(&judgment), ["version-yanked"]);
            assert_eq!(judgment.refuses(), refuses, "{way:?} {policy}");
        }
    }
}
