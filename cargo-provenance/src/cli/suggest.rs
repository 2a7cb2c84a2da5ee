//! `cargo provenance suggest`

use clap::Args as ClapArgs;

use super::Context;
use crate::ops::suggest;
use crate::report::Report;
use crate::report::failure::Failure;

/// List the reviews that are missing, the cheapest first
///
/// For every package that nobody vouches for: the review that has least to read, of the whole version, or of what changed since
/// one that somebody vouches for. Lines that run at build time, and files with `unsafe`, count three times. Each line of standard
/// output is the command that records the review.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        suggest::run(&context.surroundings()?, context.progress)
    }
}
