//! `cargo xtask test` and `cargo xtask ci`: everything that must hold before a change is merged, step by step.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::repository::{self, Failure};
use crate::{docs, tidy};

/// The variable that names the folder with the advisory database and the audit sets that some tests read.
const TEST_DATA: &str = "PROVENANCE_TEST_DATA";

/// The variable that names the Python environment with what reports are held against.
const VERIFIERS: &str = "PROVENANCE_VERIFIERS";

/// Whether the tests may run without the shared test data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// What needs it is skipped, and that is said.
    Optional,
    /// Without it nothing starts.
    Required,
}

/// Runs every step and stops at the first that fails.
pub(crate) fn run(data: Data) -> Result<(), Failure> {
    let data = test_data(data, std::env::var_os(TEST_DATA).as_deref())?;
    let mut steps = Steps::default();
    if data.is_none() {
        steps.skip("test data", format!("{TEST_DATA} is not set; tests that read it are skipped"));
    }
    if std::env::var_os(VERIFIERS).is_none_or(|folder| folder.is_empty()) {
        let why = "is not set; reports are not held against their schemas (`.ci/run` does)";
        steps.skip("verifiers", format!("{VERIFIERS} {why}"));
    }
    if is_installed("fmt") {
        steps.cargo("format", &["fmt", "--all", "--", "--check"])?;
    } else {
        steps.skip("format", "rustfmt is missing; `rustup component add rustfmt`");
    }
    steps.run("tidy", tidy::run)?;
    if is_installed("clippy") {
        steps.cargo("lints", &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;
    } else {
        steps.skip("lints", "clippy is missing; `rustup component add clippy`");
    }
    // Two builds are all there are: the tool with the features that whoever installs it gets, which the documents, the gate
    // and the end-to-end tests are about; and below it everything with the features that tests add, which cargo unites over
    // the packages that a command names. So every later command names the whole workspace.
    let tool = steps.run("build", || repository::build_tool("dev"))?;
    steps.run("documents", || docs::check(&tool))?;
    steps.run("own gate", || own_gate(&tool))?;
    let tests = |targets: &[&str]| {
        let mut tests = repository::cargo();
        tests.args(["test", "--workspace"]).args(targets);
        if let Some(data) = &data {
            tests.env(TEST_DATA, data);
        }
        repository::succeed(&mut tests)
    };
    steps.run("unit tests", || tests(&["--lib", "--bins"]))?;
    steps.run("doc tests", || tests(&["--doc"]))?;
    let mut rustdoc = repository::cargo();
    rustdoc.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings");
    steps.run("reference", || repository::succeed(&mut rustdoc))?;
    steps.run("end to end", || tests(&["--test", "*"]))?;
    steps.skip("fuzz targets", "they need a nightly compiler and cargo-fuzz; see CONTRIBUTING.md");
    steps.summary();
    Ok(())
}

// The folder, absolute. A variable that names no folder is always a failure.
fn test_data(data: Data, variable: Option<&OsStr>) -> Result<Option<PathBuf>, Failure> {
    match variable.filter(|value| !value.is_empty()) {
        Some(value) => match Path::new(value).canonicalize() {
            Ok(folder) if folder.is_dir() => Ok(Some(folder)),
            _ => Err(Failure::new(format!("{TEST_DATA} names no folder: `{}`", value.display()))),
        },
        None if data == Data::Required => Err(Failure::new(format!(
            "{TEST_DATA} is not set; it must name the folder with the advisory database and the audit sets"
        ))),
        None => Ok(None),
    }
}

// The project's own manifest against its own lockfile and sources, from the index on.
fn own_gate(tool: &Path) -> Result<(), Failure> {
    let root = repository::root();
    repository::succeed(Command::new(tool).args(["verify", "--full"]).current_dir(&root))
}

fn is_installed(subcommand: &str) -> bool {
    repository::cargo().args([subcommand, "--version"]).output().is_ok_and(|output| output.status.success())
}

/// What was done, with its time, and what was not.
#[derive(Default)]
struct Steps {
    done: Vec<(&'static str, Duration)>,
    skipped: Vec<(&'static str, String)>,
}

impl Steps {
    fn cargo(&mut self, name: &'static str, arguments: &[&str]) -> Result<(), Failure> {
        self.run(name, || repository::succeed(repository::cargo().args(arguments)))
    }

    fn run<T>(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        println!("==> {name}");
        let start = Instant::now();
        let made = step().map_err(|failure| Failure::new(format!("{name}: {failure}")))?;
        let time = start.elapsed();
        println!("==> {name}: passed [{:.1}s]", time.as_secs_f64());
        self.done.push((name, time));
        Ok(made)
    }

    fn skip(&mut self, name: &'static str, why: impl Into<String>) {
        let why = why.into();
        println!("==> {name}: SKIPPED: {why}");
        self.skipped.push((name, why));
    }

    fn summary(&self) {
        println!();
        for (name, time) in &self.done {
            println!("{name:>14}  passed  {:6.1} s", time.as_secs_f64());
        }
        for (name, why) in &self.skipped {
            println!("{name:>14}  SKIPPED {why}");
        }
        let total = self.done.iter().map(|(_, time)| time.as_secs_f64()).sum::<f64>();
        println!("{:>14}  {} passed, {} skipped  {total:.1} s", "all", self.done.len(), self.skipped.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_data_that_is_missing_is_never_passed_over_in_ci() {
        assert!(test_data(Data::Required, None).is_err());
        assert!(test_data(Data::Required, Some(OsStr::new(""))).is_err());
        assert!(test_data(Data::Optional, Some(OsStr::new("/no/such/folder"))).is_err());
        assert_eq!(test_data(Data::Optional, None).expect("optional"), None);
        let root = repository::root();
        assert!(test_data(Data::Required, Some(root.as_os_str())).expect("a folder").is_some());
    }
}
