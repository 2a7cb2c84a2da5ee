//! `cargo provenance sign`

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::Context;
use crate::model::Date;
use crate::ops::sign;
use crate::report::Report;
use crate::report::failure::Failure;

/// Sign the manifest
///
/// Adds the signature of a key to `Provenance.lock.sig`, or replaces it there. Signatures of other keys stay as far as they hold
/// for what `Provenance.lock` says now. Look at what changed since it was signed last before you sign.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// The key file, or the public key of one that the ssh-agent holds [default: `provenance/signing-key` in the cargo home,
    /// else the trusted key of the agent]
    #[arg(short, long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// The last day on which the manifest is good
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    expires: Option<String>,

    /// Take the passphrase from the first line of a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let surroundings = context.surroundings()?;
        let options = sign::Options { key: context.absolute(self.key.as_deref())?, expires: self.expires };
        context.with_passphrase(self.passphrase_file.as_deref(), |passphrase| {
            sign::run(&surroundings, &options, passphrase)
        })
    }
}

fn day(text: &str) -> Result<String, String> {
    Date::parse(text).map(|day| day.to_string()).ok_or_else(|| "expected a day, `YYYY-MM-DD`".to_owned())
}
