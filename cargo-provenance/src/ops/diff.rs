//! `diff`: shows how the sources on disk differ from what was pinned.

use provenance_build::{PackageName, Version};

use crate::model::Surroundings;
use crate::report::Report;
use crate::report::failure::Explain;
use crate::report::progress::Progress;

/// What `diff` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The package; `None` for all that drifted.
    pub package: Option<PackageSpec>,
}

/// `NAME` or `NAME@VERSION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageSpec {
    /// The name.
    pub name: PackageName,
    /// The version; `None` for every version.
    pub version: Option<Version>,
}

/// Why `diff` came to no report.
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
