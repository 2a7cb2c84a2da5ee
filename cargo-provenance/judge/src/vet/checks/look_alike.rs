//! What the checks of names have in common: the age of the crate is the gate.

use crate::policy::Level;
use crate::vet::check::Observation;
use crate::vet::dossier::{Dossier, Way};
use crate::vet::engine::Ground;
use crate::vet::names::Likeness;
use crate::vet::release::{DAY, ago};

/// Below this age, in days, a look-alike is refused. Without an age 2.7 % of ordinary names look like another one; of crates
/// younger than a year none of 994 did.
const DENY_DAYS: u64 = 90;

/// Below this age, in days, a person must look.
const REVIEW_DAYS: u64 = 365;

/// Judges a name that may look like another one in this way. `says` completes the message.
pub(super) fn judge(
    dossier: &Dossier<'_>,
    ground: &Ground<'_>,
    likeness: Likeness,
    says: fn(&str) -> String,
) -> Vec<Observation> {
    let Some(first) = dossier.releases().iter().filter_map(|release| release.published).min() else {
        return vec![];
    };
    let level = match ground.now.0.saturating_sub(first) {
        age if age < DENY_DAYS * DAY => Level::Deny,
        age if age < REVIEW_DAYS * DAY => Level::Review,
        _ => return vec![],
    };
    let name = &dossier.id.name;
    let Some((_, other)) = ground.names.likeness(name).filter(|(found, _)| *found == likeness) else {
        return vec![];
    };
    let seen = Observation::new(format!("`{name}` {}", says(other)))
        .at(level)
        .note(format!("crate `{name}` was first published {}", ago(first, ground.now)));
    let seen = match dossier.way {
        Way::Named => seen.help(format!("did you mean `cargo provenance add {other}`?")),
        Way::Kept | Way::Locked | Way::Pulled => seen,
    };
    vec![seen.help(format!("if it is meant, list it in the policy: `[names] known = [\"{name}\"]`"))]
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::samples::{Case, release};
    use crate::finding::Weight;
    use crate::vet::Names;

    /// Expects that `bad` is found to look like `target`, by its age, and by no other check of names.
    pub(in super::super) fn check(id: &str, bad: &str, target: &str) {
        for (policy, days, expected) in [
            ("", 89, Some(Weight::Denial)),
            ("", 90, Some(Weight::Review)),
            ("", 364, Some(Weight::Review)),
            ("", 365, None),
            (&*format!("[names]\nknown = [\"{bad}\"]\n"), 10, None),
            (&*format!("[checks]\n{id} = \"note\"\n"), 10, Some(Weight::Note)),
        ] {
            let mut case = Case::new(policy, "1.0.0", vec![]);
            case.releases = vec![release("1.0.0", days)];
            case.names = Names::core();
            case.names.know(case.policy.known_names().iter().map(|at| at.value.as_str()));
            case.rename(bad);
            let found = case.whole(id);
            assert_eq!(found.as_ref().map(|finding| finding.weight), expected, "{policy} {days}");
            if let Some(finding) = found {
                assert!(finding.message.contains(&format!("`{target}`")), "{}", finding.message);
            }
            let judgment = case.judged();
            let others = judgment.findings.iter().filter(|it| it.id.starts_with("name-") && it.id != id);
            assert_eq!(others.count(), 0);
        }
    }
}
