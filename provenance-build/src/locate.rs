//! Where the sources lie that cargo will really compile.

use std::path::{Path, PathBuf};

use crate::config::Configuration;
use crate::error::Error;
use crate::lockfile::Lockfile;
use crate::tree::Layout;

/// The places of one package of the lockfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// Directories that cargo could compile it from; every one must match its pin. Only existing ones are listed.
    pub directories: Vec<Place>,
    /// Cached archives that cargo would unpack without looking (`registry/cache/*/NAME-VERSION.crate`, local
    /// registries). Only existing ones are listed.
    pub archives: Vec<PathBuf>,
}

/// A directory and how it came to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The directory, absolute.
    pub directory: PathBuf,
    /// How it came to be.
    pub layout: Layout,
}

/// Finds the places of each package of `lockfile`, in its order; packages without a source have none here.
pub fn locate(
    lockfile: &Lockfile,
    configuration: &Configuration,
    cargo_home: &Path,
) -> Result<Vec<Located>, Error> {
    let _ = (lockfile, configuration, cargo_home);
    todo!()
}
