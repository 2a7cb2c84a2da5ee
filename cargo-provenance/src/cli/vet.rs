//! `cargo provenance vet`

use std::path::Path;

use clap::Args as ClapArgs;
use provenance_build::{PackageName, Version};

use super::{Context, diff};
use crate::ops::vet::{self, Target};
use crate::report::Report;
use crate::report::failure::Failure;

/// Tell what would be said of a package, without adding it
///
/// Shows what is known of it, every finding, and whether it would pass: by the policy of the workspace, or by the defaults
/// outside of one. Its archive is taken from cargo's cache, or fetched and thrown away.
///
/// With `--repository`, git fetches the commit that cargo wrote into the package, if a branch or a tag leads to it, and every
/// file is compared. What cargo itself rewrites, copies or leaves out is told apart from what somebody changed.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// What to vet: a crate (its newest version that was not yanked), one version of it, or a `.crate` file
    #[arg(value_name = "CRATE[@VERSION]|FILE.crate", required = true, value_parser = word)]
    packages: Vec<Word>,

    /// Registry that the packages come from, as cargo's configuration names it [default: crates-io]
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,

    /// Compare each package with its repository, at the commit that it names [default: the repository that it names]
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    repository: Option<String>,

    /// Keep in the pin that a package is what its repository has
    #[arg(long, requires = "repository")]
    keep: bool,
}

#[derive(Clone, Debug)]
enum Word {
    Crate(PackageName, Option<Version>),
    File(String),
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let targets = self.packages.into_iter().map(|word| match word {
            Word::Crate(name, version) => Ok(Target::Crate(name, version)),
            Word::File(path) => context.environment.absolute(Path::new(&path)).map(Target::File),
        });
        let targets = targets.collect::<Result<_, Failure>>()?;
        let repository = self.repository.as_deref().map(vet::repository::place).transpose()?;
        let options = vet::Options { targets, registry: self.registry, repository, keep: self.keep };
        vet::run(&context.surroundings()?, &options, context.progress)
    }
}

fn word(text: &str) -> Result<Word, String> {
    if text.ends_with(".crate") {
        return Ok(Word::File(text.to_owned()));
    }
    let spec = diff::spec(text)?;
    Ok(Word::Crate(spec.name, spec.version))
}
