//! Why `add`, `update`, `fix` or `remove` came to no report.

use std::path::PathBuf;

use super::super::pinning;
use super::super::vetting::AcceptError;
use crate::collect::{entrants, gate};
use crate::graph::GraphError;
use crate::ops::vendoring;
use crate::report::failure::{Explain, Kind};
use crate::{cargo, store};

/// Why the command came to no report. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `--accept` is no use.
    #[error(transparent)]
    Accept(#[from] AcceptError),
    /// Cargo refused or did not answer.
    #[error(transparent)]
    Cargo(#[from] cargo::Error),
    /// Packages could not be proven.
    #[error(transparent)]
    Entrants(#[from] entrants::Error),
    /// The workspace is not behind the gate, or could not be read.
    #[error(transparent)]
    Gate(#[from] gate::Error),
    /// The lockfile that cargo wrote makes no sense.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A file is not acceptable.
    #[error(transparent)]
    Kernel(#[from] provenance_build::Error),
    /// A local package would enter, and its directory cannot be named.
    #[error("cargo does not say where `{0}` lies")]
    Local(String),
    /// `--path` leads to no package.
    #[error("there is no package in `{}`", .0.display())]
    NoPackage(PathBuf),
    /// `fix` names a package that is not there.
    #[error("no package `{0}` is locked")]
    NotLocked(String),
    /// The manifest found belongs to another workspace than cargo's.
    #[error("`Provenance.lock` lies in `{}`, but the workspace is `{}`", manifest.display(), workspace.display())]
    OtherWorkspace {
        /// Where the manifest lies.
        manifest: PathBuf,
        /// Cargo's workspace root.
        workspace: PathBuf,
    },
    /// What `init` and `pin` stumble over too.
    #[error(transparent)]
    Pinning(#[from] pinning::Error),
    /// Nothing could be written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The vendored packages could not be brought up to date.
    #[error(transparent)]
    Vendoring(#[from] vendoring::Error),
}

impl Error {
    /// The error that this one only carries.
    fn carried(&self) -> Option<&dyn Explain> {
        match self {
            Self::Accept(error) => Some(error),
            Self::Cargo(error) => Some(error),
            Self::Pinning(error) => Some(error),
            Self::Entrants(error) => Some(error),
            Self::Gate(error) => Some(error),
            Self::Kernel(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::Vendoring(error) => Some(error),
            Self::Graph(_)
            | Self::Local(_)
            | Self::NoPackage(_)
            | Self::NotLocked(_)
            | Self::OtherWorkspace { .. } => None,
        }
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Local(_) | Self::NoPackage(_) | Self::NotLocked(_) | Self::OtherWorkspace { .. } => {
                Kind::Usage
            }
            _ => self.carried().map_or(Kind::Undecided, Explain::kind),
        }
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            Self::Local(_) => "run `cargo add` yourself, then `cargo provenance pin`",
            Self::NoPackage(_) => "name the directory of a package with `--path`",
            Self::NotLocked(_) => "name a package of `Cargo.lock` as `NAME` or `NAME@VERSION`",
            Self::OtherWorkspace { .. } => "run `cargo provenance init` in that workspace",
            Self::Store(fault) if fault.help().is_none() => {
                "nothing was changed; correct that, then run this command again"
            }
            _ => return self.carried().map(Explain::help).unwrap_or_default(),
        };
        vec![help.to_owned()]
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        self.carried().and_then(Explain::place)
    }
}
