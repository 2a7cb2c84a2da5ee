//! The user's own cargo, run as a program: resolution, downloads and authentication are its job.
//!
//! Nothing else in this crate but `git` starts processes.

mod command;
mod shadow;
mod workspace;

pub use command::{CargoCommand, Error, Extent, Lock, Output};
pub use shadow::{Edit, Shadow};
pub(crate) use workspace::read_manifest;
pub use workspace::{Member, PathPackage, Workspace};

impl crate::report::failure::Explain for Error {
    fn help(&self) -> Vec<String> {
        Error::help(self).map(str::to_owned).into_iter().collect()
    }
}
