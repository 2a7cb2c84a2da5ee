//! The record of a build: what cargo really compiled for it, from what, by what, and what came of it.
//!
//! `cargo provenance build` writes it when cargo has ended, from cargo's own artifact messages and the pins that were compared;
//! `attest` and `sbom` make documents of it. It is no more trustworthy than the machine on which the build ran.

use provenance_build::{PackageName, Source, Version};
use serde::{Deserialize, Serialize};

use super::digests::DigestSet;
use super::{Fault, json};
use crate::model::Timestamp;

/// The version of the form that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// Bytes of a record: a unit and its package take some 600, and 10,000 units are more than the largest workspaces have.
pub const RECORD_BYTES: usize = 32 * 1024 * 1024;

const DOCUMENT: &str = "build record";

/// What was built, from what, by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Record {
    /// [`VERSION`].
    pub version: u32,
    /// Name and version of the program that wrote it.
    pub tool: String,
    /// When cargo was started.
    pub started: Timestamp,
    /// When it had ended.
    pub finished: Timestamp,
    /// What was asked for.
    pub request: Request,
    /// The workspace that it was built from.
    pub workspace: Workspace,
    /// What compiled it.
    pub toolchain: Toolchain,
    /// The packages of the units, each once, sorted.
    pub packages: Vec<Package>,
    /// Everything that was compiled, or was already compiled from the same, sorted.
    pub units: Vec<Unit>,
    /// The executables and libraries that are for use outside of cargo, sorted by path.
    pub artifacts: Vec<Artifact>,
}

/// What was asked for, by arguments and environment. Settings of the repository's cargo configuration are part of its source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Request {
    /// `--manifest-path`, from the workspace root.
    pub manifest_path: Option<String>,
    /// `--package`.
    pub packages: Vec<String>,
    /// The profile's name.
    pub profile: String,
    /// The triple of `--target` or `build.target`; nothing where the host was built for.
    pub target: Option<String>,
    /// `--features`.
    pub features: Vec<String>,
    /// `--all-features`.
    pub all_features: bool,
    /// `--no-default-features`.
    pub no_default_features: bool,
    /// Flags for rustc from the environment.
    pub rustflags: Vec<String>,
    /// `--config`, `--workspace` and whatever else of the arguments can change what is built.
    pub others: Vec<String>,
    /// What the environment and configuration outside of the repository say that can change it, as `NAME=VALUE`.
    pub environment: Vec<String>,
}

/// The workspace as it was when the build began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Workspace {
    /// The revision that is checked out, where it lies in a git repository.
    pub git: Option<Revision>,
    /// SHA-256 of `Provenance.lock`.
    pub manifest: String,
    /// SHA-256 of `Cargo.lock`.
    pub lockfile: String,
}

/// A revision of a git repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Revision {
    /// The full name of the commit.
    pub commit: String,
    /// The full name of the branch, where one is checked out.
    pub reference: Option<String>,
    /// Where the repository was cloned from, without credentials.
    pub origin: Option<String>,
    /// Where the workspace lies in the repository: nothing at its root, else a path with a slash at its end.
    pub folder: String,
    /// Whether files differed from the commit, or lay there that are neither in it nor ignored.
    pub dirty: bool,
}

/// What compiled it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Toolchain {
    /// The lines of `rustc -vV`.
    pub rustc: Vec<String>,
    /// The lines of `cargo -vV`.
    pub cargo: Vec<String>,
    /// The platform of the compiler itself.
    pub host: String,
    /// Programs and libraries of the toolchain, with their digests.
    pub components: Vec<Component>,
}

/// A file of the toolchain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Component {
    /// Its path in the toolchain.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// What a package is known by, as `Cargo.lock` has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it comes from: `registry+URL`, `sparse+URL`, `git+URL#COMMIT`; nothing for members and path packages.
    pub source: Option<String>,
}

/// A package that something was compiled of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Package {
    /// What it is known by.
    pub id: Identity,
    /// SHA-256 of its `.crate`, from its pin.
    pub checksum: Option<String>,
    /// The digest of its tree, from its pin (`b3:…`); nothing for members.
    pub tree: Option<String>,
    /// Go's h1 over the same files, in hex.
    pub dir_hash: Option<String>,
    /// Why it is trusted, from its pin; nothing for members.
    pub trust: Option<Trust>,
}

/// Why a package is trusted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Trust {
    /// `policy`, `accepted`, `audit`, `publisher` or `baseline`.
    pub basis: String,
    /// What it was reviewed for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<String>,
    /// Whose reviews they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
}

