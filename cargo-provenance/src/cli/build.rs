//! `cargo provenance build`, `test`, `run`, `bench`, `clippy` and `exec`

use std::ffi::OsString;

use clap::{Args as ClapArgs, ValueEnum};

use super::Context;
use crate::guard;
use crate::ops::build::{self, Command, Options, Task};
use crate::ops::guarding::Guard;
use crate::report::Report;
use crate::report::failure::Failure;

/// How the guard is called, for those who may not know its layer.
pub(super) const GUARD: Guard =
    Guard { program: guard::PROGRAM, workspace_variable: guard::WORKSPACE, inner_variable: guard::INNER };

/// Verify everything, then run cargo's command of this name under the guard
///
/// Takes what cargo's command takes and adds `--locked`. Each package is compared with its pin again right before rustc
/// compiles it, in a build directory of its own; what came of it lies where cargo always puts it. Afterwards cargo's messages
/// must confirm that every package came from a pinned directory; only then is anything run. While anything is compiled, the
/// environment holds no ssh-agent, no publishing token and no private key.
///
/// `build --record` also writes down what was compiled, from what, and what came of it, for `attest` and `sbom`: into
/// `target/provenance/record.json`, or with `--record=FILE` elsewhere.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Arguments for cargo
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Verify everything, then run a program whose calls of cargo go through the guard
///
/// For `cargo check`, task runners and scripts. Nothing is confirmed afterwards, and `--locked` is not added.
#[derive(ClapArgs, Clone, Debug)]
pub struct Exec {
    /// The program and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, command: Command, context: &Context<'_>) -> Result<Report, Failure> {
        let mut arguments = flags(context);
        arguments.extend(self.arguments);
        run(&Task::Cargo(command, arguments), context)
    }
}

impl Exec {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let mut words = self.command.into_iter();
        let program = words.next().unwrap_or_default();
        run(&Task::Program(program, words.collect()), context)
    }
}

fn run(task: &Task, context: &Context<'_>) -> Result<Report, Failure> {
    let options = Options {
        program: context.environment.beside_this(guard::PROGRAM),
        guard: GUARD,
        target_directory: context.environment.target_directory()?,
        settings: context.environment.build_settings(),
        withheld: context.environment.secrets(),
    };
    build::run(&context.surroundings()?, &options, task, context.progress)
}

// Flags that this program and cargo share, where they stood before what cargo alone knows.
fn flags(context: &Context<'_>) -> Vec<OsString> {
    let global = context.global;
    let mut flags = vec![];
    flags.extend(global.quiet.then(|| "--quiet".into()));
    flags.extend((0..global.verbose).map(|_| "--verbose".into()));
    for (flag, given) in
        [("--locked", global.locked), ("--offline", global.offline), ("--frozen", global.frozen)]
    {
        flags.extend(given.then(|| flag.into()));
    }
    let color = global.color.and_then(|when| when.to_possible_value());
    flags.extend(color.map(|when| format!("--color={}", when.get_name()).into()));
    flags
}
