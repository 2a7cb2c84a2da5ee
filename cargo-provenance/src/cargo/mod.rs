//! The user's own cargo, run as a program: resolution, downloads and authentication are its job.
//!
//! Nothing else in this crate but `git` starts processes.

mod command;
mod workspace;

pub use command::{CargoCommand, Error, Extent, Lock, Output};
pub use workspace::{Member, PathPackage, Workspace};
