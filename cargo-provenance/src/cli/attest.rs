//! `cargo provenance attest`

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::Context;
use crate::attest::cargo_build::Mode;
use crate::ops::attest::{self, Options};
use crate::report::Report;
use crate::report::failure::Failure;

/// Say in a signed statement where artifacts come from
///
/// Makes SLSA provenance of artifacts of a build that `cargo provenance build --record` recorded, and puts it as a signed envelope into
/// `ARTIFACT.intoto.jsonl`, beside what is there. The artifacts must still be what the build came to, and `Cargo.lock` and
/// `Provenance.lock` what it saw (exit code 4). The statement claims no SLSA level: whoever verifies it decides that.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// The artifacts [default: all of the recorded build]
    #[arg(value_name = "ARTIFACT")]
    artifacts: Vec<PathBuf>,

    /// The record of the build [default: that of the last build here]
    ///
    /// With it and the artifacts alone, `attest` runs on another machine, as another user, or in another job, where nothing of the
    /// build can reach the key.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Where the source can be had, as `git+https://HOST/PATH` [default: the repository's `origin`]
    #[arg(long, value_name = "URI")]
    source: Option<String>,

    /// A bill of materials of the build, to be named with its digest
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,

    /// Whose word the statement is
    #[arg(long, value_name = "WHERE", default_value = "local")]
    builder: Where,

    /// Accept that files differed from the commit; the statement says so
    #[arg(long)]
    allow_dirty: bool,

    /// The key file, or the public key of one that the ssh-agent holds [default: `provenance/signing-key` in the cargo home,
    /// else the trusted key of the agent]
    #[arg(short, long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Vouch that the key was out of the build's reach: on another machine, or another user's
    ///
    /// Without it, a key without a passphrase that was there while the build ran is refused.
    #[arg(long)]
    key_was_apart: bool,

    /// Take the passphrase from the first line of a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// Put the envelopes into one file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Where the build ran.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Where {
    /// On somebody's own machine
    Local,
    /// In a job of a CI service, with a key that the job can read
    Ci,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let surroundings = context.surroundings()?;
        let artifacts = self.artifacts.iter().map(|path| context.environment.absolute(path));
        let options = Options {
            artifacts: artifacts.collect::<Result<_, _>>()?,
            record: context.absolute(self.record.as_deref())?,
            target_directory: context.environment.target_directory()?,
            mode: match self.builder {
                Where::Local => Mode::Local,
                Where::Ci => Mode::CiTenant,
            },
            source: self.source,
            sbom: context.absolute(self.sbom.as_deref())?,
            allow_dirty: self.allow_dirty,
            key: context.absolute(self.key.as_deref())?,
            passphrase_file: context.absolute(self.passphrase_file.as_deref())?,
            key_was_apart: self.key_was_apart,
            output: context.absolute(self.output.as_deref())?,
        };
        context.with_passphrase(self.passphrase_file.as_deref(), |passphrase| {
            attest::run(&surroundings, &options, passphrase)
        })
    }
}
