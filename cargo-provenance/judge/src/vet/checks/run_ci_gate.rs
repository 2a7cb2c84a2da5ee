//! `run-ci-gate`: code that behaves differently on a build server.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "run-ci-gate",
    group: Group::RunTime,
    needs: Needs::Survey,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A library that asks whether a build server runs it, and that opens connections or starts programs.

rustdecimal (2022) did harm only where `GITLAB_CI` was set, so that nobody saw it at their desk. Programs for a
terminal ask for `CI` too, to leave out colors and questions.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let does = "asks whether a build server runs it, and opens connections or starts programs";
    of_code::together(dossier, does, &[&[What::CiVariable], &[What::Net, What::Exec]])
}

#[cfg(test)]
mod tests {
    use super::super::samples::libraries;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn a_gate_is_told_from_a_question() {
        libraries(
            CHECK.id,
            Some(Weight::Note),
            &[r#"fn f() { if std::env::var("GITLAB_CI").is_ok() { std::process::Command::new("x"); } }"#],
        );
        libraries(
            CHECK.id,
            None,
            &[r#"fn f() { std::env::var("CI"); }"#, r#"fn f() { std::process::Command::new("x"); }"#],
        );
    }
}
