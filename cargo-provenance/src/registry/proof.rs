//! Proves that a package is what its registry published: index = `Cargo.lock` = `.crate` = tree.
//!
//! Nothing here looks at an unpacked directory. An archive is read into memory once; what is hashed is what is judged.

use std::path::{Path, PathBuf};

use provenance_build::manifest::BuildTime;
use provenance_build::tree::{Entry, Tree};
use provenance_build::{Checksum, LockedPackage, TreeDigest};
use sha2::{Digest as _, Sha256};

use super::bounded;
use crate::archive::{self, Archive, Fault, License};
use crate::index::{Entries, OddKind};
use crate::model::{Evidence, Release};

/// A package whose bytes are proven.
#[derive(Clone, Debug)]
pub struct Proof {
    /// SHA-256 of the `.crate`, equal in lockfile, file and (where `index` is known) index.
    pub checksum: Checksum,
    /// Digest of the tree that the archive unpacks to.
    pub tree: TreeDigest,
    /// Digest of what `cargo vendor` leaves of it, where that differs.
    pub vendor_tree: Option<TreeDigest>,
    /// Which of its code runs while other packages compile; sorted.
    pub build_time: Vec<BuildTime>,
    /// What its manifest says about its license.
    pub license: License,
    /// What the index says about this version; the caller decides what it means if that is unavailable.
    pub index: Evidence<Release>,
    /// What deserves a look without being refused.
    pub remarks: Vec<Fault>,
    /// The archive file that was read.
    pub archive: PathBuf,
    /// The archive's contents, for restoring a directory.
    pub contents: Archive,
}

/// One reason why a package is not proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The check's id: `checksum-changed`, `version-vanished`, `archive-…`, `manifest-identity`; or `archive-missing`,
    /// `archive-unreadable` where there is nothing to judge.
    pub check: &'static str,
    /// Whether the package was judged or could not be.
    pub verdict: Verdict,
    /// What was seen: a lowercase fragment.
    pub what: String,
    /// What to do next.
    pub help: String,
}

/// Whether a refused package was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not what it should be.
    Refused,
    /// Something that is needed could not be read.
    Undecided,
}

