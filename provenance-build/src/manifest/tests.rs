//! The manifest's reader and writer against each other, and against what nobody should write.

use super::*;
use crate::name::CRATES_IO;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Manifest, String> {
    Manifest::parse(text.as_bytes(), Path::new(FILE_NAME)).map_err(|error| error.to_string())
}

fn name(text: &str) -> PackageName {
    PackageName::parse(text).expect("a name")
}

fn pin(package: &str, origin: Origin) -> Pin {
    let checksum = matches!(&origin, Origin::Source(s) if !s.is_git()).then(|| Checksum::from_bytes([7; 32]));
    Pin {
        name: name(package),
        version: Version::parse("1.0.0").expect("a version"),
        origin,
        checksum,
        tree: TreeDigest::from_bytes([1; 32]),
        vendor_tree: None,
        build_time: vec![],
        trust: Trust::on(Basis::Baseline),
        vetted: None,
        repository: None,
        accepted: vec![],
        baseline: vec![],
        line: Line(0),
    }
}

fn sample() -> Manifest {
    let crates_io = Source::parse(CRATES_IO).expect("a source");
    let mut full = pin("b", Origin::Source(crates_io.clone()));
    full.vendor_tree = Some(TreeDigest::from_bytes([2; 32]));
    full.build_time = vec![BuildTime::BuildScript, BuildTime::ProcMacro];
    full.trust = Trust {
        basis: Basis::Audit,
        criteria: Some("safe-to-deploy".into()),
        from: vec!["a".into(), "b".into()],
    };
    full.repository = Some("https://example.org/a#0123".into());
    full.vetted = Some(Vetted { checks: 1, advisories: Some("2026-08-21".into()) });
    let reason = "a \"quoted\" \\ reason\nof two lines".to_owned();
    full.accepted = vec![Acceptance {
        check: "x".into(),
        id: Some("RUSTSEC-2026-0001".into()),
        by: "me".into(),
        on: "2026-11-23".into(),
        reason,
    }];
    let mut last = pin("c", Origin::Source(crates_io));
    last.baseline = vec!["license-missing".into(), "unsound/RUSTSEC-2026-0002".into()];
    Manifest {
        version: 1,
        policy: Checksum::from_bytes([9; 32]),
        expires: Some("2027-01-31".into()),
        cargo_config: BTreeMap::from([("build.rustc".to_owned(), "\"x\"".to_owned())]),
        members: vec![Member { name: name("app"), path: "crates/app".into(), own: Some("ours".into()) }],
        packages: vec![pin("a", Origin::Path("../a".into())), full, last],
    }
}

#[test]
fn reads_back_what_it_writes() {
    let manifest = sample();
    let text = manifest.to_text();
    let read = parse(&text).expect("accepted");
    assert_eq!(read, manifest);
    assert_eq!(read.to_text(), text);
    let line = text.lines().position(|line| line == "name = \"b\"").expect("there");
    assert_eq!(read.packages[1].line.0 as usize, line, "the line of the header, counted from 1");
    assert_eq!(read.pin_for(&manifest.packages[1].id()), Some(&manifest.packages[1]));
    assert_eq!(read.pin_for(&PackageId { source: None, ..manifest.packages[1].id() }), None);
}

#[test]
fn refuses_everything_else_with_its_line() {
    let text = sample().to_text();
    let from = |header: &str| text.find(header).expect("there");
    let (first, second) = (from("[[package]]\nname = \"a\""), from("[[package]]\nname = \"b\""));
    let swapped = format!("{}{}\n{}\n", &text[..first], &text[second..], text[first..second].trim_end());
    let cases = [
        (text.replace('\n', "\r\n"), ":1: its line ends were rewritten"),
        (text.replace("version = 1\n", "version = 2\n"), ":2: unknown format 2"),
        (text.replace("tree = \"b3:01", "tree = \"b3:0G"), "`tree` has a value that is not acceptable"),
        (text.replace("basis = \"audit\"", "basis = \"hearsay\""), "`basis` has a value that is not"),
        (
            text.replace("expires = \"2027-01-31\"", "expires = \"2027-02-31\""),
            "`expires` has a value that is not",
        ),
        (text.replace("path = \"crates/app\"", "path = \"/app\""), "`path` has a value that is not"),
        (text.replace("path = \"crates/app\"", "path = \"crates/../app\""), "`path` has a value that is not"),
        (text.replace("vetted = { checks = 1,", "vetted = { checks = 0,"), "`checks` names no check set"),
        (
            text.replacen(
                "trust = { basis = \"baseline\" }\nbaseline",
                "trust = { basis = \"policy\" }\nbaseline",
                1,
            ),
            "`baseline` belongs to pins whose basis is `baseline`",
        ),
        (text.replace("own = ", "owned = "), ":12: `owned` is not a key that belongs here"),
        (text.replace("own = \"ours\"", "own = \"\\u006furs\""), "not in canonical form"),
        (
            text.replace("trust = { basis = \"baseline\" }\n", "trust = { basis = \"baseline\" } \n"),
            "not in canonical form",
        ),
        (
            text.replace("[\"build-script\", \"proc-macro\"]", "[\"proc-macro\", \"build-script\"]"),
            "not in canonical",
        ),
        (swapped, "not in canonical form or order"),
        (format!("{text}\n{}", &text[from("[[package]]\nname = \"c\"")..]), "`c v1.0.0` is pinned twice"),
        (text.replace("[[member]]", "<<<<<<< ours\n[[member]]"), "a conflict marker"),
        (text[..text.len() - 20].to_owned(), ":43: "),
        (format!("{text}\n"), "not in canonical form"),
        (text.replacen("name = \"a\"", "name = \"app\"", 1), "`app` is a member and a pin"),
        (
            text.replace(
                "\n[[package]]\nname = \"a\"",
                "\n[[member]]\nname = \"lib\"\npath = \"crates/app\"\n\n[[package]]\nname = \"a\"",
            ),
            "members `app` and `lib` have one path: `crates/app`",
        ),
        (String::new(), ":1: it does not begin"),
    ];
    for (text, expected) in cases {
        let error = parse(&text).expect_err(expected);
        assert!(error.contains(expected), "{error}\n{expected}");
    }
}

