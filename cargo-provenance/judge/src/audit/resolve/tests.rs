//! Verdicts of small stores: what both judgments say, and what only strict judgment sees.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::audit::{Bar, Requirement};

const TODAY: &str = "2026-11-25";

/// What `version` of `krate`, from crates.io, is judged by both: the texts of a store without headings.
struct Case {
    store: Store,
    tree: Tree,
    strict: Strict,
}

fn version(text: &str) -> VetVersion {
    VetVersion::parse(text).expect(text)
}

fn package(name: &str, text: &str, origin: Origin) -> TreePackage {
    TreePackage {
        name: name.into(),
        version: version(text),
        origin,
        is_member: false,
        is_root: false,
        dependencies: vec![],
        dev_dependencies: vec![],
    }
}

/// A member `app` that depends on these.
fn tree(packages: impl IntoIterator<Item = TreePackage>) -> Tree {
    let mut app = package("app", "0.1.0", Origin::Path);
    app.is_member = true;
    let mut all = vec![app];
    all.extend(packages);
    all[0].dependencies = (1..all.len()).collect();
    Tree::new(all)
}

fn case(config: &str, audits: &str, imports: &str) -> Case {
    let audits = if audits.contains("[audits") { audits.to_owned() } else { format!("{audits}\n[audits]\n") };
    let folder = Path::new("supply-chain");
    let store =
        Store::read(folder, config.as_bytes(), audits.as_bytes(), imports.as_bytes()).expect("a store");
    let tree = tree([package("dep", "1.0.0", Origin::CratesIo)]);
    Case { store, tree, strict: Strict::default() }
}

impl Case {
    fn of(mut self, packages: impl IntoIterator<Item = TreePackage>) -> Self {
        self.tree = tree(packages);
        self
    }

    /// Nothing speaks against a publication of `dep`.
    fn trusting(mut self) -> Self {
        let known = Circumstances {
            is_same_publisher: Some(true),
            has_new_build_code: Some(false),
            has_new_dependency: Some(false),
        };
        self.strict.circumstances.insert(("dep".into(), version("1.0.0")), known);
        self
    }

    /// The worst of both judgments: cargo-vet's, then ours.
    #[track_caller]
    fn is(&self, compatible: &str, strict: &str) {
        assert_eq!(
            [self.said(Mode::VetCompatible), self.said(Mode::Strict(&self.strict))],
            [compatible, strict]
        );
    }

    fn said(&self, mode: Mode<'_>) -> String {
        match resolve(&self.store, &self.tree, date(TODAY), mode) {
            Err(_) => "fault".to_owned(),
            Ok(verdicts) => {
                let worst = verdicts.packages.iter().max_by_key(|verdict| match verdict {
                    Verdict::Own => 0,
                    Verdict::Proven { .. } => 1,
                    Verdict::Unproven { .. } => 2,
                    Verdict::Undeclared => 3,
                    Verdict::Violated(_) => 4,
                });
                match worst.expect("a package") {
                    Verdict::Own => "own".to_owned(),
                    Verdict::Proven { grade, .. } => format!("{grade:?}"),
                    Verdict::Unproven { missing, .. } => {
                        let why = verdicts.voids.values().flatten().map(|void| format!(" {:?}", void.why));
                        format!(
                            "lacks {}{}",
                            verdicts.criteria.minimal(*missing).join(" "),
                            why.collect::<String>()
                        )
                    }
                    Verdict::Undeclared => "undeclared".to_owned(),
                    Verdict::Violated(_) => "violated".to_owned(),
                }
            }
        }
    }
}

fn date(text: &str) -> Date {
    Date::parse(text).expect(text)
}

fn audit(rest: &str) -> String {
    format!("[[audits.dep]]\ncriteria = 'safe-to-deploy'\n{rest}\n")
}

const EXEMPTION: &str = "[[exemptions.dep]]\nversion = '1.0.0'\ncriteria = 'safe-to-deploy'\n";
const TRUSTED: &str =
    "[[trusted.dep]]\ncriteria = 'safe-to-deploy'\nuser-id = 1\nstart = '2024-01-01'\nend = '2027-01-01'\n";
const WILDCARD: &str = "[[wildcard-audits.dep]]\ncriteria = 'safe-to-deploy'\nuser-id = 1\nstart = '2024-01-01'\nend = '2027-01-01'\n";
const PUBLISHED: &str =
    "[[publisher.dep]]\nversion = '1.0.0'\nwhen = '2025-01-01'\nuser-id = 1\nuser-login = 'ann'\n";

