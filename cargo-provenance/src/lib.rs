//! The library behind `cargo provenance`. Not an interface for other programs: it follows the binary's needs.

// Tests make and change files of their own, in directories of their own.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests set up what they test"))]

pub mod advisory;
pub mod archive;
pub mod artifact;
pub mod attest;
pub mod audit;
pub mod cargo;
pub mod cli;
pub mod collect;
pub mod commit;
pub mod deploy;
pub mod exit_code;
pub mod finding;
pub mod git;
pub mod graph;
pub mod guard;
pub mod helper;
pub mod keys;
pub mod merge;
pub mod model;
pub mod net;
pub mod ops;
pub mod policy;
pub mod processes;
pub mod registry;
pub mod render;
pub mod report;
pub mod sbom;
pub mod shell;
#[expect(clippy::disallowed_methods, reason = "the layer that writes files")]
pub mod store;
pub mod survey;
pub mod vet;
pub mod vex;

/// Runs the program.
pub fn main() -> std::process::ExitCode {
    cli::main().into()
}

// The examples of the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide.md")]
struct Guide;
