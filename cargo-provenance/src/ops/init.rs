//! `init`: puts a workspace behind the gate.

use std::path::PathBuf;

use crate::model::Surroundings;
use crate::report::Report;
use crate::report::failure::Explain;
use crate::report::progress::Progress;

/// What `init` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Where the build helper goes, if anywhere.
    pub helper: Option<Helper>,
    /// Whether `Cargo.lock` must stay as it is.
    pub locked: bool,
}

/// The build helper to set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper {
    /// Which packages call it.
    pub placement: Placement,
    /// Where to take `provenance-build` from, absolute; `None` for the registry.
    pub path: Option<PathBuf>,
}

/// Which packages call the build helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Each package that makes a binary.
    Binaries,
    /// One small leaf package that all members depend on.
    Guard,
}

/// Why `init` came to no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The use case is not there yet.
    #[error("not built yet")]
    NotBuilt,
}

impl Explain for Error {}

/// Runs the use case.
///
/// # Errors
///
/// See [`Error`].
pub fn run(surroundings: &Surroundings, options: &Options, progress: &dyn Progress) -> Result<Report, Error> {
    let _ = (surroundings, options, progress);
    Err(Error::NotBuilt)
}