#[test]
fn chains_of_reviews_prove_a_version() {
    let full = audit("version = '0.9.0'");
    let delta = |delta: &str| audit(&format!("delta = '{delta}'"));
    case("", "", "").is("lacks safe-to-deploy", "lacks safe-to-deploy");
    case("", &audit("version = '1.0.0'"), "").is("Fully", "Fully");
    case("", &format!("{full}{}", delta("0.9.0 -> 1.0.0")), "").is("Fully", "Fully");
    case("", &format!("{full}{}", delta("0.8.0 -> 1.0.0")), "")
        .is("lacks safe-to-deploy", "lacks safe-to-deploy");
    // Forward, back, in a circle.
    let circle = ["0.9.0 -> 2.0.0", "2.0.0 -> 0.9.0", "2.0.0 -> 1.0.0"].map(delta).concat();
    case("", &format!("{full}{circle}"), "").is("Fully", "Fully");
    case(EXEMPTION, "", "").is("Exempted", "Exempted");
    let old = EXEMPTION.replace("1.0.0", "0.9.0");
    case(&old, &delta("0.9.0 -> 1.0.0"), "").is("Partially", "Partially");
    // A review goes before an exemption.
    case(EXEMPTION, &audit("version = '1.0.0'"), "").is("Fully", "Fully");
    let weak = audit("version = '1.0.0'").replace("deploy", "run");
    case("", &weak, "").is("lacks safe-to-deploy", "lacks safe-to-deploy");
    case("[policy.app]\ncriteria = 'safe-to-run'\n", &weak, "").is("Fully", "Fully");
    case("[policy.app]\ndependency-criteria = { dep = [] }\n", "", "").is("Fully", "Fully");
}

#[test]
fn a_forbidden_version_does_not_pass_for_its_publisher() {
    let violation = audit("violation = '=1.0.0'");
    for entry in [TRUSTED, WILDCARD] {
        case("", entry, PUBLISHED).trusting().is("Fully", "Fully");
        case("", &format!("{entry}{violation}"), PUBLISHED).trusting().is("Fully", "violated");
        // Of what is not required, nothing is said.
        let sound = format!("{entry}{}[criteria.sound]\n", violation.replace("safe-to-deploy", "sound"));
        case("", &sound, PUBLISHED).trusting().is("Fully", "Fully");
        // It is no way to another version either.
        let delta = audit("delta = '1.0.0 -> 1.1.0'");
        let way = case("", &format!("{entry}{delta}"), PUBLISHED).trusting();
        way.of([package("dep", "1.1.0", Origin::CratesIo)]).is("Fully", "Fully");
    }
    case("", &format!("{}{violation}", audit("version = '1.0.0'")), "").is("violated", "violated");
    case(EXEMPTION, &violation, "").is("violated", "violated");
}

#[test]
fn a_violation_of_every_version_is_one_of_pre_releases() {
    let store = format!("{}{}", audit("version = '1.0.0-rc.1'"), audit("violation = '*'"));
    case("", &store, "").of([package("dep", "1.0.0-rc.1", Origin::CratesIo)]).is("Fully", "violated");
}

#[test]
fn an_unreadable_violation_lets_nothing_pass() {
    for (versions, strict) in [(None, "violated"), (Some("=1.0.0"), "violated"), (Some("<1.0.0"), "Fully")] {
        let imports = "[audits.big.audits]\n";
        let mut case = case("[imports.big]\nurl = 'x'\n", &audit("version = '1.0.0'"), imports);
        let versions = versions.map(|text| Requirement::parse(text).expect("a requirement"));
        let bar = Bar { krate: "dep".into(), versions, line: 1 };
        case.store.imports.sets.get_mut("big").expect("a set").bars.push(bar);
        case.is("Fully", strict);
    }
}

