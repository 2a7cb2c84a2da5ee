//! SLSA provenance of what `cargo provenance build` built. Its build type and its builders are described on the pages that their
//! URIs lead to (`docs/build-types`, `docs/builders`).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::digests::DigestSet;
use super::provenance::{BuildDefinition, Builder, Metadata, Provenance, RunDetails};
use super::record::{Artifact, Identity, Kind, Package, Platform, Record};
use super::statement::{ResourceDescriptor, Statement};

/// The build type: how the parameters are to be understood.
pub const BUILD_TYPE: &str = "https://github.com/cargo-provenance/cargo-provenance/blob/main/cargo-provenance/docs/build-types/cargo-build-v1.md";

/// Whose word the statement is. Each way to run the tool has other properties, so each is a builder of its own. None claims a level:
/// whoever verifies grants one to a key and a builder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A job of a CI service, in which the tool runs as the tenant, with a key that the job can read.
    CiTenant,
    /// Somebody's own machine.
    #[default]
    Local,
}

impl Mode {
    /// The builder's id.
    pub fn builder_id(self) -> &'static str {
        match self {
            Self::CiTenant => {
                "https://github.com/cargo-provenance/cargo-provenance/blob/main/cargo-provenance/docs/builders/ci-tenant-v1.md"
            }
            Self::Local => {
                "https://github.com/cargo-provenance/cargo-provenance/blob/main/cargo-provenance/docs/builders/local-v1.md"
            }
        }
    }
}

/// What the record does not say.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// Whose word it is.
    pub mode: Mode,
    /// Where the source can be had: `git+https://…`.
    pub source: &'a str,
    /// What else came of the build.
    pub byproducts: Vec<ResourceDescriptor>,
}

/// The statement about an artifact of a recorded build; `purl` names a package that comes from a registry or a repository.
pub fn statement(
    record: &Record,
    artifact: &Artifact,
    circumstances: &Circumstances<'_>,
    purl: impl Fn(&Identity) -> Option<String>,
) -> Statement {
    let provenance = Provenance {
        build_definition: BuildDefinition {
            build_type: BUILD_TYPE.to_owned(),
            external_parameters: external(record, artifact, circumstances.source),
            internal_parameters: internal(record),
            resolved_dependencies: dependencies(record, circumstances.source, purl),
        },
        run_details: RunDetails {
            builder: Builder {
                id: circumstances.mode.builder_id().to_owned(),
                version: record
                    .tool
                    .split_once(' ')
                    .map(|(name, version)| (name.to_owned(), version.to_owned()))
                    .into_iter()
                    .collect(),
                builder_dependencies: vec![],
            },
            metadata: Metadata {
                invocation_id: None,
                started_on: Some(record.started),
                finished_on: Some(record.finished),
            },
            byproducts: circumstances.byproducts.clone(),
        },
    };
    // Name, SHA-256 and SHA-512, nothing else: sigstore-python refuses a subject with another digest.
    let subject = ResourceDescriptor {
        name: Some(artifact.file_name().to_owned()),
        digest: artifact.digest.clone(),
        ..ResourceDescriptor::default()
    };
    provenance.about(vec![subject])
}

