//! `cargo provenance source`

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::Context;
use crate::model::OpenPgpKey;
use crate::ops::source;
use crate::report::Report;
use crate::report::failure::Failure;

/// Check that every commit that changes the workspace is signed by an allowed signer
///
/// Walks from a commit that was trusted before to `HEAD`. Who may sign is read at that commit, from the file that `[source]` of
/// `Provenance.toml` names (`allowed_signers` of OpenSSH), and changes only by commits that are signed themselves. A signature
/// counts where its key is listed for the committer's address and valid now. Ends with exit code 5 where one does not.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// The commit that was trusted before [default: `since` of `[source]`]
    #[arg(long, value_name = "REV", allow_hyphen_values = true)]
    since: Option<String>,

    /// The last commit to judge [default: `HEAD`]
    #[arg(long, value_name = "REV", allow_hyphen_values = true, conflicts_with = "tag")]
    head: Option<String>,

    /// Judge an annotated tag too, and the commits up to it: its tagger must have signed it
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,

    /// Let nobody sign but whom this file lists, which should come from outside of the repository
    #[arg(long, value_name = "FILE")]
    signers: Option<PathBuf>,

    /// An OpenPGP key that may sign besides those of `--signers`: `"ADDRESS FINGERPRINT"`
    #[arg(long, value_name = "KEY", requires = "signers", value_parser = openpgp)]
    openpgp: Vec<OpenPgpKey>,

    /// A commit that was accepted when its keys were valid: keys of its history that are over since count there
    #[arg(long, value_name = "REV", allow_hyphen_values = true)]
    accepted: Vec<String>,

    /// A file or folder that belongs to the workspace besides its own, relative to its root
    #[arg(long = "path", value_name = "PATH")]
    paths: Vec<String>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let options = source::Options {
            since: self.since,
            revision: self.head,
            tag: self.tag,
            signers: context.absolute(self.signers.as_deref())?,
            openpgp: self.openpgp,
            accepted: self.accepted,
            paths: self.paths,
        };
        source::run(&context.surroundings()?, &options, context.progress)
    }
}

fn openpgp(text: &str) -> Result<OpenPgpKey, &'static str> {
    OpenPgpKey::parse(text).ok_or("write an address and all digits of a fingerprint")
}