#[test]
fn nobody_is_trusted_for_more_than_a_year_ahead() {
    let longer = TRUSTED.replace("2027-01-01", "2028-01-01");
    case("", &longer, PUBLISHED).trusting().is("Fully", "lacks safe-to-deploy EndsTooLate");
    let longer = WILDCARD.replace("2027-01-01", "2028-01-01");
    case("", &longer, PUBLISHED).trusting().is("fault", "fault");
    let imports = format!("{PUBLISHED}[audits.big.audits]\n{}", longer.replace("[[", "[[audits.big."));
    case("[imports.big]\nurl = 'x'\n", "", &imports)
        .trusting()
        .is("Fully", "lacks safe-to-deploy EndsTooLate");
    // The day on which it ends does not count, as cargo-vet has it.
    let ends = TRUSTED.replace("2027-01-01", "2025-01-01");
    case("", &ends, PUBLISHED).trusting().is("lacks safe-to-deploy", "lacks safe-to-deploy");
}

#[test]
fn an_excluded_crate_gets_nothing_by_wildcard() {
    let imports = format!("{PUBLISHED}[audits.big.audits]\n{}", WILDCARD.replace("[[", "[[audits.big."));
    let config = "[imports.big]\nurl = 'x'\nexclude = ['dep']\n";
    case(config, "", &imports).trusting().is("Fully", "lacks safe-to-deploy Excluded");
}

#[test]
fn the_name_of_a_publisher_is_not_enough() {
    case("", TRUSTED, PUBLISHED).is("Fully", "lacks safe-to-deploy NotKnown");
    let known = |same, code, dependency| {
        let mut case = case("", TRUSTED, PUBLISHED);
        let known = Circumstances {
            is_same_publisher: same,
            has_new_build_code: code,
            has_new_dependency: dependency,
        };
        case.strict.circumstances.insert(("dep".into(), version("1.0.0")), known);
        case
    };
    let [yes, no] = [Some(true), Some(false)];
    known(yes, no, no).is("Fully", "Fully");
    known(yes, no, None).is("Fully", "lacks safe-to-deploy NotKnown");
    known(no, no, no).is("Fully", "lacks safe-to-deploy OtherPublisher");
    known(yes, yes, no).is("Fully", "lacks safe-to-deploy NewBuildCode");
    known(yes, no, yes).is("Fully", "lacks safe-to-deploy NewDependency");
    for (when, min_age, strict) in [
        ("2026-11-20", 5, "Fully"),
        ("2026-11-20", 6, "lacks safe-to-deploy TooYoung"),
        ("2026-11-26", 0, "lacks safe-to-deploy TooYoung"),
    ] {
        let mut case = case("", TRUSTED, &PUBLISHED.replace("2025-01-01", when)).trusting();
        case.strict.min_age = min_age;
        case.is("Fully", strict);
    }
    // An exemption or a review counts beside it.
    case(EXEMPTION, TRUSTED, PUBLISHED).is("Fully", "Exempted");
}

#[test]
fn what_does_not_come_from_crates_io_has_to_be_declared() {
    for origin in [Origin::Path, Origin::Registry] {
        let of = |config: &str| case(config, "", "").of([package("dep", "1.0.0", origin)]);
        of("").is("own", "undeclared");
        of("[policy.dep]\naudit-as-crates-io = false\n").is("own", "own");
        of("[policy.dep]\naudit-as-crates-io = true\n").is("lacks safe-to-deploy", "lacks safe-to-deploy");
        // A review of the published version says nothing of another one of that name, unless somebody says it does.
        case("", &audit("version = '1.0.0'"), "")
            .of([package("dep", "1.0.0", origin)])
            .is("own", "undeclared");
    }
    let mut own = case("", "", "").of([package("dep", "1.0.0", Origin::Path)]);
    own.strict.own.push("dep".into());
    own.is("own", "own");
}

#[test]
fn a_commit_is_proven_by_a_review_of_it() {
    let commit = format!("1.0.0@git:{}", "a".repeat(40));
    let of = |audits: &str| case("", audits, "").of([package("dep", &commit, Origin::Git)]);
    of("").is("own", "lacks safe-to-deploy");
    of(&audit("version = '1.0.0'")).is("own", "lacks safe-to-deploy");
    of(&audit(&format!("version = '{commit}'"))).is("own", "Fully");
    // That something else stands for it has to be declared.
    let imports = format!("[[unpublished.dep]]\nversion = '{commit}'\naudited_as = '1.0.0'\n");
    let stands = |config| {
        case(config, &audit("version = '1.0.0'"), &imports).of([package("dep", &commit, Origin::Git)])
    };
    stands("").is("own", "lacks safe-to-deploy");
    stands("[policy.dep]\naudit-as-crates-io = true\n").is("Fully", "Fully");
}

