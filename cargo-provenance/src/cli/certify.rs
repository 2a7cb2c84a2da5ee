//! `cargo provenance certify`

use std::path::PathBuf;

use clap::Args as ClapArgs;
use provenance_build::{PackageName, Version};

use super::Context;
use super::diff::version;
use crate::ops::certify::{self, Reviewed, binding};
use crate::report::Report;
use crate::report::failure::{Failure, Kind};

/// Record that somebody reviewed a version, or what changed between two
///
/// With one version, all of it; with two, what changed from the first to the second. Writes `supply-chain/audits.toml` as cargo-vet
/// does, and makes the folder where there is none. On a terminal, the differences are shown first, risky files before others,
/// and you are asked; elsewhere, the flags say it all.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Crate that was reviewed
    #[arg(value_name = "CRATE", value_parser = name)]
    name: PackageName,

    /// Version that was reviewed, or from which on changes were
    #[arg(value_name = "VERSION", value_parser = version, required_unless_present = "violation")]
    from: Option<Version>,

    /// Version up to which changes were reviewed
    #[arg(value_parser = version)]
    to: Option<Version>,

    /// What it meets [default: the store's own, else safe-to-deploy]
    #[arg(long, value_name = "NAME")]
    criteria: Vec<String>,

    /// Who reviewed it [default: whoever git commits as]
    #[arg(long, value_name = "NAME <ADDRESS>")]
    who: Vec<String>,

    /// What else there is to say
    #[arg(long, value_name = "TEXT")]
    notes: Option<String>,

    /// Record instead that these versions must not be used
    #[arg(long, value_name = "VERSIONS", conflicts_with_all = ["from", "to"])]
    violation: Option<String>,

    /// Do not record which bytes were reviewed
    ///
    /// The review is then of whatever comes under that name and version. For what cannot be had any more.
    #[arg(long, conflicts_with = "key")]
    unbound: bool,

    /// Sign it with the key of a file, or of an ssh-agent that holds the one of a public key [default: as `sign` finds one; unsigned
    /// where there is none]
    #[arg(short, long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Take the passphrase from the first line of a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// Do not ask, on a terminal either
    #[arg(long, short)]
    yes: bool,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let what = match (self.violation, self.from, self.to) {
            (Some(versions), ..) => Reviewed::Violation(versions),
            (None, Some(from), Some(to)) => Reviewed::Delta(from, to),
            (None, Some(version), None) => Reviewed::Full(version),
            (None, None, _) => return Err(Failure::new(Kind::Usage, "no version is named")),
        };
        let options = certify::Options {
            name: self.name,
            what,
            criteria: self.criteria,
            who: self.who,
            notes: self.notes,
            binding: binding::Options { unbound: self.unbound, key: context.absolute(self.key.as_deref())? },
        };
        let dialog = context.dialog.filter(|_| !self.yes);
        let surroundings = context.surroundings()?;
        context.with_passphrase(self.passphrase_file.as_deref(), |passphrase| {
            certify::run(&surroundings, &options, passphrase, context.progress, dialog, context.show)
        })
    }
}

fn name(text: &str) -> Result<PackageName, String> {
    PackageName::parse(text).ok_or_else(|| format!("`{text}` is not a package name"))
}