/// What rustc makes in one go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Unit {
    /// The package.
    pub package: Identity,
    /// The name of its target.
    pub target: String,
    /// What it is.
    pub kind: Kind,
    /// What it is made into: `lib`, `rlib`, `cdylib`, `bin`, …
    pub crate_types: Vec<String>,
    /// Features that were on.
    pub features: Vec<String>,
    /// Where it runs, as far as cargo's messages tell.
    pub runs_on: Platform,
    /// `opt-level` of its profile.
    pub opt_level: String,
    /// `debug-assertions` of its profile.
    pub debug_assertions: bool,
    /// Whether it is a test harness.
    pub test: bool,
}

/// What a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A benchmark.
    Bench,
    /// A program.
    Bin,
    /// A build script: it runs while others are compiled, and nothing of it is in an artifact.
    BuildScript,
    /// An example.
    Example,
    /// A library of any crate type but the next.
    Lib,
    /// A procedural macro: it runs while others are compiled, and nothing of it is in an artifact.
    ProcMacro,
    /// An integration test.
    Test,
}

/// Where a unit runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// Where it was compiled: it belongs to a build script or a procedural macro, and is not in any artifact.
    Host,
    /// Where the artifacts run.
    Target,
    /// Cargo does not say: no target was named, so libraries for both are compiled alike.
    Unknown,
}

/// A file that came of the build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Artifact {
    /// Its path from the target directory, `/`-separated.
    pub path: String,
    /// The package that it is of.
    pub package: Identity,
    /// The target's name.
    pub target: String,
    /// What the target is.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// SHA-256 and SHA-512.
    pub digest: DigestSet,
}

impl Record {
    /// Reads a record. Everything in it must be known and have its form.
    ///
    /// # Errors
    ///
    /// What is none, and one of another version.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let value = json::read(DOCUMENT, bytes, RECORD_BYTES)?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            Some(version) => {
                return Err(Fault::new(DOCUMENT, format!("is of version {version}, not {VERSION}")));
            }
            None => return Err(Fault::new(DOCUMENT, "has no version")),
        }
        let record: Self = json::typed(DOCUMENT, &value)?;
        record.flaw().map_or(Ok(()), |flaw| Err(Fault::new(DOCUMENT, flaw)))?;
        Ok(record)
    }

    /// The record's text.
    pub fn to_text(&self) -> String {
        format!("{:#}\n", serde_json::json!(self))
    }

    /// The package of a unit or an artifact.
    pub fn package(&self, id: &Identity) -> Option<&Package> {
        self.packages.iter().find(|package| package.id == *id)
    }

    /// Whether no commit says what it was built from.
    pub fn is_dirty(&self) -> bool {
        self.workspace.git.as_ref().is_none_or(|git| git.dirty)
    }

    fn flaw(&self) -> Option<String> {
        let hex = |text: &str| provenance_build::Checksum::from_hex(text).is_some();
        let Workspace { manifest, lockfile, git } = &self.workspace;
        let components = self.toolchain.components.iter().map(|component| &component.sha256);
        let packages = self.packages.iter();
        let of_packages = packages.flat_map(|package| package.checksum.iter().chain(&package.dir_hash));
        if let Some(bad) =
            [manifest, lockfile].into_iter().chain(components).chain(of_packages).find(|it| !hex(it))
        {
            return Some(format!("has a digest `{}` that is none", bad.escape_debug()));
        }
        if git.as_ref().is_some_and(|git| DigestSet::of("gitCommit", &*git.commit).flaw().is_some()) {
            return Some("names a commit that is none".to_owned());
        }
        let ids = self.units.iter().map(|unit| &unit.package);
        let ids = ids.chain(self.artifacts.iter().map(|artifact| &artifact.package));
        let mut ids = ids.chain(self.packages.iter().map(|package| &package.id));
        if let Some(id) = ids.find(|id| !id.is_one() || self.package(id).is_none()) {
            return Some(format!("names a package `{}` that is none of its own", id.name.escape_debug()));
        }
        self.artifacts.iter().find_map(|artifact| {
            let digest = &artifact.digest;
            let digests = digest.flaw().is_none()
                && ["sha256", "sha512"].iter().all(|algorithm| digest.get(algorithm).is_some());
            let inside = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':', '\0']);
            let fits = digests && artifact.path.split('/').all(inside);
            (!fits).then(|| format!("has an artifact `{}` of the wrong form", artifact.path.escape_debug()))
        })
    }
}

impl Identity {
    fn is_one(&self) -> bool {
        let source = self.source.as_deref();
        PackageName::parse(&self.name).is_some()
            && Version::parse(&self.version).is_some()
            && source.is_none_or(|source| Source::parse(source).is_some())
    }
}

