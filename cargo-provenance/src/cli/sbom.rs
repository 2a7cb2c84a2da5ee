//! `cargo provenance sbom`

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use clap_cargo::Features;

use super::Context;
use crate::cargo::Resolution;
use crate::ops::sbom::{self, Built, Selection, Subject};
use crate::report::Report;
use crate::report::failure::Failure;

/// Write a software bill of materials
///
/// Lists what the selected packages are built from, as cargo resolves the lockfile, or what a program says that it was built
/// from, with licenses, digests and the grounds on which each package is trusted. What is not known is stated, in the document and
/// after `Not checked`. The document goes to standard output; with `SOURCE_DATE_EPOCH` the same input makes the same bytes.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// The form of the document
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::CycloneDx16)]
    format: Format,

    /// List what this program says that it was built from
    #[arg(long, value_name = "FILE", conflicts_with_all = SELECTING, conflicts_with_all = ["name", "artifact", "built", "record"])]
    binary: Option<PathBuf>,

    /// List what the last recorded build really compiled
    ///
    /// `cargo provenance build --record` records builds.
    #[arg(long, conflicts_with_all = SELECTING)]
    built: bool,

    /// List what the build of this record really compiled
    #[arg(long, value_name = "FILE", conflicts_with_all = SELECTING)]
    record: Option<PathBuf>,

    /// A file that was built from the packages, whose digests belong into the document
    ///
    /// With `--built` and `--record`, the document is about these files of the build alone.
    #[arg(long, value_name = "FILE")]
    artifact: Vec<PathBuf>,

    /// Who answers for the document [default: `author` in `[sbom]` of `Provenance.toml`]
    #[arg(long, value_name = "NAME <ADDRESS>")]
    author: Option<String>,

    /// What the whole is called, where it is several packages [default: the folder of the workspace]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Put the document into a signed envelope (DSSE)
    #[arg(long)]
    sign: bool,

    /// The key file, or the public key of one that the ssh-agent holds [default: `provenance/signing-key` in the cargo home,
    /// else the trusted key of the agent]
    #[arg(short, long, value_name = "FILE", requires = "sign")]
    key: Option<PathBuf>,

    /// Take the passphrase from the first line of a file
    #[arg(long, value_name = "FILE", requires = "sign")]
    passphrase_file: Option<PathBuf>,

    /// Write the document into a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Package to list [default: as `cargo build`]
    #[arg(short, long, value_name = "SPEC", help_heading = "Package Selection")]
    package: Vec<String>,

    /// List all packages of the workspace
    #[arg(long, alias = "all", conflicts_with = "package", help_heading = "Package Selection")]
    workspace: bool,

    /// Exclude packages
    #[arg(long, value_name = "SPEC", requires = "workspace", help_heading = "Package Selection")]
    exclude: Vec<String>,

    #[command(flatten, next_help_heading = "Feature Selection")]
    features: Features,

    /// List what is for this platform only [default: all platforms]
    #[arg(long, value_name = "TRIPLE", help_heading = "Compilation Options")]
    target: Vec<String>,
}

/// What selects a part of the workspace, where a build or a program has selected already.
const SELECTING: [&str; 7] =
    ["package", "workspace", "exclude", "features", "all_features", "no_default_features", "target"];

/// The form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// CycloneDX 1.6, JSON
    #[value(name = "cyclonedx-1.6", alias = "cyclonedx")]
    CycloneDx16,
    /// SPDX 2.3, JSON
    #[value(name = "spdx-2.3", alias = "spdx")]
    Spdx23,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let environment = context.environment;
        let subject = match context.absolute(self.binary.as_deref())? {
            Some(file) => Subject::Binary(file),
            None if self.built || self.record.is_some() => Subject::Built(Built {
                record: context.absolute(self.record.as_deref())?,
                target_directory: environment.target_directory()?,
                name: self.name,
            }),
            None => Subject::Workspace(Selection {
                packages: self.package,
                workspace: self.workspace,
                exclude: self.exclude,
                resolution: Resolution {
                    features: self.features.features,
                    all_features: self.features.all_features,
                    no_default_features: self.features.no_default_features,
                    targets: self.target,
                },
                name: self.name,
            }),
        };
        let artifacts = self.artifact.iter().map(|file| environment.absolute(file));
        let options = sbom::Options {
            subject,
            artifacts: artifacts.collect::<Result<_, _>>()?,
            format: match self.format {
                Format::CycloneDx16 => sbom::Format::CycloneDx16,
                Format::Spdx23 => sbom::Format::Spdx23,
            },
            author: self.author,
            made: environment.document_time()?,
            output: context.absolute(self.output.as_deref())?,
            sign: match self.sign {
                true => Some(context.absolute(self.key.as_deref())?),
                false => None,
            },
        };
        let surroundings = context.surroundings()?;
        context.with_passphrase(self.passphrase_file.as_deref(), |passphrase| {
            sbom::run(&surroundings, &options, passphrase, context.progress)
        })
    }
}
