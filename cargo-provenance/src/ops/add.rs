//! `add`: `cargo add` behind the gate.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use provenance_build::Version;

use super::entering::{self, Common, Edit, Naming};
use crate::model::Surroundings;
use crate::report::Report;
use crate::report::dialog::Dialog;
use crate::report::failure::Failure;
use crate::report::progress::Progress;

/// What `add` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The dependencies, as `cargo add` takes them: `serde`, `serde@1`.
    pub dependencies: Vec<String>,
    /// The flags of `cargo add` that do not depend on where it runs, ready to follow `cargo add`. Without the dependencies and
    /// without everything that has a field of its own here or in the surroundings.
    pub flags: Vec<OsString>,
    /// `--package`: the member to change.
    pub package: Option<String>,
    /// `--path`: the local package to depend on, absolute; relative to `base` where there is one.
    pub path: Option<PathBuf>,
    /// `--base`.
    pub base: Option<String>,
    /// `--git`.
    pub git: Option<String>,
    /// `--registry`.
    pub registry: Option<String>,
    /// What it shares with `update` and `remove`.
    pub common: Common,
}

/// Runs the use case.
///
/// # Errors
///
/// Those of [`entering::run`].
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
    dialog: Option<&dyn Dialog>,
) -> Result<Report, Failure> {
    entering::run(surroundings, options, progress, dialog)
}

impl Edit for Options {
    fn command(&self) -> &'static str {
        "add"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn local(&self) -> Option<&Path> {
        self.path.as_deref().filter(|_| self.base.is_none())
    }

    fn arguments(
        &self,
        held: &BTreeMap<String, Version>,
        shadowed: &dyn Fn(&Path) -> PathBuf,
    ) -> Vec<OsString> {
        let Self { dependencies, flags, package, path, base, git, registry, .. } = self;
        let held = |spec: &String| match held.get(spec) {
            Some(version) => format!("{spec}@{version}"),
            None => spec.clone(),
        };
        let mut arguments: Vec<OsString> = dependencies.iter().map(|spec| held(spec).into()).collect();
        arguments.extend(flags.iter().cloned());
        let mut push = |flag: &str, value: OsString| arguments.extend([flag.into(), value]);
        for (flag, value) in
            [("--package", package), ("--base", base), ("--git", git), ("--registry", registry)]
        {
            if let Some(value) = value {
                push(flag, value.into());
            }
        }
        if let Some(path) = path {
            let real = || fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            let path = if base.is_some() { path.clone() } else { shadowed(&real()) };
            push("--path", path.into_os_string());
        }
        arguments
    }

    /// `serde@1.0.200` means `^1.0.200` to cargo, so that a version which was named can be held exactly.
    fn naming(&self, name: &str) -> Naming {
        for spec in &self.dependencies {
            match spec.split_once('@') {
                None if spec == name => return Naming::Freely,
                Some((named, version)) if named == name => {
                    return Version::parse(version).map_or(Naming::Required, Naming::Version);
                }
                _ => {}
            }
        }
        Naming::Not
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_version_is_a_named_version() {
        let dependencies = ["a@1.2.3", "b@1", "c@=1.0.0", "d"].map(str::to_owned).to_vec();
        let options = Options { dependencies, ..Options::default() };
        let version = Version::parse("1.2.3").expect("a version");
        for (name, expected) in [
            ("a", Naming::Version(version)),
            ("b", Naming::Required),
            ("c", Naming::Required),
            ("d", Naming::Freely),
            ("e", Naming::Not),
        ] {
            assert_eq!(options.naming(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_held_is_named_to_cargo() {
        let options = Options { dependencies: vec!["a".into(), "b@1".into()], ..Options::default() };
        let held = BTreeMap::from([("a".to_owned(), Version::parse("1.0.0").expect("a version"))]);
        assert_eq!(options.arguments(&held, &|path| path.to_owned()), ["a@1.0.0", "b@1"]);
    }
}
