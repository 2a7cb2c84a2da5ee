//! `verify`: compares manifest, lockfile, configuration and sources.

use crate::model::Surroundings;
use crate::report::Report;
use crate::report::failure::Explain;
use crate::report::progress::Progress;

/// What `verify` is asked to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether to prove index = lockfile = `.crate` = tree again.
    pub full: bool,
    /// Whether a package that is not on disk leaves the verdict open.
    pub complete: bool,
    /// Whether to restore drifted directories from verified archives.
    pub repair: bool,
}

/// Why `verify` came to no report.
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
