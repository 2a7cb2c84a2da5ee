//! The record of a build: made of cargo's messages, the pins that were compared, and the files that are there afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use provenance_build::locate::Place;
use provenance_build::manifest::{self, Pin};
use provenance_build::members::normal;
use provenance_build::tree::Layout;
use provenance_build::{PackageId, threads};

use super::settings::setting;
use crate::attest::record::{
    self, Artifact, Component, Identity, Kind, Package, Platform, Record, Request, Revision, Toolchain,
    Trust, Unit, Workspace,
};
use crate::cargo::{self, Toolchain as Compiler};
use crate::collect::dir_hash;
use crate::collect::gate::Gate;
use crate::collect::opened::{self, Wanted};
use crate::git::Standing;
use crate::model::{Clock, Surroundings, Timestamp};
use crate::report::failure::{Failure, Kind as Fault};
use crate::store;

/// The name of the record in the folder where cargo builds under the guard.
pub(super) const FILE_NAME: &str = "record.json";

/// What cargo finds in every package of a directory source.
const CHECKSUMS: &str = ".cargo-checksum.json";

/// What has to be looked at before cargo begins.
pub(super) struct Begun {
    started: Timestamp,
    request: Request,
    workspace: Workspace,
    compiler: Compiler,
}

/// Where cargo puts what.
pub(super) struct Folders<'a> {
    /// Artifacts.
    pub(super) target: &'a Path,
    /// Everything on the way there.
    pub(super) build: &'a Path,
}

impl Begun {
    /// Looks at the workspace and the toolchain.
    pub(super) fn look(
        surroundings: &Surroundings,
        gate: &Gate,
        settings: &[(String, String)],
        mut request: Request,
    ) -> Result<Self, Failure> {
        let file = |path: &Path| {
            let digest = store::sha256_of(path);
            let unread =
                |source| provenance_build::Error::Io { action: "read", path: path.to_owned(), source };
            digest.map(|digest| digest.hex()).map_err(unread)
        };
        let workspace = Workspace {
            // Where there is no repository, or no git, nothing is said of one.
            git: revision(gate),
            manifest: file(&gate.root.join(manifest::FILE_NAME))?,
            lockfile: file(&gate.seen.lockfile)?,
        };
        request.manifest_path = surroundings.manifest_path.as_ref().and_then(|path| {
            let below = real(path.parent()?).strip_prefix(real(&gate.root)).ok()?.join("Cargo.toml");
            Some(below.to_string_lossy().replace('\\', "/")).filter(|path| path != "Cargo.toml")
        });
        let overriding = |names: &[&str]| {
            let found =
                names.iter().find_map(|name| surroundings.overrides.iter().find(|(known, _)| known == name));
            found.map(|(_, value)| value.clone())
        };
        let words = |text: String| text.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let encoded = overriding(&["CARGO_ENCODED_RUSTFLAGS"]);
        let encoded = encoded.map(|flags| flags.split('\u{1f}').map(str::to_owned).collect());
        let flags = encoded.or_else(|| overriding(&["RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"]).map(words));
        request.rustflags = flags.unwrap_or_default();
        request.environment = environment(surroundings, gate, settings);
        let rustc =
            overriding(&["RUSTC", "CARGO_BUILD_RUSTC"]).or_else(|| Some(setting(gate, "build.rustc")?.1));
        let compiler = Compiler::ask(surroundings, rustc.as_deref().map(OsStr::new))?;
        let started = Timestamp(surroundings.clock.0);
        Ok(Self { started, request, workspace, compiler })
    }

