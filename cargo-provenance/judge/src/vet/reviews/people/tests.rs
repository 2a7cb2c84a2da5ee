//! One person under two names, several people, and those who review what they published.

use std::collections::BTreeMap;
use std::path::Path;

use provenance_build::PackageId;
use provenance_build::name::{CRATES_IO, PackageName, Source, Version};

use super::*;
use crate::model::Date;
use crate::policy::{At, AuditRules};
use crate::vet::reviews::{Missing, Proof, Reviews, Standing};
use crate::vet::{Dossier, Way};

const ANN: &str = "Ann <ann@example.org>";
/// Both sets that stand in some `imports.lock`.
const CONFIG: &str = "[imports.one]\nurl = 'https://h/one'\n[imports.two]\nurl = 'https://h/two'\n";
const BOB: &str = "Bob <bob@example.org>";

/// The entries of `a`, each by who wrote it and the versions that it leads from and to.
fn audits(entries: &[(&[&str], &str)]) -> String {
    let entry = |(who, versions): &(&[&str], &str)| {
        let kind = if versions.contains("->") { "delta" } else { "version" };
        format!("[[audits.a]]\nwho = {who:?}\ncriteria = 'safe-to-deploy'\n{kind} = '{versions}'\n")
    };
    entries.iter().map(entry).collect()
}

fn reviews(audits: &str, imports: &str, rules: &AuditRules) -> Reviews {
    let config = if imports.contains("audits.two") { CONFIG } else { "" };
    let (audits, imports) = (audits.as_bytes(), imports.as_bytes());
    let store = Store::read(Path::new("supply-chain"), config.as_bytes(), audits, imports);
    let today = Date::parse("2026-11-25").expect("a date");
    Reviews::new(store.expect("a store"), Some(rules), BTreeMap::new(), today).expect("reviews")
}

fn id() -> PackageId {
    PackageId {
        name: PackageName::parse("a").expect("a name"),
        version: Version::parse("1.1.0").expect("a version"),
        source: Source::parse(CRATES_IO),
    }
}

fn standing(audits: &str, imports: &str, rules: &AuditRules) -> Result<Proof, Box<Missing>> {
    match reviews(audits, imports, rules).of(&Dossier::new(&id(), Way::Kept)).standing {
        Standing::Proven(proof) => Ok(proof),
        Standing::Open(missing) => Err(Box::new(missing)),
        Standing::NotAsked(why) => panic!("{why:?}"),
    }
}

fn reviewers(number: u8) -> AuditRules {
    AuditRules { reviewers: At { value: number, line: 1 }, ..AuditRules::default() }
}

fn auditor(name: &str, who: &[&str], logins: &[&str]) -> At<Auditor> {
    let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    At { value: Auditor { name: name.to_owned(), who: own(who), keys: vec![], logins: own(logins) }, line: 1 }
}

#[test]
fn each_step_needs_as_many_people_as_the_policy_asks_for() {
    for (entries, one, two) in [
        (&[(&[ANN][..], "1.1.0")][..], true, false),
        (&[(&[ANN], "1.1.0"), (&[BOB], "1.1.0")], true, true),
        // Two people read it together.
        (&[(&[ANN, BOB], "1.1.0")], true, true),
        // Different people vouch for different steps, and for each step one alone.
        (&[(&[ANN], "1.0.0"), (&[BOB], "1.0.0 -> 1.1.0")], true, false),
        (&[(&[ANN], "1.0.0"), (&[BOB], "1.0.0 -> 1.1.0"), (&["Cy <cy@h>"], "1.1.0")], true, true),
        (&[(&[ANN], "1.0.0"), (&[BOB], "1.0.0 -> 1.1.0"), (&[ANN], "1.1.0")], true, false),
        (&[(&[ANN, BOB], "1.0.0"), (&[BOB], "1.0.0 -> 1.1.0"), (&[ANN], "1.0.0 -> 1.1.0")], true, true),
        // Nobody knows whether whoever left no name is somebody else.
        (&[(&[], "1.1.0"), (&[], "1.1.0")], true, false),
        (&[(&[], "1.1.0"), (&[ANN], "1.1.0")], true, false),
        (&[(&["<>"], "1.1.0"), (&[ANN], "1.1.0")], true, false),
        (
            &[(&[ANN], "1.0.0"), (&[BOB], "1.0.0"), (&[ANN], "1.0.0 -> 1.1.0"), (&[], "1.0.0 -> 1.1.0")],
            true,
            false,
        ),
    ] {
        let audits = audits(entries);
        assert_eq!(standing(&audits, "", &reviewers(1)).is_ok(), one, "{audits}");
        assert_eq!(standing(&audits, "", &reviewers(2)).is_ok(), two, "{audits}");
        assert!(standing(&audits, "", &reviewers(5)).is_err(), "{audits}");
    }
}

