//! The user's own cargo, run as a program: resolution, downloads and authentication are its job.
//!
//! Nothing else in this crate but `git` starts processes.

mod command;
mod shadow;
mod workspace;

pub use command::{CargoCommand, Error, Extent, Lock, Output};
pub use shadow::{Edit, Shadow};
pub use workspace::{Member, PathPackage, Workspace};
