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
    full.vetted = Some(Vetted { checks: 1, advisories: Some("2026-08-21".into()) });
    let reason = "a \"quoted\" \\ reason\nof two lines".to_owned();
    full.accepted = vec![Acceptance {
        check: "x".into(),
        id: Some("RUSTSEC-2026-0001".into()),
        by: "me".into(),
        on: "2026-11-23".into(),
        reason,
    }];
    full.baseline = vec!["license-missing".into(), "unsound/RUSTSEC-2026-0002".into()];
    Manifest {
        version: 1,
        policy: Checksum::from_bytes([9; 32]),
        cargo_config: BTreeMap::from([("build.rustc".to_owned(), "\"x\"".to_owned())]),
        members: vec![Member { name: name("app"), path: "crates/app".into(), own: Some("ours".into()) }],
        packages: vec![pin("a", Origin::Path("../a".into())), full, pin("c", Origin::Source(crates_io))],
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
        (text.replace("path = \"crates/app\"", "path = \"/app\""), "`path` has a value that is not"),
        (text.replace("path = \"crates/app\"", "path = \"crates/../app\""), "`path` has a value that is not"),
        (text.replace("own = ", "owned = "), ":11: `owned` is not a key that belongs here"),
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
        (text[..text.len() - 20].to_owned(), ":40: "),
        (format!("{text}\n"), "not in canonical form"),
        (text.replacen("name = \"a\"", "name = \"app\"", 1), "`app` is a member and a pin"),
        (String::new(), ":1: it does not begin"),
    ];
    for (text, expected) in cases {
        let error = parse(&text).expect_err(expected);
        assert!(error.contains(expected), "{error}\n{expected}");
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
    fn any_reason_reads_back(reason in ".*") {
        let mut manifest = sample();
        manifest.packages[1].accepted[0].reason = reason;
        prop_assert_eq!(parse(&manifest.to_text()), Ok(manifest));
    }
}
