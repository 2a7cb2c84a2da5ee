//! Databases made by hand: ordinary advisories, odd ones, and what they do to each other.

use proptest::prelude::*;
use provenance_build::PackageName;
use provenance_build::name::{CRATES_IO, Source};

use super::*;

/// An advisory: keys of `[advisory]` besides the required ones, then what follows `[versions]`.
fn text(id: &str, package: &str, keys: &str, versions: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2026-03-01\"\n{keys}\n[versions]\n{versions}\n\
         ```\n\n# Something is wrong\n\nMore about it.\n"
    )
}

fn today() -> Date {
    Date::parse("2026-08-21").expect("a date")
}

fn database(files: &[(&str, &str)]) -> Database {
    let parsed = files.iter().map(|(path, text)| parse(path, Ok(text.as_bytes()))).collect();
    Database::assemble(parsed, 0, today())
}

fn package(name: &str, version: &str, source: Option<&str>) -> PackageId {
    PackageId {
        name: PackageName::parse(name).expect("a name"),
        version: Version::parse(version).expect("a version"),
        source: source.map(|source| Source::parse(source).expect("a source")),
    }
}

fn ids(database: &Database, name: &str, version: &str) -> Vec<String> {
    hits([database], &package(name, version, Some(CRATES_IO))).hits.into_iter().map(|hit| hit.id).collect()
}

fn unreadable(database: &Database, name: &str) -> usize {
    hits([database], &package(name, "1.0.0", Some(CRATES_IO))).unreadable.len()
}

const GOOD: &str = "crates/good/RUSTSEC-2026-0001.md";

fn good() -> String {
    text("RUSTSEC-2026-0001", "good", "", "patched = [\">= 1.2.3\"]\nunaffected = [\"< 1.0.0\"]")
}

#[test]
fn an_advisory_hits_what_it_affects_and_nothing_else() {
    let database = database(&[(GOOD, &good())]);
    for (version, affected) in [
        ("0.9.9", false),
        ("1.0.0-rc.1", false),
        ("1.0.0", true),
        ("1.2.3-beta", true),
        ("1.2.3", false),
        ("1.2.3+build", false),
        ("2.0.0", false),
        // No semantic version, so nobody can say that it is not affected.
        ("1.2.3-01", true),
    ] {
        assert_eq!(ids(&database, "good", version).len(), usize::from(affected), "{version}");
    }
    assert!(ids(&database, "go-od", "1.0.0").is_empty());
    assert_eq!(database.newest(), Date::parse("2026-03-01"));
    assert_eq!(database.counts(), Counts { advisories: 1, ..Counts::default() });
}

#[test]
fn a_hit_tells_what_it_is_and_which_versions_fix_it() {
    let keys = "aliases = [\"CVE-2026-1\"]\ncategories = [\"thread-safety\"]\nurl = \"https://example.org/x\"\n\
                [affected]\nos = [\"windows\"]\nfunctions = { \"good::f\" = [\"< 1.2.3\"] }";
    let text = text("RUSTSEC-2026-0001", "good", keys, "patched = [\">= 1.2.3\"]");
    let hits = hits([&database(&[(GOOD, &text)])], &package("good", "1.0.0", Some(CRATES_IO)));
    let [hit] = &hits.hits[..] else { panic!("{hits:?}") };
    assert_eq!((hit.kind, hit.title.as_str()), (Kind::Vulnerability, "Something is wrong"));
    assert_eq!(hit.url.as_deref(), Some("https://rustsec.org/advisories/RUSTSEC-2026-0001"));
    assert_eq!(
        (&hit.patched[..], &hit.aliases[..]),
        (&[">=1.2.3".to_owned()][..], &["CVE-2026-1".to_owned()][..])
    );
    assert_eq!(
        (&hit.functions[..], &hit.platforms[..]),
        (&["good::f".to_owned()][..], &["windows".to_owned()][..])
    );
    assert!(hit.remarks.is_empty() && hits.unreadable.is_empty());
    let version = |text| Version::parse(text).expect("a version");
    assert!(is_fix(hit, &version("1.2.3")) && !is_fix(hit, &version("1.2.2")));
}

