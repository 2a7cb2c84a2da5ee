//! Refuses, from `build.rs`, to build sources that are not the ones that were vetted.
//!
//! ```no_run
//! # #![expect(clippy::needless_doctest_main, reason = "a build script has one")]
//! fn main() {
//!     provenance_build::enforce();
//! }
//! ```

#[cfg(feature = "signatures")]
pub mod admit;
mod cargo_env;
pub mod config;
pub mod digest;
mod directive;
pub mod drift;
#[cfg(feature = "signatures")]
mod embed;
mod enforce;
pub mod error;
#[cfg(feature = "signatures")]
pub mod inventory;
pub mod limits;
pub mod locate;
pub mod lockfile;
pub mod manifest;
pub mod marker;
pub mod members;
pub mod moment;
pub mod name;
pub mod observe;
mod poison;
#[cfg(feature = "signatures")]
pub mod signing;
mod standing;
pub mod threads;
pub mod toml;
pub mod tree;
pub mod verify;

pub use digest::{Checksum, TreeDigest};
pub use drift::Drift;
pub use enforce::{Enforcer, enforce};
pub use error::Error;
pub use lockfile::{LockedPackage, Lockfile};
pub use manifest::Manifest;
pub use moment::Moment;
pub use name::{PackageId, PackageName, Source, Version};
pub use verify::{Observation, Verdict, verify};

// The examples of the read me compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