    /// Makes the record when cargo has ended.
    pub(super) fn ended(
        mut self,
        gate: &Gate,
        made: &[cargo::Artifact],
        folders: &Folders<'_>,
        now: Clock,
    ) -> Result<Record, Failure> {
        // What a build script changed in between may have been compiled.
        if let Some(git) = &mut self.workspace.git {
            git.dirty |= revision(gate).is_none_or(|now| now.dirty || now.commit != git.commit);
        }
        let triples = triples(made, folders);
        if self.request.target.is_none() {
            self.request.target = triples.iter().next().cloned();
        }
        let mut ids = BTreeMap::new();
        for artifact in made {
            let id = identify(gate, artifact).ok_or_else(|| unknown(artifact))?;
            ids.insert(&artifact.package, id);
        }
        let units =
            made.iter().map(|artifact| unit(artifact, &identity(&ids[&artifact.package]), &triples, folders));
        let mut units = units.collect::<Vec<_>>();
        units.sort();
        units.dedup();
        let host = self.compiler.host.clone();
        let targets = triples.iter().map(String::as_str).chain([host.as_str()]).collect::<BTreeSet<_>>();
        let components = self.compiler.components(&targets.into_iter().collect::<Vec<_>>());
        let component = |(name, sha256)| Component { name, sha256 };
        Ok(Record {
            version: record::VERSION,
            tool: concat!("cargo-provenance ", env!("CARGO_PKG_VERSION")).to_owned(),
            started: self.started,
            finished: Timestamp(now.0.max(self.started.0)),
            request: self.request,
            workspace: self.workspace,
            toolchain: Toolchain {
                rustc: self.compiler.rustc,
                cargo: self.compiler.cargo,
                host,
                components: components.into_iter().map(component).collect(),
            },
            packages: packages(gate, made, &ids),
            units,
            artifacts: artifacts(made, &ids, folders)?,
        })
    }
}

/// What is checked out, and whether that is what the workspace and its members are of.
fn revision(gate: &Gate) -> Option<Revision> {
    let members = gate.seen.manifest.members.iter().map(|member| format!("{}/Cargo.toml", member.path));
    let files = members.chain(["Cargo.toml", manifest::FILE_NAME].map(str::to_owned)).map(|file| {
        let file = normal(Path::new(&file));
        file.to_string_lossy().replace('\\', "/")
    });
    Standing::of(&gate.root, &files.collect::<Vec<_>>()).ok().map(|standing| Revision {
        commit: standing.commit,
        reference: standing.reference,
        origin: standing.origin,
        folder: standing.folder,
        dirty: standing.dirty,
    })
}

/// Settings from outside of the repository that change what comes of a build. Where packages come from does not: their bytes are
/// pinned.
fn environment(surroundings: &Surroundings, gate: &Gate, settings: &[(String, String)]) -> Vec<String> {
    let of_environment = surroundings.overrides.iter().chain(settings).filter(|(name, _)| {
        let elsewhere = ["CARGO_ALIAS_", "CARGO_SOURCE_", "CARGO_REGISTRIES_"];
        let known = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"];
        !elsewhere.iter().any(|start| name.starts_with(start))
            && !name.ends_with("_RUNNER")
            && !known.contains(&&**name)
    });
    let of_files = gate.seen.configuration.outside.iter().filter(|setting| {
        let of_building = ["build.", "target.", "profile.", "env.", "unstable."];
        of_building.iter().any(|start| setting.key.starts_with(start)) && !setting.key.ends_with(".runner")
    });
    let of_files = of_files.map(|setting| match setting.key.starts_with("env.") {
        // What programs are given is often a secret, and everybody reads what is attested.
        true => setting.key.clone(),
        false => format!("{}={}", setting.key, setting.value),
    });
    let mut all =
        of_environment.map(|(name, value)| format!("{name}={value}")).chain(of_files).collect::<Vec<_>>();
    all.sort();
    all.dedup();
    all
}

/// The targets that were named: their artifacts lie in a folder of that name.
fn triples(made: &[cargo::Artifact], folders: &Folders<'_>) -> BTreeSet<String> {
    let first = |artifact: &cargo::Artifact| {
        let file = artifact.files.first()?;
        let below = below(file, folders)?;
        let folder = below.components().next()?.as_os_str().to_str()?.to_owned();
        // A profile's folder has no hyphen-separated triple's shape unless somebody calls a profile so.
        (folder.matches('-').count() >= 2
            || below.components().nth(2).is_some_and(|it| it.as_os_str() == "deps"))
        .then_some(folder)
    };
    made.iter().filter(|artifact| !runs_on_host(artifact)).filter_map(first).collect()
}

