//! `sbom`: what a workspace, a build or a program is made of, as a document that other tools read.
//!
//! Each source says what it knows and no more: what would have to be guessed is stated as unknown, in the document and after
//! `Not checked`. Exit code 0 says that the document was made, not that it is complete.

mod archives;
mod binary;
mod built;
mod deliverable;
mod describe;
mod ground;
mod patches;
mod pinned;
mod reach;
mod selection;
mod signed;
mod unknowns;
mod workspace;

use std::path::PathBuf;

use crate::cargo::Resolution;
use crate::collect::gate;
use crate::keys::Passphrase;
use crate::model::{Surroundings, Timestamp};
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Report, plural};
use crate::sbom::{Bill, Contact, cyclonedx, spdx, text};
use crate::store;

/// What `sbom` is asked to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the document is made from.
    pub subject: Subject,
    /// Files that were built from it, absolute.
    pub artifacts: Vec<PathBuf>,
    /// The form of the document.
    pub format: Format,
    /// Who answers for it; the policy says it otherwise.
    pub author: Option<String>,
    /// When it is made.
    pub made: Timestamp,
    /// Where it is written, absolute; standard output, where nothing is said.
    pub output: Option<PathBuf>,
    /// Whether it is signed, and by which key: a file, or the public key of one that an agent holds; absolute.
    pub sign: Option<Option<PathBuf>>,
}

/// What a document is made from.
#[derive(Clone, Debug)]
pub enum Subject {
    /// The lists in a program, absolute.
    Binary(PathBuf),
    /// The record of a build.
    Built(Built),
    /// Manifests and lockfile.
    Workspace(Selection),
}

/// Which build counts.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// Its record, absolute; the one of the last build here, where none is named.
    pub record: Option<PathBuf>,
    /// `CARGO_TARGET_DIR`, absolute.
    pub target_directory: Option<PathBuf>,
    /// What the whole is called, where it is several packages.
    pub name: Option<String>,
}

/// Which part of the workspace counts.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Packages by name, or `NAME@VERSION`.
    pub packages: Vec<String>,
    /// Whether all members count.
    pub workspace: bool,
    /// Members that do not.
    pub exclude: Vec<String>,
    /// Features and platforms.
    pub resolution: Resolution,
    /// What the whole is called, where several packages count.
    pub name: Option<String>,
}

/// The forms of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CycloneDX 1.6, JSON.
    CycloneDx16,
    /// SPDX 2.3, JSON.
    Spdx23,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::CycloneDx16 => "CycloneDX 1.6",
            Self::Spdx23 => "SPDX 2.3",
        }
    }
}

/// Runs the use case.
///
/// # Errors
///
/// A workspace or a program that cannot be read, a cargo that does not answer, a selection that names nothing.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    passphrase: Passphrase<'_>,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut report = Report::new("sbom");
    let mut bill = match &options.subject {
        Subject::Binary(file) => binary::bill(file)?,
        Subject::Built(built) => built::bill(surroundings, built, &options.artifacts, progress, &mut report)?,
        Subject::Workspace(selection) => {
            workspace::bill(surroundings, selection, &options.artifacts, progress, &mut report)?
        }
    };
    bill.made = options.made;
    bill.author = author(surroundings, options)?;
    bill.sort();
    unknowns::state(&mut bill);
    let document = match options.format {
        Format::CycloneDx16 => cyclonedx::write(&bill),
        Format::Spdx23 => spdx::write(&bill),
    };
    let mut document = document
        .map_err(|error| Failure::new(Kind::Bug, "could not write the document").caused_by(&error))?;
    if let Some(key) = &options.sign {
        let (envelope, signer) =
            signed::envelope(surroundings, key.as_ref(), passphrase, &bill, options.format, &document)?;
        report.step("Signing", format!("the document with {signer}"));
        document = envelope;
    }
    report.not_checked.extend(bill.unknowns.iter().cloned());
    report.count("components", bill.components.len());
    report.conclusion = conclusion(&bill, options.format);
    match &options.output {
        None => report.output = document,
        Some(file) if signed::would_be_lost(file) => {
            let what = format!("`{}` holds other attestations", file.display());
            return Err(Failure::new(Kind::Usage, what)
                .help("name another file: a bundle can be put together with `cat`, a line each"));
        }
        Some(file) => {
            store::write_atomic(file, document.as_bytes())?;
            report.step("Writing", format!("`{}`", file.display()));
        }
    }
    Ok(report)
}

fn conclusion(bill: &Bill, format: Format) -> String {
    let version = bill.subject.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let components = plural(bill.components.len(), "component");
    format!("{} of `{}{version}`: {components}", format.name(), bill.subject.name)
}

/// Who answers for the document: the command line, or the policy in force. Nobody else could say.
fn author(surroundings: &Surroundings, options: &Options) -> Result<Option<Contact>, Failure> {
    if let Some(named) = &options.author {
        let author = Contact::parse(named);
        return author.map(Some).ok_or_else(|| {
            Failure::new(Kind::Usage, format!("`{}` names nobody", text::line(named)))
                .help("write `--author \"NAME <ADDRESS>\"`")
        });
    }
    let (_, policy) = gate::policy_in_force(surroundings)?;
    Ok(policy.sbom_author().and_then(Contact::parse))
}
