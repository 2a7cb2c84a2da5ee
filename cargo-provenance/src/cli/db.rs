//! `cargo provenance db`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::Context;
use crate::ops::db::{self, Consent, Rollback};
use crate::report::Report;
use crate::report::failure::Failure;

/// Fetch advisory databases, the audits of others and who published what, or tell what is there of them
///
/// Which databases count stands in `[advisories]` of `Provenance.toml`; without it, the public one of RustSec. Whose audits count stands
/// in `[audits.import.NAME]`.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Fetch databases with git, and imported audits from their addresses
    ///
    /// Git's own configuration is in force, with its proxies, credentials and `url.<base>.insteadOf`. A database is put in
    /// force once it was seen to be one; until then, and when anything fails, the one before stays.
    ///
    /// Of imported audits, what an update takes back and what it adds is shown. On a terminal you are asked; elsewhere nothing is
    /// written without `--yes`. Then the copy in the repository is replaced, and `sha256` and `date` in `Provenance.toml`.
    ///
    /// Where reviews trust somebody with publishing a crate that is in use, crates.io is asked who published its versions; the
    /// answers are kept in `supply-chain/publishers.toml`.
    Update(Update),
    /// Take over the audits of somebody who was not imported before
    ///
    /// What they vouch for is shown. On a terminal you are asked; elsewhere nothing is written without `--yes`. The copy goes to
    /// `audits/NAME.toml`, and `[audits.import.NAME]` to the end of `Provenance.toml`.
    Import {
        /// What to call them
        name: String,

        /// Addresses that begin with `https://`, of which several are put together; or one file
        #[arg(value_name = "URL|FILE", required = true)]
        from: Vec<String>,

        #[command(flatten)]
        consenting: Consenting,
    },
    /// Pack what `update` would fetch into one file, for machines without a network
    ///
    /// There, `cargo provenance db update --bundle FILE` takes the file for the network. The file is not signed: compare the SHA-256 that
    /// both print.
    Bundle {
        /// Where to write it: over another bundle at most
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Tell which databases and audits are there, how old they are, and what in them cannot be read
    ///
    /// Ends with exit code 3 if nothing can be decided with them: one is missing, damaged or too old.
    Status,
}

#[derive(ClapArgs, Clone, Debug)]
struct Update {
    /// Update the audits of these imports only, and no database
    #[arg(value_name = "IMPORT")]
    only: Vec<String>,

    /// Accept a database whose newest advisory is older than the one that is there, and audits of which most are gone
    #[arg(long)]
    allow_rollback: bool,

    /// Take everything from a file that `db bundle` wrote, and nothing from the network
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    #[command(flatten)]
    consenting: Consenting,
}

#[derive(ClapArgs, Clone, Debug)]
struct Consenting {
    /// Take over audits without asking
    #[arg(long, short)]
    yes: bool,

    /// Show what would be taken over, and take over nothing
    #[arg(short = 'n', long, conflicts_with = "yes")]
    dry_run: bool,
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
            Action::Update(update) => {
                let rollback = if update.allow_rollback { Rollback::Allowed } else { Rollback::Refused };
                let bundle = context.absolute(update.bundle.as_deref())?;
                let options = db::Options {
                    rollback,
                    only: &update.only,
                    bundle: bundle.as_deref(),
                    consent: update.consenting.consent(context),
                };
                db::update(&surroundings, &options, context.progress)
            }
            Action::Import { name, from, consenting } => {
                let options = db::Add { name: &name, from: &from, consent: consenting.consent(context) };
                db::add(&surroundings, &options, context.progress)
            }
            Action::Bundle { output } => {
                db::pack(&surroundings, &context.environment.absolute(&output)?, context.progress)
            }
            Action::Status => db::status(&surroundings),
        }
    }
}

impl Consenting {
    fn consent<'a>(&self, context: &Context<'a>) -> Consent<'a> {
        match (self.dry_run || context.global.is_locked(), self.yes, context.dialog) {
            (true, ..) => Consent::Refused,
            (false, true, _) => Consent::Given,
            (false, false, Some(dialog)) => Consent::Asked(dialog),
            (false, false, None) => Consent::Silent,
        }
    }
}