impl Artifact {
    /// The name of the file.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// A record of a program with one dependency.
    pub(crate) fn record() -> Record {
        let id = |name: &str, source: Option<&str>| Identity {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            source: source.map(str::to_owned),
        };
        let app = id("app", None);
        let dep = id("dep", Some(provenance_build::name::CRATES_IO));
        let unit = |package: &Identity, kind, runs_on| Unit {
            package: package.clone(),
            target: package.name.clone(),
            kind,
            crate_types: vec![if kind == Kind::Bin { "bin" } else { "lib" }.to_owned()],
            features: vec!["default".to_owned()],
            runs_on,
            opt_level: "0".to_owned(),
            debug_assertions: true,
            test: false,
        };
        Record {
            version: VERSION,
            tool: "cargo-provenance 0.1.0".to_owned(),
            started: Timestamp(1_795_392_000),
            finished: Timestamp(1_795_392_009),
            request: Request { profile: "dev".to_owned(), ..Request::default() },
            workspace: Workspace {
                git: Some(Revision {
                    commit: "1".repeat(40),
                    reference: Some("refs/heads/main".to_owned()),
                    origin: Some("https://example.org/app.git".to_owned()),
                    folder: String::new(),
                    dirty: false,
                }),
                manifest: "2".repeat(64),
                lockfile: "3".repeat(64),
            },
            toolchain: Toolchain {
                rustc: vec!["rustc 1.95.0".to_owned(), "host: x86_64-unknown-linux-gnu".to_owned()],
                cargo: vec!["cargo 1.95.0".to_owned()],
                host: "x86_64-unknown-linux-gnu".to_owned(),
                components: vec![Component { name: "bin/rustc".to_owned(), sha256: "4".repeat(64) }],
            },
            packages: vec![
                Package { id: app.clone(), checksum: None, tree: None, dir_hash: None, trust: None },
                Package {
                    id: dep.clone(),
                    checksum: Some("5".repeat(64)),
                    tree: Some(format!("b3:{}", "6".repeat(64))),
                    dir_hash: Some("7".repeat(64)),
                    trust: Some(Trust {
                        basis: "audit".to_owned(),
                        criteria: Some("safe-to-deploy".to_owned()),
                        from: vec!["theirs".to_owned()],
                    }),
                },
            ],
            units: vec![unit(&app, Kind::Bin, Platform::Target), unit(&dep, Kind::Lib, Platform::Unknown)],
            artifacts: vec![Artifact {
                path: "debug/app".to_owned(),
                package: app,
                target: "app".to_owned(),
                kind: Kind::Bin,
                size: 3,
                digest: DigestSet::of("sha256", "8".repeat(64)).and("sha512", "9".repeat(128)),
            }],
        }
    }

    #[test]
    fn a_record_reads_back_as_written() {
        let record = record();
        assert_eq!(Record::read(record.to_text().as_bytes()), Ok(record.clone()));
        assert_eq!(record.artifacts[0].file_name(), "app");
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for (pointer, value) in [
            ("/version", json!(2)),
            ("/version", json!("1")),
            ("/started", json!("today")),
            ("/workspace/manifest", json!("22")),
            ("/workspace/git/commit", json!("1111111")),
            ("/toolchain/components/0/sha256", json!("X".repeat(64))),
            ("/packages/0", Value::Null),
            ("/packages/1/checksum", json!("A".repeat(64))),
            ("/packages/1/dir-hash", json!("h1:x")),
            ("/packages/0/id/name", json!("../app")),
            ("/units/0/kind", json!("other")),
            ("/units/0/package/version", json!("2.0.0")),
            ("/units/1/package/source", json!("path")),
            ("/artifacts/0/path", json!("../app")),
            ("/artifacts/0/path", json!("/bin/app")),
            ("/artifacts/0/path", json!("c:app")),
            ("/artifacts/0/path", json!("debug\\app")),
            ("/artifacts/0/path", json!("debug//app")),
            ("/artifacts/0/digest", json!({ "sha256": "8".repeat(64) })),
            ("/artifacts/0/digest/sha512", json!("9")),
        ] {
            let mut bad = json!(record());
            *bad.pointer_mut(pointer).expect("there") = value.clone();
            assert!(Record::read(bad.to_string().as_bytes()).is_err(), "{pointer}: {value}");
        }
        for pointer in
            ["", "/request", "/workspace", "/workspace/git", "/toolchain", "/units/0", "/artifacts/0"]
        {
            let mut bad = json!(record());
            bad.pointer_mut(pointer).expect("there")["more"] = json!(1);
            assert!(Record::read(bad.to_string().as_bytes()).is_err(), "{pointer}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes: Vec<u8>, at: prop::sample::Index, byte: u8) {
            let mut changed = record().to_text().into_bytes();
            let at = at.index(changed.len());
            changed[at] = byte;
            for bytes in [bytes, changed] {
                if let Ok(record) = Record::read(&bytes) {
                    prop_assert_eq!(Record::read(record.to_text().as_bytes()), Ok(record));
                }
            }
        }
    }
}
