//! What reviews prove, through which filters, and what they never do.

use std::path::Path;

use provenance_build::name::{CRATES_IO, PackageName, Source, Version};

use super::*;
use crate::audit::Published;
use crate::audit::{Import, translate};
use crate::policy::{AuditImport, EntryKind};
use crate::vet::Way;

fn id(name: &str, version: &str, source: &str) -> PackageId {
    PackageId {
        name: PackageName::parse(name).expect(name),
        version: Version::parse(version).expect(version),
        source: Source::parse(source),
    }
}

fn store(audits: &str, config: &str, imports: &str) -> Store {
    let audits = if audits.is_empty() { "[audits]\n" } else { audits };
    Store::read(Path::new(OWN), config.as_bytes(), audits.as_bytes(), imports.as_bytes()).expect("a store")
}

fn reviews(store: Store) -> Reviews {
    let today = Date::parse("2026-11-25").expect("a date");
    Reviews::new(store, None, BTreeMap::new(), today).expect("reviews")
}

/// The reviews of a set that somebody publishes, through these filters.
fn imported(text: &str, filter: impl FnOnce(&mut AuditImport)) -> Reviews {
    let mut import =
        AuditImport { name: "theirs".to_owned(), path: "theirs.toml".to_owned(), ..AuditImport::default() };
    filter(&mut import);
    let published = Published::read(text.as_bytes(), Path::new("theirs.toml")).expect("a set");
    let meaning = Import { exclude: import.exclude.clone(), ..Import::default() };
    let mut store = store("", "", "");
    let criteria = Criteria::of(&store.audits.criteria).expect("criteria");
    let set = translate(&selected(published, &import), &meaning, &criteria);
    store.config.imports.insert("theirs".to_owned(), meaning);
    store.imports.sets.insert("theirs".to_owned(), set);
    let files = BTreeMap::from([("theirs".to_owned(), "theirs.toml".to_owned())]);
    let today = Date::parse("2026-11-25").expect("a date");
    Reviews::new(store, None, files, today).expect("reviews")
}

fn proof(reviews: &Reviews, id: &PackageId) -> Option<Proof> {
    match reviews.of(&Dossier::new(id, Way::Kept)).standing {
        Standing::Proven(proof) => Some(proof),
        Standing::Open(_) | Standing::NotAsked(_) => None,
    }
}

const FULL: &str =
    "[[audits.a]]\nwho = 'Ann <ann@example.org>'\ncriteria = 'safe-to-deploy'\nversion = '1.0.0'\n";
const DELTA: &str =
    "[[audits.a]]\nwho = 'Bob <bob@example.org>'\ncriteria = 'safe-to-deploy'\ndelta = '1.0.0 -> 1.1.0'\n";
const VIOLATION: &str =
    "[[audits.a]]\nwho = 'Eve <eve@example.org>'\ncriteria = 'safe-to-run'\nviolation = '1.1.0'\n";

#[test]
fn who_vouches_is_named() {
    let reviews = imported(&format!("{FULL}{DELTA}"), |_| {});
    let found = proof(&reviews, &id("a", "1.1.0", CRATES_IO)).expect("a proof");
    assert_eq!((found.criteria.as_str(), &found.from[..]), ("safe-to-deploy", &["theirs".to_owned()][..]));
    assert_eq!(found.grade, Grade::Fully);
    let reviews = self::reviews(store(FULL, "", ""));
    assert_eq!(proof(&reviews, &id("a", "1.0.0", CRATES_IO)).expect("a proof").from, [OWN]);
}

#[test]
fn a_package_of_the_same_name_from_elsewhere_is_not_proven() {
    let reviews = reviews(store(FULL, "", ""));
    let commit = format!("git+https://h/r#{}", "a".repeat(40));
    for source in ["sparse+https://h/i/", &commit, ""] {
        assert_eq!(proof(&reviews, &id("a", "1.0.0", source)), None, "{source}");
    }
    assert!(proof(&reviews, &id("a", "1.0.0", CRATES_IO)).is_some());
}