#[test]
fn a_member_that_bears_the_name_of_a_reviewed_crate_has_to_be_declared() {
    let audits = audit("version = '1.0.0'").replace("audits.dep", "audits.app");
    case("", &audits, "").of([]).is("own", "undeclared");
    case("[policy.app]\naudit-as-crates-io = false\n", &audits, "").of([]).is("own", "own");
}

#[test]
fn what_stands_for_an_unpublished_version_says_nothing_of_a_published_one() {
    let imports = "[[unpublished.dep]]\nversion = '1.0.0'\naudited_as = '0.9.0'\n";
    let audits = audit("version = '0.9.0'");
    case("", &audits, imports).is("Fully", "lacks safe-to-deploy");
    let policy = "[policy.dep]\naudit-as-crates-io = true\n";
    case(policy, &audits, imports).of([package("dep", "1.0.0", Origin::Path)]).is("Fully", "Fully");
}

#[test]
fn stores_that_mean_nothing_are_refused() {
    let many = (0..63).map(|index| format!("[criteria.c{index}]\n")).collect::<String>();
    for (config, audits, imports) in [
        ("[imports.big]\nurl = 'x'\n", "", ""),
        ("", "", "[audits.big.audits]\n"),
        (
            "[imports.big]\nurl = 'x'\nexclude = ['dep']\n",
            "",
            &format!("[audits.big.audits]\n{}", audit("version = '1.0.0'").replace("[[", "[[audits.big.")),
        ),
        ("[policy.gone]\n", "", ""),
        ("[policy.'app:9.0.0']\n", "", ""),
        ("[policy.dep]\n", "", ""),
        ("[policy.'dep:1.0.0']\n[policy.'dep:2.0.0']\n", "", ""),
        ("[policy.app]\ncriteria = 'gone'\n", "", ""),
        ("[policy.app.dependency-criteria]\ndep = 'gone'\n", "", ""),
        ("[[exemptions.other]]\nversion = '1.0.0'\ncriteria = 'gone'\n", "", ""),
        ("", "[[audits.other]]\nversion = '1.0.0'\ncriteria = 'gone'\n", ""),
        ("", "[criteria.a]\nimplies = 'gone'\n", ""),
        ("", "[criteria.a]\nimplies = 'b'\n[criteria.b]\nimplies = 'a'\n", ""),
        ("", "[criteria.safe-to-run]\nimplies = 'safe-to-deploy'\n", ""),
        ("", &many, ""),
        ("[cargo-vet]\nversion = '0.11'\n", "", ""),
    ] {
        case(config, audits, imports).is("fault", "fault");
    }
}

#[test]
fn unknown_criteria_where_cargo_vet_does_not_look_are_refused_when_they_matter() {
    let elsewhere = TRUSTED.replace("dep", "other").replace("safe-to-deploy", "gone");
    case(EXEMPTION, &elsewhere, "").is("Exempted", "fault");
    case(EXEMPTION, &TRUSTED.replace("safe-to-deploy", "gone"), PUBLISHED).is("fault", "fault");
}

#[test]
fn a_gap_names_what_is_known_and_what_would_do() {
    let audits = format!(
        "{}{}{}",
        audit("version = '0.8.0'"),
        audit("delta = '0.8.0 -> 0.9.0'"),
        audit("delta = '0.9.5 -> 1.0.0'")
    );
    let case = case("", &audits, "");
    let verdicts = resolve(&case.store, &case.tree, date(TODAY), Mode::VetCompatible).expect("verdicts");
    let Verdict::Unproven { gap, .. } = &verdicts.packages[1] else { panic!("{:?}", verdicts.packages[1]) };
    assert_eq!(gap.known, ["0.8.0", "0.9.0"].map(version).into());
    assert_eq!(gap.wanted, ["0.9.5", "1.0.0"].map(version).into());
    let reviews = gap.reviews(&version("1.0.0"), |_| true);
    let reviews = reviews.into_iter().map(|review| (review.from, review.to)).collect::<Vec<_>>();
    let from = Some(version("0.9.0"));
    assert_eq!(reviews, [(from.clone(), version("0.9.5")), (from, version("1.0.0"))]);
}

