//! Why vendored packages could not be brought up to date.

use std::path::PathBuf;

use crate::collect::entrants;
use crate::report::failure::{Explain, Kind};
use crate::store;

/// Why vendored packages could not be brought up to date. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Cargo did not vendor.
    #[error(transparent)]
    Entrants(#[from] entrants::Error),
    /// A directory must go where something else is, or cargo would take something else for a package.
    #[error("`{}` is in the way: it is not what `Provenance.lock` pins, and nobody knows whose it is", path.display())]
    InTheWay {
        /// The directory.
        path: PathBuf,
    },
    /// A file is not acceptable.
    #[error(transparent)]
    Kernel(#[from] provenance_build::Error),
    /// The folder is not the workspace's own.
    #[error("the vendor directory `{}` lies outside the workspace, where nothing is written", directory.display())]
    Outside {
        /// The folder.
        directory: PathBuf,
    },
    /// A directory could not be read, or was edited meanwhile.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Two sources offer the same version of a package, and one directory cannot hold both.
    #[error("`{0}` would be vendored from two sources")]
    Twice(String),
    /// The program was about to vendor what it did not prove.
    #[error("`{0}` would be vendored without a pin")]
    Unpinned(String),
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Entrants(error) => error.kind(),
            Self::InTheWay { .. } | Self::Outside { .. } | Self::Twice(_) => Kind::Usage,
            Self::Kernel(error) => Explain::kind(error),
            Self::Store(error) => error.kind(),
            Self::Unpinned(_) => Kind::Bug,
        }
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            Self::Entrants(error) => return error.help(),
            Self::InTheWay { .. } => "move it elsewhere, then run this command again",
            Self::Kernel(error) => return Explain::help(error),
            Self::Outside { .. } => {
                "use cargo's own command and `cargo vendor` as it was run before, then `cargo provenance pin`"
            }
            Self::Store(_) => "nothing was changed; correct that, then run this command again",
            Self::Twice(_) => "take it from one of them only, or another version",
            Self::Unpinned(_) => return vec![],
        };
        vec![help.to_owned()]
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        match self {
            Self::Entrants(error) => error.place(),
            Self::Kernel(error) => Explain::place(error),
            Self::Store(error) => Explain::place(error),
            Self::InTheWay { .. } | Self::Outside { .. } | Self::Twice(_) | Self::Unpinned(_) => None,
        }
    }
}
