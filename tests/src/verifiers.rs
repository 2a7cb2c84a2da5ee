//! Judges that this project did not write: a Python environment with `verifiers/requirements.txt` of this package.
//!
//! `PROVENANCE_VERIFIERS` names its folder, which `.ci/run` makes.

use std::path::{Path, PathBuf};

use crate::process::Run;
use crate::sandbox::Sandbox;

const VARIABLE: &str = "PROVENANCE_VERIFIERS";

/// A script of `verifiers/`, ready to be given its arguments. `None` without the environment, which is said; in CI that is a
/// failure.
#[expect(clippy::print_stderr, reason = "a test that judges nothing must say so")]
#[track_caller]
pub fn verifier(sandbox: &Sandbox, script: &str) -> Option<Run> {
    let Some(folder) = std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from)
    else {
        assert!(std::env::var_os("CI").is_none(), "{VARIABLE} is not set: in CI nothing is skipped");
        eprintln!("SKIPPED: {VARIABLE} is not set, `{script}` was not run");
        return None;
    };
    let python = ["bin/python", "Scripts/python.exe"].map(|path| folder.join(path));
    let python = python.into_iter().find(|path| path.exists());
    let python = python.unwrap_or_else(|| panic!("no Python in `{}`", folder.display()));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verifiers").join(script);
    Some(sandbox.run(&python, sandbox.root()).args([script]))
}
