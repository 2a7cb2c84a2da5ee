//! The bill of a build: what its record says was compiled, and nothing else of what the lockfile lists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cargo_metadata::{Metadata, Package};

use super::Built;
use super::deliverable;
use super::ground::Ground;
use super::reach::Reach;
use super::workspace::{Plan, assembled, sha256};
use crate::attest::record::{Artifact, Identity, RECORD_BYTES, Record};
use crate::cargo::Resolution;
use crate::collect::opened::{self, Wanted};
use crate::collect::situation::resolved;
use crate::model::Surroundings;
use crate::ops::build;
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Report, plural};
use crate::sbom::{Bill, Context, text};

const RECORD: &str = "build with `cargo provenance build --record`, or name a record with `--record FILE`";

/// Makes the bill.
pub(super) fn bill(
    surroundings: &Surroundings,
    built: &Built,
    artifacts: &[PathBuf],
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Bill, Failure> {
    let surroundings = &resolved(surroundings)?;
    let file = match &built.record {
        Some(file) => file.clone(),
        None => build::record_in(&build::target(surroundings, built.target_directory.clone())?),
    };
    let text = opened::bytes(&file, RECORD_BYTES).map_err(|fault| Failure::from(fault).help(RECORD))?;
    let record = Record::read(&text)?;
    let chosen = chosen(&record, artifacts)?;
    let mut ground = Ground::read(surroundings, report)?;
    unchanged(&ground, &record)?;
    let triple = record.request.target.clone().unwrap_or_else(|| record.toolchain.host.clone());
    let targets = vec![triple];
    // Which features were on is in the record. Here they all are, so that no package that was compiled is missing.
    let resolution = Resolution { all_features: true, targets: targets.clone(), ..Resolution::default() };
    let metadata = ground.resolve(surroundings, &resolution, progress)?;
    let compiled = record.units.iter().map(|unit| &unit.package).collect::<BTreeSet<_>>();
    let identities = identities(&ground, &metadata);
    let is_compiled = |package: &Package| identities.get(&package.id).is_some_and(|id| compiled.contains(id));
    let of = |artifact: &Artifact| {
        metadata
            .packages
            .iter()
            .find(|package| identities.get(&package.id) == Some(&artifact.package))
            .ok_or_else(|| {
                let what = format!("the workspace has no package `{}`", text::line(&artifact.package.name));
                Failure::new(Kind::Undecided, what).help(RECORD)
            })
    };
    let mut roots = vec![];
    let mut delivered = vec![];
    for artifact in chosen {
        let package = of(artifact)?;
        roots.push(package);
        let file = deliverable::of(artifact.file_name(), &artifact.digest);
        delivered.push((file, vec![package.id.clone()]));
    }
    roots.sort_by_key(|package| (package.name.as_str(), &package.version));
    roots.dedup_by_key(|package| &package.id);
    let mut reach = Reach::from(&metadata, &roots, is_compiled);
    for (id, features) in &mut reach.features {
        *features = identities.get(*id).map(|identity| features_of(&record, identity)).unwrap_or_default();
    }
    let reached = reach.scopes.keys().filter_map(|id| identities.get(*id)).collect::<BTreeSet<_>>();
    let left = compiled.iter().filter(|id| !reached.contains(*id)).count();
    let plan =
        Plan { roots, name: built.name.as_deref(), delivered, context: Context::Build, targets: &targets };
    let mut bill = assembled(&ground, &reach, plan, progress)?;
    if left > 0 {
        report.detail(
            "Leaving out",
            format!("{} that were compiled for something else", plural(left, "package")),
        );
    }
    for (name, lines) in [("rustc", &record.toolchain.rustc), ("cargo", &record.toolchain.cargo)] {
        if let Some(line) = lines.first() {
            bill.subject.fact(name, text::line(line));
        }
    }
    bill.subject.fact("profile", text::line(&record.request.profile));
    if let Some(git) = &record.workspace.git {
        let dirty = if git.dirty { ", and files that differ from it" } else { "" };
        bill.subject.fact("commit", format!("{}{dirty}", git.commit));
    }
    Ok(bill)
}

/// The artifacts that count: those that are named, else all.
fn chosen<'r>(record: &'r Record, named: &[PathBuf]) -> Result<Vec<&'r Artifact>, Failure> {
    if record.artifacts.is_empty() {
        let what = "the recorded build came to no program and no library for other languages";
        return Err(Failure::new(Kind::Usage, what)
            .help("list what such a build draws from with `cargo provenance sbom`, without `--built`"));
    }
    if named.is_empty() {
        return Ok(record.artifacts.iter().collect());
    }
    let one = |path: &PathBuf| {
        let digests = opened::digests(path, Wanted::Sha256And512)?;
        let mut same =
            record.artifacts.iter().filter(|artifact| artifact.digest.matches(&digests)).peekable();
        let first = same.peek().copied();
        let named = same.find(|artifact| path.file_name().is_some_and(|name| name == artifact.file_name()));
        named.or(first).ok_or_else(|| {
            let what = format!("`{}` is not what the recorded build came to", path.display());
            Failure::new(Kind::Undecided, what).help("build again with `cargo provenance build --record`")
        })
    };
    named.iter().map(one).collect()
}

/// Refuses a workspace that is another one than that of the record: its graph is not the one that was compiled.
fn unchanged(ground: &Ground, record: &Record) -> Result<(), Failure> {
    let lockfile = sha256(&ground.situation.lockfile_text);
    let manifest = ground.gate.as_ref().map(|gate| sha256(&gate.seen.text));
    let is = |digest: &str, expected: &str| digest.strip_prefix("sha256:") == Some(expected);
    let what = match manifest {
        _ if !is(&lockfile, &record.workspace.lockfile) => "Cargo.lock",
        Some(manifest) if is(&manifest, &record.workspace.manifest) => return Ok(()),
        _ => "Provenance.lock",
    };
    Err(Failure::new(Kind::Undecided, format!("`{what}` is not what it was when this was built"))
        .help("build again with `cargo provenance build --record`"))
}

/// What each package of the graph is known by in the record: as `Cargo.lock` has it.
fn identities<'m>(
    ground: &Ground,
    metadata: &'m Metadata,
) -> BTreeMap<&'m cargo_metadata::PackageId, Identity> {
    let identity = |package: &'m Package| {
        let id = &ground.package(ground.locked(package)?).id;
        let identity = Identity {
            name: id.name.to_string(),
            version: id.version.to_string(),
            source: id.source.as_ref().map(ToString::to_string),
        };
        Some((&package.id, identity))
    };
    metadata.packages.iter().filter_map(identity).collect()
}

/// The features of a package in any of its units.
fn features_of(record: &Record, package: &Identity) -> Vec<String> {
    let units = record.units.iter().filter(|unit| unit.package == *package);
    units.flat_map(|unit| &unit.features).collect::<BTreeSet<_>>().into_iter().cloned().collect()
}