/// Proves one package of the lockfile from its cached archives, which must all be the one that it names.
pub fn prove(
    package: &LockedPackage,
    archives: &[PathBuf],
    entries: &Evidence<Entries>,
) -> Result<Proof, Vec<Refusal>> {
    let mut refusals = vec![];
    let Some(checksum) = package.checksum else {
        let what = "`Cargo.lock` has no checksum for it";
        return Err(vec![refused("checksum-changed", what, "let cargo write `Cargo.lock` anew")]);
    };
    let index = ask_index(package, checksum, entries).unwrap_or_else(|refusal| {
        let why = refusal.what.clone();
        refusals.push(refusal);
        Evidence::Unavailable(why)
    });
    let mut first = None;
    for path in archives {
        match read_archive(path, checksum) {
            Ok(bytes) => first = first.or(Some((path, bytes))),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if archives.is_empty() {
        refusals.push(Refusal {
            check: "archive-missing",
            verdict: Verdict::Undecided,
            what: "its `.crate` is not in cargo's cache".into(),
            help: "run `cargo fetch --locked`".into(),
        });
    }
    if let (Some((path, bytes)), true) = (first, refusals.is_empty()) {
        match judge(&bytes, package) {
            Ok((contents, tree, vendor_tree)) => {
                return Ok(Proof {
                    checksum,
                    tree,
                    vendor_tree,
                    build_time: contents.build_time().to_vec(),
                    license: contents.license().clone(),
                    index,
                    remarks: contents.remarks().to_vec(),
                    archive: path.clone(),
                    contents,
                });
            }
            Err(faults) => refusals.extend(faults.into_iter().map(published_so)),
        }
    }
    Err(refusals)
}

// What the index says about the locked version; a contradiction with the lockfile refuses.
fn ask_index(
    package: &LockedPackage,
    checksum: Checksum,
    entries: &Evidence<Entries>,
) -> Result<Evidence<Release>, Refusal> {
    let vanished = |what: String| {
        let help = "a registry removes what is malicious: find out why before anything is built";
        refused("version-vanished", what, help)
    };
    let id = &package.id;
    let entries = match entries {
        Evidence::Known(entries) => entries,
        Evidence::Absent => return Err(vanished(format!("the registry has no package `{}`", id.name))),
        Evidence::Unavailable(why) => return Ok(Evidence::Unavailable(why.clone())),
    };
    let odd = || entries.odd.iter().filter(|odd| odd.version.as_ref() == Some(&id.version));
    if let Some(odd) = odd().find(|odd| odd.kind == OddKind::Contradiction) {
        let help = "remove cargo's index caches (`registry/index` in the cargo home) and run `cargo update --dry-run`";
        return Err(refused("checksum-changed", odd.why.clone(), help));
    }
    match entries.get(&id.version) {
        Some(entry) if entry.checksum == checksum => Ok(Evidence::Known(entry.clone())),
        Some(entry) => Err(refused(
            "checksum-changed",
            format!("`Cargo.lock` has {checksum}, and the index has {}", entry.checksum),
            "no registry may replace a published version: find out which of the two was changed",
        )),
        // A line whose version could not be read may be the one.
        None => match odd().next().or_else(|| entries.odd.iter().find(|odd| odd.version.is_none())) {
            Some(odd) => Ok(Evidence::Unavailable(format!("the index cannot be read: {}", odd.why))),
            None => Err(vanished(format!("the index no longer has {}", id.short()))),
        },
    }
}

fn read_archive(path: &Path, checksum: Checksum) -> Result<Vec<u8>, Refusal> {
    let bytes = bounded::read(path, bounded::ARCHIVE_BYTES).map_err(|error| Refusal {
        check: "archive-unreadable",
        verdict: Verdict::Undecided,
        what: format!("`{}` cannot be read: {error}", path.display()),
        help: "remove the file and run `cargo fetch --locked`".into(),
    })?;
    let found = Checksum::from_bytes(Sha256::digest(&bytes).into());
    if found == checksum {
        return Ok(bytes);
    }
    Err(refused(
        "checksum-changed",
        format!("`{}` is {found}, and `Cargo.lock` has {checksum}", path.display()),
        "remove the file and run `cargo fetch --locked`; if it comes back the same, the registry replaced it",
    ))
}

type Judged = (Archive, TreeDigest, Option<TreeDigest>);

fn judge(bytes: &[u8], package: &LockedPackage) -> Result<Judged, Vec<Fault>> {
    let contents = archive::read(bytes, &package.id)?;
    let tree = contents.tree().map_err(|fault| vec![fault])?;
    Ok((contents, tree.digest(), vendor_digest(&tree)))
}

/// The digest over what `cargo vendor` keeps of a registry package, if it drops anything: no file named `.gitignore` or
/// `.gitattributes`, nothing below a `.git`, no `.cargo-ok` at the root (cargo's `ops/vendor.rs`, `vendor_this`) and no
/// `.cargo-checksum.json` at the root, which it overwrites with its own.
fn vendor_digest(tree: &Tree) -> Option<TreeDigest> {
    let is_kept = |entry: &&Entry| {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        !matches!(name, ".gitignore" | ".gitattributes")
            && !matches!(entry.path.as_str(), ".cargo-ok" | ".cargo-checksum.json")
            && entry.path.split('/').all(|component| component != ".git")
    };
    let kept = tree.entries().iter().filter(is_kept).cloned().collect::<Vec<_>>();
    // What is left of a good tree is a good tree.
    if kept.len() == tree.entries().len() { None } else { Tree::new(kept).ok().map(|kept| kept.digest()) }
}

// The bytes are the published ones, so that the fault is the publisher's.
fn published_so(fault: Fault) -> Refusal {
    refused(
        fault.check,
        fault.what,
        "this is how it was published: use another version, and tell the registry",
    )
}

fn refused(check: &'static str, what: impl Into<String>, help: &str) -> Refusal {
    Refusal { check, verdict: Verdict::Refused, what: what.into(), help: help.into() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use provenance_build::tree::Content;

    use super::*;
    use crate::index::parse_lines;
    use crate::samples::{Sample, id, line};

    struct Case {
        directory: tempfile::TempDir,
        package: LockedPackage,
        archives: Vec<PathBuf>,
        entries: Evidence<Entries>,
    }

    impl Case {
        fn new(sample: Sample) -> Self {
            let directory = tempfile::tempdir().expect("temp");
            let bytes = sample.build();
            let checksum = Checksum::from_bytes(Sha256::digest(&bytes).into());
            let package =
                LockedPackage { id: id("a"), checksum: Some(checksum), dependencies: vec![], line: 1 };
            let mut case = Self { directory, package, archives: vec![], entries: Evidence::Absent };
            case.archive("a-1.0.0.crate", &bytes);
            case.index(&line("a", "1.0.0", "00").replace(&"00".repeat(32), &checksum.hex()));
            case
        }

        fn archive(&mut self, name: &str, bytes: &[u8]) {
            let path = self.directory.path().join(name);
            fs::write(&path, bytes).expect("write");
            self.archives.push(path);
        }

        fn index(&mut self, lines: &str) {
            self.entries = Evidence::Known(parse_lines(lines.as_bytes(), &self.package.id.name));
        }

        fn refusals(&self) -> Vec<(&'static str, Verdict)> {
            match prove(&self.package, &self.archives, &self.entries) {
                Ok(_) => vec![],
                Err(refusals) => refusals.iter().map(|refusal| (refusal.check, refusal.verdict)).collect(),
            }
        }
    }

    fn honest() -> Case {
        Case::new(Sample::new(&id("a")))
    }

    #[test]
    fn an_honest_package_is_proven() {
        let case = Case::new(Sample::new(&id("a")).file("build.rs", b"").file(".gitignore", b"x"));
        let proof = prove(&case.package, &case.archives, &case.entries).expect("proven");
        assert_eq!(proof.build_time, [BuildTime::BuildScript]);
        assert_eq!(proof.index.known().and_then(|entry| entry.published), Some(1_436_317_884));
        assert_ne!(proof.vendor_tree, None);
        assert_eq!(proof.archive, case.archives[0]);
    }

    #[test]
    fn a_replaced_archive_is_refused_though_another_copy_is_good() {
        let mut case = honest();
        case.archive("copy.crate", &Sample::new(&id("a")).file("build.rs", b"evil").build());
        assert_eq!(case.refusals(), [("checksum-changed", Verdict::Refused)]);
    }

    #[test]
    fn a_missing_or_unreadable_archive_decides_nothing() {
        let mut case = honest();
        case.archives.clear();
        assert_eq!(case.refusals(), [("archive-missing", Verdict::Undecided)]);
        case.archives.push(case.directory.path().join("gone.crate"));
        assert_eq!(case.refusals(), [("archive-unreadable", Verdict::Undecided)]);
    }

    #[test]
    fn an_index_that_contradicts_the_lockfile_refuses() {
        let mut case = honest();
        case.index(&line("a", "1.0.0", "ab"));
        assert_eq!(case.refusals(), [("checksum-changed", Verdict::Refused)]);
        case.index(&[line("a", "1.0.0", "ab"), line("a", "1.0.0", "cd")].join("\n"));
        assert_eq!(case.refusals(), [("checksum-changed", Verdict::Refused)]);
        case.index(&line("a", "1.1.0", "ab"));
        assert_eq!(case.refusals(), [("version-vanished", Verdict::Refused)]);
        case.entries = Evidence::Absent;
        assert_eq!(case.refusals(), [("version-vanished", Verdict::Refused)]);
    }

    #[test]
    fn an_index_that_cannot_be_read_is_left_to_the_caller() {
        let mut case = honest();
        for lines in ["not json".to_owned(), line("a", "1.0.0", "XY")] {
            case.index(&lines);
            let proof = prove(&case.package, &case.archives, &case.entries).expect("proven");
            assert!(matches!(proof.index, Evidence::Unavailable(_)));
        }
        case.entries = Evidence::Unavailable("offline".into());
        let proof = prove(&case.package, &case.archives, &case.entries).expect("proven");
        assert_eq!(proof.index, Evidence::Unavailable("offline".into()));
    }

    #[test]
    fn a_hostile_archive_is_refused_though_its_checksum_is_right() {
        let case = Case::new(Sample::new(&id("a")).file("src/lib.rs", b"evil"));
        assert_eq!(case.refusals(), [("archive-duplicate", Verdict::Refused)]);
        let case = Case::new(Sample::empty(&id("a")));
        assert_eq!(case.refusals(), [("manifest-identity", Verdict::Refused)]);
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let mut case = honest();
        case.archive("copy.crate", b"evil");
        case.index(&line("a", "1.1.0", "ab"));
        assert_eq!(
            case.refusals(),
            [("version-vanished", Verdict::Refused), ("checksum-changed", Verdict::Refused)]
        );
    }

    #[test]
    fn what_cargo_vendor_drops_is_left_out_of_the_vendor_digest() {
        let file = |path: &str, content: &str| Entry {
            path: path.to_owned(),
            content: Content::File(Sha256::digest(content).into()),
        };
        let kept = [file("Cargo.toml", "a"), file(".github/x", "b"), file("sub/.cargo-ok", "c")];
        let tree = Tree::new(kept.to_vec()).expect("fine");
        assert_eq!(vendor_digest(&tree), None);
        for dropped in
            [".gitignore", "sub/.gitattributes", ".git/config", "x/.git", ".cargo-checksum.json", ".cargo-ok"]
        {
            let more = Tree::new([kept.to_vec(), vec![file(dropped, "d")]].concat()).expect("fine");
            assert_eq!(vendor_digest(&more), Some(tree.digest()), "{dropped}");
            assert_ne!(more.digest(), tree.digest());
        }
    }
}
