//! Files of stores, read and written.

use std::path::Path;

use proptest::prelude::*;

use super::*;

const CONFIG: &str = r#"
# cargo-vet config file

default-criteria = "safe-to-run"

[cargo-vet]
version = "0.9"

[imports.big]
url = [
    "https://example.org/a/rather/long/address/audits.toml",
    "https://example.com/another/address/audits.toml",
]
exclude = ["first", "second"]

[imports.big.criteria-map]
crypto-safe = "safe-to-run"
ub-risk-0 = ["safe-to-deploy", "sound"]

[policy."app:1.0.0"]
audit-as-crates-io = true
criteria = []

[policy."app:1.0.0@git:00112233445566778899aabbccddeeff00112233"]

[policy.tool]
criteria = ["safe-to-run", "sound"]
dev-criteria = "safe-to-run"
dependency-criteria = { "a.b" = ["safe-to-run", "sound"], c = [], d = "sound" }
notes = "short"

[policy.wide]
notes = "its table is too long for a line"

[policy.wide.dependency-criteria]
a-dependency-of-a-long-name = ["safe-to-deploy", "sound"]
another-dependency-of-a-long-name = ["safe-to-deploy", "sound"]

[[exemptions.serde]]
version = "1.0.0-rc.1"
criteria = "safe-to-deploy"

[[exemptions.serde]]
version = "1.0.0"
criteria = "safe-to-deploy"
suggest = false
notes = """
Two
lines
"""
"#;

const AUDITS: &str = r#"
# cargo-vet audits file

[criteria.sound]
description = "No undefined behavior."
implies = "safe-to-run"

[[wildcard-audits.own]]
who = "A <a@example.org>"
criteria = "safe-to-deploy"
user-id = 1 # Ann (ann)
start = "2024-02-29"
end = "2026-12-31"
renew = false

[[wildcard-audits.own]]
who = "A <a@example.org>"
criteria = "safe-to-deploy"
trusted-publisher = "github:org/repo"
start = "2024-02-29"
end = "2026-12-31"

[[audits.serde]]
who = ["A <a@example.org>", "B <b@example.org>"]
criteria = ["safe-to-deploy", "sound"]
version = "1.0.0"
notes = 'with "quotes"'
aggregated-from = "https://example.org/audits.toml"

[[audits.serde]]
criteria = []
delta = "1.0.0 -> 1.0.1@git:00112233445566778899aabbccddeeff00112233"
importable = false

[[audits.serde]]
criteria = "sound"
violation = ">=1.0.0, <1.2.0"

[[trusted.serde]]
criteria = "safe-to-deploy"
user-id = 2 # bob
start = "2024-01-01"
end = "2026-12-31"
"#;

const IMPORTS: &str = r#"
# cargo-vet imports lock

[[unpublished.app]]
version = "1.0.0"
audited_as = "0.9.0"

[[publisher.serde]]
version = "1.0.0"
when = "2025-01-01"
user-id = 1
user-login = "ann"
user-name = "Ann"

[[publisher.serde]]
version = "1.0.1"
when = "2025-01-02"
user-id = 2
user-login = "bob"

[[publisher.serde]]
version = "1.0.2"
when = "2025-01-03"
trusted-publisher = "github:org/repo"

[[audits.big.wildcard-audits.own]]
criteria = "safe-to-run"
user-id = 1 # Ann (ann)
start = "2024-01-01"
end = "2026-01-01"

[audits.big.audits]
"#;

fn read(config: &str, audits: &str, imports: &str) -> Result<Store, AuditError> {
    Store::read(Path::new(""), config.as_bytes(), audits.as_bytes(), imports.as_bytes())
}

#[test]
fn a_canonical_store_is_written_byte_for_byte() {
    let store = read(CONFIG, AUDITS, IMPORTS).expect("a store");
    assert_eq!(store.config_text(), CONFIG);
    assert_eq!(store.audits_text(), AUDITS);
    assert_eq!(store.imports_text(), IMPORTS);
}

