//! `scan` of a folder of programs against reading the same files once.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Plan;
use super::timing::{in_turn, show, show_result};
use crate::repository::{self, Failure};
use crate::scratch::Scratch;

const PROGRAMS: usize = 200;

const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2025-0001\"\npackage = \"x\"\ndate = \"2025-01-02\"\n\n\
                        [versions]\npatched = []\n```\n\n# A title\n\nWords.\n";

/// Measures and shows.
pub(super) fn run(plan: &Plan, tool: &Path) -> Result<(), Failure> {
    let scratch = Scratch::new(&plan.cache, tool)?;
    let root = plan.cache.join("scan");
    let programs = root.join("programs");
    repository::remove(&root)?;
    repository::write(&root.join("db/crates/x/RUSTSEC-2025-0001.md"), ADVISORY)?;
    std::fs::create_dir_all(&programs).map_err(|error| Failure::file("create", &programs, &error))?;
    let guard = tool.with_file_name(format!("provenance-guard{}", std::env::consts::EXE_SUFFIX));
    let (mut files, mut bytes) = (vec![], 0);
    for number in 0..PROGRAMS {
        let file = programs.join(format!("program-{number}"));
        bytes += std::fs::copy(&guard, &file).map_err(|error| Failure::file("copy", &guard, &error))?;
        files.push(file);
    }
    println!("scan: {PROGRAMS} programs, {} MB", bytes / 1_000_000);

    let mut scan = || {
        let mut command = scratch.command(tool, &root);
        command.args(["scan", "programs", "--db", "db", "--quiet"]).stderr(Stdio::null());
        let status =
            command.status().map_err(|error| Failure::new(format!("could not start it: {error}")))?;
        // The one advisory is old, so that nothing is decided.
        match status.code() {
            Some(3) => Ok(()),
            _ => Err(Failure::new(format!("scan failed: {status}"))),
        }
    };
    let mut read = || repository::succeed(Command::new("cat").args(&files).stdout(Stdio::null()));
    let [scan, read] = in_turn(plan.runs, [&mut scan, &mut read])?;
    show("cargo-provenance scan", &scan);
    show("cat, the same files", &read);
    show_result("ratio of the medians", scan.median() / read.median(), "", "at most 2");
    show_result("ratio of the fastest", scan.fastest() / read.fastest(), "", "at most 2");
    Ok(())
}
