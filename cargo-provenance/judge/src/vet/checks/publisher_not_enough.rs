//! `publisher-not-enough`: a release that only a publisher's name speaks for, and that brings in code which runs at build time.

use super::not_audited::is_required;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;
use crate::vet::reviews::{Look, Proof, Standing};

/// The check.
pub(super) const CHECK: Check = Check {
    id: "publisher-not-enough",
    group: Group::Audits,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A release that only a trusted publisher's name speaks for, and that runs new code at build time.

Accounts are taken over: arrayref, internment and append-only-vec (2026-08) came from the account of their real owner. Where the policy requires
reviews, the name of a publisher is therefore never enough for a build script or a procedural macro that the version before it had not,
nor where that version could not be compared with. What else a name needs is judged before anything is fetched, by `not-audited`.

Read what runs, then `certify` it, or stay with the version before.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let id = dossier.id;
    let Some(reviews) = ground.audits.known() else { return vec![] };
    let required = reviews.required();
    if !is_required(required.value, dossier) || !reviews.trusts_for(id.name.as_str()) {
        return vec![];
    }
    let Standing::Proven(Proof { on_publisher: true, from, .. }) =
        reviews.given(dossier, Look::Beforehand).standing
    else {
        return vec![];
    };
    let Standing::Open(missing) = reviews.given(dossier, Look::Contents).standing else { return vec![] };
    let what = format!("only the name of its publisher speaks for `{}`, and that is not enough", id.short());
    let seen = Observation::new(what).line(Some(required.line), "required here").listing(&missing.why);
    let seen = seen
        .note(format!("trusted by {}", from.join(", ")))
        .help(format!("read it, then run `cargo provenance certify {} {}`", id.name, id.version));
    match dossier.previous.unavailable() {
        // It may be nothing new. That is never a pass.
        Some(why) => vec![seen.at(Level::Note).undecided(why)],
        None => vec![seen],
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, NOW, ids, needing, packed, release};
    use crate::model::DependencyKind::{Build, Dev, Normal};
    use crate::model::{Date, Evidence};
    use crate::vet::release::DAY;
    use crate::vet::{Judgment, Way};

    const TRUST: &str = "[audits]\n[[trusted.dep]]\ncriteria = 'safe-to-deploy'\nuser-id = 1\nstart = '2020-01-01'\nend = '2027-06-01'\n";
    const EXEMPT: &str = "[[exemptions.dep]]\nversion = '1.0.0'\ncriteria = 'safe-to-deploy'\n";
    const NO_SCRIPT: &str = "build = false";
    const SCRIPT: &str = "build = true";
    const MACRO: &str = "build = false\n[lib]\nproc-macro = true";

    /// A row: who published a version, so many days ago.
    fn row(version: &str, days: u64, user: u64) -> String {
        let when = Date::of_seconds(NOW - days * DAY);
        format!(
            "[[publisher.dep]]\nversion = '{version}'\nwhen = '{when}'\nuser-id = {user}\nuser-login = 'u{user}'\n"
        )
    }

    /// The quiet release of a trusted publisher, which a test then makes less quiet.
    struct Quiet {
        policy: &'static str,
        audits: String,
        config: &'static str,
        rows: String,
        days: u64,
        before: &'static str,
        own: &'static str,
        version: &'static str,
        needs: [&'static [(&'static str, crate::model::DependencyKind, bool)]; 2],
        index: &'static [(&'static str, u64)],
    }

    impl Quiet {
        fn new() -> Self {
            Self {
                policy: "required = 'all'",
                audits: TRUST.to_owned(),
                config: "",
                rows: row("0.9.0", 900, 1) + &row("1.0.0", 60, 1),
                days: 60,
                before: NO_SCRIPT,
                own: NO_SCRIPT,
                version: "1.0.0",
                needs: [&[], &[]],
                index: &[("0.1.0", 2_000)],
            }
        }

        fn case(&self) -> Case {
            let mut releases =
                self.index.iter().map(|(version, days)| release(version, *days)).collect::<Vec<_>>();
            releases.push(needing(release("0.9.0", 900), self.needs[0]));
            releases.push(needing(release("1.0.0", self.days), self.needs[1]));
            let mut case = Case::new(&format!("[audits]\n{}", self.policy), self.version, releases);
            case.way = Way::Locked;
            case.published_by(&self.audits, self.config, &self.rows);
            if self.version == "1.0.0" {
                case.archive(packed(self.own).file("build.rs", b"fn main() {}"));
                case.before("0.9.0", packed(self.before).file("build.rs", b"fn main() {}"));
            }
            case
        }

        fn judged(&self) -> Judgment {
            self.case().judged()
        }
    }

    /// What refuses it of the two checks, and whether a proof was written down.
    fn said(judgment: &Judgment) -> (Option<&'static str>, bool) {
        let refuses =
            ids(judgment).into_iter().find(|id| ["not-audited", "publisher-not-enough"].contains(id));
        (refuses, judgment.proof.is_some())
    }

    fn why(judgment: &Judgment) -> String {
        judgment.findings.iter().flat_map(|finding| finding.notes.clone()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_quiet_release_of_a_trusted_publisher_passes_and_says_so() {
        let judgment = Quiet::new().judged();
        assert_eq!(said(&judgment), (None, true), "{judgment:#?}");
        let proof = judgment.proof.expect("a proof");
        assert!(proof.on_publisher);
        assert_eq!(proof.from, ["supply-chain"]);
        // A review goes before a name.
        let review = "[[audits.dep]]\ncriteria = 'safe-to-deploy'\nversion = '1.0.0'\n";
        let quiet = Quiet { audits: TRUST.replace("[audits]\n", "") + review, ..Quiet::new() };
        assert!(!quiet.judged().proof.expect("a proof").on_publisher);
    }

    #[test]
    fn an_account_that_was_taken_over_brings_no_build_time_code() {
        for (before, own, refused) in [
            (NO_SCRIPT, SCRIPT, true),
            (NO_SCRIPT, MACRO, true),
            (SCRIPT, MACRO, true),
            (SCRIPT, SCRIPT, false),
            (MACRO, MACRO, false),
            (SCRIPT, NO_SCRIPT, false),
        ] {
            let judgment = Quiet { before, own, ..Quiet::new() }.judged();
            let expected = if refused { (Some("publisher-not-enough"), false) } else { (None, true) };
            assert_eq!(said(&judgment), expected, "{before} {own} {judgment:#?}");
        }
        let judgment = Quiet { own: SCRIPT, ..Quiet::new() }.judged();
        assert!(why(&judgment).contains("it has a build script, and 0.9.0 had none"), "{judgment:#?}");
        // Somebody who let the version in by name did not mean its publisher.
        let exempt = Quiet { own: SCRIPT, config: EXEMPT, ..Quiet::new() }.judged();
        assert_eq!(said(&exempt).0, None, "{exempt:#?}");
    }

    #[test]
    fn what_could_not_be_compared_is_not_taken_to_be_as_before() {
        let mut case = Quiet { own: SCRIPT, before: SCRIPT, ..Quiet::new() }.case();
        assert_eq!(said(&case.judged()), (None, true));
        case.before = Evidence::Absent;
        assert_eq!(said(&case.judged()), (Some("publisher-not-enough"), false));
        // It may be there another time.
        case.before = Evidence::Unavailable("the network is away".to_owned());
        let judgment = case.judged();
        assert!(!judgment.admits() && judgment.proof.is_none(), "{judgment:#?}");
        assert!(judgment.open[0].checks.contains(&"publisher-not-enough"), "{judgment:#?}");
        // A version above says nothing about what is new.
        case.before("1.0.1", packed(SCRIPT).file("build.rs", b"fn main() {}"));
        assert_eq!(said(&case.judged()), (Some("publisher-not-enough"), false));
        // What runs nothing at build time needs no comparison.
        let mut case = Quiet::new().case();
        case.before = Evidence::Absent;
        assert_eq!(said(&case.judged()), (None, true));
    }

    #[test]
    fn somebody_else_before_a_young_release_and_a_new_dependency_are_refused_before_anything_is_fetched() {
        let young =
            |days| Quiet { days, rows: row("0.9.0", 900, 1) + &row("1.0.0", days, 1), ..Quiet::new() };
        let needs = |before, own| Quiet { needs: [before, own], ..Quiet::new() };
        let rows = |rows: String| Quiet { rows, ..Quiet::new() };
        for (what, quiet, expected) in [
            ("13 days", young(13), Some("too short a time ago")),
            ("14 days", young(14), None),
            (
                "20 of 30 days",
                Quiet { policy: "required = 'all'\npublisher-age = '30 days'", ..young(20) },
                Some("too short"),
            ),
            (
                "another publisher",
                rows(row("0.9.0", 900, 2) + &row("1.0.0", 60, 1)),
                Some("`u1` (user 1) published it, and `u2` (user 2) 0.9.0"),
            ),
            ("nobody known before", rows(row("1.0.0", 60, 1)), Some("who published 0.9.0 is not known")),
            ("another trusted", rows(row("0.9.0", 900, 2) + &row("1.0.0", 60, 2)), Some("nobody vouches")),
            ("nothing known", rows(String::new()), Some("nobody vouches")),
            ("new dependency", needs(&[], &[("a", Normal, false)]), Some("0.9.0 did not depend on `a`")),
            ("new optional one", needs(&[], &[("a", Normal, true)]), Some("0.9.0 did not depend on `a`")),
            (
                "new build dependency",
                needs(&[("b", Normal, false)], &[("a", Build, false), ("b", Normal, false)]),
                Some("`a`"),
            ),
            ("new for tests", needs(&[], &[("a", Dev, false)]), None),
            ("was for tests", needs(&[("a", Dev, false)], &[("a", Normal, false)]), Some("`a`")),
            ("one less", needs(&[("a", Normal, false)], &[]), None),
        ] {
            let judgment = quiet.judged();
            let refused = expected.map(|_| "not-audited");
            assert_eq!(said(&judgment), (refused, expected.is_none()), "{what}: {judgment:#?}");
            assert!(why(&judgment).contains(expected.unwrap_or_default()), "{what}: {judgment:#?}");
        }
    }

    #[test]
    fn a_row_that_is_forged_ahead_of_time_or_twice_is_not_believed() {
        let before = row("0.9.0", 900, 1);
        for (rows, expected) in [
            // Written for a release to come, with a day on which it would be old enough.
            (before.clone() + &row("1.0.0", 600, 1), "is said to be of"),
            (row("0.9.0", 700, 1) + &row("1.0.0", 60, 1), "0.9.0 is said to be of"),
            (before.clone() + &row("1.0.0", 60, 1) + &row("1.0.0", 60, 2), "contradict each other"),
            (before.clone() + &row("0.9.0", 900, 2) + &row("1.0.0", 60, 1), "contradict each other"),
            (before.clone() + &row("1.0.0", 60, 1) + &row("1.0.0", 500, 1), "contradict each other"),
        ] {
            let judgment = Quiet { rows, ..Quiet::new() }.judged();
            assert_eq!(said(&judgment), (Some("not-audited"), false), "{judgment:#?}");
            assert!(why(&judgment).contains(expected), "{expected}: {judgment:#?}");
        }
        // A day more or less is a time zone.
        let zones = Quiet { rows: before + &row("1.0.0", 61, 1) + &row("1.0.0", 60, 1), ..Quiet::new() };
        assert_eq!(said(&zones.judged()), (None, true));
    }

    #[test]
    fn a_first_version_has_nothing_to_be_compared_with() {
        let quiet = Quiet { version: "0.1.0", rows: row("0.1.0", 2_000, 1), ..Quiet::new() };
        let judgment = quiet.judged();
        assert_eq!(said(&judgment), (Some("not-audited"), false), "{judgment:#?}");
        assert!(why(&judgment).contains("no version came before it"), "{judgment:#?}");
    }

    #[test]
    fn a_decoy_of_the_same_week_is_not_what_a_release_is_compared_with() {
        // 0.9.5, five days before, has the dependency and the publisher that 1.0.0 has.
        let mut quiet = Quiet { index: &[("0.1.0", 2_000), ("0.9.5", 65)], ..Quiet::new() };
        quiet.rows = row("0.9.0", 900, 2) + &row("0.9.5", 65, 1) + &row("1.0.0", 60, 1);
        assert_eq!(said(&quiet.judged()), (Some("not-audited"), false));
        // What was withdrawn is compared with: whoever publishes can withdraw.
        let mut case = Quiet {
            rows: row("0.9.0", 900, 2) + &row("1.0.0", 60, 1) + &row("0.1.0", 2_000, 1),
            ..Quiet::new()
        }
        .case();
        case.releases[1].yanked = true;
        assert_eq!(said(&case.judged()), (Some("not-audited"), false));
    }

    #[test]
    fn only_the_release_itself_is_vouched_for_and_not_what_somebody_reviewed_on_top() {
        let delta = "[[audits.dep]]\ncriteria = 'safe-to-deploy'\ndelta = '0.9.0 -> 1.0.0'\n";
        let quiet = Quiet {
            audits: TRUST.replace("[audits]\n", "") + delta,
            rows: row("0.1.0", 2_000, 1) + &row("0.9.0", 900, 1) + &row("1.0.0", 60, 2),
            ..Quiet::new()
        };
        assert_eq!(said(&quiet.judged()), (Some("not-audited"), false));
    }

    #[test]
    fn nothing_is_refused_where_no_review_is_required_and_no_name_is_pinned_then() {
        let quiet = Quiet { policy: "", own: SCRIPT, ..Quiet::new() };
        assert_eq!(said(&quiet.judged()), (None, false));
        let quiet = Quiet { policy: "", ..Quiet::new() };
        assert_eq!(said(&quiet.judged()), (None, true));
        let quiet = Quiet {
            policy: "required = 'all'\n[checks]\npublisher-not-enough = 'allow'",
            own: SCRIPT,
            ..Quiet::new()
        };
        assert_eq!(said(&quiet.judged()), (None, false));
    }

    #[test]
    fn a_package_of_the_same_name_from_elsewhere_was_not_published_there() {
        for source in ["sparse+https://h/i/", "registry+https://h/i"] {
            let mut case = Quiet::new().case();
            case.from(source);
            assert_eq!(said(&case.judged()), (Some("not-audited"), false), "{source}");
        }
    }
}
