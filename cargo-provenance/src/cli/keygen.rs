//! `cargo provenance keygen`

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::Context;
use crate::ops::key;
use crate::report::Report;
use crate::report::failure::Failure;

/// Make a key that signs the manifest
///
/// An Ed25519 key in OpenSSH's format, readable by you alone and encrypted with a passphrase that is asked for. Prints the line
/// for `keys` of `[signing]` in `Provenance.toml`. A key that exists is never overwritten.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Where the key goes [default: `provenance/signing-key` in the cargo home]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Do not encrypt the key: whoever can read the file can sign
    #[arg(long, conflicts_with = "passphrase_file")]
    no_passphrase: bool,

    /// Take the passphrase from the first line of a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// What the key is called [default: you]
    #[arg(short = 'C', long, value_name = "TEXT")]
    comment: Option<String>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let surroundings = context.surroundings()?;
        let output = context.absolute(self.output.as_deref())?;
        let options = key::Options { output, encrypted: !self.no_passphrase, comment: self.comment };
        context.with_passphrase(self.passphrase_file.as_deref(), |passphrase| {
            key::generate(&surroundings, &options, passphrase)
        })
    }
}
