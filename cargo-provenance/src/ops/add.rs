//! `add`: `cargo add` behind the gate.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::model::Surroundings;
use crate::report::Report;
use crate::report::failure::Explain;
use crate::report::progress::Progress;

/// What `add` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The dependencies, as `cargo add` takes them: `serde`, `serde@1`.
    pub dependencies: Vec<String>,
    /// The flags of `cargo add` that do not depend on where it runs, ready to follow `cargo add`. Without the dependencies and
    /// without everything that has a field of its own here or in the surroundings.
    pub flags: Vec<OsString>,
    /// `--package`: the member to change.
    pub package: Option<String>,
    /// `--path`: the local package to depend on, absolute; relative to `base` where there is one.
    pub path: Option<PathBuf>,
    /// `--base`.
    pub base: Option<String>,
    /// `--git`.
    pub git: Option<String>,
    /// `--registry`.
    pub registry: Option<String>,
    /// `--config`, each a `KEY=VALUE` or an absolute path.
    pub config: Vec<OsString>,
    /// Whether to change nothing.
    pub dry_run: bool,
    /// Whether `Cargo.lock` must stay as it is.
    pub locked: bool,
}

/// Why `add` came to no report.
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
