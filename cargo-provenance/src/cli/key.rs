//! `cargo provenance key`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::Context;
use crate::ops::key::{self, Form};
use crate::report::Report;
use crate::report::failure::Failure;

/// Show a signing key, or write it for other programs
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Print the public half as the line for `Provenance.toml`, and its fingerprint
    Show {
        /// The key file [default: `provenance/signing-key` in the cargo home]
        #[arg(short, long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Print the key in PEM, which OpenSSL and others read
    Export {
        /// The key file [default: `provenance/signing-key` in the cargo home]
        #[arg(short, long, value_name = "FILE")]
        key: Option<PathBuf>,

        /// The public key, as `SubjectPublicKeyInfo`; the default
        #[arg(long, conflicts_with = "pkcs8")]
        public: bool,

        /// The secret key, as PKCS#8, not encrypted
        #[arg(long)]
        pkcs8: bool,

        /// Take the passphrase from the first line of a file
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
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
            Action::Show { key } => key::show(&surroundings, context.absolute(key.as_deref())?.as_deref()),
            Action::Export { key, public: _, pkcs8, passphrase_file } => {
                let key = context.absolute(key.as_deref())?;
                let form = if pkcs8 { Form::Pkcs8 } else { Form::Public };
                context.with_passphrase(passphrase_file.as_deref(), |passphrase| {
                    key::export(&surroundings, key.as_deref(), form, passphrase)
                })
            }
        }
    }
}