#[test]
fn an_empty_store_is_written_as_cargo_vet_leaves_it() {
    let store = read("", "[audits]\n", "").expect("a store");
    assert_eq!(store.config_text(), "\n# cargo-vet config file\n");
    assert_eq!(store.audits_text(), "\n# cargo-vet audits file\n\n[audits]\n");
    assert_eq!(store.imports_text(), "\n# cargo-vet imports lock\n");
}

#[test]
fn entries_are_sorted_and_comments_dropped_when_a_store_is_written() {
    let audits = "# mine\n[[audits.b]]\ncriteria = ['x']\ndelta = '1.0.0 -> 1.1.0'\n\
                  [[audits.b]]\ncriteria = 'x'\nversion = '1.10.0'\n\
                  [[audits.b]]\ncriteria = 'x'\nversion = '1.9.0'\n[audits]\na = []\n";
    let store = read("", audits, "").expect("a store");
    let sorted = "\n# cargo-vet audits file\n\n[[audits.b]]\ncriteria = \"x\"\nversion = \"1.9.0\"\n\n\
                  [[audits.b]]\ncriteria = \"x\"\nversion = \"1.10.0\"\n\n\
                  [[audits.b]]\ncriteria = \"x\"\ndelta = \"1.0.0 -> 1.1.0\"\n";
    assert_eq!(store.audits_text(), sorted);
}

#[test]
fn what_cargo_vet_would_drop_or_refuse_is_an_error_with_its_line() {
    let commit = "0".repeat(40);
    for (config, audits, imports, error) in [
        ("", "", "", "audits.toml:1: `` has no `audits`"),
        ("", "[audits]\n[other]\n", "", "audits.toml:2: `other` is not a key"),
        ("", "[audits\n", "", "audits.toml:1: expected a right bracket"),
        ("", "\n[[audits.a]]\ncriteria = 'x'\n", "", "audits.toml:2: `audits.a` has none of"),
        (
            "",
            "[[audits.a]]\nversion = '1.0.0'\nviolation = '*'\n",
            "",
            "audits.toml:1: `audits.a` has none of",
        ),
        ("", "[[audits.a]]\nversion = '1.0'\n", "", "audits.toml:2: `1.0` is not a version"),
        ("", "[[audits.a]]\ndelta = '1.0.0'\n", "", "audits.toml:2: `1.0.0` is not two versions"),
        (
            "",
            "[[audits.a]]\nversion = '1.0.0'\nwhen = 'x'\n",
            "",
            "audits.toml:3: `when` is not a key of `audits.a`",
        ),
        (
            "",
            "[[audits.a]]\nversion = '1.0.0'\nwho = 1\n",
            "",
            "audits.toml:3: `who` is not a string or a list",
        ),
        ("", "[audits.a]\n", "", "audits.toml:1: `audits.a` is not a list of tables, but table"),
        (
            "",
            "[audits]\n[[trusted.a]]\ncriteria = 'x'\n",
            "",
            "audits.toml:2: `trusted.a` names no publisher",
        ),
        (
            "",
            "[audits]\n[[trusted.a]]\ncriteria = 'x'\nuser-id = -1\n",
            "",
            "audits.toml:4: `user-id` is not a number",
        ),
        (
            "",
            "[audits]\n[[trusted.a]]\ncriteria = 'x'\nuser-id = 1\nstart = '2024-02-30'\n",
            "",
            "audits.toml:5: `2024-02-30` is not a date",
        ),
        ("[cargo-vet]\nversion = '1'\n", "[audits]", "", "config.toml:2: `1` is not a version of cargo-vet"),
        ("[imports.a]\n", "[audits]", "", "config.toml:1: `a` has no `url`"),
        (
            "[policy.a]\n[policy.'a:1.0.0']\n",
            "[audits]",
            "",
            "config.toml:2: `a` has policies with a version",
        ),
        ("[policy.'a:x']\n", "[audits]", "", "config.toml:1: `x` is not a version"),
        ("[[exemptions.a]]\n", "[audits]", "", "config.toml:1: `exemptions.a` has no `version`"),
        (
            "",
            "[audits]",
            &format!("[[unpublished.a]]\nversion = '1.0.0@git:{commit}'\n"),
            "imports.lock:1: `unpublished.a` has no `audited_as`",
        ),
        (
            "",
            "[audits]",
            "[[publisher.a]]\nversion = '1.0.0'\nwhen = '2024-01-01'\nuser-id = 1\nuser-login = \"a\\n[x]\"\n",
            "imports.lock:5: `a\n[x]` is not a name of one line",
        ),
    ] {
        let found = read(config, audits, imports).expect_err(error).to_string();
        assert!(found.starts_with(error), "{found}\n{error}");
    }
}

