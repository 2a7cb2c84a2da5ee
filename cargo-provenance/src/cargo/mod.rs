//! The user's own cargo, run as a program: resolution, downloads and authentication are its job.
//!
//! Nothing else in this crate but `git` starts processes.

mod command;
mod error;
mod guarded;
mod home;
mod offline;
mod scratch;
mod shadow;
mod toolchain;
mod workspace;

pub use command::{CargoCommand, Extent, Lock, Output, Resolution};
pub use error::{Error, LastWords};
pub use guarded::{Artifact, Guarded, Names};
pub use home::ScratchHome;
pub use offline::offline;
pub use scratch::sweep;
pub use shadow::{Bound, Edit, Files, Shadow};
pub use toolchain::Toolchain;
pub use workspace::{Ask, Member, PathPackage, Workspace, asks, belongs};
pub(crate) use workspace::{normal, read_manifest, real, repository};
