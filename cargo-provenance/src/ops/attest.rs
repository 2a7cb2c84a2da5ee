//! `attest`: says where the artifacts of a recorded build come from, in signed SLSA provenance.
//!
//! A process of its own, after the build, because code of packages runs during it: no key is within reach of that. What the record
//! says is held against the files as they are now.

mod key;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provenance_build::manifest;
use provenance_build::signing::PublicKey;
use provenance_build::{PackageId, PackageName, Source, Version};

use super::{build, signing};
use crate::attest::Fault;
use crate::attest::bundle::Bundle;
use crate::attest::cargo_build::{Circumstances, Mode, statement};
use crate::attest::digests::DigestSet;
use crate::attest::envelope::{self, ENVELOPE_BYTES, Envelope, IN_TOTO};
use crate::attest::record::{Artifact, Identity, RECORD_BYTES, Record};
use crate::attest::statement::{ResourceDescriptor, is_uri};
use crate::collect::gate;
use crate::collect::opened::{self, Wanted};
use crate::finding::{Finding, Weight};
use crate::git::without_credentials;
use crate::keys::{Passphrase, Signer};
use crate::model::Surroundings;
use crate::report::failure::{Failure, Kind};
use crate::report::{Outcome, Report, plural};
use crate::sbom::purl;
use crate::store::{self, Transaction, WorkspaceLock};

/// What `attest` is asked to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The artifacts, absolute; all of the record, where none is named.
    pub artifacts: Vec<PathBuf>,
    /// The record of the build, absolute; the one of the last build here, where none is named.
    pub record: Option<PathBuf>,
    /// `CARGO_TARGET_DIR`, absolute.
    pub target_directory: Option<PathBuf>,
    /// Whose word it is.
    pub mode: Mode,
    /// Where the source can be had, where that is not `origin`.
    pub source: Option<String>,
    /// A bill of materials that came of the build, absolute.
    pub sbom: Option<PathBuf>,
    /// Whether a tree that differed from its commit is tolerated, and said.
    pub allow_dirty: bool,
    /// The key file, or the public key of one that an agent holds; absolute.
    pub key: Option<PathBuf>,
    /// The file of its passphrase, absolute.
    pub passphrase_file: Option<PathBuf>,
    /// Whether somebody vouches that the key was out of the build's reach.
    pub key_was_apart: bool,
    /// Where the envelopes are put instead of beside each artifact; absolute.
    pub output: Option<PathBuf>,
}

/// Runs the use case.
///
/// # Errors
///
/// A record or a key that is not to be had, files that cannot be read or written.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    passphrase: Passphrase<'_>,
) -> Result<Report, Failure> {
    let mut report = Report::new("attest");
    let root = gate::root(surroundings).ok();
    let (file, target) = places(surroundings, options)?;
    let text = opened::bytes(&file, RECORD_BYTES).map_err(|fault| Failure::from(fault).help(NO_RECORD))?;
    let unfit =
        |fault: Fault| Failure::new(Kind::Usage, format!("`{}`: {fault}", file.display())).help(NO_RECORD);
    let record = Record::read(&text).map_err(unfit)?;
    let chosen = choose(&record, options, target.as_deref(), &mut report)?;
    unchanged(&record, root.as_deref(), surroundings, options, &mut report)?;
    if report.outcome != Outcome::Fine {
        report.conclusion = format!("to attest: {}", report.tally());
        return Ok(report);
    }
    let source = source(&record, options)?;
    let circumstances =
        Circumstances { mode: options.mode, source: &source, byproducts: byproducts(&text, options)? };
    let places = [root.as_deref(), target.as_deref()];
    key::apart(surroundings, options, &record, &places.into_iter().flatten().collect::<Vec<_>>())?;
    let mut signer = key::signer(surroundings, options, passphrase, root.as_deref())?;
    for (path, artifact) in &chosen {
        let statement = statement(&record, artifact, &circumstances, named);
        let envelope = sealed(statement.to_bytes(), &mut signer)?;
        let output = options.output.clone().unwrap_or_else(|| beside(path));
        append(&output, &envelope, surroundings)?;
        let name = artifact.file_name();
        report.step(
            "Attesting",
            format!("`{name}` in `{}` with {}", output.display(), signer.public().fingerprint()),
        );
    }
    let packages = record.packages.iter().filter(|package| package.tree.is_some()).count();
    report.count("artifacts", chosen.len());
    report.count("packages", packages);
    report.conclusion = format!(
        "{} attested; {} that they were made of",
        plural(chosen.len(), "artifact"),
        plural(packages, "package")
    );
    Ok(report)
}

const NO_RECORD: &str = "build with `cargo provenance build --record`, or name a record with `--record FILE`";

