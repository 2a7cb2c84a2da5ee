//! What `cargo provenance` knows and how it judges: values in, findings out. Not an interface for other programs: it follows
//! the binary's needs.
//!
//! Nothing here opens a file, asks a clock, starts a process or prints. It is a package of its own so that it can be compiled
//! beside the rest, and optimised where the rest has no need of it.

// Tests take the time.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests measure what they test"))]

pub mod advisory;
pub mod archive;
pub mod artifact;
pub mod attest;
pub mod audit;
pub mod commit;
pub mod deploy;
pub mod exit_code;
pub mod finding;
pub mod graph;
pub mod helper;
pub mod index;
pub mod merge;
pub mod model;
pub mod policy;
pub mod report;
#[cfg(test)]
mod samples;
pub mod sbom;
pub mod survey;
pub mod vet;
pub mod vex;
