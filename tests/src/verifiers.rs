//! Judges that this project did not write, which `.ci/run` installs and names:
//!
//! - `PROVENANCE_VERIFIERS`: the folder of a Python environment with what the scripts import;
//! - `PROVENANCE_PEERS`: a folder whose `bin` has other programs of the field.
//!
//! Without one of them its tests judge nothing, which is said; in CI that is a failure.

use std::path::{Path, PathBuf};

use crate::process::Run;
use crate::sandbox::Sandbox;
use crate::sandbox::outer;

/// A script of this package's `verifiers/`, ready to be given its arguments.
#[track_caller]
pub fn verifier(sandbox: &Sandbox, script: &str) -> Option<Run> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verifiers").join(script);
    python(sandbox, &script)
}

/// A script of the shared verifiers, beside the shared test data that `PROVENANCE_TEST_DATA` names.
#[track_caller]
pub fn shared_verifier(sandbox: &Sandbox, script: &str) -> Option<Run> {
    let data = folder("PROVENANCE_TEST_DATA", script)?;
    python(sandbox, &data.parent()?.join("verifiers").join(script))
}

/// Another program of the field, ready to be given its arguments.
#[track_caller]
pub fn peer(sandbox: &Sandbox, program: &str) -> Option<Run> {
    let path = folder("PROVENANCE_PEERS", program)?.join("bin").join(program);
    let path = [path.with_extension("exe"), path].into_iter().find(|path| path.exists());
    let path = path.unwrap_or_else(|| panic!("PROVENANCE_PEERS has no `{program}`"));
    Some(sandbox.run(&path, sandbox.root()))
}

/// A program that is installed only where `.ci/run` has the time to compile it, to be run in a directory.
#[expect(clippy::print_stderr, reason = "a test that judges nothing must say so")]
#[track_caller]
pub fn slow_peer(sandbox: &Sandbox, program: &str, directory: &Path) -> Option<Run> {
    let path = folder("PROVENANCE_PEERS", program)?.join("bin").join(program);
    let path = [path.with_extension("exe"), path].into_iter().find(|path| path.exists());
    if path.is_none() {
        eprintln!("SKIPPED: PROVENANCE_PEERS has no `{program}`, which `.ci/run --slow` installs");
    }
    Some(sandbox.run(&path?, directory))
}

/// A browser, ready to be given its arguments.
#[expect(clippy::print_stderr, reason = "a test that judges nothing must say so")]
#[track_caller]
pub fn browser(sandbox: &Sandbox) -> Option<Run> {
    let program = ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| outer::find(name));
    if program.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no Chromium: in CI nothing is skipped");
        eprintln!("SKIPPED: no Chromium, the page was not opened");
    }
    // It is a script that looks for the real one.
    Some(sandbox.run(&program?, sandbox.root()).env("PATH", "/usr/bin:/bin"))
}

#[track_caller]
fn python(sandbox: &Sandbox, script: &Path) -> Option<Run> {
    let name = script.file_name()?.to_string_lossy();
    let folder = folder("PROVENANCE_VERIFIERS", &name)?;
    let python = ["bin/python", "Scripts/python.exe"].map(|path| folder.join(path));
    let python = python.into_iter().find(|path| path.exists());
    let python = python.unwrap_or_else(|| panic!("no Python in `{}`", folder.display()));
    assert!(script.exists(), "no script `{}`", script.display());
    Some(sandbox.run(&python, sandbox.root()).args([script]))
}

/// The folder that a variable names.
#[expect(clippy::print_stderr, reason = "a test that judges nothing must say so")]
#[track_caller]
fn folder(variable: &str, what: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    if folder.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{variable} is not set: in CI nothing is skipped");
        eprintln!("SKIPPED: {variable} is not set, `{what}` was not run");
    }
    folder
}