#[test]
fn kinds_are_told_apart() {
    for (keys, title, kind) in [
        ("", "x", Kind::Vulnerability),
        ("informational = \"unsound\"", "x", Kind::Unsound),
        ("informational = \"unmaintained\"", "x", Kind::Unmaintained),
        ("informational = \"notice\"", "x", Kind::Notice),
        ("informational = \"haunted\"", "x", Kind::Notice),
        ("categories = [\"code-execution\", \"malicious\"]", "x", Kind::Malicious),
        ("categories = [\"malicious\"]\ninformational = \"notice\"", "x", Kind::Malicious),
        ("expect-deleted = true", "x", Kind::Malicious),
        ("expect-deleted = true\ninformational = \"unsound\"", "x", Kind::Unsound),
        ("", "`good` was removed from crates.io for malicious code", Kind::Malicious),
        ("", "Overflow for malicious input", Kind::Vulnerability),
    ] {
        let text =
            text("RUSTSEC-2026-0001", "good", keys, "patched = []").replace("Something is wrong", title);
        let hits = hits([&database(&[(GOOD, &text)])], &package("good", "1.0.0", Some(CRATES_IO)));
        assert_eq!(hits.hits[0].kind, kind, "{keys} {title}");
        assert_eq!(hits.hits[0].remarks.is_empty(), !keys.contains("haunted"));
    }
}

#[test]
fn what_decides_nothing_is_left_out_and_told() {
    for (keys, told) in [
        ("cvss = \"CVSS:9.9/AV:N\"", "advisory.cvss"),
        ("[affected]\nos = [\"plan10\"]", "affected.os"),
        ("[affected]\narch = [\"z80000\"]\nos = [\"windows\"]", "affected.arch"),
        ("[affected]\nfunctions = { \"nothing\" = [] }", "affected.functions"),
        ("url = \"no url\"", "advisory.url"),
        ("title = \"twice\"", "advisory.title"),
    ] {
        let text = text("RUSTSEC-2026-0001", "good", keys, "patched = [\">= 1.2.3\"]");
        let hits = hits([&database(&[(GOOD, &text)])], &package("good", "1.0.0", Some(CRATES_IO)));
        assert_eq!(hits.unreadable, [], "{keys}");
        let [remark] = &hits.hits[0].remarks[..] else { panic!("{keys}: {hits:?}") };
        assert!(remark.contains(told), "{remark}");
        assert_eq!(hits.hits[0].title, "Something is wrong");
        if told == "affected.arch" {
            assert_eq!(hits.hits[0].platforms, ["windows"], "what can be read is kept");
        }
    }
}

#[test]
fn an_odd_file_blinds_nobody_but_the_packages_it_names() {
    let twenty = format!("{}é and more of it", "x".repeat(19));
    let cases: [(&str, &str, &str); 11] = [
        ("crates/odd/RUSTSEC-2026-0002.md", &twenty, "does not begin with a block of TOML"),
        ("crates/odd/RUSTSEC-2026-0002.md", "", "does not begin with a block of TOML"),
        ("crates/odd/RUSTSEC-2026-0002.md", "```toml\n[advisory]\n", "without an end"),
        ("crates/odd/README.md", "# Hello\n", "does not begin with a block of TOML"),
        ("crates/odd/RUSTSEC-2026-0002.md.orig", "", "does not end with `.md`"),
        (
            "crates/odd/RUSTSEC-2026-0002.md",
            &text("RUSTSEC-2026-0002", "odd", "date = \"2026-02-30\"", "patched = []"),
            "cannot be read",
        ),
        (
            "crates/odd/RUSTSEC-2026-0002.md",
            &text("RUSTSEC-2026-0002", "odd", "", "patched = []").replace("2026-03-01", "2026-02-30"),
            "invalid date",
        ),
        (
            "crates/odd/RUSTSEC-2026-0002.md",
            &text("RUSTSEC-2026-0002", "odd", "", "patched = [\">= 1.0.0\", \">= 2.0.0\"]"),
            "Overlapping",
        ),
        (
            "crates/odd/RUSTSEC-2026-0002.md",
            &text("RUSTSEC-2026-0002", "odd", "", ""),
            "missing field `patched`",
        ),
        (
            "crates/odd/RUSTSEC-2026-0002.md",
            &text("RUSTSEC-2026-0002", "odd", "", "patched = [\"> 1.0.18446744073709551615\"]"),
            "nothing can follow",
        ),
        (
            "crates/odd/RUSTSEC-2026-0002.md",
            &text("RUSTSEC-2026-0002", "odd", "withdrawn = 3", "patched = []"),
            "expected a string",
        ),
    ];
    for (path, text, why) in cases {
        let database = database(&[(GOOD, &good()), (path, text)]);
        assert_eq!(ids(&database, "good", "1.0.0"), ["RUSTSEC-2026-0001"], "{why}");
        assert_eq!((unreadable(&database, "good"), unreadable(&database, "odd")), (0, 1), "{why}");
        let [odd] = database.odd() else { panic!("{:?}", database.odd()) };
        assert!(odd.why.contains(why), "{path}: `{}`, not `{why}`", odd.why);
        assert_eq!(odd.path, path);
    }
}

