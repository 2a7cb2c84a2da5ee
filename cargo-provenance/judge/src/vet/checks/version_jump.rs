//! `version-jump`: a major version that leaves others out.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;
use crate::vet::release;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "version-jump",
    group: Group::History,
    needs: Needs::History,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A version whose major number is two or more above that of every version before it.

0.05 % of all releases do that. Whoever wants everybody to take his version gives it a number that no other has: `99.0.0` is
how an outsider's package wins over an internal one of the same name. Look at what the project itself says of that version.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(release) = dossier.listed() else { return vec![] };
    let Some(own) = release::parsed(release) else { return vec![] };
    let was_there = |other: &&crate::model::Release| match (other.published, release.published) {
        (Some(other), Some(own)) => other <= own,
        _ => true,
    };
    let older = dossier.releases().iter().filter(was_there).filter_map(release::parsed);
    let Some(highest) = older.filter(|version| *version < own).max() else { return vec![] };
    if own.major < highest.major.saturating_add(2) {
        return vec![];
    }
    vec![Observation::new(format!("`{}` follows on {highest}", dossier.id.short()))]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, release};

    #[test]
    fn a_major_version_that_leaves_others_out_is_noted() {
        for (versions, own, expected) in [
            (&["1.0.0", "3.0.0"][..], "3.0.0", true),
            (&["0.9.0", "99.0.0"], "99.0.0", true),
            (&["1.0.0", "2.0.0"], "2.0.0", false),
            (&["0.1.0", "1.0.0", "0.9.0"], "1.0.0", false),
            // The one in between came later.
            (&["1.0.0", "3.0.0", "2.0.0"], "3.0.0", true),
            (&["5.0.0"], "5.0.0", false),
            (&["1.0.0", "18446744073709551615.0.0"], "18446744073709551615.0.0", true),
        ] {
            let releases = versions.iter().zip((0..900).rev());
            let mut case = Case::new("", own, vec![]);
            case.releases = releases.map(|(version, days)| release(version, days)).collect();
            assert_eq!(case.whole("version-jump").is_some(), expected, "{versions:?}");
        }
    }
}