#[test]
fn an_acceptance_says_what_was_accepted_by_whom_when_and_why() {
    for (at, key) in ["check", "by", "on", "reason"].into_iter().enumerate() {
        for empty in ["", " ", "\t\n\u{a0}"] {
            let mut manifest = sample();
            let accepted = &mut manifest.packages[1].accepted[0];
            let Acceptance { check, by, on, reason, .. } = accepted;
            *[check, by, on, reason][at] = empty.to_owned();
            let error = parse(&manifest.to_text()).expect_err(key);
            assert!(error.ends_with(&format!(": `{key}` is empty")), "{error}");
        }
    }
    let with_date = |on: &str| {
        let mut manifest = sample();
        manifest.packages[1].accepted[0].on = on.to_owned();
        parse(&manifest.to_text())
    };
    for good in ["2026-11-23", "2028-02-29", "2000-02-29", "2026-12-31"] {
        with_date(good).expect(good);
    }
    for bad in [
        "today",
        "2026-11-31",
        "2026-02-29",
        "2100-02-29",
        "2026-00-10",
        "2026-13-01",
        "2026-10-00",
        "2026-1-01",
        "26-01-01",
        "2026-01-01-",
        "2026-01-01T00:00",
        "+026-01-01",
        "2026-01-0\u{663}",
        "--",
    ] {
        let error = with_date(bad).expect_err(bad);
        assert!(error.contains("`on` is not a date"), "{error}");
    }
}

#[test]
fn a_slip_in_a_key_is_answered_with_the_key_that_was_meant() {
    let text = sample().to_text();
    let help = |text: &str| {
        let error = Manifest::parse(text.as_bytes(), Path::new(FILE_NAME)).expect_err("refused");
        error.help().expect("help").to_owned()
    };
    for (from, to, meant) in [
        ("reason = ", "reson = ", "did you mean `reason`?"),
        ("vendor-tree = ", "vendor_tree = ", "did you mean `vendor-tree`?"),
        ("by = ", "b = ", "did you mean `by`?"),
        ("[[member]]", "[[members]]", "did you mean `member`?"),
        ("advisories = ", "advisory = ", "did you mean `advisories`?"),
    ] {
        let help = help(&text.replacen(from, to, 1));
        assert!(help.starts_with(meant), "{help}");
        assert!(help.contains("restore the file"), "{help}");
    }
    for strange in ["excuse", &"reason".repeat(1000)] {
        let help = help(&text.replacen("reason = ", &format!("{strange} = "), 1));
        assert!(help.starts_with("restore the file"), "{help}");
    }
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>) {
        let _ = Manifest::parse(&bytes, Path::new(FILE_NAME));
    }

    #[test]
    fn what_is_accepted_is_canonical(at in 0usize..2000, byte: u8) {
        let mut bytes = sample().to_text().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(manifest) = Manifest::parse(&bytes, Path::new(FILE_NAME)) {
            prop_assert_eq!(manifest.to_text().into_bytes(), bytes);
        }
    }

    #[test]
    fn any_reason_reads_back(reason in ".*[a-z].*") {
        let mut manifest = sample();
        manifest.packages[1].accepted[0].reason = reason;
        prop_assert_eq!(parse(&manifest.to_text()), Ok(manifest));
    }

    #[test]
    fn a_last_day_is_a_day_of_the_calendar(year in 1960..10_010_u32, month in 0..14_u32, day in 0..33_u32) {
        let expires = format!("{year:04}-{month:02}-{day:02}");
        let manifest = Manifest { expires: Some(expires.clone()), ..sample() };
        match Moment::day_after(&expires) {
            Some(end) => {
                prop_assert_eq!(parse(&manifest.to_text()), Ok(manifest.clone()));
                prop_assert!(manifest.is_expired(end) && !manifest.is_expired(Moment(end.0 - 1)));
            }
            None => prop_assert!(parse(&manifest.to_text()).is_err() && manifest.is_expired(Moment(0))),
        }
    }
}