fn below<'f>(file: &'f Path, folders: &Folders<'_>) -> Option<&'f Path> {
    file.strip_prefix(folders.build).or_else(|_| file.strip_prefix(folders.target)).ok()
}

fn runs_on_host(artifact: &cargo::Artifact) -> bool {
    artifact.kinds.iter().any(|kind| matches!(kind.as_str(), "custom-build" | "proc-macro"))
}

fn unit(
    artifact: &cargo::Artifact,
    package: &Identity,
    triples: &BTreeSet<String>,
    folders: &Folders<'_>,
) -> Unit {
    let kind = kind(artifact);
    let is_named = || {
        let mut files = artifact.files.iter().filter_map(|file| below(file, folders)?.components().next());
        files.any(|first| first.as_os_str().to_str().is_some_and(|first| triples.contains(first)))
    };
    let runs_on = match kind {
        Kind::BuildScript | Kind::ProcMacro => Platform::Host,
        _ if is_named() => Platform::Target,
        Kind::Lib if triples.is_empty() => Platform::Unknown,
        Kind::Lib => Platform::Host,
        _ => Platform::Target,
    };
    Unit {
        package: package.clone(),
        target: artifact.target.clone(),
        kind,
        crate_types: artifact.crate_types.clone(),
        features: artifact.features.clone(),
        runs_on,
        opt_level: artifact.opt_level.clone(),
        debug_assertions: artifact.debug_assertions,
        test: artifact.test,
    }
}

fn kind(artifact: &cargo::Artifact) -> Kind {
    match artifact.kinds.first().map(String::as_str) {
        Some("bench") => Kind::Bench,
        Some("bin") => Kind::Bin,
        Some("custom-build") => Kind::BuildScript,
        Some("example") => Kind::Example,
        Some("proc-macro") => Kind::ProcMacro,
        Some("test") => Kind::Test,
        _ => Kind::Lib,
    }
}

/// The package of the lockfile that an artifact is of. Cargo names it `SOURCE#NAME@VERSION`, or `SOURCE#VERSION` where the source
/// ends in the name (`cargo help pkgid`).
fn identify(gate: &Gate, artifact: &cargo::Artifact) -> Option<PackageId> {
    let (source, rest) = artifact.package.rsplit_once('#')?;
    let of_source = || source.split('?').next().and_then(|url| url.trim_end_matches('/').rsplit('/').next());
    let (name, version) = rest.split_once('@').or_else(|| Some((of_source()?, rest)))?;
    let is_first = source.starts_with("path+");
    let packages = gate.seen.observation.lockfile.packages.iter().zip(&gate.seen.located);
    let mut fitting = packages.filter(|(package, _)| {
        let id = &package.id;
        id.name.as_str() == name && id.version.as_str() == version && (id.source.is_none() == is_first)
    });
    let folder = real(artifact.manifest.parent()?);
    match (fitting.next(), fitting.next()) {
        (Some((one, _)), None) => Some(one.id.clone()),
        (None, _) => None,
        // The same name and version from two places: the folder says which.
        (Some(first), Some(second)) => {
            let mut all = [first, second].into_iter().chain(fitting);
            let lies_there = |place: &Place| folder.starts_with(real(&place.directory));
            let found = all.find(|(_, located)| located.directories.iter().any(lies_there));
            found.map(|(package, _)| package.id.clone())
        }
    }
}

fn identity(id: &PackageId) -> Identity {
    Identity {
        name: id.name.to_string(),
        version: id.version.to_string(),
        source: id.source.as_ref().map(ToString::to_string),
    }
}

fn unknown(artifact: &cargo::Artifact) -> Failure {
    let what = format!("cargo compiled `{}`, which is none of `Cargo.lock`'s packages", artifact.package);
    Failure::new(Fault::Undecided, what).help("build without `--record`, and report this with the line above")
}