#[test]
fn a_link_leads_to_the_line_of_its_entry() {
    let audits = format!("{}{}{TRUSTED}", audit("version = '0.9.0'"), audit("delta = '0.9.0 -> 1.0.0'"));
    let case = case(EXEMPTION, &audits, PUBLISHED).trusting();
    let place =
        |link: &Link| case.store.place("dep", link).map(|(file, line)| (file.display().to_string(), line));
    let verdicts = resolve(&case.store, &case.tree, date(TODAY), Mode::VetCompatible).expect("verdicts");
    let Verdict::Proven { chains, .. } = &verdicts.packages[1] else { panic!("{:?}", verdicts.packages[1]) };
    let places = chains[&0].iter().map(|link| place(link).expect("a place")).collect::<Vec<_>>();
    assert_eq!(places, [("supply-chain/audits.toml".to_owned(), 7)]);
    assert_eq!(place(&Link::Exemption { entry: 0 }), Some(("supply-chain/config.toml".to_owned(), 1)));
    assert_eq!(place(&Link::Imported { set: 0, entry: 0 }), None);
}

#[test]
fn thousands_of_entries_are_judged_in_no_time() {
    let mut audits = audit("version = '0.0.0'");
    let steps = (0..1000).map(|minor| audit(&format!("delta = '0.{minor}.0 -> 0.{}.0'", minor + 1)));
    audits.extend(steps);
    let violations = |index: usize| audit(&format!("violation = '=9.{index}.0'"));
    let mut imports = "[audits.big.audits]\n".to_owned();
    imports.extend((0..1000).map(|index| violations(index).replace("[[", "[[audits.big.")));
    imports.extend((0..1000).map(|_| WILDCARD.replace("[[", "[[audits.big.")));
    imports.extend((0..1000).map(|index| PUBLISHED.replace("1.0.0", &format!("8.{index}.0"))));
    let case = case("[imports.big]\nurl = 'x'\n", &audits, &imports);
    let case = case.of([package("dep", "0.1000.0", Origin::CratesIo)]);
    assert_eq!(case.said(Mode::Strict(&case.strict)), "Fully");
}

proptest! {
    // Whatever cargo-vet refuses is refused.
    #[test]
    fn strict_judgment_passes_nothing_more(
        entries in proptest::collection::vec((0..9_usize, 0..3_usize, 0..3_usize, 0..3_usize), 0..8),
        origin in 0..4_usize,
    ) {
        let versions = ["0.9.0", "1.0.0", "1.1.0-rc.1"];
        let criteria = ["safe-to-run", "safe-to-deploy", "sound"];
        let mut audits = "[criteria.sound]\nimplies = 'safe-to-run'\n".to_owned();
        let (mut config, mut imports, mut policy) = (String::new(), String::new(), String::new());
        for (kind, a, b, c) in entries {
            let (a, b, c) = (versions[a], versions[b], criteria[c]);
            let entry = |table: &str, rest: &str| format!("[[{table}.dep]]\ncriteria = '{c}'\n{rest}\n");
            match kind {
                0 => audits.push_str(&entry("audits", &format!("version = '{a}'"))),
                1 => audits.push_str(&entry("audits", &format!("delta = '{a} -> {b}'"))),
                2 => audits.push_str(&entry("audits", &format!("violation = '{a}'"))),
                3 => config.push_str(&entry("exemptions", &format!("version = '{a}'"))),
                4 => imports.push_str(&PUBLISHED.replace("1.0.0", a)),
                5 => audits.push_str(&TRUSTED.replace("safe-to-deploy", c)),
                6 => audits.push_str(&WILDCARD.replace("safe-to-deploy", c)),
                7 => imports.push_str(&format!("[[unpublished.dep]]\nversion = '{a}'\naudited_as = '{b}'\n")),
                _ => policy = format!("[policy.app]\ncriteria = ['{c}']\n"),
            }
        }
        let origin = [Origin::CratesIo, Origin::Path, Origin::Git, Origin::Registry][origin];
        let case = case(&format!("{policy}{config}"), &audits, &imports).trusting().of([package("dep", "1.0.0", origin)]);
        let passes = |mode| resolve(&case.store, &case.tree, date(TODAY), mode)
            .is_ok_and(|verdicts| verdicts.conclusion() == Conclusion::Proven);
        prop_assert!(passes(Mode::VetCompatible) || !passes(Mode::Strict(&case.strict)));
    }
}