/// What whoever asked for the build chose, as few and as plain as can be: a verifier has to expect each.
fn external(record: &Record, artifact: &Artifact, source: &str) -> Map<String, Value> {
    let request = &record.request;
    let target = request.target.as_ref().unwrap_or(&record.toolchain.host);
    let git = record.workspace.git.as_ref();
    let folder = git.map_or("", |git| &git.folder);
    let manifest = request.manifest_path.as_deref().unwrap_or("Cargo.toml");
    let manifest = format!("{folder}{manifest}");
    let kind = match artifact.kind {
        Kind::Example => "example",
        Kind::Lib | Kind::ProcMacro => "lib",
        Kind::Bench | Kind::Bin | Kind::BuildScript | Kind::Test => "bin",
    };
    let others = request.packages.iter().filter(|package| **package != artifact.package.name);
    let rustflags = request.rustflags.iter().chain(request.environment.iter().filter(|it| is_of_flags(it)));
    let flag = |is_set: bool| if is_set { "true" } else { "" }.to_owned();
    let all = [
        ("source", source.to_owned()),
        ("ref", git.and_then(|git| git.reference.clone()).unwrap_or_default()),
        ("manifestPath", if manifest == "Cargo.toml" { String::new() } else { manifest }),
        ("package", artifact.package.name.clone()),
        (kind, artifact.target.clone()),
        ("alsoPackages", others.cloned().collect::<Vec<_>>().join(",")),
        ("profile", request.profile.clone()),
        ("target", target.clone()),
        ("features", request.features.join(",")),
        ("allFeatures", flag(request.all_features)),
        ("noDefaultFeatures", flag(request.no_default_features)),
        ("rustflags", rustflags.map(String::as_str).collect::<Vec<_>>().join(" ")),
        ("arguments", request.others.join(" ")),
    ];
    let set = all.into_iter().filter(|(_, value)| !value.is_empty());
    set.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// Whether a setting is of flags for rustc: with `--cfg` among them the source is another.
fn is_of_flags(setting: &str) -> bool {
    // The name of a `[target]` can be a `cfg` with an equals sign in it.
    ["_RUSTFLAGS=", ".rustflags="].iter().any(|end| setting.contains(end))
}

fn internal(record: &Record) -> Map<String, Value> {
    let first = |lines: &[String]| lines.first().cloned().unwrap_or_default();
    let mut internal = Map::new();
    let mut set = |name: &str, value: Value| drop(internal.insert(name.to_owned(), value));
    set("host", record.toolchain.host.clone().into());
    set("rustc", first(&record.toolchain.rustc).into());
    set("cargo", first(&record.toolchain.cargo).into());
    let environment = record.request.environment.iter().filter(|it| !is_of_flags(it)).cloned();
    let environment = environment.collect::<Vec<_>>();
    if !environment.is_empty() {
        set("environment", environment.into());
    }
    if record.is_dirty() {
        set("dirty", true.into());
    }
    internal
}

fn dependencies(
    record: &Record,
    source: &str,
    purl: impl Fn(&Identity) -> Option<String>,
) -> Vec<ResourceDescriptor> {
    let workspace = &record.workspace;
    let git = workspace.git.as_ref().map(|git| {
        let reference = git.reference.as_ref().map(|reference| format!("@{reference}")).unwrap_or_default();
        let dirty = git.dirty.then(|| ("dirty".to_owned(), true.into()));
        ResourceDescriptor {
            uri: Some(format!("{source}{reference}")),
            digest: DigestSet::of("gitCommit", &*git.commit),
            annotations: dirty.into_iter().collect(),
            ..ResourceDescriptor::default()
        }
    });
    let file = |name: &str, sha256: &str| ResourceDescriptor {
        name: Some(name.to_owned()),
        digest: DigestSet::of("sha256", sha256),
        ..ResourceDescriptor::default()
    };
    let locks = [file("Cargo.lock", &workspace.lockfile), file("Provenance.lock", &workspace.manifest)];
    let runs_on = platforms(record);
    let packages = record.packages.iter().filter_map(|package| {
        let is_for_host =
            runs_on.get(&package.id).is_some_and(|all| all.iter().all(|it| *it == Platform::Host));
        third_party(package, is_for_host, &purl)
    });
    let components = record.toolchain.components.iter();
    let components = components.map(|it| file(&format!("toolchain/{}", it.name), &it.sha256));
    git.into_iter().chain(locks).chain(packages).chain(components).collect()
}

fn platforms(record: &Record) -> BTreeMap<&Identity, Vec<Platform>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for unit in &record.units {
        // That a library has a build script does not make it one.
        if unit.kind != Kind::BuildScript {
            all.entry(&unit.package).or_default().push(unit.runs_on);
        }
    }
    all
}

