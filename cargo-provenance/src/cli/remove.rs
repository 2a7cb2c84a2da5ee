//! `cargo provenance remove`: every flag of `cargo remove`, defined here so that help and completions know them.

use std::ffi::OsString;
use std::path::Path;

use clap::Args as ClapArgs;

use super::{Context, config};
use crate::ops::entering::Common;
use crate::ops::remove;
use crate::report::Report;
use crate::report::failure::Failure;

/// Remove dependencies from a Cargo.toml manifest file, and their pins with them
///
/// Takes what `cargo remove` takes. What cargo locks anew because something left is vetted like anything that enters.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Dependencies to be removed
    #[arg(value_name = "DEP_ID", required = true)]
    dependencies: Vec<String>,

    /// Remove from dev-dependencies
    #[arg(long, help_heading = "Section", group = "section")]
    dev: bool,

    /// Remove from build-dependencies
    #[arg(long, help_heading = "Section", group = "section")]
    build: bool,

    /// Remove from target-dependencies
    #[arg(long, value_name = "TARGET", help_heading = "Section")]
    target: Option<String>,

    /// Package to remove from
    #[arg(short, long, value_name = "SPEC", help_heading = "Package Selection")]
    package: Option<String>,

    /// Vet, but do not write anything
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Override a configuration value
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    config: Vec<OsString>,

    /// Unstable (nightly-only) flags to Cargo, see 'cargo -Z help' for details
    #[arg(short = 'Z', value_name = "FLAG")]
    unstable: Vec<String>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let switches = [("--dev", self.dev), ("--build", self.build)];
        let switches = switches.into_iter().filter(|(_, on)| *on).map(|(flag, _)| flag.to_owned());
        let target = self.target.iter().map(|target| format!("--target={target}"));
        let unstable = self.unstable.iter().map(|flag| format!("-Z{flag}"));
        let flags = switches.chain(target).chain(unstable).map(OsString::from).collect();
        let config = config(self.config, |path: &Path| context.environment.absolute(path))?;
        let common =
            Common { accept: vec![], config, dry_run: self.dry_run, locked: context.global.is_locked() };
        let options =
            remove::Options { dependencies: self.dependencies, package: self.package, flags, common };
        remove::run(&context.surroundings()?, &options, context.progress)
    }
}