#[test]
fn a_file_that_is_none_is_told_with_its_reason() {
    let parsed = vec![
        parse(GOOD, Err("is a symbolic link")),
        parse(
            "crates/latin/RUSTSEC-2026-0003.md",
            Ok(b"```toml\n[advisory]\npackage = \"other\"\n\xe9\n```\n# x\n\n"),
        ),
        parse("crates/large/RUSTSEC-2026-0004.md", Ok(&vec![b'x'; FILE_BYTES as usize + 1])),
    ];
    let database = Database::assemble(parsed, 3, today());
    for name in ["good", "latin", "other", "large"] {
        assert_eq!(unreadable(&database, name), 1, "{name}");
    }
    assert_eq!(unreadable(&database, "x"), 0);
    assert_eq!((database.counts().language, database.newest()), (3, None));
}

#[test]
fn an_advisory_in_the_wrong_place_counts_and_leaves_the_place_open() {
    let database = database(&[("crates/other/RUSTSEC-2026-0001.md", &good())]);
    assert_eq!(ids(&database, "good", "1.0.0").len(), 1);
    assert_eq!((unreadable(&database, "other"), unreadable(&database, "good")), (1, 0));
}

#[test]
fn two_files_with_one_id_are_both_kept_and_told() {
    let other = text("RUSTSEC-2026-0001", "moved", "", "patched = []");
    let moved = database(&[(GOOD, &good()), ("crates/moved/RUSTSEC-2026-0001.md", &other)]);
    assert_eq!((ids(&moved, "good", "1.0.0").len(), ids(&moved, "moved", "1.0.0").len()), (1, 1));
    assert_eq!(moved.remarks().len(), 1);
    assert!(moved.remarks()[0].what.contains("same id as `crates/good/RUSTSEC-2026-0001.md`"));

    // The same advisory once more, with another range: either affects.
    let later = text("RUSTSEC-2026-0001", "good", "", "patched = [\">= 2.0.0\"]");
    let twice = database(&[(GOOD, &good()), ("crates/good/RUSTSEC-2026-0001-b.md", &later)]);
    assert_eq!((ids(&twice, "good", "1.0.0").len(), ids(&twice, "good", "1.5.0").len()), (1, 1));
    assert_eq!(twice.remarks().len(), 2, "the id, and the file's name");
}

