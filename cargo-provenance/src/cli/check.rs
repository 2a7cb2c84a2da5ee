//! `cargo provenance check`

use clap::Args as ClapArgs;

use super::Context;
use crate::ops::check;
use crate::report::Report;
use crate::report::failure::Failure;

/// Vet the whole graph against policy, advisories and registries, and prove every pin again
///
/// Looks at every package of `Cargo.lock`, for all targets and features. Finds everything that `verify --full` finds, and what
/// has changed about packages since they were let in: an advisory, a yank, an exception that has ended. Indices and databases
/// that are older than a day are asked again, unless `--offline` forbids it.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Fail only for what is new since a commit, and list what was accepted since then
    ///
    /// Findings about packages whose bytes were the same at that commit are notes, also where an advisory was published
    /// meanwhile. New members, exceptions and acceptances are listed first; a new pin with basis `baseline` fails.
    #[arg(long, value_name = "REV", allow_hyphen_values = true)]
    since: Option<String>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let options = check::Options { since: self.since };
        check::run(&context.surroundings()?, &options, context.progress)
    }
}
