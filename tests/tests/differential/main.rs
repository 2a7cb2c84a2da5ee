//! The real `cargo vet --locked` and this tool's `vet-compatible` verdict, on stores that say anything: the same, every time.
//!
//! `PROVENANCE_PEERS` names the folder whose `bin` has `cargo-vet`; `PROVENANCE_SEEDS` says how many stores, or which:
//! `500`, `17..18`. `cargo xtask differential` sets it.

mod chance;
mod stores;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use cargo_provenance::audit::{
    Circumstances, Conclusion, Grade, Mode, Store, Strict, Verdict, VetVersion, resolve,
};
use serde_json::Value;
use tests::files::{remove, write};
use tests::process::Run;

use crate::chance::Chance;
use crate::stores::{TODAY, Tendency, date};
use crate::workspace::{NAMES, VERSIONS, Workspace, with};

/// Stores that are tried where nobody says how many.
const SEEDS: u64 = 48;
/// Stores for one workspace.
const SHARED: u64 = 12;

/// So that there is enough of each verdict.
const TENDENCIES: [Tendency; 5] =
    [Tendency::Generous, Tendency::Torn, Tendency::Sparse, Tendency::Torn, Tendency::Generous];

#[test]
#[expect(clippy::print_stderr, reason = "how many of each verdict were compared is what this test is for")]
fn verdicts_are_those_of_cargo_vet() {
    let Some(vet) = cargo_vet() else { return };
    let seeds = seeds();
    let folder = std::env::temp_dir().join(format!("differential-{}", std::process::id()));
    let environment = environment(&folder);
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    let mut stricter = 0;
    let mut differences = vec![];
    let mut current: Option<(u64, Workspace)> = None;
    for seed in seeds.clone() {
        let shared = seed / SHARED;
        if current.as_ref().is_none_or(|(of, _)| *of != shared) {
            let root = folder.join(format!("w{shared}"));
            current =
                Some((shared, Workspace::make(&root, &environment, &mut Chance::of(shared + 1_000_000))));
        }
        let (_, workspace) = current.as_ref().expect("a workspace");
        let tendency = TENDENCIES[(seed % TENDENCIES.len() as u64) as usize];
        let mut chance = Chance::of(seed);
        let made = stores::store(workspace, tendency, &mut chance);
        let mut texts = [made.config_text(), made.audits_text(), made.imports_text()];
        if chance.percent(1) {
            texts[chance.below(3)].push_str("# a comment\n");
        }
        let names = ["config.toml", "audits.toml", "imports.lock"];
        for (name, text) in names.iter().zip(&texts) {
            write(&workspace.root.join("supply-chain").join(name), text);
        }
        let theirs = theirs(&vet, workspace, &environment);
        let ours = ours(workspace, &texts);
        *tally.entry(theirs.conclusion()).or_default() += 1;
        if theirs != ours.0 {
            differences.push(format!("seed {seed}:\n  cargo vet {theirs:?}\n  ours      {:?}", ours.0));
        }
        if ours.1 {
            stricter += 1;
        }
    }
    remove(&folder);
    let total = seeds.end - seeds.start;
    let mut report = format!("{total} stores, {stricter} of what passes refused by strict judgment:");
    for (conclusion, count) in &tally {
        write!(report, " {count} {conclusion}").expect("a string");
    }
    eprintln!("{report}");
    assert!(differences.is_empty(), "{report}\n{}", differences.join("\n"));
    for conclusion in ["success", "fail (vetting)", "fail (violation)"] {
        let count = tally.get(conclusion).copied().unwrap_or(0) as u64;
        assert!(total < 100 || count * 5 >= total, "too few of `{conclusion}` to tell: {report}");
    }
}

/// What is compared of a verdict.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The store as a whole is refused.
    Fault,
    /// Packages by how far they were looked at: fully, partially, not at all.
    Success([BTreeSet<String>; 3]),
    /// Packages and what they lack.
    Vetting(BTreeMap<String, BTreeSet<String>>),
    /// Packages and how many contradictions they have.
    Violation(BTreeMap<String, usize>),
}

impl Outcome {
    fn conclusion(&self) -> &'static str {
        match self {
            Self::Fault => "fault of the store",
            Self::Success(_) => "success",
            Self::Vetting(_) => "fail (vetting)",
            Self::Violation(_) => "fail (violation)",
        }
    }
}

