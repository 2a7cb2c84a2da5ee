//! `cargo provenance db`

use clap::{Args as ClapArgs, Subcommand};

use super::Context;
use crate::ops::db::{self, Rollback};
use crate::report::Report;
use crate::report::failure::Failure;

/// Fetch the advisory databases and who published what, or tell what is there of the databases
///
/// Which databases count stands in `[advisories]` of `Provenance.toml`; without it, the public one of RustSec.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Fetch the databases with git
    ///
    /// Git's own configuration is in force, with its proxies, credentials and `url.<base>.insteadOf`. A database is put in
    /// force once it was seen to be one; until then, and when anything fails, the one before stays.
    ///
    /// Where reviews trust somebody with publishing a crate that is in use, crates.io is asked who published its versions; the
    /// answers are kept in `supply-chain/publishers.toml`.
    Update {
        /// Accept a database whose newest advisory is older than the one that is there
        #[arg(long)]
        allow_rollback: bool,
    },
    /// Tell which databases are there, how old they are, and what in them cannot be read
    ///
    /// Ends with exit code 3 if nothing can be decided with them: one is missing, damaged or too old.
    Status,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let surroundings = context.surroundings()?;
        match self.action {
            Action::Update { allow_rollback } => {
                let rollback = if allow_rollback { Rollback::Allowed } else { Rollback::Refused };
                db::update(&surroundings, rollback, context.progress)
            }
            Action::Status => db::status(&surroundings),
        }
    }
}
