//! `version-too-new`: a version that was published only days ago.

use crate::model::Date;
use crate::policy::{Firmness, Level, Parameter, ParameterKind};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;
use crate::vet::release::{DAY, ago};

/// The youngest a version may be, in days, unless the policy says otherwise: 30 of 39 malicious publications on
/// crates.io with a known window were gone within this time.
pub const DAYS: u32 = 7;

const ID: &str = "version-too-new";

/// The check.
pub(super) const CHECK: Check = Check {
    id: ID,
    group: Group::History,
    needs: Needs::History,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[
        Parameter { key: "days", kind: ParameterKind::Days(DAYS) },
        Parameter { key: "fixes-advisory", kind: ParameterKind::Flag },
    ],
    since: 1,
    docs: "\
A version that was published less than 7 days ago.

Of 39 malicious publications on crates.io whose time is known, 30 were found and removed within a week: onering 1.4.1 after
6 hours, arrayref 0.3.10 after 86 minutes. A young version is the everyday case, not an alarm, so `add` and `update` take the
newest one that is old enough and say so. `days` sets another age. With `fixes-advisory = true` a version that mends what an
advisory reports in the version it replaces may be younger; otherwise the vulnerable one and its fix would lock each other.

Where the policy sets no `days`, cargo's own cool-down counts if it asks for more than 7 days: `registries.NAME.min-publish-age`
of the package's registry, else `registry.global-min-publish-age`, from configuration files inside the repository. It never makes
the age less than 7 days, which only the policy can. What a machine's own configuration or the environment sets does not count,
so that everybody gets the same answer; nor does `resolver.incompatible-publish-age`. Like every setting of the repository it is
recorded in the manifest, so that a change is drift until it is pinned.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let Some(published) = dossier.listed().and_then(|release| release.published) else { return vec![] };
    let set = ground.policy.days(ID, "days");
    let (days, line) = (set.map_or(DAYS, |at| at.value), set.map(|at| at.line));
    // Cargo's own cool-down never makes it less than what the tool asks for by itself.
    let source = dossier.id.source.as_ref().filter(|_| set.is_none());
    let cooldown = source.and_then(|source| ground.cooldown.of(source, ground.index_of));
    let cooldown = cooldown.filter(|span| span.seconds > u64::from(days) * DAY);
    let seconds = cooldown.map_or(u64::from(days) * DAY, |span| span.seconds);
    let ripe = published.saturating_add(seconds);
    if ground.now.0 >= ripe {
        return vec![];
    }
    let (name, ago) = (dossier.id.short(), ago(published, ground.now));
    let seen = match cooldown {
        Some(span) => {
            let what =
                format!("`{name}` was published {ago}, and cargo's configuration asks for {}", span.text);
            Observation::new(what).note(format!("set by {}", span.set))
        }
        None => {
            Observation::new(format!("`{name}` was published {ago}, and the policy asks for {days} days"))
        }
    };
    let (published, ripe) = (Date::of_seconds(published), Date::of_seconds(ripe.saturating_add(DAY - 1)));
    let seen =
        seen.note(format!("published on {published}; old enough on {ripe}")).line(line, "days set here");
    let allowed = ground.policy.flag(ID, "fixes-advisory").is_some_and(|at| at.value);
    match dossier.mends() {
        [] => vec![seen],
        mended if allowed => {
            let seen =
                seen.note(format!("it mends {}, and the policy lets such a version in", mended.join(", ")));
            vec![Observation { at_most: Some(Level::Note), ..seen }]
        }
        mended => vec![seen.note(format!(
            "it mends {}; `fixes-advisory = true` in the policy would let it in",
            mended.join(", ")
        ))],
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, release};
    use super::*;
    use crate::vet::cooldown::Span;

    #[test]
    fn a_version_is_too_new_until_its_last_day_is_over() {
        for (policy, days_ago, expected) in [
            ("", 8, &[][..]),
            ("", 7, &[]),
            ("", 6, &[ID]),
            ("[checks]\nversion-too-new = { days = 3 }\n", 6, &[]),
            ("[checks]\nversion-too-new = \"allow\"\n", 0, &[]),
        ] {
            let case = Case::new(policy, "1.0.0", vec![release("0.9.0", 900), release("1.0.0", days_ago)]);
            assert_eq!(ids(&case.judged()), expected, "{policy} {days_ago}");
        }
    }

    #[test]
    fn cargos_cool_down_only_ever_asks_for_more() {
        for (policy, text, days_ago, expected) in [
            ("", "14 days", 13, &[ID][..]),
            ("", "14 days", 14, &[]),
            ("", "0", 6, &[ID]),
            ("", "1 day", 6, &[ID]),
            ("", "1 hour", 7, &[]),
            // The policy has the last word.
            ("[checks]\nversion-too-new = { days = 3 }\n", "14 days", 6, &[]),
            ("[checks]\nversion-too-new = \"allow\"\n", "14 days", 6, &[]),
            ("", "18446744073709551615 seconds", 2_000, &[ID]),
        ] {
            let mut case =
                Case::new(policy, "1.0.0", vec![release("0.9.0", 900), release("1.0.0", days_ago)]);
            case.cooldown.add(None, Span::parse(text, "`key` in a file".to_owned()).expect("a span"));
            let judgment = case.judged();
            assert_eq!(ids(&judgment), expected, "{policy} {text} {days_ago}");
            let from_cargo = judgment.findings.iter().any(|it| it.message.contains("cargo's configuration"));
            assert_eq!(from_cargo, !expected.is_empty() && text != "0" && text != "1 day", "{text}");
        }
    }

    #[test]
    fn a_publication_time_in_the_future_is_too_new() {
        let mut young = release("1.0.0", 0);
        young.published = young.published.map(|at| at + 90 * DAY);
        let case = Case::new("", "1.0.0", vec![release("0.9.0", 900), young]);
        assert_eq!(ids(&case.judged()), [ID]);
    }

    #[test]
    fn what_mends_an_advisory_may_be_younger_where_the_policy_says_so() {
        let policy = "[checks]\nversion-too-new = { fixes-advisory = true }\n";
        for (policy, refuses) in [("", true), (policy, false)] {
            let mut case = Case::new(policy, "1.0.1", vec![release("1.0.0", 900), release("1.0.1", 1)]);
            case.mends = vec!["RUSTSEC-2026-0001".to_owned()];
            let judgment = case.judged();
            assert_eq!(ids(&judgment), [ID]);
            assert_eq!(judgment.refuses(), refuses, "{policy}");
        }
    }
}
