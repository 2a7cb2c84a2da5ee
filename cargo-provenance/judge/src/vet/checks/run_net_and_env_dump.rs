//! `run-net-and-env-dump`: code that reads the whole environment and knows the network.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "run-net-and-env-dump",
    group: Group::RunTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A library that reads the whole environment, and that opens connections.

jfrog_quotes and its siblings (2025) swept the environment and sent it off. Four of 4,500 packages do both.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::together(
        dossier,
        "reads the whole environment, and opens connections",
        &[&[What::EnvDump], &[What::Net]],
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
    fn a_sweep_is_told_from_a_setting() {
        libraries(CHECK.id, Some(Weight::Review), &[r#"fn f() { std::env::vars(); reqwest::get("x"); }"#]);
        libraries(
            CHECK.id,
            None,
            &[r#"fn f() { std::env::var("HOME"); reqwest::get("x"); }"#, "fn f() { std::env::vars(); }"],
        );
    }
}
