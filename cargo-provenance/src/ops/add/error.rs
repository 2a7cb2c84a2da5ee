//! Why `add` came to no report.

use std::path::PathBuf;

use crate::collect::{entrants, gate};
use crate::graph::GraphError;
use crate::ops::vendoring;
use crate::report::failure::{Explain, Kind};
use crate::{cargo, store};

/// Why `add` came to no report. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
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
    /// A local package would enter that the manifest does not know.
    #[error("`{0}` is a local package that `Provenance.lock` does not know yet")]
    Local(String),
    /// Somebody else is writing.
    #[error(transparent)]
    Lock(#[from] store::LockError),
    /// `--path` leads to no package.
    #[error("there is no package in `{}`", .0.display())]
    NoPackage(PathBuf),
    /// The manifest found belongs to another workspace than cargo's.
    #[error("`Provenance.lock` lies in `{}`, but the workspace is `{}`", manifest.display(), workspace.display())]
    OtherWorkspace {
        /// Where the manifest lies.
        manifest: PathBuf,
        /// Cargo's workspace root.
        workspace: PathBuf,
    },
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
            Self::Cargo(error) => Some(error),
            Self::Entrants(error) => Some(error),
            Self::Gate(error) => Some(error),
            Self::Kernel(error) => Some(error),
            Self::Vendoring(error) => Some(error),
            Self::Graph(_)
            | Self::Local(_)
            | Self::Lock(_)
            | Self::NoPackage(_)
            | Self::OtherWorkspace { .. }
            | Self::Store(_) => None,
        }
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Local(_) | Self::NoPackage(_) | Self::OtherWorkspace { .. } => Kind::Usage,
            _ => self.carried().map_or(Kind::Undecided, Explain::kind),
        }
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            Self::Local(_) => {
                "run `cargo add` yourself, then `cargo provenance pin`, which pins it as a third party's; if it is the \
                 team's own and lies outside the workspace, first add its directory to `own` in `Provenance.toml`"
            }
            Self::Lock(_) => "wait until it is done, then run this command again",
            Self::NoPackage(_) => "name the directory of a package with `--path`",
            Self::OtherWorkspace { .. } => "run `cargo provenance init` in that workspace",
            Self::Store(_) => "nothing was changed; correct that, then run this command again",
            _ => return self.carried().map(Explain::help).unwrap_or_default(),
        };
        vec![help.to_owned()]
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        self.carried().and_then(Explain::place)
    }
}
