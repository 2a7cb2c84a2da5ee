//! The sets that others publish, as `PROVENANCE_TEST_DATA` has them: all of them is read, and what they prove is judged in no
//! time.

#![expect(clippy::print_stderr, reason = "what took how long, and what was not judged, must be said")]
#![expect(clippy::disallowed_methods, reason = "a test reads its own environment and clock")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cargo_provenance::audit::{
    AuditKind, ByName, Conclusion, Criteria, Import, Imports, Mode, Origin, Published, Set, Store, Strict,
    Tree, TreePackage, VetVersion, resolve, translate,
};
use cargo_provenance::model::Date;

/// The audits, wildcard entries and trusted publishers of each.
const SETS: [(&str, [usize; 3]); 3] =
    [("bytecode-alliance", [771, 227, 165]), ("google", [2173, 0, 0]), ("mozilla", [1515, 120, 228])];

/// Unoptimised code takes so many times longer, on a machine that does other things too.
const SLACK: u32 = if cfg!(debug_assertions) { 100 } else { 10 };

/// A published set: its name, what is in it, its file and the bytes.
type File = (&'static str, [usize; 3], PathBuf, Vec<u8>);

fn files() -> Option<[File; 3]> {
    let Some(data) = std::env::var_os("PROVENANCE_TEST_DATA").filter(|data| !data.is_empty()) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "PROVENANCE_TEST_DATA is not set: in CI nothing is skipped"
        );
        eprintln!("SKIPPED: PROVENANCE_TEST_DATA is not set, no published set was read");
        return None;
    };
    Some(SETS.map(|(name, counts)| {
        let file = Path::new(&data).join("audits").join(format!("{name}.toml"));
        let bytes = std::fs::read(&file).expect("a set");
        (name, counts, file, bytes)
    }))
}

fn within(start: Instant, limit: Duration, what: &str) {
    let took = start.elapsed();
    eprintln!("{what}: {took:?}");
    assert!(took < limit * SLACK, "{what} took {took:?}");
}

#[test]
fn published_sets_lose_no_entry() {
    let Some(files) = files() else { return };
    let start = Instant::now();
    let read =
        files.iter().map(|(_, counts, file, bytes)| (counts, Published::read(bytes, file).expect("a set")));
    let read = read.collect::<Vec<_>>();
    within(start, Duration::from_millis(200), "reading three sets");
    for (counts, published) in read {
        let set = &published.set;
        assert_eq!(published.losses, []);
        assert_eq!(set.bars, []);
        let sizes = [
            set.audits.values().map(Vec::len).sum::<usize>(),
            set.wildcards.values().map(Vec::len).sum(),
            set.trusted.values().map(Vec::len).sum(),
        ];
        assert_eq!(&sizes, counts);
    }
}

#[test]
fn a_set_that_cargo_vet_wrote_is_written_byte_for_byte() {
    let Some(files) = files() else { return };
    for (name, _, file, bytes) in &files {
        let set = Set::read(bytes, file).expect("a set");
        let again = Set::read(set.text().as_bytes(), file).expect("what was written");
        assert_eq!(set.text(), again.text(), "{name}");
        // The two others were put together by older programs, which sort less and quote otherwise.
        if *name == "bytecode-alliance" {
            // The names of publishers come from an `imports.lock` that is not published with it.
            let text = std::str::from_utf8(bytes).expect("UTF-8");
            let without = text.lines().map(|line| match line.starts_with("user-id = ") {
                true => line.split(" # ").next().unwrap_or_default(),
                false => line,
            });
            let without =
                without.skip_while(|line| !line.starts_with("# cargo-vet")).skip(1).collect::<Vec<_>>();
            assert_eq!(set.text().lines().collect::<Vec<_>>(), without);
        }
    }
}

#[test]
fn a_large_graph_is_judged_at_once() {
    let Some(files) = files() else { return };
    let criteria = Criteria::of(&ByName::new()).expect("criteria");
    let mut store = Store::default();
    for (name, _, file, bytes) in &files {
        let published = Published::read(bytes, file).expect("a set");
        let import = Import { urls: vec!["https://example.org/audits.toml".into()], ..Import::default() };
        store.imports.sets.insert((*name).to_owned(), translate(&published, &import, &criteria));
        store.config.imports.insert((*name).to_owned(), import);
    }
    let tree = graph(&store.imports);
    for mode in [Mode::VetCompatible, Mode::Strict(&Strict::default())] {
        let start = Instant::now();
        let today = Date::parse("2026-11-25").expect("a date");
        let verdicts = resolve(&store, &tree, today, mode).expect("verdicts");
        within(start, Duration::from_millis(300), "judging 600 packages");
        assert_eq!(verdicts.packages.len(), 601);
        assert_ne!(verdicts.conclusion(), Conclusion::Violated);
    }
}

// A member that depends on 600 crates of which somebody said something.
fn graph(imports: &Imports) -> Tree {
    let mut versions: ByName<VetVersion> = ByName::new();
    for (name, audits) in imports.sets.values().flat_map(|set| &set.audits) {
        let version = audits.iter().find_map(|audit| match &audit.kind {
            AuditKind::Full(version) | AuditKind::Delta { to: version, .. } => Some(version.clone()),
            AuditKind::Violation(_) => None,
        });
        version.map(|version| versions.insert(name.clone(), version));
    }
    let package = |name: &str, version: VetVersion, origin| TreePackage {
        name: name.to_owned(),
        version,
        origin,
        is_member: origin == Origin::Path,
        is_root: false,
        dependencies: vec![],
        dev_dependencies: vec![],
    };
    let mut packages = vec![package("app", VetVersion::parse("1.0.0").expect("a version"), Origin::Path)];
    let crates = versions.into_iter().take(600);
    packages.extend(crates.map(|(name, version)| package(&name, version, Origin::CratesIo)));
    packages[0].dependencies = (1..packages.len()).collect();
    Tree::new(packages)
}
