//! Developer commands: `cargo xtask COMMAND`.
//!
//! Each command is one file. They run cargo and the built tool as other programs and never link the tool, so that a
//! fault of the tool cannot hide itself here.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these commands talk to the developer's terminal"
)]

mod bench;
mod demo;
mod differential;
mod docs;
mod repository;
mod scratch;
mod test;
mod tidy;

use std::process::ExitCode;

use repository::Failure;

const USAGE: &str = "\
Developer commands of this repository

Usage: cargo xtask <COMMAND>

Commands:
  test            Run everything that the continuous integration runs
  ci              The same, but fail where test data is missing
  tidy            Check the invariants of ARCHITECTURE.md
  docs [--check]  Write, or compare, the reference pages, and check what the documents say of commands
  differential    Compare verdicts on random audit stores with those of the real cargo-vet
  demo            Show init, add, a gated build, an edit, the refusal and the repair on the real registry
  bench [NAME]    Measure: verify, helper, synthetic (all without a name); see `cargo xtask bench --help`
";

fn main() -> ExitCode {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("--help", &arguments[..]),
    };
    let result = match command {
        "test" => no_arguments(rest).and_then(|()| test::run(test::Data::Optional)),
        "ci" => no_arguments(rest).and_then(|()| test::run(test::Data::Required)),
        "tidy" => no_arguments(rest).and_then(|()| tidy::run()),
        "docs" => docs::run(rest),
        "differential" => differential::run(rest),
        "demo" => no_arguments(rest).and_then(|()| demo::run()),
        "bench" => bench::run(rest),
        "--help" | "-h" | "help" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::usage(format!("unknown command `{other}`; `cargo xtask --help` lists them"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

fn no_arguments(rest: &[String]) -> Result<(), Failure> {
    match rest.first() {
        None => Ok(()),
        Some(extra) => Err(Failure::usage(format!("unexpected argument `{extra}`"))),
    }
}
