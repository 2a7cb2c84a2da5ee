//! `update`: `cargo update` behind the gate.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use provenance_build::Version;

use super::entering::{self, Common, Edit};
use crate::model::Surroundings;
use crate::report::Report;
use crate::report::dialog::Dialog;
use crate::report::failure::Failure;
use crate::report::progress::Progress;

/// What `update` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The packages, as `cargo update` takes them; all where there are none.
    pub packages: Vec<String>,
    /// The flags of `cargo update`, ready to follow it.
    pub flags: Vec<OsString>,
    /// What it shares with `add` and `remove`.
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
        "update"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn arguments(&self, _: &BTreeMap<String, Version>, _: &dyn Fn(&Path) -> PathBuf) -> Vec<OsString> {
        self.packages.iter().map(OsString::from).chain(self.flags.iter().cloned()).collect()
    }
}
