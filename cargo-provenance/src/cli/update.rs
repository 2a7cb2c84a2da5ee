//! `cargo provenance update`: every flag of `cargo update`, defined here so that help and completions know them.

use std::ffi::OsString;
use std::path::Path;

use clap::Args as ClapArgs;

use super::{Context, config};
use crate::ops::entering::Common;
use crate::ops::update;
use crate::report::Report;
use crate::report::failure::Failure;
use crate::vet::waiver::Accept;

/// Update dependencies as recorded in the local lock file, as far as they pass the gate
///
/// Takes what `cargo update` takes. What does not pass is held back at the newest version that does, or at what is locked, and
/// is listed. Only then are `Cargo.lock` and `Provenance.lock` put in place together.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Package to update
    #[arg(value_name = "SPEC", help_heading = "Package Selection")]
    packages: Vec<String>,

    /// Only update the workspace packages
    #[arg(short, long, help_heading = "Package Selection", conflicts_with = "packages")]
    workspace: bool,

    /// Force updating all dependencies of [SPEC]... as well
    #[arg(long, alias = "aggressive", conflicts_with = "precise", requires = "packages")]
    recursive: bool,

    /// Update [SPEC] to exactly PRECISE
    #[arg(long, value_name = "PRECISE", requires = "packages")]
    precise: Option<String>,

    /// Update [SPEC] to latest SemVer-breaking version (unstable)
    #[arg(short, long)]
    breaking: bool,

    /// Accept a finding that is up for review, for these bytes
    ///
    /// The findings print the exact flag. The acceptance is written into the pin, with your name and the date, and ends with
    /// the bytes.
    #[arg(long, value_name = "[PACKAGE:]CHECK=REASON", value_parser = Accept::parse)]
    accept: Vec<Accept>,

    /// Vet, but do not write anything
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Override a configuration value
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    config: Vec<OsString>,

    /// Unstable (nightly-only) flags to Cargo, see 'cargo -Z help' for details
    #[arg(short = 'Z', value_name = "FLAG")]
    unstable: Vec<String>,

    /// Ignore `rust-version` specification in packages
    #[arg(long, help_heading = "Manifest Options")]
    ignore_rust_version: bool,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let flags = self.flags();
        let config = config(self.config, |path: &Path| context.environment.absolute(path))?;
        let locked = context.global.is_locked();
        let common = Common { accept: self.accept, config, dry_run: self.dry_run, locked };
        let options = update::Options { packages: self.packages, flags, common };
        update::run(&context.surroundings()?, &options, context.progress, context.dialog)
    }

    /// The flags that mean the same wherever cargo runs, in the order of `cargo update --help`.
    fn flags(&self) -> Vec<OsString> {
        let switches = [
            ("--workspace", self.workspace),
            ("--recursive", self.recursive),
            ("--breaking", self.breaking),
            ("--ignore-rust-version", self.ignore_rust_version),
        ];
        let switches = switches.into_iter().filter(|(_, on)| *on).map(|(flag, _)| flag.to_owned());
        let precise = self.precise.iter().map(|version| format!("--precise={version}"));
        let unstable = self.unstable.iter().map(|flag| format!("-Z{flag}"));
        switches.chain(precise).chain(unstable).map(OsString::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::{Cli, Command};

    #[test]
    fn every_flag_of_cargo_update_arrives() {
        for (line, expected) in [
            ("serde rand", ""),
            ("serde --recursive", "--recursive"),
            ("serde --aggressive", "--recursive"),
            ("serde --precise 1.0.1", "--precise=1.0.1"),
            ("--workspace", "--workspace"),
            ("--breaking -Z unstable-options", "--breaking -Zunstable-options"),
            ("--ignore-rust-version", "--ignore-rust-version"),
        ] {
            let words = ["cargo-provenance", "update"].into_iter().chain(line.split(' '));
            let Command::Update(args) = Cli::try_parse_from(words).expect(line).command else {
                panic!("another")
            };
            let flags =
                args.flags().iter().map(|flag| flag.to_string_lossy().into_owned()).collect::<Vec<_>>();
            assert_eq!(flags.join(" "), expected, "{line}");
        }
        for bad in ["--precise 1.0.0", "--recursive", "serde --precise 1 --recursive", "serde --workspace"] {
            let words = ["cargo-provenance", "update"].into_iter().chain(bad.split(' '));
            assert!(Cli::try_parse_from(words).is_err(), "{bad}");
        }
    }
}
