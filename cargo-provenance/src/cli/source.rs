//! `cargo provenance source`

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::Context;
use crate::model::OpenPgpKey;
use crate::ops::source;
use crate::ops::source::hooks::{self, Event, Job};
use crate::report::Report;
use crate::report::failure::{Failure, Kind};
use crate::shell;

/// Check that every commit that changes the workspace is signed by an allowed signer
///
/// Walks from a commit that was trusted before to `HEAD`. Who may sign is read at that commit, from the file that `[source]` of
/// `Provenance.toml` names (`allowed_signers` of OpenSSH), and changes only by commits that are signed themselves. A signature
/// counts where its key is listed for the committer's address and valid now. Ends with exit code 5 where one does not.
#[derive(ClapArgs, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,

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

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Let git ask before a commit is made and before commits are pushed
    ///
    /// The hook before a commit verifies the workspace and looks whether git is set up to sign with a listed key; the one before a
    /// push runs `source` on what is pushed. A hook of somebody else's is never overwritten.
    InstallHooks {
        /// Take the hooks away
        #[arg(long)]
        uninstall: bool,
    },
    /// What the hooks run
    #[command(hide = true)]
    Hook {
        /// Which hook
        #[arg(value_parser = ["pre-commit", "pre-push"])]
        name: String,
        /// What git says: the remote's name and its address
        said: Vec<String>,
    },
}

/// Bytes of the list of what is pushed: ten thousand branches with long names.
const REFS_BYTES: u64 = 8 * 1024 * 1024;

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        if let Some(action) = self.action {
            return action.run(context);
        }
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

impl Action {
    fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let surroundings = context.surroundings()?;
        match self {
            Self::InstallHooks { uninstall } => {
                let program = context.environment.beside_this("cargo-provenance");
                let job = if uninstall { Job::Uninstall } else { Job::Install };
                hooks::install(&surroundings, &program, job)
            }
            Self::Hook { name, .. } if name == "pre-commit" => {
                hooks::run(&surroundings, &Event::PreCommit, context.progress)
            }
            Self::Hook { said, .. } => {
                let refs = shell::input(REFS_BYTES).map_err(|error| {
                    Failure::new(Kind::Undecided, "could not read what is pushed").caused_by(&error)
                })?;
                let remote = said.into_iter().next().unwrap_or_default();
                hooks::run(&surroundings, &Event::PrePush { remote, refs }, context.progress)
            }
        }
    }
}

fn openpgp(text: &str) -> Result<OpenPgpKey, &'static str> {
    OpenPgpKey::parse(text).ok_or("write an address and all digits of a fingerprint")
}