fn published(text: &str) -> Published {
    Published::read(text.as_bytes(), Path::new("theirs.toml")).expect("a set")
}

#[test]
fn one_bad_entry_of_a_foreign_set_loses_nothing_else() {
    let read = published(
        "[criteria.sound]\nimplies = ['safe-to-run', 'gone']\n[criteria.odd]\nextra = 1\n\
         [[audits.a]]\ncriteria = 'sound'\nversion = '1.0.0'\n\
         [[audits.a]]\ncriteria = 'sound'\nversion = 'one'\n\
         [[audits.a]]\ncriteria = ['gone', 'safe-to-run']\nversion = '2.0.0'\n\
         [[audits.a]]\ncriteria = 'gone'\nversion = '3.0.0'\n\
         [[audits.a]]\ncriteria = 'sound'\nversion = '4.0.0'\nimportable = false\n\
         [[wildcard-audits.a]]\ncriteria = 'sound'\nuser-id = 1\nstart = 2024-01-01\nend = '2025-01-01'\n\
         [[wildcard-audits.a]]\ncriteria = 'sound'\nuser-id = 1\nstart = '2024-01-01'\nend = '2025-01-01'\n\
         [trusted]\nb = 1\n[[trusted.c]]\ncriteria = 'sound'\nuser-id = 1\nstart = '2024-01-01'\nend = '2025-01-01'\n\
         [new-kind]\n",
    );
    let versions =
        read.set.audits["a"].iter().map(|audit| (format!("{:?}", audit.kind), audit.criteria.join(",")));
    let versions = versions.map(|(kind, criteria)| (kind.contains("major: 1"), criteria)).collect::<Vec<_>>();
    assert_eq!(versions, [(true, "sound".into()), (false, "safe-to-run".into())]);
    assert_eq!(read.set.criteria["sound"].implies, ["safe-to-run"]);
    assert_eq!((read.set.wildcards["a"].len(), read.set.trusted.len()), (1, 1));
    assert_eq!(read.set.bars, []);
    let losses = read.losses.iter().map(|loss| (loss.name.as_str(), loss.error.line)).collect::<Vec<_>>();
    assert_eq!(losses, [("odd", 4), ("a", 10), ("a", 11), ("a", 14), ("a", 24), ("b", 32), ("", 38)]);
}

#[test]
fn a_violation_that_cannot_be_read_stands_as_a_bar() {
    let read = published(
        "[[audits.range]]\ncriteria = 'gone'\nviolation = '<2.0.0'\n\
         [[audits.all]]\ncriteria = 'safe-to-run'\nviolation = 'before two'\n\
         [[audits.new]]\ncriteria = 'safe-to-run'\nviolation = '*'\nunless = 'patched'\n\
         [[audits.half]]\ncriteria = ['safe-to-deploy', 'gone']\nviolation = '=1.0.0'\n\
         [audits.table]\nviolation = '*'\n",
    );
    let bars = read.set.bars.iter().map(|bar| {
        let versions = bar.versions.as_ref().map_or("all".to_owned(), Requirement::to_string);
        (bar.krate.as_str(), versions, bar.line)
    });
    let expected = [
        ("all", "all".to_owned(), 4),
        ("half", "=1.0.0".to_owned(), 11),
        ("new", "*".to_owned(), 7),
        ("range", "<2.0.0".to_owned(), 1),
        ("table", "all".to_owned(), 14),
    ];
    assert_eq!(bars.collect::<Vec<_>>(), expected);
    assert_eq!(read.set.audits["half"].len(), 1);
}

