//! Refuses, from `build.rs`, to build sources that are not the ones that were vetted.
//!
//! ```no_run
//! fn main() {
//!     provenance_build::enforce();
//! }
//! ```

pub mod config;
pub mod digest;
pub mod error;
pub mod limits;
pub mod locate;
pub mod lockfile;
pub mod manifest;
pub mod name;
pub mod tree;

pub use digest::{Checksum, TreeDigest};
pub use error::Error;
pub use lockfile::{LockedPackage, Lockfile};
pub use manifest::Manifest;
pub use name::{PackageId, PackageName, Source, Version};