#[test]
fn whoever_is_missing_is_named_with_the_review_that_would_do() {
    let text = audits(&[(&[ANN, BOB], "1.0.0"), (&[BOB], "1.0.0 -> 1.1.0")]);
    let missing = standing(&text, "", &reviewers(2)).expect_err("one alone");
    let expected = "2 different people must vouch for it, and without bob@example.org nobody does";
    assert_eq!(missing.why, [expected]);
    let (version, gap) = missing.gap.expect("a gap");
    let reviews = gap.reviews(&version, |_| true);
    let delta = reviews.iter().find(|review| review.from.is_some()).expect("a delta");
    assert_eq!(delta.from.as_ref().map(ToString::to_string).as_deref(), Some("1.0.0"));
}

#[test]
fn one_person_under_two_names_is_one() {
    let work = "Ann A. <ann@work.example>";
    for (entries, listed, ok) in [
        (&[(&[ANN][..], "1.1.0"), (&["ANN <Ann@Example.org>"], "1.1.0")][..], vec![], false),
        (&[(&[ANN], "1.1.0"), (&["Ann < ann@example.org> "], "1.1.0")], vec![], false),
        (&[(&[ANN], "1.1.0"), (&[" ann@example.org "], "1.1.0")], vec![], false),
        // Two who are not listed, one of them without a name.
        (&[(&[BOB], "1.1.0"), (&[], "1.1.0")], vec![auditor("ann", &[ANN], &[])], false),
        (&[(&[ANN], "1.1.0"), (&[work], "1.1.0")], vec![], true),
        (&[(&[ANN], "1.1.0"), (&[work], "1.1.0")], vec![auditor("ann", &[ANN, work], &[])], false),
        // Whoever is not listed may be anybody, if the team says who its auditors are.
        (&[(&[BOB], "1.1.0"), (&[work], "1.1.0")], vec![auditor("ann", &[ANN], &[])], false),
        (&[(&[BOB], "1.1.0"), (&[ANN], "1.1.0")], vec![auditor("ann", &[ANN], &[])], true),
    ] {
        let audits = audits(entries);
        let rules = AuditRules { auditors: listed, ..reviewers(2) };
        assert_eq!(standing(&audits, "", &rules).is_ok(), ok, "{audits} {:?}", rules.auditors);
    }
}

#[test]
fn a_name_in_the_lock_of_imports_is_anybodys() {
    let made_up = |name: &str, who: &str| {
        format!("[[audits.{name}.audits.a]]\nwho = '{who}'\ncriteria = 'safe-to-deploy'\nversion = '1.1.0'\n")
    };
    let ann = || AuditRules { auditors: vec![auditor("ann", &[ANN], &[])], ..reviewers(2) };
    let two = made_up("one", BOB) + &made_up("two", "Cy <cy@h>");
    assert!(standing("[audits]\n", &two, &reviewers(2)).is_ok(), "nobody says who is who");
    assert!(standing("[audits]\n", &two, &ann()).is_err());
    let mixed = audits(&[(&["Eve <eve@h>"], "1.1.0")]);
    assert!(standing(&mixed, &two, &ann()).is_err());
    let listed = made_up("one", ANN) + &made_up("two", "Cy <cy@h>");
    assert!(standing(&mixed, &listed, &ann()).is_ok());
    // A set that the policy pins has its own people.
    let pinned = BTreeMap::from(["one", "two"].map(|name| (name.to_owned(), format!("{name}.toml"))));
    let store = Store::read(Path::new("supply-chain"), CONFIG.as_bytes(), b"[audits]\n", two.as_bytes())
        .expect("a store");
    let today = Date::parse("2026-11-25").expect("a date");
    let reviews = Reviews::new(store, Some(&ann()), pinned, today).expect("reviews");
    assert!(matches!(reviews.of(&Dossier::new(&id(), Way::Kept)).standing, Standing::Proven(_)));
}