#[test]
fn a_foreign_set_cannot_define_built_in_criteria_again() {
    let read = published("[criteria.safe-to-run]\nimplies = 'safe-to-deploy'\n[audits]\n");
    assert_eq!((read.set.criteria.len(), read.losses.len()), (0, 1));
}

#[test]
fn a_foreign_set_that_is_no_toml_is_an_error() {
    for (text, error) in [
        ("[[audits.a]\n", "theirs.toml:1: "),
        ("audits = 1\n", "theirs.toml:1: `audits` is not a table"),
        ("[audits]\na = \"\u{7}\"\n", "theirs.toml:2: "),
    ] {
        let found = Published::read(text.as_bytes(), Path::new("theirs.toml")).expect_err(text).to_string();
        assert!(found.starts_with(error), "{found}");
    }
    let huge = vec![b'#'; FILE_BYTES + 1];
    assert!(Published::read(&huge, Path::new("theirs.toml")).is_err());
}

#[test]
fn nesting_without_end_is_an_error() {
    let date = "[[audits.a]]\nversion = 2024-01-01\n";
    let deep = 200_000;
    for text in [
        format!("{date}{}x = 1\n", "x.".repeat(deep)),
        format!("{date}[{}x]\n", "x.".repeat(deep)),
        format!("{date}x = {}{}\n", "[".repeat(deep), "]".repeat(deep)),
        format!("{date}x = {}{}\n", "{x=".repeat(deep), "}".repeat(deep)),
    ] {
        assert!(Published::read(text.as_bytes(), Path::new("theirs.toml")).is_err(), "{}", &text[..60]);
        assert!(Config::read(text.replace(date, "").as_bytes(), Path::new("config.toml")).is_err());
    }
}

proptest! {
    // What is read is written, and what is written reads the same.
    #[test]
    fn hostile_text_never_panics(text in "(?s)(\\[\\[?(audits|criteria|trusted|policy|exemptions)\\.?[a-c]?\\]?\\]\n|(criteria|version|delta|violation|who|notes|start|user-id) ?= ?('1\\.0\\.0'|\\[\\]|'safe-to-run'|1|\"\"\"|2024-01-01)\n|.){0,12}") {
        let file = Path::new("x");
        let _ = Published::read(text.as_bytes(), file);
        let _ = Config::read(text.as_bytes(), file);
        let _ = Imports::read(text.as_bytes(), file);
        if let Ok(audits) = Set::read(text.as_bytes(), file) {
            let store = Store { audits, ..Store::default() };
            let again = Set::read(store.audits_text().as_bytes(), file).expect("what was written");
            prop_assert_eq!(Store { audits: again, ..Store::default() }.audits_text(), store.audits_text());
        }
    }

    #[test]
    fn notes_of_any_kind_survive(notes in any::<String>(), who in any::<String>(), name in any::<String>()) {
        let audit = Audit {
            who: vec![who.clone(), who],
            criteria: vec![],
            kind: AuditKind::Full(VetVersion::parse("1.0.0").expect("a version")),
            importable: true,
            notes: Some(notes),
            aggregated_from: vec![],
            line: 4,
        };
        let set = Set { audits: [(name, vec![audit])].into(), ..Set::default() };
        let again = Set::read(set.text().as_bytes(), Path::new("x")).expect("what was written");
        let audits = |set: &Set| format!("{:?}", set.audits).replace("line: 4", "").replace("line: 2", "");
        prop_assert_eq!(audits(&again), audits(&set));
    }
}
