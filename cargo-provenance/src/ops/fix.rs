//! `fix`: moves vulnerable packages to the nearest version that passes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use provenance_build::Version;

use super::entering::{self, Common, Edit, Wanted};
use crate::model::Surroundings;
use crate::report::Report;
use crate::report::dialog::Dialog;
use crate::report::failure::Failure;
use crate::report::progress::Progress;

/// What `fix` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The packages.
    pub wanted: Wanted,
    /// What it shares with `update`.
    pub common: Common,
}

/// Runs the use case.
///
/// # Errors
///
/// Those of [`entering::run`].
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
    dialog: Option<&dyn Dialog>,
) -> Result<Report, Failure> {
    entering::run(surroundings, options, progress, dialog)
}

impl Edit for Options {
    fn command(&self) -> &'static str {
        "fix"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    /// Cargo edits nothing.
    fn arguments(&self, _: &BTreeMap<String, Version>, _: &dyn Fn(&Path) -> PathBuf) -> Vec<OsString> {
        vec![]
    }

    fn mending(&self) -> Option<&Wanted> {
        Some(&self.wanted)
    }
}
