//! The real advisory database, read by the subcommand and by `rustsec` alone: the same answers, and where `rustsec`
//! gives up on the whole for one file, the same answers for everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_provenance::advisory::{Database, hits};
use cargo_provenance::collect::advisories::read_directory;
use cargo_provenance::model::Date;
use provenance_build::name::{CRATES_IO, Source};
use provenance_build::{Lockfile, PackageId, PackageName, Version};
use rustsec::database::Query;
use rustsec::{Collection, SourceId};
use tests::{Sandbox, files};

use crate::data::data;

/// Dependencies of published programs, as the lockfiles in their archives have them: crates.io packages, a line each.
const LOCKS: [(&str, &str); 5] = [
    ("bat 0.22.1", include_str!("locks/bat-0.22.1.txt")),
    ("cargo-deny 0.14.3", include_str!("locks/cargo-deny-0.14.3.txt")),
    ("mdbook 0.4.21", include_str!("locks/mdbook-0.4.21.txt")),
    ("nu 0.60.0", include_str!("locks/nu-0.60.0.txt")),
    ("ripgrep 13.0.0", include_str!("locks/ripgrep-13.0.0.txt")),
];

type Pairs = BTreeSet<(String, String, String)>;

fn directory() -> Option<PathBuf> {
    Some(data()?.join("advisory-db"))
}

fn ours(directory: &Path) -> Database {
    read_directory(directory, Date::parse("2100-01-01").expect("a date")).expect("a database")
}

fn theirs(directory: &Path) -> rustsec::Database {
    rustsec::Database::open(directory).expect("a database")
}

fn package(name: &str, version: &str) -> PackageId {
    PackageId {
        name: PackageName::parse(name).expect("a name"),
        version: Version::parse(version).expect("a version"),
        source: Source::parse(CRATES_IO),
    }
}

fn found_by_us(database: &Database, package: &PackageId) -> BTreeSet<String> {
    let found = hits([database], package);
    assert_eq!(found.unreadable, [], "{package}");
    found.hits.into_iter().map(|hit| hit.id).collect()
}

fn found_by_them(database: &rustsec::Database, name: &str, version: &str) -> BTreeSet<String> {
    let query = Query::new()
        .collection(Collection::Crates)
        .withdrawn(false)
        .package_source(SourceId::default())
        .package_name(name.parse().expect("a name"))
        .package_version(version.parse().expect("a version"));
    database.query(&query).into_iter().map(|advisory| advisory.id().to_string()).collect()
}

/// Versions around everything that an advisory names.
fn versions(advisory: &rustsec::Advisory) -> BTreeSet<String> {
    let mut versions = BTreeSet::from(["0.0.0-0".into(), "0.0.0".into(), "1.0.0".into(), "9999.0.0".into()]);
    let requirements = advisory.versions.patched().iter().chain(advisory.versions.unaffected());
    for comparator in requirements.flat_map(|requirement| &requirement.comparators) {
        let (major, minor, patch) =
            (comparator.major, comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0));
        let numbers = [
            (major, minor, patch),
            (major, minor, patch + 1),
            (major, minor, patch.saturating_sub(1)),
            (major, minor + 1, 0),
            (major, minor.saturating_sub(1), 999),
            (major + 1, 0, 0),
            (major.saturating_sub(1), 999, 999),
        ];
        for (major, minor, patch) in numbers {
            for suffix in ["", "-0", "-alpha.1", "-rc.1", "-zzz", "+build"] {
                versions.insert(format!("{major}.{minor}.{patch}{suffix}"));
            }
        }
        if !comparator.pre.is_empty() {
            for more in ["", ".0", ".1", "-x"] {
                versions.insert(format!("{major}.{minor}.{patch}-{}{more}", comparator.pre));
            }
        }
    }
    versions
}

#[test]
fn every_advisory_affects_the_versions_that_rustsec_says() {
    let Some(directory) = directory() else { return };
    let (ours, theirs) = (ours(&directory), theirs(&directory));
    let mut compared = (0, 0);
    for advisory in theirs.iter().filter(|it| it.metadata.collection == Some(Collection::Crates)) {
        let name = advisory.metadata.package.as_str();
        for version in versions(advisory) {
            let expected = found_by_them(&theirs, name, &version);
            assert_eq!(found_by_us(&ours, &package(name, &version)), expected, "{name} {version}");
            compared = (compared.0 + 1, compared.1 + expected.len());
        }
    }
    assert!(compared.0 > 20_000 && compared.1 > 10_000, "{compared:?}: is this the database?");
    assert_eq!((ours.odd(), ours.remarks()), (&[][..], &[][..]));
    let counts = ours.counts();
    assert_eq!(counts.advisories + counts.withdrawn + counts.language, theirs.iter().count());
}

