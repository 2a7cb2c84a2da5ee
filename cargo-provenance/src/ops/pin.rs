//! `pin`: vets what changed and writes the manifest.

use provenance_build::PackageName;

use crate::model::Surroundings;
use crate::report::Report;
use crate::report::failure::Explain;
use crate::report::progress::Progress;

/// What `pin` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Packages that are the team's own although they look like others'.
    pub own: Vec<Own>,
    /// Whether to show the changes of the manifest instead of writing them.
    pub dry_run: bool,
    /// Whether `Cargo.lock` must stay as it is.
    pub locked: bool,
}

/// A package that somebody declared the team's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The package.
    pub name: PackageName,
    /// Why; never empty.
    pub reason: String,
}

/// Why `pin` came to no report.
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
