//! `cargo provenance diff`

use clap::Args as ClapArgs;
use provenance_build::{PackageName, Version};

use super::Context;
use crate::ops::diff;
use crate::report::Report;
use crate::report::failure::Failure;

/// Show how sources on disk differ from what was pinned
///
/// The differences go to standard output as a unified diff; control and invisible characters in them are made visible.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Package to compare [default: all that drifted]
    #[arg(value_name = "NAME[@VERSION]", value_parser = spec)]
    package: Option<diff::PackageSpec>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let options = diff::Options { package: self.package };
        diff::run(&context.surroundings()?, &options, context.progress)
    }
}

/// Reads `NAME` or `NAME@VERSION`.
pub(super) fn spec(text: &str) -> Result<diff::PackageSpec, String> {
    let (name, version) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    };
    let name = PackageName::parse(name).ok_or_else(|| format!("`{name}` is not a package name"))?;
    let version = version
        .map(|version| {
            Version::parse(version)
                .ok_or_else(|| format!("`{version}` is not a full version such as `1.2.3`"))
        })
        .transpose()?;
    Ok(diff::PackageSpec { name, version })
}

#[cfg(test)]
mod tests {
    use super::spec;

    #[test]
    fn a_spec_is_a_name_and_perhaps_a_full_version() {
        assert!(spec("serde").expect("valid").version.is_none());
        assert!(spec("serde@1.0.228").expect("valid").version.is_some());
        for bad in ["", "serde@1", "serde@", "@1.0.0", "../x", "a@1.0.0@2.0.0"] {
            assert!(spec(bad).is_err(), "{bad}");
        }
    }
}
