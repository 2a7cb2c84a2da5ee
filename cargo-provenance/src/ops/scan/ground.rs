//! What a scan judges by: advisories, what others say of them, attestations, a manifest. Read anew where it changed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use provenance_build::signing::PublicKey;
use provenance_build::{Checksum, Moment};
use sha2::{Digest, Sha256};

use super::Options;
use crate::attest::Fault;
use crate::attest::bundle::Bundle;
use crate::attest::envelope::{self, ENVELOPE_BYTES, Envelope};
use crate::attest::provenance::PROVENANCE;
use crate::attest::statement::Statement;
use crate::collect::advisories::Advisories;
use crate::collect::gate;
use crate::finding::Weight;
use crate::model::Surroundings;
use crate::ops::signing::{self, Wanted};
use crate::policy::Policy;
use crate::report::failure::{Failure, Kind};
use crate::vet::reference;
use crate::vex::{self, Vex};

/// Bytes of a `Provenance.lock`: what the kernel reads of one.
const MANIFEST_BYTES: u64 = provenance_build::limits::TEXT_BYTES;

/// What a scan judges by.
#[derive(Debug)]
pub(super) struct Ground {
    /// The databases.
    pub(super) advisories: Advisories,
    /// What others say of advisories.
    pub(super) vex: Vex,
    /// The digests of what trusted keys signed a statement for; `None` where nobody asks.
    pub(super) attested: Option<BTreeSet<String>>,
    /// What is wrong with the attestations, a line each.
    pub(super) skipped: Vec<String>,
    /// The digest of the manifest that programs must have been built by.
    pub(super) manifest: Option<Checksum>,
    /// What tells whether anything of this changed.
    pub(super) stamp: Vec<String>,
    /// A policy that lies there and counts for nothing, because nobody named it.
    pub(super) ignored: Option<PathBuf>,
    policy: Policy,
}

/// A file that was read, and what tells whether it changed.
struct Document {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Ground {
    /// Reads everything.
    pub(super) fn read(surroundings: &Surroundings, options: &Options) -> Result<Self, Failure> {
        let (root, policy, ignored) = match &options.policy {
            Some(file) => gate::policy_of(file).map(|(root, policy)| (root, policy, None))?,
            None => gate::policy_if_named(surroundings)?,
        };
        let advisories = match &options.database {
            Some(directory) => Advisories::of_directory(surroundings, directory),
            None => Advisories::read(surroundings, &policy, &root),
        };
        let documents = Documents::read(options)?;
        let mut stamp = advisories.stamp(surroundings);
        stamp.extend(documents.stamp());
        let (attested, skipped) = attested(surroundings, options, &documents.attestations)?;
        Ok(Self {
            advisories,
            vex: said(&documents.vex)?,
            attested,
            skipped,
            manifest: documents.manifest.map(|it| Checksum::from_bytes(Sha256::digest(&it.bytes).into())),
            stamp,
            policy,
            ignored,
        })
    }

    /// Reads what changed.
    pub(super) fn again(self, surroundings: &Surroundings, options: &Options) -> Result<Self, Failure> {
        let mut stamp = self.advisories.stamp(surroundings);
        stamp.extend(Documents::read(options)?.stamp());
        match stamp == self.stamp {
            true => Ok(self),
            false => Self::read(surroundings, options),
        }
    }

    /// Whether programs have to be hashed.
    pub(super) fn needs_digests(&self) -> bool {
        self.attested.is_some() || self.vex.names_digests()
    }

    /// How much a finding of a check weighs.
    pub(super) fn weight(&self, check: &str) -> Option<Weight> {
        match self.policy.level(check) {
            Some(at) => at.value.weight(),
            None => reference::rules().iter().find(|rule| rule.id == check).and_then(|rule| rule.weight),
        }
    }
}

/// The files that the command line names.
struct Documents {
    vex: Vec<Document>,
    attestations: Vec<Document>,
    manifest: Option<Document>,
}

impl Documents {
    fn read(options: &Options) -> Result<Self, Failure> {
        let all =
            |paths: &[PathBuf], most| paths.iter().map(|path| document(path, most)).collect::<Result<_, _>>();
        Ok(Self {
            vex: all(&options.vex, vex::FILE_BYTES)?,
            attestations: all(&options.attestations, ENVELOPE_BYTES as u64)?,
            manifest: options.manifest.as_ref().map(|path| document(path, MANIFEST_BYTES)).transpose()?,
        })
    }