#[test]
fn a_store_cannot_call_a_published_package_its_own() {
    for source in [CRATES_IO, "sparse+https://h/i/"] {
        let config = "[policy.a]\naudit-as-crates-io = false\n";
        let reviews = reviews(store("", config, ""));
        assert_eq!(proof(&reviews, &id("a", "1.0.0", source)), None, "{source}");
    }
}

#[test]
fn what_others_reviewed_on_crates_io_does_not_vouch_for_other_bytes_of_that_name() {
    let commit = "a".repeat(40);
    let git = format!("1.1.0@git:{commit}");
    let theirs = format!(
        "[audits.theirs.audits]\n{}{}",
        FULL.replace("audits.a", "audits.theirs.audits.a"),
        DELTA.replace("audits.a", "audits.theirs.audits.a")
    );
    let stands =
        |version: &str, of: &str| format!("[[unpublished.a]]\nversion = '{version}'\naudited_as = '{of}'\n");
    let config = "[imports.theirs]\nurl = 'x'\n[policy.a]\naudit-as-crates-io = true\n";
    let own = FULL.replace("version = '1.0.0'", "delta = '1.0.0 -> 1.1.0'");
    let on_commit = FULL.replace("version = '1.0.0'", &format!("delta = '1.0.0 -> {git}'"));
    let (registry, source) = ("sparse+https://h/i/", format!("git+https://h/r#{commit}"));
    for (audits, imports, version, source, proven) in [
        ("", theirs.clone(), "1.0.0", CRATES_IO, true),
        ("", theirs.clone(), "1.0.0", registry, false),
        ("", theirs.clone(), "1.1.0", registry, false),
        ("", theirs.clone(), "1.0.0", "", false),
        ("", format!("{theirs}{}", stands("1.2.0", "1.0.0")), "1.2.0", "", false),
        ("", format!("{theirs}{}", stands(&git, "1.1.0")), "1.1.0", &source, false),
        // What the team says itself is of what it uses, on the ground of what others reviewed.
        (FULL, theirs.clone(), "1.0.0", registry, true),
        (FULL, format!("{theirs}{}", stands("1.2.0", "1.0.0")), "1.2.0", "", true),
        (&own, theirs.clone(), "1.1.0", registry, true),
        (&on_commit, theirs.clone(), "1.1.0", &source, true),
    ] {
        let reviews = reviews(store(audits, config, &imports));
        let id = id("a", version, source);
        assert_eq!(proof(&reviews, &id).is_some(), proven, "{audits} {version} {source}");
        if !proven {
            let standing = reviews.of(&Dossier::new(&id, Way::Kept)).standing;
            let Standing::Open(missing) = standing else { panic!("{standing:?}") };
            let why = "what `theirs` reviewed is the package of crates.io";
            assert!(missing.why.iter().any(|it| it == why), "{:?}", missing.why);
        }
    }
    // A warning is one wherever the package comes from.
    let warning = VIOLATION.replace("audits.a", "audits.theirs.audits.a").replace("1.1.0", "*");
    let reviews = reviews(store("", config, &format!("[audits.theirs.audits]\n{warning}")));
    let opinion = reviews.of(&Dossier::new(&id("a", "1.0.0", registry), Way::Kept));
    assert_eq!(opinion.violations.len(), 1);
}