/// A package that is not of the workspace; what is, the commit names.
fn third_party(
    package: &Package,
    is_for_host: bool,
    purl: impl Fn(&Identity) -> Option<String>,
) -> Option<ResourceDescriptor> {
    let tree = package.tree.as_ref()?;
    let commit = package.id.source.as_ref().filter(|source| source.starts_with("git+"));
    let commit = commit.and_then(|source| Some(source.rsplit_once('#')?.1.to_owned()));
    let digests =
        [("sha256", package.checksum.clone()), ("dirHash", package.dir_hash.clone()), ("gitCommit", commit)];
    let digest = digests.into_iter().filter_map(|(algorithm, digest)| Some((algorithm, digest?)));
    let digest = digest.fold(DigestSet::default(), |set, (algorithm, digest)| set.and(algorithm, digest));
    let mut annotations = Map::from_iter([("tree".to_owned(), json!(tree))]);
    if let Some(trust) = &package.trust {
        annotations.insert("trust".to_owned(), json!(trust));
    }
    if is_for_host {
        annotations.insert("buildTime".to_owned(), true.into());
    }
    let uri = package.id.source.as_ref().and_then(|_| purl(&package.id));
    let name = format!("{}@{}", package.id.name, package.id.version);
    // A descriptor needs a URI or a digest.
    (uri.is_some() || !digest.is_empty()).then(|| ResourceDescriptor {
        name: Some(name),
        uri,
        digest,
        annotations,
        ..ResourceDescriptor::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::record::tests::record;

    fn made(record: &Record) -> (Statement, Provenance) {
        let circumstances = Circumstances {
            mode: Mode::Local,
            source: "git+https://example.org/app.git",
            byproducts: vec![ResourceDescriptor {
                name: Some("record.json".to_owned()),
                digest: DigestSet::of("sha256", "a".repeat(64)),
                ..ResourceDescriptor::default()
            }],
        };
        let purl = |id: &Identity| Some(format!("pkg:cargo/{}@{}", id.name, id.version));
        let statement = statement(record, &record.artifacts[0], &circumstances, purl);
        let statement = Statement::read(&statement.to_bytes()).expect("a statement");
        let provenance = Provenance::of(&statement).expect("provenance");
        (statement, provenance)
    }

    #[test]
    fn what_is_not_set_is_not_said() {
        let (statement, provenance) = made(&record());
        assert_eq!(statement.subject[0].name.as_deref(), Some("app"));
        let names = statement.subject[0].digest.iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names, ["sha256", "sha512"]);
        assert_eq!(
            Value::from(provenance.build_definition.external_parameters),
            json!({
                "source": "git+https://example.org/app.git",
                "ref": "refs/heads/main",
                "package": "app",
                "bin": "app",
                "profile": "dev",
                "target": "x86_64-unknown-linux-gnu",
            })
        );
        assert!(!provenance.build_definition.internal_parameters.contains_key("dirty"));
    }

    #[test]
    fn everything_that_was_chosen_is_said_in_text() {
        let mut record = record();
        let request = &mut record.request;
        request.manifest_path = Some("app/Cargo.toml".to_owned());
        request.packages = vec!["app".to_owned(), "lib".to_owned()];
        request.features = vec!["a".to_owned(), "b".to_owned()];
        (request.all_features, request.no_default_features) = (true, true);
        request.target = Some("wasm32-wasip1".to_owned());
        request.rustflags = vec!["-C".to_owned(), "lto".to_owned()];
        request.others = vec!["--config=a=1".to_owned()];
        request.environment = vec!["RUSTC_WRAPPER=sccache".to_owned()];
        let git = record.workspace.git.as_mut().expect("one");
        (git.dirty, git.folder) = (true, "sub/".to_owned());
        let BuildDefinition { external_parameters, internal_parameters, resolved_dependencies, .. } =
            made(&record).1.build_definition;
        for (name, value) in [
            ("manifestPath", "sub/app/Cargo.toml"),
            ("alsoPackages", "lib"),
            ("features", "a,b"),
            ("allFeatures", "true"),
            ("noDefaultFeatures", "true"),
            ("target", "wasm32-wasip1"),
            ("rustflags", "-C lto"),
            ("arguments", "--config=a=1"),
        ] {
            assert_eq!(external_parameters[name], value);
        }
        assert!(external_parameters.values().all(Value::is_string));
        assert!(!internal_parameters.keys().any(|name| external_parameters.contains_key(name)));
        // A tree that differs from its commit says so in both places where somebody would look.
        assert_eq!(internal_parameters["dirty"], true);
        assert_eq!(resolved_dependencies[0].annotations["dirty"], true);
    }

    #[test]
    fn what_no_commit_names_is_not_clean() {
        let mut record = record();
        record.workspace.git = None;
        assert_eq!(made(&record).1.build_definition.internal_parameters["dirty"], true);
    }

    #[test]
    fn flags_for_rustc_are_parameters_wherever_they_are_set() {
        let mut record = record();
        record.request.rustflags = vec!["-C".to_owned(), "lto".to_owned()];
        record.request.environment = vec![
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS=--cfg a".to_owned(),
            "RUSTC_WRAPPER=sccache".to_owned(),
            "build.rustflags=[\"--cfg\", \"b\"]".to_owned(),
            "target.cfg(unix = \"a\").rustflags=\"-g\"".to_owned(),
        ];
        let BuildDefinition { external_parameters, internal_parameters, .. } =
            made(&record).1.build_definition;
        assert_eq!(
            external_parameters["rustflags"],
            "-C lto CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS=--cfg a build.rustflags=[\"--cfg\", \"b\"] target.cfg(unix = \"a\").rustflags=\"-g\""
        );
        assert_eq!(internal_parameters["environment"], json!(["RUSTC_WRAPPER=sccache"]));
    }

    #[test]
    fn every_package_that_was_compiled_is_a_dependency_and_members_are_not() {
        let mut record = record();
        record.units[1].runs_on = Platform::Host;
        let dependencies = made(&record).1.build_definition.resolved_dependencies;
        let names =
            dependencies.iter().map(|it| it.uri.as_deref().or(it.name.as_deref()).unwrap_or_default());
        assert_eq!(
            names.collect::<Vec<_>>(),
            [
                "git+https://example.org/app.git@refs/heads/main",
                "Cargo.lock",
                "Provenance.lock",
                "pkg:cargo/dep@1.0.0",
                "toolchain/bin/rustc",
            ]
        );
        let dep = &dependencies[3];
        assert_eq!(dep.digest.get("sha256"), Some(&*"5".repeat(64)));
        assert_eq!(dep.digest.get("dirHash"), Some(&*"7".repeat(64)));
        assert_eq!(dep.annotations["buildTime"], true);
        let trust = json!({ "basis": "audit", "criteria": "safe-to-deploy", "from": ["theirs"] });
        assert_eq!(dep.annotations["trust"], trust);
    }
}