    fn stamp(&self) -> impl Iterator<Item = String> {
        let all = self.vex.iter().chain(&self.attestations).chain(&self.manifest);
        all.map(|document| blake3::hash(&document.bytes).to_string())
    }
}

fn document(path: &Path, most: u64) -> Result<Document, Failure> {
    let failed = |error: std::io::Error| {
        let mut failure = Failure::new(Kind::Undecided, format!("could not read `{}`", path.display()));
        failure.place = Some((path.to_owned(), 0));
        failure.caused_by(&error)
    };
    // Opening a named pipe would wait for ever, so the kind is looked at first.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Failure::new(Kind::Usage, format!("`{}` is not a regular file", path.display())));
    }
    let mut bytes = vec![];
    File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).map_err(failed)?;
    match bytes.len() as u64 > most {
        true => Err(Failure::new(Kind::Usage, format!("`{}` has more than {most} bytes", path.display()))),
        false => Ok(Document { path: path.to_owned(), bytes }),
    }
}

fn said(documents: &[Document]) -> Result<Vex, Failure> {
    let mut vex = Vex::default();
    for Document { path, bytes } in documents {
        let name = path.display().to_string();
        vex.add(&name, bytes).map_err(|why| {
            let failure = Failure::new(Kind::Usage, format!("`{name}` {why}"));
            failure.help("correct it, or leave it out: a document that is half understood mutes nothing")
        })?;
    }
    Ok(vex)
}

/// The digests of what trusted keys signed SLSA provenance for. A line more or less in a bundle can only take one away.
fn attested(
    surroundings: &Surroundings,
    options: &Options,
    documents: &[Document],
) -> Result<(Option<BTreeSet<String>>, Vec<String>), Failure> {
    if documents.is_empty() && !options.required.attested {
        return Ok((None, vec![]));
    }
    let wanted = Wanted { keys: options.trusted_keys.clone(), ..Wanted::default() };
    let demand = signing::demand(surroundings, &wanted)?;
    let now = Moment(surroundings.clock.0);
    let keys =
        demand.keys.iter().filter(|key| key.refusal(now).is_none()).map(|key| key.key).collect::<Vec<_>>();
    if keys.is_empty() {
        return Err(Failure::new(Kind::Usage, "no key is trusted for attestations")
            .help("name a file of keys with `--trusted-keys`, as `cargo provenance key show` prints them"));
    }
    let (mut digests, mut skipped) = (BTreeSet::new(), vec![]);
    for Document { path, bytes } in documents {
        let name = path.display();
        let bundle = Bundle::read(bytes).map_err(|fault| {
            Failure::new(Kind::Usage, format!("`{name}` is no bundle of attestations: {fault}"))
        })?;
        let lines = bundle.skipped.iter().map(|(line, fault)| format!("line {line} of `{name}`: {fault}"));
        skipped.extend(lines);
        for (line, envelope) in &bundle.envelopes {
            match statement(envelope, &keys) {
                Ok(statement) if statement.predicate_type == PROVENANCE => {
                    let subjects =
                        statement.subject.iter().filter_map(|subject| subject.digest.get("sha256"));
                    digests.extend(subjects.map(str::to_owned));
                }
                Ok(_) => {}
                Err(fault) => skipped.push(format!("line {line} of `{name}`: {fault}")),
            }
        }
    }
    Ok((Some(digests), skipped))
}

fn statement(envelope: &Envelope, keys: &[PublicKey]) -> Result<Statement, Fault> {
    Statement::of(&envelope::verify(envelope, keys, 1)?)
}
