//! What the end-to-end tests stand on: a hermetic sandbox, a local registry, crates made on the spot.
//!
//! A failed expectation is a panic with everything that is known, as in any test.

pub mod advisories;
pub mod files;
mod guide;
pub mod helper;
pub mod krate;
pub mod process;
pub mod project;
pub mod registry;
pub mod sandbox;
pub mod verifiers;

pub use advisories::{Advisory, AdvisoryDb};
pub use guide::guide;
pub use krate::Krate;
pub use process::{Output, Run};
pub use project::Project;
pub use registry::{Registry, Response};
pub use sandbox::Sandbox;
pub use verifiers::{browser, peer, shared_verifier, slow_peer, verifier};
