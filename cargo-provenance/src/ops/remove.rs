//! `remove`: `cargo remove` behind the gate.
//!
//! What leaves needs no vetting. What cargo locks anew because something left does.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use provenance_build::Version;

use super::entering::{self, Common, Edit};
use crate::model::Surroundings;
use crate::report::Report;
use crate::report::failure::Failure;
use crate::report::progress::Progress;

/// What `remove` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The dependencies.
    pub dependencies: Vec<String>,
    /// `--package`: the member to change.
    pub package: Option<String>,
    /// The flags of `cargo remove`, ready to follow it.
    pub flags: Vec<OsString>,
    /// What it shares with `add` and `update`.
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
) -> Result<Report, Failure> {
    entering::run(surroundings, options, progress, None)
}

impl Edit for Options {
    fn command(&self) -> &'static str {
        "remove"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn arguments(&self, _: &BTreeMap<String, Version>, _: &dyn Fn(&Path) -> PathBuf) -> Vec<OsString> {
        let package = self.package.iter().flat_map(|package| ["--package".into(), package.into()]);
        let dependencies = self.dependencies.iter().map(OsString::from);
        dependencies.chain(package).chain(self.flags.iter().cloned()).collect()
    }
}