#[test]
fn filters_take_out_proof_and_leave_violations() {
    let text = format!("{FULL}{DELTA}{VIOLATION}");
    let old = id("a", "1.0.0", CRATES_IO);
    let new = id("a", "1.1.0", CRATES_IO);
    type Filter = fn(&mut AuditImport);
    let filters: [(Filter, bool); 7] = [
        (|_| {}, true),
        (|import| import.auditors = Some(vec!["ann@example.org".to_owned()]), true),
        (|import| import.auditors = Some(vec!["bob@example.org".to_owned()]), false),
        (|import| import.kinds = Some(vec![EntryKind::Delta]), false),
        (|import| import.crates = Some(vec!["b".to_owned()]), false),
        (|import| import.criteria = Some(vec!["safe-to-run".to_owned()]), false),
        (|import| import.criteria = Some(vec!["safe-to-deploy".to_owned()]), true),
    ];
    for (number, (filter, proves)) in filters.into_iter().enumerate() {
        let without = imported(&format!("{FULL}{DELTA}"), filter);
        assert_eq!(proof(&without, &old).is_some(), proves, "{number}");
        let violations = imported(&text, filter).of(&Dossier::new(&new, Way::Kept)).violations;
        assert_eq!(violations.len(), 1, "{number}: {violations:?}");
        assert_eq!(violations[0].place, "theirs.toml:9");
    }
    let excluded = imported(&text, |import| import.exclude = vec!["a".to_owned()]);
    assert!(excluded.of(&Dossier::new(&new, Way::Kept)).violations.is_empty());
    assert_eq!(proof(&excluded, &old), None);
}

#[test]
fn an_address_that_only_begins_like_an_auditors_is_not_theirs() {
    let reviews = imported(&FULL.replace("<ann@example.org>", "<ann@example.org.evil>"), |import| {
        import.auditors = Some(vec!["ann@example.org".to_owned()]);
    });
    assert_eq!(proof(&reviews, &id("a", "1.0.0", CRATES_IO)), None);
    let both = FULL.replace("'Ann <ann@example.org>'", "['Ann <ann@example.org>', 'Eve <eve@example.org>']");
    let reviews = imported(&both, |import| import.auditors = Some(vec!["ann@example.org".to_owned()]));
    assert_eq!(proof(&reviews, &id("a", "1.0.0", CRATES_IO)), None);
}

#[test]
fn one_bad_entry_loses_nothing_but_itself_and_a_bad_violation_bars_its_versions() {
    let odd = "[[audits.a]]\ncriteria = 'safe-to-deploy'\nversion = 'not a version'\n\
               [[audits.b]]\ncriteria = 'no-such-criterion'\nviolation = '<2'\n[[audits.c]]\nviolation = 7\n";
    let reviews = imported(&format!("{FULL}{odd}"), |_| {});
    assert!(proof(&reviews, &id("a", "1.0.0", CRATES_IO)).is_some());
    for (name, version, barred) in [("b", "1.0.0", true), ("b", "2.0.0", false), ("c", "9.9.9", true)] {
        let found = reviews.of(&Dossier::new(&id(name, version, CRATES_IO), Way::Kept)).violations;
        assert_eq!(found.len(), usize::from(barred), "{name} {version}: {found:?}");
        assert!(found.iter().all(|it| it.criteria.is_empty()), "{found:?}");
    }
}

#[test]
fn a_violation_of_another_version_does_not_refuse_this_one() {
    let wrong = VIOLATION.replace("violation = '1.1.0'", "violation = '<1.1'");
    let reviews = reviews(store(&format!("{FULL}{wrong}"), "", ""));
    assert_eq!(reviews.of(&Dossier::new(&id("a", "1.0.0", CRATES_IO), Way::Kept)).violations.len(), 1);
    let newer = reviews.of(&Dossier::new(&id("a", "1.1.0", CRATES_IO), Way::Kept));
    assert_eq!(newer.violations, []);
    assert!(matches!(newer.standing, Standing::Open(_)));
}

