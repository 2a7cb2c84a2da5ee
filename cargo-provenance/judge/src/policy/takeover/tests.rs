//! What is translated and what is left, and that the result is a policy.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::policy::catalogue::SAMPLES;
use crate::policy::{Policy, Template, write_template};

fn deny(text: &str) -> Taken {
    take(Tool::Deny, text, "deny.toml", SAMPLES).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn audit(text: &str) -> Taken {
    take(Tool::Audit, text, ".cargo/audit.toml", SAMPLES).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn written(taken: Taken) -> String {
    let text = write_template(&Template { taken, ..Template::default() });
    Policy::parse(text.as_bytes(), Path::new("p"), SAMPLES).unwrap_or_else(|error| panic!("{error}: {text}"));
    text
}

#[test]
fn settings_come_with_the_place_that_they_stood_at() {
    let taken = deny(
        "[advisories]\nyanked = \"deny\"\nmaximum-db-staleness = \"P30D\"\ndb-urls = [\"https://example.org/db\"]\n\
         [licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\"]\n\
         [bans]\ndeny = [\"openssl\", { crate = \"time@0.1.40\", reason = \"old\", use-instead = \"jiff\" }, { name = \"a\", version = \"<2\" }]\n\
         [sources]\nunknown-registry = \"warn\"\nunknown-git = \"deny\"\n\
         allow-registry = [\"https://github.com/rust-lang/crates.io-index\", \"sparse+https://example.org/index/\"]\n\
         allow-git = [\"https://example.org/repository\"]\n",
    );
    assert_eq!(taken.left, []);
    let text = written(taken);
    for expected in [
        "version-yanked = \"deny\" # deny.toml:2\n",
        "source = \"deny\" # deny.toml:10\n",
        "# deny.toml:3\nmax-age = \"30 days\"\n",
        "# deny.toml:4\ndatabases = [\"https://example.org/db\"]\n",
        "# deny.toml:6\nallow = [\"Apache-2.0 WITH LLVM-exception\", \"MIT\"]\n",
        "# deny.toml:12\nregistries = [\"crates-io\", \"sparse+https://example.org/index/\"]\n",
        "# deny.toml:13\ngit = [\"https://example.org/repository\"]\n",
        "# deny.toml:8\n[[ban]]\npackage = \"openssl\"\nreason = \"taken over without a reason\"\n",
        "[[ban]]\npackage = \"time\"\nversions = \"=0.1.40\"\nreason = \"old\"\ninstead = \"jiff\"\n",
        "[[ban]]\npackage = \"a\"\nversions = \"<2\"\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn what_has_no_counterpart_is_left_with_its_line_and_the_reason() {
    let left = |taken: Taken| {
        let left = taken.left.into_iter().map(|left| format!("{} {}: {}", left.origin, left.key, left.why));
        left.collect::<Vec<_>>()
    };
    assert_eq!(
        left(deny(
            "targets = []\n[graph]\nexclude = []\n[advisories]\nseverity-threshold = \"low\"\ndb-urls = [\"http://h/r\", \"db\"]\n\
             [licenses]\nallow = [\"MITT\"]\nconfidence-threshold = 0.8\n[bans]\nskip = []\n\
             deny = [{ crate = \"b\", wrappers = [\"c\"] }, { crate = \"d\", deny-multiple-versions = true }, \"e@x\"]\n[future]\nx = 1\n"
        )),
        [
            "deny.toml:1 targets: every package of `Cargo.lock` is judged, for all targets and features",
            "deny.toml:3 graph.exclude: every package of `Cargo.lock` is judged, for all targets and features",
            "deny.toml:5 advisories.severity-threshold: advisories are not weighed by their score",
            "deny.toml:6 advisories.db-urls: `http://h/r` can be changed by anybody on the way",
            "deny.toml:6 advisories.db-urls: a database is named by its URL",
            "deny.toml:8 licenses.allow: `MITT` is no single license of SPDX",
            "deny.toml:9 licenses.confidence-threshold: texts are not compared: what the manifest says counts",
            "deny.toml:11 bans.skip: let two versions in with an `[[exception]]` of `duplicate-version`",
            "deny.toml:12 bans.deny.wrappers: a ban here holds whoever depends on the package",
            "deny.toml:12 bans.deny: `deny-multiple-versions` bans no package; two versions refuse nothing here",
            "deny.toml:12 bans.deny: `e@x` is none of `NAME`, `NAME@VERSION` and `NAME:REQUIREMENT`, such as `NAME:<1.2`",
            "deny.toml:13 future: is not known to this version",
        ]
    );
    assert_eq!(
        left(audit("[database]\npath = \"x\"\n[output]\nquiet = true\n[target]\nos = \"linux\"\n[new]\n")),
        [
            ".cargo/audit.toml:2 database.path: copies of databases lie in the cargo home",
            ".cargo/audit.toml:4 output.quiet: says how another tool prints",
            ".cargo/audit.toml:6 target.os: every package of `Cargo.lock` is judged, for all targets and features",
            ".cargo/audit.toml:7 new: is not known to this version",
        ]
    );
}

#[test]
fn of_two_settings_of_one_file_the_stricter_counts_and_of_two_files_the_first() {
    let both = deny("[advisories]\nyanked = \"warn\"\ndisable-yank-checking = true\n");
    assert_eq!(both.checks[0].1.value, "\"note\"");
    assert_eq!(both.left[0].why, "`deny.toml:2` sets the same check, and is stricter");
    let turned = deny("[advisories]\ndisable-yank-checking = true\nyanked = \"warn\"\n");
    assert_eq!(turned.checks[0].1.value, "\"note\"");
    let and = both.and(audit("[output]\ndeny = [\"yanked\"]\n"));
    assert_eq!(and.checks.len(), 1);
    assert_eq!(and.left[1].why, "`deny.toml:2` sets the same check, and counts");
    assert_eq!(and.left[1].origin, ".cargo/audit.toml:2");
}

#[test]
fn what_cargo_deny_no_longer_reads_makes_nothing_milder() {
    for level in ["allow", "warn"] {
        let taken = deny(&format!(
            "[advisories]\nvulnerability = \"{level}\"\n[licenses]\nunlicensed = \"{level}\"\n"
        ));
        assert_eq!((taken.checks.len(), taken.number), (0, 0));
        let left = taken.left.iter().map(|left| (left.origin.as_str(), left.key.as_str(), left.why.as_str()));
        let why = "cargo-deny ignores it today, and denies";
        assert_eq!(
            left.collect::<Vec<_>>(),
            [("deny.toml:2", "advisories.vulnerability", why), ("deny.toml:4", "licenses.unlicensed", why)]
        );
    }
    assert_eq!(deny("[advisories]\nvulnerability = \"deny\"\n").checks.len(), 1);
}

#[test]
fn ignored_advisories_and_packages_keep_their_reasons() {
    let taken = deny(
        "[advisories]\nignore = [\n  \"RUSTSEC-2024-0436\",\n  { id = \"RUSTSEC-2024-0001\", reason = \"not reached\" },\n  \"time@0.1.40\",\n\
         { crate = \"a\", reason = \"soon\" },\n  \"a b\" ]\n[licenses]\nexceptions = [{ crate = \"ring\", allow = [\"OpenSSL\"] }]\n",
    );
    let ignored =
        taken.ignored.iter().map(|one| (one.origin.as_str(), one.value.clone())).collect::<Vec<_>>();
    let advisory = |id: &str, reason: Option<&str>| Ignored::Advisory {
        id: id.to_owned(),
        reason: reason.map(str::to_owned),
    };
    let package = |check, package: &str, reason: Option<&str>| Ignored::Package {
        check,
        package: package.to_owned(),
        reason: reason.map(str::to_owned),
    };
    assert_eq!(
        ignored,
        [
            ("deny.toml:3", advisory("RUSTSEC-2024-0436", None)),
            ("deny.toml:4", advisory("RUSTSEC-2024-0001", Some("not reached"))),
            ("deny.toml:5", package("version-yanked", "time@0.1.40", None)),
            ("deny.toml:6", package("version-yanked", "a", Some("soon"))),
            (
                "deny.toml:9",
                Ignored::License { package: "ring".to_owned(), allowed: vec!["OpenSSL".to_owned()] }
            ),
        ]
    );
    assert_eq!(taken.left[0].origin, "deny.toml:7");
    // An advisory that both tools ignore is one exception.
    let and = taken.and(audit("[advisories]\nignore = [\"RUSTSEC-2024-0436\", \"RUSTSEC-2024-0002\"]\n"));
    assert_eq!(and.ignored.len(), 6);
}

#[test]
fn a_broken_file_is_an_error_with_its_line_and_a_way_out() {
    for (text, message) in [
        ("[advisories\n", "deny.toml:1: "),
        ("[advisories]\n\nyanked = true\n", "deny.toml:3: `advisories.yanked` is a string, found: boolean"),
        ("[advisories]\nyanked = \"dney\"\n", "deny.toml:2: `dney` is no level"),
        ("advisories = 1\n", "deny.toml:1: `advisories` is a table, found: integer"),
        ("[licenses]\nallow = \"MIT\"\n", "deny.toml:2: `licenses.allow` is an array, found: string"),
        ("[bans]\ndeny = [1]\n", "deny.toml:2: `bans.deny` is a string, found: integer"),
    ] {
        let error = take(Tool::Deny, text, "deny.toml", SAMPLES).expect_err(text);
        assert!(error.to_string().starts_with(message), "{error}");
        assert!(error.help.starts_with("correct it, or move it away"), "{}", error.help);
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_what_is_taken_is_a_policy(
        section in prop::sample::select(vec![
            "advisories.ignore", "advisories.db-urls", "advisories.yanked", "advisories.unsound", "advisories.maximum-db-staleness",
            "bans.deny", "licenses.allow", "licenses.exceptions", "sources.allow-git", "sources.allow-registry", "sources.private",
            "sources.allow-org.github", "output.deny", "database.url", "advisories.informational_warnings", "x",
        ]),
        value in "[ -~é]{0,40}",
        number in 0..6_usize,
    ) {
        let quoted = toml_edit::Value::from(value.as_str()).to_string();
        let value = match number {
            0 => quoted,
            1 => format!("[{quoted}]"),
            2 => format!("[{{ crate = {quoted}, reason = {quoted}, use-instead = {quoted}, allow = [{quoted}] }}]"),
            3 => format!("[{{ id = {quoted}, reason = {quoted} }}]"),
            4 => "[[]]".to_owned(),
            _ => value,
        };
        for tool in Tool::ALL {
            if let Ok(taken) = take(tool, &format!("{section} = {value}\n"), "f.toml", SAMPLES) {
                written(taken);
            }
        }
    }
}
