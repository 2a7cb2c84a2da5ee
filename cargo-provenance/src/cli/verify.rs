//! `cargo provenance verify`

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::Context;
use crate::ops::signing::Wanted;
use crate::ops::verify;
use crate::report::Report;
use crate::report::failure::Failure;

/// Check that manifest, lockfile and sources on disk agree
///
/// Needs no network and starts no cargo. Reports everything that drifted and ends with exit code 4 if anything did, or with 5 if the
/// manifest is not signed as it must be.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Prove again that index, lockfile, archive and tree agree, so that an edited pin is found too
    #[arg(long)]
    full: bool,

    /// Do not accept that packages of other platforms are not on disk (exit code 3)
    #[arg(long)]
    complete: bool,

    /// Restore drifted directories from verified archives
    #[arg(long)]
    repair: bool,

    /// Refuse a manifest that is not signed by trusted keys, whatever the policy says (exit code 5)
    #[arg(long)]
    require_signed: bool,

    /// Trust only the keys of this file, and refuse a manifest that they did not sign
    ///
    /// Lines as in `allowed_signers` of OpenSSH: `NAME ssh-ed25519 AAAA…`. They win over those of `Provenance.toml`, which
    /// whoever changes the repository can change; so they should come from outside of it. Without this flag, the file
    /// `provenance/trusted-keys` in the cargo home is used where there is one.
    #[arg(long, value_name = "FILE")]
    trusted_keys: Option<PathBuf>,

    /// Refuse a manifest that fewer distinct trusted keys signed
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=64))]
    threshold: Option<u8>,

    /// Refuse a manifest that is an older version than the one at this commit
    ///
    /// An older manifest was signed too, and its signature holds for ever. The commit must be in the history of `HEAD`.
    #[arg(long, value_name = "REV")]
    not_before: Option<String>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let signatures = Wanted {
            required: self.require_signed,
            threshold: self.threshold.map_or(0, usize::from),
            keys: context.absolute(self.trusted_keys.as_deref())?,
        };
        let options = verify::Options {
            full: self.full,
            complete: self.complete,
            repair: self.repair,
            signatures,
            not_before: self.not_before,
        };
        verify::run(&context.surroundings()?, &options, context.progress)
    }
}
