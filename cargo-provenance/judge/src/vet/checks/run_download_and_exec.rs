//! `run-download-and-exec`: code that downloads and starts programs.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "run-download-and-exec",
    group: Group::RunTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A library that opens connections, uses a folder for temporary files, and starts programs.

rustdecimal (2022) fetched `/tmp/git-updater.bin` and ran it; evm-units (2025), logtrace and its siblings (2026) did
the same from a function that everybody calls. An updater does so too.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::together(
        dossier,
        "opens connections, uses a folder for temporary files, and starts programs",
        &[&[What::Net], &[What::Exec], &[What::Temporary]],
    );
    of_code::with(
        seen,
        "read the files that are named; where the code is needed and honest, accept it for these bytes",
    )
}

#[cfg(test)]
mod tests {
    use super::super::samples::libraries;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn a_dropper_is_told_from_a_client() {
        libraries(
            CHECK.id,
            Some(Weight::Review),
            &[
                r#"fn f() { reqwest::get("http://x.invalid"); let p = "/tmp/x.bin"; std::process::Command::new(p); }"#,
                r#"use std::{env, process::Command}; fn f() { ureq::get("x"); env::temp_dir(); Command::new("x"); }"#,
            ],
        );
        libraries(
            CHECK.id,
            None,
            &[
                r#"fn f() { reqwest::get("x"); std::process::Command::new("git"); }"#,
                r#"fn f() { std::env::temp_dir(); std::process::Command::new("git"); }"#,
            ],
        );
    }
}