#[test]
fn a_publisher_alone_proves_nothing() {
    let trusted = "[audits]\n[[trusted.a]]\ncriteria = 'safe-to-deploy'\nuser-id = 1\nstart = '2020-01-01'\nend = '2027-01-01'\n";
    let imports = "[[publisher.a]]\nversion = '1.0.0'\nwhen = '2024-01-01'\nuser-id = 1\nuser-login = 'a'\n";
    let opinion =
        reviews(store(trusted, "", imports)).of(&Dossier::new(&id("a", "1.0.0", CRATES_IO), Way::Kept));
    let Standing::Open(missing) = opinion.standing else { panic!("{opinion:?}") };
    assert!(missing.why.iter().any(|why| why.contains("does not count")), "{missing:?}");
}

#[test]
fn a_store_with_a_fault_is_not_used() {
    let today = Date::parse("2026-11-25").expect("a date");
    let unknown = "[[audits.a]]\ncriteria = 'unknown'\nversion = '1.0.0'\n";
    let why = Reviews::new(store(unknown, "", ""), None, BTreeMap::new(), today).expect_err("a fault");
    assert!(why.starts_with("supply-chain/audits.toml:1: `unknown`"), "{why}");
}

#[test]
fn a_filter_that_is_about_nothing_of_the_set_is_told() {
    let text = format!(
        "[criteria.sound]\ndescription = 'x'\n{FULL}{DELTA}{VIOLATION}[[audits.b]]\nwho = 'Ann'\n\
                        criteria = 'sound'\nversion = '1.0.0'\n[[audits.c]]\ncriteria = 'sound'\nviolation = '*'\n"
    );
    let published = Published::read(text.as_bytes(), Path::new("theirs.toml")).expect("a set");
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let told = |filter: &dyn Fn(&mut AuditImport)| {
        let mut import = AuditImport { name: "theirs".to_owned(), ..AuditImport::default() };
        filter(&mut import);
        unmatched(&published, &import).join("; ")
    };
    let missing = |key: &str, names: &str| {
        format!("what `{key}` of `[audits.import.theirs]` names and the set does not have: {names}")
    };
    assert_eq!(told(&|_| {}), "");
    assert_eq!(
        told(&|it| {
            it.crates = Some(list(&["a"]));
            it.exclude = list(&["c"]);
            it.auditors = Some(list(&["ann@example.org", "Bob <bob@example.org>"]));
            it.criteria = Some(list(&["safe-to-deploy"]));
            it.kinds = Some(vec![EntryKind::Delta, EntryKind::Wildcard]);
            it.criteria_map = [("sound".to_owned(), list(&["safe-to-run"]))].into();
        }),
        ""
    );
    // What only warns vouches for nothing.
    assert_eq!(told(&|it| it.crates = Some(list(&["a", "A", "c"]))), missing("crates", "`A`, `c`"));
    assert_eq!(told(&|it| it.exclude = list(&["a", "d"])), missing("exclude", "`d`"));
    assert_eq!(
        told(&|it| it.auditors = Some(list(&["Ann", "ann@example"]))),
        missing("auditors", "`ann@example`")
    );
    assert_eq!(
        told(&|it| it.criteria = Some(list(&["safe-to-run", "sound"]))),
        missing("criteria", "`safe-to-run`")
    );
    let map = |name: &str| [(name.to_owned(), list(&["safe-to-run"]))].into();
    assert_eq!(told(&|it| it.criteria_map = map("soud")), missing("criteria-map", "`soud`"));
    assert_eq!(told(&|it| it.criteria_map = map("safe-to-run")), "");
    assert!(
        told(&|it| it.kinds = Some(vec![EntryKind::Trusted])).ends_with("the set has nothing of the kind")
    );
    let apart = told(&|it| {
        it.crates = Some(list(&["b"]));
        it.auditors = Some(list(&["bob@example.org"]));
    });
    assert!(apart.ends_with("nothing in it passes all filters"), "{apart}");
    let many = ["1", "2", "3", "4", "5", "6", "7"];
    let names = "`1`, `2`, `3`, `4`, `5` and 2 more";
    assert_eq!(told(&|it| it.exclude = list(&many)), missing("exclude", names));
}
