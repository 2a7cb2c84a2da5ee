//! The library behind `cargo provenance`. Not an interface for other programs: it follows the binary's needs.

// Tests make and change files of their own, in directories of their own.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests set up what they test"))]

pub mod cargo;
pub mod cli;
pub mod collect;
pub mod git;
pub mod guard;
pub mod keys;
pub mod net;
pub mod ops;
pub mod processes;
pub mod registry;
pub mod render;
pub mod shell;
#[expect(clippy::disallowed_methods, reason = "the layer that writes files")]
pub mod store;

pub use provenance_judge::{
    advisory, archive, artifact, attest, audit, commit, deploy, exit_code, finding, graph, helper, index,
    merge, model, policy, report, sbom, survey, vet, vex,
};

// The archives that the tests of both packages are made of.
#[cfg(test)]
#[expect(dead_code, reason = "the other package needs more of them")]
#[path = "../judge/src/samples/mod.rs"]
mod samples;

/// Runs the program.
pub fn main() -> std::process::ExitCode {
    cli::main().into()
}

// The examples of the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide.md")]
struct Guide;