/// The record's file, and the target directory that its paths count from.
fn places(surroundings: &Surroundings, options: &Options) -> Result<(PathBuf, Option<PathBuf>), Failure> {
    let target = build::target(surroundings, options.target_directory.clone());
    match &options.record {
        // Elsewhere than in its workspace only artifacts that are named can be found.
        Some(file) => Ok((file.clone(), target.ok())),
        None => target.map(|target| (build::record_in(&target), Some(target))),
    }
}

/// The artifacts to attest, each with its path, where they are what the record says.
fn choose<'r>(
    record: &'r Record,
    options: &Options,
    target: Option<&Path>,
    report: &mut Report,
) -> Result<Vec<(PathBuf, &'r Artifact)>, Failure> {
    if record.artifacts.is_empty() {
        let what = "the recorded build came to no program and no library for other languages";
        return Err(
            Failure::new(Kind::Usage, what).help("build a binary, a `cdylib` or a `staticlib` target")
        );
    }
    let mut chosen = vec![];
    let mut changed = vec![];
    if options.artifacts.is_empty() {
        let Some(target) = target else {
            return Err(Failure::new(
                Kind::Usage,
                "no artifact is named, and there is no workspace to look in",
            )
            .help("name the files: `cargo provenance attest --record FILE ARTIFACT…`"));
        };
        for artifact in &record.artifacts {
            let path = target.join(&artifact.path);
            match opened::digests(&path, Wanted::Sha256And512)?.matches(&artifact.digest) {
                true => chosen.push((path, artifact)),
                false => changed.push(path),
            }
        }
    }
    for path in &options.artifacts {
        let digests = opened::digests(path, Wanted::Sha256And512)?;
        let mut same =
            record.artifacts.iter().filter(|artifact| artifact.digest.matches(&digests)).peekable();
        let first = same.peek().copied();
        // Of equal files the one that is called so.
        let named = same.find(|artifact| path.file_name().is_some_and(|name| name == artifact.file_name()));
        match named.or(first) {
            Some(artifact) => chosen.push((path.clone(), artifact)),
            None => changed.push(path.clone()),
        }
    }
    for path in changed {
        report.outcome = Outcome::Drift;
        let message = format!("`{}` is not what the recorded build came to", path.display());
        let finding = Finding::new("artifact-changed", Weight::Denial, message);
        report.findings.push(
            finding.help("find out who changed it, and build again with `cargo provenance build --record`"),
        );
    }
    Ok(chosen)
}

/// Whether the workspace is what the build saw.
fn unchanged(
    record: &Record,
    root: Option<&Path>,
    surroundings: &Surroundings,
    options: &Options,
    report: &mut Report,
) -> Result<(), Failure> {
    match root {
        Some(root) => {
            let lockfile = surroundings.lockfile.clone().unwrap_or_else(|| root.join("Cargo.lock"));
            let files = [
                (root.join(manifest::FILE_NAME), &record.workspace.manifest),
                (lockfile, &record.workspace.lockfile),
            ];
            for (file, expected) in files {
                if opened::digests(&file, Wanted::Sha256)?.get("sha256") == Some(expected) {
                    continue;
                }
                report.outcome = Outcome::Drift;
                let message = format!("`{}` is not what it was when this was built", file.display());
                let finding = Finding::new("build-outdated", Weight::Denial, message);
                report.findings.push(finding.help("build again with `cargo provenance build --record`"));
            }
        }
        None => report
            .not_checked
            .push("whether the workspace is still what was built: there is none here".to_owned()),
    }
    let git = record.workspace.git.as_ref();
    if git.is_none() {
        report.not_checked.push("the commit: the workspace lay in no git repository".to_owned());
    }
    if record.is_dirty() && !options.allow_dirty {
        report.outcome = if report.outcome == Outcome::Fine { Outcome::Refused } else { report.outcome };
        let message = match git {
            Some(_) => "files differed from the commit, or lay beside it, when this was built",
            None => {
                "the workspace lay in no git repository when this was built, so no commit says what it was"
            }
        };
        let finding = Finding::new("workspace-dirty", Weight::Denial, message);
        report.findings.push(
            finding.help(
                "commit them and build again, or attest with `--allow-dirty`, which the statement says",
            ),
        );
    }
    Ok(())
}

/// Where the source can be had, as the statement names it.
fn source(record: &Record, options: &Options) -> Result<String, Failure> {
    let help = "name it with `--source git+https://HOST/PATH`";
    if let Some(source) = &options.source {
        // CI systems have addresses with tokens in them, and everybody reads what is attested.
        let public = without_credentials(source);
        return match is_uri(&public) {
            true if public == *source => Ok(public),
            true => Err(Failure::new(Kind::Usage, "the address of the source holds credentials")
                .help(format!("leave them out: `--source {public}`"))),
            false => Err(Failure::new(Kind::Usage, format!("`{public}` is no URI")).help(help)),
        };
    }
    let origin = record.workspace.git.as_ref().and_then(|git| git.origin.as_deref());
    let Some(origin) = origin else {
        return Err(Failure::new(Kind::Usage, "nothing says where the source can be had").help(help));
    };
    let is_public = ["https://", "http://", "ssh://", "git://"].iter().any(|start| origin.starts_with(start));
    match is_public && is_uri(origin) {
        true => Ok(format!("git+{origin}")),
        false => {
            Err(Failure::new(Kind::Usage, format!("`origin` is `{origin}`, which nobody else can reach"))
                .help(help))
        }
    }
}

