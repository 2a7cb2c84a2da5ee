//! `cargo provenance verify`

use clap::Args as ClapArgs;

use super::Context;
use crate::ops::verify;
use crate::report::Report;
use crate::report::failure::Failure;

/// Check that manifest, lockfile and sources on disk agree
///
/// Needs no network and starts no cargo. Reports everything that drifted and ends with exit code 4 if anything did.
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
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let options = verify::Options { full: self.full, complete: self.complete, repair: self.repair };
        verify::run(&context.surroundings()?, &options, context.progress)
    }
}
