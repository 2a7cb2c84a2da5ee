//! `build-exec`: build-time code that starts a program.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-exec",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that starts a program.

One in twenty packages does it, most of them to ask `rustc` for its version or to run a compiler. It is noted so that
it is seen when it is new; programs that download are `build-exec-downloader`.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    of_code::at_build_time(dossier, &[What::Exec], "starts a program")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn a_program_is_told_from_a_word() {
        scripts(
            CHECK.id,
            Some(Weight::Note),
            &[
                r#"use std::process::Command; fn main() { Command::new("rustc"); }"#,
                r#"fn main() { tokio::process::Command::new("x"); }"#,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[
                "fn main() { std::process::exit(1); }",
                r#"use clap::Command; fn main() { Command::new("x"); }"#,
            ],
        );
    }
}