#[test]
fn lockfiles_have_the_advisories_that_rustsec_says() {
    let Some(directory) = directory() else { return };
    let (ours, theirs) = (ours(&directory), theirs(&directory));
    let mut locks = LOCKS
        .iter()
        .map(|(name, text)| {
            let packages = text.lines().filter_map(|line| line.split_once(' '));
            (*name, packages.map(|(name, version)| package(name, version)).collect::<Vec<_>>())
        })
        .collect::<BTreeMap<_, _>>();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let own = Lockfile::parse(&files::read_bytes(&path), &path).expect("the project's own lockfile");
    locks.insert("this project", own.packages.into_iter().map(|package| package.id).collect());
    for (name, packages) in locks {
        let pairs = |found: &dyn Fn(&PackageId) -> BTreeSet<String>| {
            let pairs = packages.iter().filter(|package| package.source.is_some()).flat_map(|package| {
                let ids = found(package).into_iter();
                ids.map(|id| (package.name.to_string(), package.version.to_string(), id)).collect::<Vec<_>>()
            });
            pairs.collect::<Pairs>()
        };
        let ours = pairs(&|package| found_by_us(&ours, package));
        let theirs =
            pairs(&|package| found_by_them(&theirs, package.name.as_str(), package.version.as_str()));
        assert_eq!(ours, theirs, "{name}");
        assert_eq!(ours.is_empty(), name == "this project", "{name}: {ours:?}");
    }
}

#[test]
fn a_damaged_database_hides_nothing_but_what_is_damaged() {
    let Some(directory) = directory() else { return };
    let sandbox = Sandbox::new();
    let damaged = sandbox.path("advisory-db");
    std::fs::create_dir_all(&damaged).expect("a folder");
    files::copy(&directory.join("crates"), &damaged.join("crates"));
    make_writable(&damaged);
    let honest = theirs(&directory);

    // Advisories about one package each, which has no other one, and that leave room for what is added.
    let mut packages: BTreeMap<&str, Vec<&rustsec::Advisory>> = BTreeMap::new();
    for advisory in honest.iter().filter(|it| it.metadata.collection == Some(Collection::Crates)) {
        packages.entry(advisory.metadata.package.as_str()).or_default().push(advisory);
    }
    let plain = |advisory: &rustsec::Advisory| {
        advisory.affected.is_none() && advisory.metadata.cvss.is_none() && !advisory.withdrawn()
    };
    let single = packages.values().filter(|all| all.len() == 1 && plain(all[0])).map(|all| all[0]);
    let chosen = single.take(9).collect::<Vec<_>>();
    let [system, score, twin, latin, stray, folder, fence, broken, huge] = chosen[..] else {
        panic!("only {} advisories: is this the database?", chosen.len());
    };
    let name = |advisory: &rustsec::Advisory| advisory.metadata.package.to_string();
    let file = |advisory: &rustsec::Advisory| {
        damaged.join("crates").join(name(advisory)).join(format!("{}.md", advisory.id()))
    };
    files::replace(&file(system), "\n```\n", "\n[affected]\nos = [\"plan10\"]\n```\n");
    files::replace(&file(score), "[advisory]\n", "[advisory]\ncvss = \"CVSS:9.9/AV:N\"\n");
    let moved = files::read(&file(twin)).replace(&format!("\"{}\"", name(twin)), "\"moved-there\"");
    files::write(&damaged.join(format!("crates/moved-there/{}.md", twin.id())), moved);
    files::write(&file(latin), [files::read_bytes(&file(latin)), vec![0xff]].concat());
    files::write(&damaged.join("crates").join(name(stray)).join("RUSTSEC.md.orig"), "");
    files::write(&damaged.join("crates").join(name(folder)).join("sub/RUSTSEC-2020-0001.md"), "");
    files::write(&file(fence), format!("{}\u{e9}", "x".repeat(19)));
    files::replace(&file(broken), "[versions]", "[verisons]");
    files::append(&file(huge), &"x".repeat(10 * 1024 * 1024));
    files::write(&damaged.join("crates/README.md"), "No advisory.\n");
    // It panics or returns an error, whichever file it meets first.
    let opened = std::panic::catch_unwind(|| rustsec::Database::open(&damaged).is_ok());
    assert!(!opened.unwrap_or(false), "rustsec reads none of it");

    let ours = ours(&damaged);
    let lost = [latin, stray, folder, fence, broken, huge].map(name);
    for (package_name, advisories) in &packages {
        for version in advisories.iter().flat_map(|advisory| versions(advisory)) {
            let package = package(package_name, &version);
            let found = hits([&ours], &package);
            if lost.iter().any(|lost| lost == package_name) {
                assert_eq!(found.unreadable.len(), 1, "{package_name}");
                assert_eq!(found.unreadable[0].packages, [*package_name], "{package_name}");
                break;
            }
            let found = found_by_us(&ours, &package);
            assert_eq!(found, found_by_them(&honest, package_name, &version), "{package}");
        }
    }
    assert_eq!(ours.odd().len(), lost.len() + 1, "{:?}", ours.odd());
    let told = |path: &str, what: &str| {
        let remarks = ours.remarks().iter().filter(|remark| remark.path.contains(path));
        assert!(remarks.clone().any(|remark| remark.what.contains(what)), "{path}: {:?}", ours.remarks());
    };
    told(&format!("crates/{}/", name(system)), "affected.os");
    told(&format!("crates/{}/", name(score)), "advisory.cvss");
    assert!(ours.remarks().iter().any(|remark| remark.what.contains("same id")), "{:?}", ours.remarks());
    assert_eq!(ours.remarks().len(), 3, "{:?}", ours.remarks());
}

/// The shared data may be read-only, and a copy is as it was.
fn make_writable(directory: &Path) {
    for file in files::list(directory) {
        files::permissions(&file, 0o644);
        files::permissions(file.parent().expect("a folder"), 0o755);
    }
    files::permissions(&directory.join("crates"), 0o755);
}