/// What else came of the build: the record itself, and a bill of materials.
fn byproducts(record: &[u8], options: &Options) -> Result<Vec<ResourceDescriptor>, Failure> {
    let byproduct = |name: &str, digest: DigestSet, media_type: &str| ResourceDescriptor {
        name: Some(name.to_owned()),
        digest,
        media_type: Some(media_type.to_owned()),
        ..ResourceDescriptor::default()
    };
    let digest = DigestSet::of("sha256", opened::sha256(record));
    let mut all = vec![byproduct("record.json", digest, "application/json")];
    if let Some(file) = &options.sbom {
        let bytes = opened::bytes(file, ENVELOPE_BYTES)?;
        let says = |word: &str| bytes.windows(word.len()).take(4_096).any(|window| window == word.as_bytes());
        let media_type = match () {
            () if says("\"CycloneDX\"") => "application/vnd.cyclonedx+json",
            () if says("\"SPDX") => "application/spdx+json",
            () => "application/octet-stream",
        };
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        all.push(byproduct(&name, DigestSet::of("sha256", opened::sha256(&bytes)), media_type));
    }
    Ok(all)
}

/// The package URL of a package of the record.
fn named(id: &Identity) -> Option<String> {
    let source = Source::parse(id.source.as_ref()?)?;
    let (name, version) = (PackageName::parse(&id.name)?, Version::parse(&id.version)?);
    Some(purl::of(&PackageId { name, version, source: Some(source) }))
}

/// The statement in an envelope with a signature, which is verified as others will.
pub(super) fn sealed(statement: Vec<u8>, signer: &mut Signer) -> Result<Envelope, Failure> {
    let mut envelope = Envelope::new(IN_TOTO, statement);
    let signature = signer.sign_bytes(&envelope.to_be_signed())?;
    let public: PublicKey = signer.public();
    envelope.sign(&public, &signature);
    let read = Envelope::read(envelope.to_line().as_bytes())?;
    envelope::verify(&read, &[public], 1)?;
    Ok(envelope)
}

fn beside(artifact: &Path) -> PathBuf {
    let mut name = artifact.file_name().unwrap_or_default().to_owned();
    name.push(".intoto.jsonl");
    artifact.with_file_name(name)
}

/// Puts an envelope into a bundle, beside what is there. One that is there already is not put twice.
fn append(output: &Path, envelope: &Envelope, surroundings: &Surroundings) -> Result<(), Failure> {
    let folder = output.parent().unwrap_or(Path::new("."));
    let _lock = WorkspaceLock::acquire(folder, "attest", surroundings.clock)?;
    store::recover(folder)?;
    let old = match output.symlink_metadata() {
        Ok(_) => Some(opened::bytes(output, ENVELOPE_BYTES)?),
        Err(_) => None,
    };
    let present = old.as_deref().map(Bundle::read).transpose()?.unwrap_or_default();
    if old.as_deref().is_some_and(|old| !Bundle::is_one(old)) {
        let what = format!("`{}` is no bundle of attestations", output.display());
        return Err(
            Failure::new(Kind::Usage, what).help("name another file: nothing of this one was changed")
        );
    }
    if present.envelopes.iter().any(|(_, there)| there == envelope) {
        return Ok(());
    }
    let new = Bundle::appended(old.as_deref().unwrap_or_default(), envelope);
    // One line too many, and nobody could read any of them.
    Bundle::read(&new)?;
    let mut transaction = Transaction::new(folder);
    transaction.replace(output, old, new);
    Ok(transaction.commit()?)
}

/// The keys that a workspace trusts; none without one.
pub(super) fn is_trusted(
    surroundings: &Surroundings,
    root: Option<&Path>,
) -> Result<impl Fn(&PublicKey) -> bool, Failure> {
    let demand = signing::demand(surroundings, &signing::Wanted::default())?;
    let trust = match root {
        Some(root) => demand.on(gate::read_policy(root)?.signing().clone()),
        None => demand.on(provenance_build::signing::Trust::default()),
    };
    let keys = trust.keys.iter().map(|trusted| (*trusted.key.as_bytes(), ())).collect::<BTreeMap<_, _>>();
    Ok(move |key: &PublicKey| keys.contains_key(key.as_bytes()))
}
