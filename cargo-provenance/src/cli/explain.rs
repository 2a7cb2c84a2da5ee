//! `cargo provenance explain`

use clap::Args as ClapArgs;

use super::Context;
use crate::ops::explain::{self, Question};
use crate::report::Report;
use crate::report::failure::Failure;

/// Explain a finding, or why a package is trusted
///
/// For the id of a finding: what it means, what it leads to, and what the policy in force says. For a package of the
/// workspace: its pins and their grounds, what was accepted by whom, the exceptions about it, and who pulls it in. What is both
/// is taken for an id; `NAME@VERSION` is always a package.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// What to explain
    #[arg(value_name = "ID|CRATE[@VERSION]", required_unless_present = "list")]
    what: Option<String>,

    /// List every check and every other finding
    #[arg(long, conflicts_with = "what")]
    list: bool,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let question = self.what.map_or(Question::All, Question::Of);
        explain::run(&context.surroundings()?, &question)
    }
}
