//! `cargo provenance report`

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::Context;
use crate::ops::check;
use crate::render::html;
use crate::report::Report;
use crate::report::failure::Failure;
use crate::store;

/// Check the whole graph, and write a page about it that anybody can open
///
/// Does what `check` does and ends as it does; besides, it writes one HTML file that needs nothing else: what was found, who
/// vouches for each package and who pulls it in, ages, licenses, code that runs while compiling, what was accepted, and when the
/// exceptions end. The page goes to standard output, or into the file of `--output`.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Write HTML, which is the only form there is so far
    #[arg(long)]
    html: bool,

    /// Write into a file, and not to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of `check`, and a file that cannot be written.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let Self { html: _, output } = self;
        let file = output.map(|file| context.environment.absolute(&file)).transpose()?;
        let (mut report, ledger) = check::with_ledger(&context.surroundings()?, context.progress)?;
        // Without a ledger nothing was looked at, and the report says why.
        let Some(ledger) = ledger else { return Ok(report) };
        let page = html::page(&report, &ledger);
        match file {
            Some(file) => {
                store::write_atomic(&file, page.as_bytes())?;
                report.step("Writing", format!("`{}`", file.display()));
            }
            None => report.output = page,
        }
        Ok(report)
    }
}
