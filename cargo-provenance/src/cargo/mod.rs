//! The user's own cargo, run as a program: resolution, downloads and authentication are its job.
//!
//! Nothing else in this crate but `git` starts processes.

mod command;
mod shadow;
mod workspace;

pub use command::{CargoCommand, Error, Extent, LastWords, Lock, Output};
pub use shadow::{Edit, Shadow};
pub(crate) use workspace::read_manifest;
pub use workspace::{Member, PathPackage, Workspace};
