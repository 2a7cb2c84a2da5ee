//! `cargo provenance diff`

use clap::Args as ClapArgs;
use provenance_build::{PackageName, Version};

use super::Context;
use crate::ops::diff::{self, Subject, View};
use crate::report::Report;
use crate::report::failure::{Failure, Kind};
use crate::report::files::Shown;

/// Show how sources differ, risky files first
///
/// Without versions: those on disk from what was pinned. With FROM and TO: two published versions, in any folder; without TO,
/// FROM and the pinned version, or the newest one where none is pinned. Archives are taken from cargo's cache, or fetched and
/// thrown away.
///
/// Build scripts and procedural macros come first, then the manifest with its new dependencies, files with more `unsafe`,
/// programs and archives, the other sources, and last what cargo writes itself. The differences go to standard output;
/// control and invisible characters in them are made visible.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Package to compare [default: all that drifted]
    #[arg(value_name = "CRATE[@VERSION]", value_parser = spec)]
    package: Option<diff::PackageSpec>,

    /// Published version to compare from
    #[arg(value_parser = version)]
    from: Option<Version>,

    /// Published version to compare with [default: the pinned one, else the newest]
    #[arg(value_parser = version)]
    to: Option<Version>,

    /// Registry that the versions come from, as cargo's configuration names it [default: crates-io]
    #[arg(long, value_name = "NAME", requires = "from")]
    registry: Option<String>,

    /// Show how many lines of each file differ, and not which
    #[arg(long, conflicts_with = "name_only")]
    stat: bool,

    /// Show the names of files only
    #[arg(long)]
    name_only: bool,

    /// Lines to show around those that differ
    #[arg(short = 'U', long, value_name = "N", default_value_t = 3)]
    unified: u16,

    /// Do not show long output page by page
    #[arg(long)]
    pub(super) no_pager: bool,

    /// Files, folders or patterns to show; all others are left out
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<String>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let shown = match (self.stat, self.name_only) {
            (true, _) => Shown::Stat,
            (false, true) => Shown::Names,
            (false, false) => Shown::Patch,
        };
        let view = View { shown, context: self.unified.into(), paths: self.paths };
        let subject = match (self.package, self.from) {
            (Some(diff::PackageSpec { name, version: None }), Some(from)) => {
                Subject::Published { name, from, to: self.to, registry: self.registry }
            }
            (Some(diff::PackageSpec { name, version: Some(version) }), Some(from)) => {
                let what = format!("`{name}@{version}` has a version, and so has FROM");
                let help = format!("write `cargo provenance diff {name} {version} {from}`");
                return Err(Failure::new(Kind::Usage, what).help(help));
            }
            (package, _) => Subject::Drifted(package),
        };
        diff::run(&context.surroundings()?, &diff::Options { subject, view }, context.progress)
    }
}

/// Reads `NAME` or `NAME@VERSION`.
pub(super) fn spec(text: &str) -> Result<diff::PackageSpec, String> {
    let (name, given) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    };
    let name = PackageName::parse(name).ok_or_else(|| format!("`{name}` is not a package name"))?;
    Ok(diff::PackageSpec { name, version: given.map(version).transpose()? })
}

pub(super) fn version(text: &str) -> Result<Version, String> {
    Version::parse(text).ok_or_else(|| format!("`{text}` is not a full version such as `1.2.3`"))
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
