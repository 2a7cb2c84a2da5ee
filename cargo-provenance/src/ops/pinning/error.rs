//! What stops `init` and `pin`.

use std::path::PathBuf;

use super::super::vetting::AcceptError;
use crate::cargo;
use crate::collect::{entrants, situation};
use crate::graph::GraphError;
use crate::helper::{EditError, HELPER_NAME};
use crate::policy::PolicyError;
use crate::report::failure::{Explain, Kind};
use crate::store;

/// Why `init` or `pin` came to no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Cargo did not answer.
    #[error(transparent)]
    Cargo(#[from] cargo::Error),
    /// Packages could not be proven.
    #[error(transparent)]
    Entrants(#[from] entrants::Error),
    /// `--accept` is no use.
    #[error(transparent)]
    Accept(#[from] AcceptError),
    /// The lockfile makes no sense.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The workspace could not be read.
    #[error(transparent)]
    Situation(#[from] situation::Error),
    /// The policy is not acceptable.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A file is not acceptable.
    #[error(transparent)]
    Kernel(#[from] provenance_build::Error),
    /// Nothing could be written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The registry offers no build helper.
    #[error("cargo could not get `{HELPER_NAME}` from a registry")]
    NoHelper(#[source] cargo::Error),
    /// The command does not fit the workspace.
    #[error("{what}")]
    Misplaced {
        /// What does not fit.
        what: String,
        /// What to do next.
        help: String,
    },
    /// A manifest cannot be edited.
    #[error("could not edit `{}`", file.display())]
    Edit {
        /// The manifest.
        file: PathBuf,
        /// Why.
        source: EditError,
    },
}

impl Error {
    /// The error that this one only carries.
    fn carried(&self) -> Option<&dyn Explain> {
        match self {
            Self::Cargo(error) | Self::NoHelper(error) => Some(error),
            Self::Entrants(error) => Some(error),
            Self::Kernel(error) => Some(error),
            Self::Policy(error) => Some(error),
            Self::Situation(error) => Some(error),
            Self::Accept(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::Graph(_) | Self::Misplaced { .. } | Self::Edit { .. } => None,
        }
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Misplaced { .. } | Self::Edit { .. } => Kind::Usage,
            _ => self.carried().map_or(Kind::Undecided, Explain::kind),
        }
    }

    fn help(&self) -> Vec<String> {
        match self {
            Self::Misplaced { help, .. } => vec![help.clone()],
            Self::NoHelper(_) => {
                vec![format!("until `{HELPER_NAME}` is published, name it with `--helper-path DIRECTORY`")]
            }
            Self::Edit { .. } => vec!["make the change by hand".to_owned()],
            _ => self.carried().map(Explain::help).unwrap_or_default(),
        }
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        self.carried().and_then(Explain::place)
    }
}