fn theirs(vet: &Path, workspace: &Workspace, environment: &BTreeMap<String, String>) -> Outcome {
    let cache = workspace.root.join("cache");
    let run = with(Run::new(vet, &workspace.root), environment)
        .args(["vet", "--locked", "--frozen", "--output-format=json", "--current-time"])
        .args([&format!("{TODAY}T12:00:00Z")])
        .args([format!("--cache-dir={}", cache.display())]);
    let output = run.run();
    let Ok(report) = serde_json::from_str::<Value>(&output.stdout) else {
        assert!(output.exit_code() != Some(0), "{}\n{}", output.stdout, output.stderr);
        return Outcome::Fault;
    };
    let package = |value: &Value| format!("{}:{}", text(&value["name"]), text(&value["version"]));
    let list = |key: &str| list_of(&report[key]).iter().map(package).collect();
    match report["conclusion"].as_str() {
        Some("success") => {
            Outcome::Success(["vetted_fully", "vetted_partially", "vetted_with_exemptions"].map(list))
        }
        Some("fail (vetting)") => {
            let failures = list_of(&report["failures"]).iter().map(|failure| {
                let missing = list_of(&failure["missing_criteria"]).iter();
                (package(failure), missing.map(|name| text(name).to_owned()).collect())
            });
            Outcome::Vetting(failures.collect())
        }
        Some("fail (violation)") => {
            let violations = report["violations"].as_object().expect("a table").iter();
            Outcome::Violation(violations.map(|(name, list)| (name.clone(), list_of(list).len())).collect())
        }
        _ => Outcome::Fault,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn list_of(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

// Ours, and whether strict judgment refuses what passes. What it passes must always pass.
fn ours(workspace: &Workspace, texts: &[String; 3]) -> (Outcome, bool) {
    let [config, audits, imports] = texts;
    let store =
        Store::read(Path::new("supply-chain"), config.as_bytes(), audits.as_bytes(), imports.as_bytes());
    let Ok(store) = store else { return (Outcome::Fault, false) };
    let tree = &workspace.tree;
    let strict = resolve(&store, tree, date(TODAY), Mode::Strict(&friendly()));
    let passes_strict = strict.is_ok_and(|verdicts| verdicts.conclusion() == Conclusion::Proven);
    if !store.formatting(config, audits, imports).is_empty() {
        return (Outcome::Fault, false);
    }
    let Ok(verdicts) = resolve(&store, tree, date(TODAY), Mode::VetCompatible) else {
        assert!(!passes_strict, "strict judgment lets pass what is refused");
        return (Outcome::Fault, false);
    };
    let named = tree.packages.iter().map(|package| format!("{}:{}", package.name, package.version));
    let verdict_of = named.zip(&verdicts.packages).collect::<Vec<_>>();
    let outcome = match verdicts.conclusion() {
        Conclusion::Proven => {
            let graded = |wanted: Grade| {
                let graded = verdict_of.iter().filter(
                    move |(_, verdict)| matches!(verdict, Verdict::Proven { grade, .. } if *grade == wanted),
                );
                graded.map(|(name, _)| name.clone()).collect()
            };
            Outcome::Success([Grade::Fully, Grade::Partially, Grade::Exempted].map(graded))
        }
        Conclusion::Unproven => {
            let missing = verdict_of.iter().filter_map(|(name, verdict)| match verdict {
                Verdict::Unproven { missing, .. } => {
                    let names = verdicts.criteria.minimal(*missing).into_iter();
                    Some((name.clone(), names.map(str::to_owned).collect()))
                }
                _ => None,
            });
            Outcome::Vetting(missing.collect())
        }
        Conclusion::Violated => {
            let violated = verdict_of.iter().filter_map(|(name, verdict)| match verdict {
                Verdict::Violated(conflicts) => Some((name.clone(), conflicts.len())),
                _ => None,
            });
            Outcome::Violation(violated.collect())
        }
    };
    let passes = verdicts.conclusion() == Conclusion::Proven;
    assert!(passes || !passes_strict, "strict judgment lets pass what is refused");
    (outcome, passes && !passes_strict)
}

// Nothing speaks against any publication, and what lies beside the workspace is one's own.
fn friendly() -> Strict {
    let known = Circumstances {
        is_same_publisher: Some(true),
        has_new_build_code: Some(false),
        has_new_dependency: Some(false),
    };
    let names = NAMES.iter().chain(&["beside", "gnu"]);
    let versions = names.flat_map(|name| VERSIONS.iter().map(move |version| (name, version)));
    let circumstances = versions.map(|(name, version)| {
        let version = VetVersion::parse(version).expect("a version");
        (((*name).to_owned(), version), known)
    });
    Strict { min_age: 7, circumstances: circumstances.collect(), own: vec!["beside".into()] }
}

#[expect(clippy::print_stderr, reason = "a test that judges nothing must say so")]
fn cargo_vet() -> Option<PathBuf> {
    let folder = std::env::var_os("PROVENANCE_PEERS").filter(|folder| !folder.is_empty());
    let vet =
        folder.map(|folder| Path::new(&folder).join("bin").join("cargo-vet")).filter(|vet| vet.exists());
    if vet.is_none() {
        assert!(std::env::var_os("PROVENANCE_SEEDS").is_none(), "PROVENANCE_PEERS has no `cargo-vet`");
        eprintln!("SKIPPED: PROVENANCE_PEERS has no `cargo-vet`, verdicts were not compared");
    }
    vet
}

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("PROVENANCE_SEEDS") else { return 0..SEEDS };
    let number = |text: &str| text.parse().expect("PROVENANCE_SEEDS is a number or two with `..` between");
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(&text),
    }
}

// A cargo home of its own and nothing of the machine's but the programs.
fn environment(folder: &Path) -> BTreeMap<String, String> {
    let path = std::env::var("PATH").expect("a `PATH`");
    let find = |name: &str| {
        let mut found =
            std::env::split_paths(&path).map(|folder| folder.join(name)).filter(|path| path.is_file());
        found.next().unwrap_or_else(|| panic!("no `{name}` in `PATH`")).display().to_string()
    };
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| find("cargo"));
    let git = find("git");
    let home = folder.join("home").display().to_string();
    std::fs::create_dir_all(&home).expect("a folder");
    let mut environment = BTreeMap::from([
        ("CARGO".to_owned(), cargo),
        ("CARGO_HOME".to_owned(), format!("{home}/cargo")),
        ("GIT".to_owned(), git),
        ("HOME".to_owned(), home),
        ("PATH".to_owned(), path.clone()),
        ("RUST_BACKTRACE".to_owned(), "0".to_owned()),
    ]);
    // Where rustup finds its toolchains, for a cargo that is its stand-in.
    for name in ["RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
        if let Ok(value) = std::env::var(name) {
            environment.insert(name.to_owned(), value);
        }
    }
    if let (Err(_), Some(home)) = (std::env::var("RUSTUP_HOME"), std::env::home_dir()) {
        environment.insert("RUSTUP_HOME".to_owned(), home.join(".rustup").display().to_string());
    }
    environment
}
