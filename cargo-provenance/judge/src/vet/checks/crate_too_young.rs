//! `crate-too-young`: a crate that was first published less than a year ago.

use crate::policy::{Firmness, Level, Parameter, ParameterKind};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;
use crate::vet::release::{DAY, ago};

/// Below this age, in days, it is refused: 33 of 39 malicious publications with a known window were gone by then.
pub const DENY_DAYS: u32 = 30;

/// Below this age, in days, a person must look: every new malicious crate was found before its first birthday (the
/// longest was evm-units with about 8 months), and 26 of 994 ordinary crates are younger.
pub const REVIEW_DAYS: u32 = 365;

const ID: &str = "crate-too-young";

/// The check.
pub(super) const CHECK: Check = Check {
    id: ID,
    group: Group::History,
    needs: Needs::History,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[
        Parameter { key: "deny-days", kind: ParameterKind::Days(DENY_DAYS) },
        Parameter { key: "review-days", kind: ParameterKind::Days(REVIEW_DAYS) },
    ],
    since: 2,
    docs: "\
A crate whose first version was published less than a year ago.

Anywhere in the graph: the payload is often one hop away (finch-rust, tracing-check and arrayref each pulled in a crate that
was hours old). Younger than 30 days it is refused, younger than 365 days a person has to look at it. Together with
`version-too-new` this stops all 21 campaigns on crates.io of 2022 to 2026. `deny-days` and `review-days` set other ages. Look
at who publishes it and what it does, then accept it for these bytes.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let Some(first) = dossier.releases().iter().filter_map(|release| release.published).min() else {
        return vec![];
    };
    let set = |key, default| match ground.policy.days(ID, key) {
        Some(at) => (at.value, Some(at.line)),
        None => (default, None),
    };
    let (deny, deny_line) = set("deny-days", DENY_DAYS);
    let (review, review_line) = set("review-days", REVIEW_DAYS);
    let age = ground.now.0.saturating_sub(first);
    let (level, days, line) = match age {
        _ if age < u64::from(deny) * DAY => (Level::Deny, deny, deny_line),
        _ if age < u64::from(review) * DAY => (Level::Review, review, review_line),
        _ => return vec![],
    };
    let name = &dossier.id.name;
    let versions = dossier.releases().len();
    let seen = Observation::new(format!("crate `{name}` was first published {}", ago(first, ground.now)))
        .at(level)
        .note(format!(
            "the policy asks for {days} days; its registry lists {}",
            crate::report::plural(versions, "version")
        ))
        .line(line, "days set here");
    vec![seen]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, release};
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn the_age_of_the_first_version_decides() {
        for (policy, first, expected) in [
            ("", 29, Some(Weight::Denial)),
            ("", 30, Some(Weight::Review)),
            ("", 364, Some(Weight::Review)),
            ("", 365, None),
            ("[checks]\ncrate-too-young = \"note\"\n", 3, Some(Weight::Note)),
            ("[checks]\ncrate-too-young = { deny-days = 0 }\n", 10, Some(Weight::Review)),
            ("[checks]\ncrate-too-young = { deny-days = 400 }\n", 390, Some(Weight::Denial)),
        ] {
            let case =
                Case::new(policy, "1.0.0", vec![release("0.1.0", first), release("1.0.0", first.min(20))]);
            let judgment = case.judged();
            let found =
                judgment.findings.iter().find(|finding| finding.id == ID).map(|finding| finding.weight);
            assert_eq!(found, expected, "{policy} {first}");
        }
    }
}
