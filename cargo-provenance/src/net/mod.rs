//! The only way to the web of this program itself. Cargo downloads crates; here is what cargo does not know: sets of audits,
//! and what a registry tells about publishers.
//!
//! Nothing that comes from here is trusted for where it came from: sets are accepted by their digest, after a person has seen
//! what is in them. So proxies and certificate authorities are those of this machine, the environment's and the cargo home's,
//! and never those of the repository's own configuration, which anybody who may change it could point elsewhere.

mod client;
mod error;
mod settings;

pub use client::{Body, Client};
pub use error::NetError;