#[test]
fn a_name_that_is_trusted_is_no_second_reviewer() {
    let trusted =
        "[[trusted.a]]\ncriteria = 'safe-to-deploy'\nuser-id = 1\nstart = '2020-01-01'\nend = '2027-01-01'\n";
    let row = "[[publisher.a]]\nversion = '1.1.0'\nwhen = '2024-01-01'\nuser-id = 1\nuser-login = 'eve'\n";
    let text = format!("{}{trusted}", audits(&[(&[ANN], "1.1.0")]));
    assert!(standing(&text, row, &reviewers(1)).is_ok());
    assert!(standing(&text, row, &reviewers(2)).is_err());
}

#[test]
fn nobody_vouches_for_what_they_published() {
    let row = |login: &str, name: &str| {
        format!(
            "[[publisher.a]]\nversion = '1.1.0'\nwhen = '2024-01-01'\nuser-id = 1\nuser-login = '{login}'\nuser-name = '{name}'\n"
        )
    };
    let ann = || vec![auditor("ann", &[ANN], &["ann-publishes"])];
    for (who, login, name, listed, ok) in [
        (&[ANN][..], "eve", "Eve", vec![], true),
        (&[ANN], "ann", "", vec![], false),
        (&[ANN], "other", "ANN", vec![], false),
        (&["A <12+ann@users.noreply.github.com>"], "ann", "", vec![], false),
        (&["ann"], "Ann", "", vec![], false),
        (&[ANN, BOB], "ann", "", vec![], true),
        (&[ANN], "ann-publishes", "Somebody", vec![], true),
        (&[ANN], "ann-publishes", "Somebody", ann(), false),
        (&[BOB], "ann-publishes", "Bob", ann(), true),
    ] {
        let audits = audits(&[(who, "1.1.0")]);
        let rules = AuditRules { auditors: listed, ..AuditRules::default() };
        let found = standing(&audits, &row(login, name), &rules);
        assert_eq!(found.is_ok(), ok, "{who:?} {login} {name}: {found:?}");
        let lenient = AuditRules { self_reviews: true, ..rules };
        assert!(standing(&audits, &row(login, name), &lenient).is_ok(), "{who:?} {login} {name}");
    }
    // What somebody published later or before says nothing about this version.
    let row = row("ann", "").replace("1.1.0", "1.0.0");
    assert!(standing(&audits(&[(&[ANN], "1.1.0")]), &row, &AuditRules::default()).is_ok());
    let chain = audits(&[(&[ANN], "1.0.0"), (&[BOB], "1.0.0 -> 1.1.0")]);
    assert!(standing(&chain, &row, &AuditRules::default()).is_err());
}

#[test]
fn a_tangle_of_reviews_by_many_people_does_not_keep_anybody_waiting() {
    // Four people for each of sixty steps, and three for the last: whoever asks for five tries groups without end.
    let who = |step: u32, person: u32| format!("P{step}-{person} <p{step}-{person}@example.org>");
    let steps = |last: u32| {
        let people = |step| if step == 60 { last } else { 5 };
        let all = (0..=60).flat_map(|step| (0..people(step)).map(move |person| (step, person)));
        let entry = |(step, person)| {
            let to = if step == 60 { "1.1.0".to_owned() } else { format!("1.0.{step}") };
            let versions = match step {
                0 => format!("version = '{to}'"),
                step => format!("delta = '1.0.{} -> {to}'", step - 1),
            };
            format!("[[audits.a]]\nwho = '{}'\ncriteria = 'safe-to-deploy'\n{versions}\n", who(step, person))
        };
        all.map(entry).collect::<String>()
    };
    // Where enough people stand apart, that is seen at once.
    assert!(standing(&steps(5), "", &reviewers(5)).is_ok());
    let tangled = format!("{}{}", steps(5).replace("P60-4 <p60-4@", "P0-0 <p0-0@"), "");
    let missing = standing(&tangled, "", &reviewers(5)).expect_err("not told");
    assert!(missing.why[0].contains("too tangled to tell"), "{:?}", missing.why);
    assert!(standing(&steps(4), "", &reviewers(5)).is_err());
}
