//! `cargo provenance fix`

use std::ffi::OsString;
use std::path::Path;

use clap::Args as ClapArgs;
use provenance_build::{PackageName, Version};

use super::{Context, config};
use crate::ops::entering::{Common, Wanted};
use crate::ops::fix;
use crate::report::Report;
use crate::report::failure::{Failure, Kind};
use crate::vet::waiver::Accept;

/// Move vulnerable packages to the nearest version that passes
///
/// Looks at what the advisories say of every locked package, and moves what is vulnerable or malicious, and what is unsound where
/// `check` refuses it, to the smallest newer version that mends it and passes, together with what pulls it in where that is
/// needed. Everything else stays as it is locked. A version that is too new is taken only where the policy lets a fix be
/// younger; one that was merely yanked is nothing to fix. What cannot be mended is listed, with what holds it and what to do.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Packages to fix; all by default
    ///
    /// What is unsound and was accepted, or is only noted, is moved where its package is named.
    #[arg(value_name = "CRATE[@VERSION]", help_heading = "Package Selection", value_parser = spec)]
    packages: Vec<(PackageName, Option<Version>)>,

    /// Accept a finding that is up for review, for these bytes
    ///
    /// The findings print the exact flag. The acceptance is written into the pin, with your name and the date, and ends with
    /// the bytes.
    #[arg(long, value_name = "[PACKAGE:]CHECK=REASON", value_parser = Accept::parse)]
    accept: Vec<Accept>,

    /// Show what would be moved, but do not write anything
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Override a configuration value
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    config: Vec<OsString>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// `--locked`, which leaves nothing to do, and those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let locked = context.global.is_locked();
        if locked {
            return Err(Failure::new(Kind::Usage, "`fix` changes `Cargo.lock`, which `--locked` forbids")
                .help("`cargo provenance check` tells what is vulnerable and changes nothing"));
        }
        let config = config(self.config, |path: &Path| context.environment.absolute(path))?;
        let common = Common { accept: self.accept, config, dry_run: self.dry_run, locked };
        let options = fix::Options { wanted: Wanted { packages: self.packages }, common };
        fix::run(&context.surroundings()?, &options, context.progress, context.dialog)
    }
}

fn spec(text: &str) -> Result<(PackageName, Option<Version>), String> {
    let (name, version) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    };
    let name = PackageName::parse(name).ok_or_else(|| format!("`{name}` is not a package name"))?;
    let version = version.map(|it| Version::parse(it).ok_or_else(|| format!("`{it}` is not a version")));
    Ok((name, version.transpose()?))
}

#[cfg(test)]
mod tests {
    use super::spec;

    #[test]
    fn packages_are_named_alone_or_with_a_version() {
        let (name, version) = spec("serde@1.0.0").expect("valid");
        assert_eq!((name.as_str(), version.expect("a version").as_str()), ("serde", "1.0.0"));
        assert_eq!(spec("serde").expect("valid").1, None);
        for bad in ["", "../x", "serde@", "serde@1", "@1.0.0", "serde@^1.0.0"] {
            assert!(spec(bad).is_err(), "{bad}");
        }
    }
}
