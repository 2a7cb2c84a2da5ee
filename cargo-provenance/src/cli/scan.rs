//! `cargo provenance scan`

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::{ArgGroup, Args as ClapArgs};

use super::Context;
use crate::ops::scan::{Options, Required, Scan};
use crate::report::Report;
use crate::report::failure::{Failure, Kind};

/// Say what programs were built from, and what of that is vulnerable today
///
/// Reads the lists in programs and libraries (`.dep-v0` of cargo-auditable, `.provenance-v1`), in files, archives (tar, gzip, Debian
/// packages) and whole folders, such as an unpacked image, and of everything that runs. Needs no workspace and no cargo; the
/// databases are those that `cargo provenance db update` brought. What cannot be looked into is not known, and ends with exit
/// code 3.
#[derive(ClapArgs, Clone, Debug)]
#[command(group(ArgGroup::new("target").required(true).multiple(true).args(["paths", "running"])))]
pub struct Args {
    /// Programs, libraries, archives of them, folders
    ///
    /// Links are not followed, devices not opened, file systems that are views of the kernel left out.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Look at every running process, its program and its libraries (Linux)
    ///
    /// Also where the file was deleted, replaced, or never lay on disk. As an ordinary user, other users' processes cannot be
    /// looked into.
    #[arg(long)]
    running: bool,

    /// Directory of an advisory database, in place of those of the policy
    #[arg(long, value_name = "DIR", help_heading = "What it is judged by")]
    db: Option<PathBuf>,

    /// The policy (`Provenance.toml`) that sets what a finding weighs, and names the databases
    ///
    /// Without it, and without `--manifest-path`, the defaults count: whoever may write to the folder, or above it, could put a policy there.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "manifest_path",
        help_heading = "What it is judged by"
    )]
    policy: Option<PathBuf>,

    /// OpenVEX documents: what they say is not affected, or fixed, is muted
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "What it is judged by")]
    vex: Vec<PathBuf>,

    /// Attestations (DSSE envelopes): programs that no trusted key signed for are noted
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "What it is judged by")]
    attestation: Vec<PathBuf>,

    /// File of the only keys that count for attestations
    ///
    /// In the line form of `allowed_signers` (ssh-keygen(1)). Without it, `provenance/trusted-keys` in the cargo home.
    #[arg(long, value_name = "FILE", help_heading = "What it is judged by")]
    trusted_keys: Option<PathBuf>,

    /// The `Provenance.lock` that programs with a list must have been built by
    #[arg(long, value_name = "FILE", help_heading = "What it is judged by")]
    manifest: Option<PathBuf>,

    /// Fail for programs and libraries that no trusted key signed for
    #[arg(long, help_heading = "What is demanded", requires = "attestation")]
    require_attested: bool,

    /// Fail for programs and libraries that do not say what they were built from
    #[arg(long, help_heading = "What is demanded")]
    require_sections: bool,

    /// Fail for what runs and is not what lies on disk
    #[arg(long, help_heading = "What is demanded", requires = "running")]
    require_current: bool,

    /// Look again and again, and report when a database, a document, the files or the processes changed
    #[arg(long, help_heading = "Watching")]
    watch: bool,

    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = "Watching", requires = "watch")]
    interval: u64,

    /// Stop after so many looks, with the exit code of the last
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Watching", requires = "watch")]
    rounds: Option<u64>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let format = context.environment.presentation(context.global).format;
        if self.watch && format.is_document() {
            return Err(Failure::new(
                Kind::Usage,
                "`--watch` makes more than one report, and this format is for one",
            )
            .help("use `--message-format json`, or scan once"));
        }
        let rounds = if self.watch { self.rounds } else { Some(1) };
        let interval = Duration::from_secs(self.interval);
        let mut scan = Scan::new(self.options(context)?);
        let mut round = 1;
        loop {
            let surroundings = context.environment.later().surroundings(context.global)?;
            let report = scan.look(&surroundings, context.progress)?;
            if rounds.is_some_and(|rounds| round >= rounds) {
                return Ok(report.unwrap_or_else(|| scan.unchanged()));
            }
            if let Some(report) = report {
                (context.show)(&report).map_err(|error| {
                    Failure::new(Kind::Undecided, "the report could not be written").caused_by(&error)
                })?;
            }
            thread::sleep(interval);
            round += 1;
        }
    }

    fn options(self, context: &Context<'_>) -> Result<Options, Failure> {
        let absolute = |path: PathBuf| context.environment.absolute(&path);
        let all = |paths: Vec<PathBuf>| paths.into_iter().map(absolute).collect::<Result<Vec<_>, _>>();
        Ok(Options {
            paths: all(self.paths)?,
            running: self.running,
            database: self.db.map(absolute).transpose()?,
            policy: self.policy.map(absolute).transpose()?,
            vex: all(self.vex)?,
            attestations: all(self.attestation)?,
            trusted_keys: self.trusted_keys.map(absolute).transpose()?,
            manifest: self.manifest.map(absolute).transpose()?,
            required: Required {
                attested: self.require_attested,
                current: self.require_current,
                lists: self.require_sections,
            },
        })
    }
}