/// The packages with what their pins say, and the hash of the very directory that they were compiled from.
fn packages(gate: &Gate, made: &[cargo::Artifact], ids: &BTreeMap<&String, PackageId>) -> Vec<Package> {
    let folders =
        made.iter().filter_map(|artifact| Some((&ids[&artifact.package], artifact.manifest.parent()?)));
    let packages = folders.collect::<BTreeMap<_, _>>().into_iter().collect::<Vec<_>>();
    threads::map(&packages, |(id, folder)| {
        let pin = gate.seen.manifest.packages.iter().find(|pin| is_of(pin, id));
        let layout = match &id.source {
            // A checkout holds a whole repository, which the commit names already.
            Some(source) if source.is_git() && !folder.join(CHECKSUMS).is_file() => None,
            Some(_) if folder.join(CHECKSUMS).is_file() => Some(Layout::Directory),
            Some(_) => Some(Layout::Registry),
            None => Some(Layout::Path),
        };
        let hash = pin.zip(layout).and_then(|(pin, layout)| {
            let trees = [Some(pin.tree), pin.vendor_tree].into_iter().flatten().collect::<Vec<_>>();
            dir_hash::of(&Place { directory: folder.to_path_buf(), layout }, &trees)
        });
        Package {
            id: identity(id),
            checksum: pin.and_then(|pin| pin.checksum).map(|checksum| checksum.hex()),
            tree: pin.map(|pin| pin.tree.to_string()),
            dir_hash: hash,
            trust: pin.map(|pin| Trust {
                basis: pin.trust.basis.as_str().to_owned(),
                criteria: pin.trust.criteria.clone(),
                from: pin.trust.from.clone(),
            }),
        }
    })
}

fn is_of(pin: &Pin, id: &PackageId) -> bool {
    pin.name == id.name && pin.version == id.version && pin.source() == id.source.as_ref()
}

/// What the members' targets came to that is of use without cargo: programs, and libraries for other languages.
fn artifacts(
    made: &[cargo::Artifact],
    ids: &BTreeMap<&String, PackageId>,
    folders: &Folders<'_>,
) -> Result<Vec<Artifact>, Failure> {
    let mut artifacts = BTreeMap::new();
    for artifact in made {
        let id = &ids[&artifact.package];
        if id.source.is_some() || runs_on_host(artifact) || artifact.test {
            continue;
        }
        for file in artifact.files.iter().filter(|file| is_of_use(artifact, file)) {
            let path = real(file);
            let inside = path.strip_prefix(real(folders.target)).ok().map(normal);
            let inside = inside.and_then(|inside| Some(inside.to_str()?.replace('\\', "/")));
            let Some(inside) = inside else {
                let what = format!("`{}` is no file below `{}`", file.display(), folders.target.display());
                return Err(Failure::new(Fault::Undecided, what)
                    .help("find out who put it elsewhere, and build again"));
            };
            let digest = opened::digests(file, Wanted::Sha256And512)?;
            let size = file.metadata().map_or(0, |metadata| metadata.len());
            let package = identity(id);
            let (target, kind) = (artifact.target.clone(), kind(artifact));
            artifacts.insert(inside.clone(), Artifact { path: inside, package, target, kind, size, digest });
        }
    }
    Ok(artifacts.into_values().collect())
}

fn is_of_use(artifact: &cargo::Artifact, file: &Path) -> bool {
    let extension = file.extension().and_then(OsStr::to_str).unwrap_or_default();
    let is_made_into = |kind: &str| artifact.crate_types.iter().any(|it| it == kind);
    match extension {
        "rlib" | "rmeta" | "d" | "pdb" | "dwp" | "dSYM" | "exp" => false,
        "a" | "lib" => is_made_into("staticlib"),
        "so" | "dylib" | "dll" => is_made_into("cdylib") || is_made_into("dylib"),
        _ => is_made_into("bin") || is_made_into("cdylib"),
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