#[test]
fn withdrawn_drafts_and_foreign_ones_hit_nothing() {
    let withdrawn = text("RUSTSEC-2026-0001", "good", "withdrawn = \"2026-04-01\"", "patched = []");
    let draft = text("RUSTSEC-0000-0000", "good", "", "patched = []");
    let foreign = text(
        "RUSTSEC-2026-0003",
        "good",
        "source = \"registry+https://registry.example/index\"",
        "patched = []",
    );
    let database = database(&[
        (GOOD, &withdrawn),
        ("crates/good/RUSTSEC-0000-0000.md", &draft),
        ("crates/good/RUSTSEC-2026-0003.md", &foreign),
    ]);
    assert!(ids(&database, "good", "1.0.0").is_empty());
    assert_eq!(database.counts(), Counts { withdrawn: 1, foreign: 1, ..Counts::default() });
    assert_eq!(database.remarks().len(), 1);
}

#[test]
fn an_advisory_dated_ahead_does_not_make_a_database_young() {
    let ahead = text("RUSTSEC-2026-0002", "odd", "", "patched = []").replace("2026-03-01", "2027-03-01");
    let database = database(&[(GOOD, &good()), ("crates/odd/RUSTSEC-2026-0002.md", &ahead)]);
    assert_eq!(database.newest(), Date::parse("2026-03-01"));
    assert_eq!(ids(&database, "odd", "1.0.0").len(), 1);
    assert_eq!(database.remarks().len(), 1);
}

#[test]
fn only_packages_of_crates_io_are_covered() {
    let database = database(&[(GOOD, &good())]);
    let git = format!("git+https://example.org/r#{}", "a".repeat(40));
    for (source, covered) in [
        (Some(CRATES_IO), true),
        (None, false),
        (Some("sparse+https://registry.example/"), false),
        (Some(&*git), false),
    ] {
        let package = package("good", "1.0.0", source);
        assert_eq!(coverage(&package) == Coverage::Covered, covered, "{source:?}");
        assert_eq!(hits([&database], &package).hits.len(), usize::from(covered), "{source:?}");
    }
}

#[test]
fn several_databases_speak_together() {
    let one = database(&[(GOOD, &good())]);
    let mine = text("TEAM-1", "good", "", "patched = []").replace("2026-03-01", "2026-05-01");
    let two = database(&[(GOOD, &good()), ("crates/good/TEAM-1.md", &mine)]);
    let both = hits([&one, &two], &package("good", "1.0.0", Some(CRATES_IO)));
    let ids = both.hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>();
    assert_eq!(ids, ["RUSTSEC-2026-0001", "TEAM-1"]);
    assert_eq!(newest([&one, &two]), Date::parse("2026-05-01"));
}

#[test]
fn the_digest_follows_content_and_names_and_not_the_order() {
    let files = [(GOOD, &*good()), ("crates/odd/x.md", "x")];
    let digest = database(&files).digest().to_owned();
    assert_eq!(database(&[files[1], files[0]]).digest(), digest);
    assert_ne!(database(&[files[0], ("crates/odd/y.md", "x")]).digest(), digest);
    assert_ne!(database(&[files[0], ("crates/odd/x.md", "y")]).digest(), digest);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        parse(GOOD, Ok(&bytes));
    }

    #[test]
    fn no_front_matter_makes_the_reader_panic(keys in "\\PC{0,80}", versions in "\\PC{0,80}", cut in 0..400_usize) {
        let whole = text("RUSTSEC-2026-0001", "good", &keys, &versions);
        parse(GOOD, Ok(whole.as_bytes()));
        parse(GOOD, Ok(&whole.as_bytes()[..cut.min(whole.len())]));
    }

    #[test]
    fn no_requirement_makes_the_matcher_panic(
        requirements in prop::collection::vec("(<|>|<=|>=|=|\\^|~|)? ?[0-9]{1,20}(\\.[0-9]{1,20}){0,2}(-[a-z0-9.]{1,5})?", 0..4),
        version in "[0-9]{1,20}\\.[0-9]{1,20}\\.[0-9]{1,3}(-[a-z0-9.]{1,5})?",
    ) {
        let text = text("RUSTSEC-2026-0001", "good", "", &format!("patched = {requirements:?}"));
        let database = database(&[(GOOD, &text)]);
        if let Some(version) = Version::parse(&version) {
            database.hits(&PackageId { version, ..package("good", "1.0.0", Some(CRATES_IO)) });
        }
    }
}
