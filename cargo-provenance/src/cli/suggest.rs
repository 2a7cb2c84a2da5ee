//! `cargo provenance suggest`

use clap::Args as ClapArgs;
use provenance_build::PackageName;

use super::Context;
use crate::ops::suggest::{self, Form, Options};
use crate::report::Report;
use crate::report::failure::Failure;

/// List the reviews that are missing, the cheapest first
///
/// For every package that nobody vouches for: the review that has least to read, of the whole version, or of what changed since
/// one that somebody vouches for. Lines that run at build time, and files with `unsafe`, count three times. Each line of standard
/// output is the command that shows what there is to read and records the review.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// List the reviews of this crate only
    #[arg(long = "for", value_name = "CRATE", value_parser = name)]
    krate: Option<PackageName>,

    /// List so many at most
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Print a list for `certify --batch`, to be filled in
    #[arg(long)]
    batch: bool,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let form = if self.batch { Form::Template } else { Form::Command };
        let options = Options { name: self.krate, limit: self.limit, form };
        suggest::run(&context.surroundings()?, &options, context.progress)
    }
}

fn name(text: &str) -> Result<PackageName, String> {
    PackageName::parse(text).ok_or_else(|| format!("`{text}` is not a package name"))
}
