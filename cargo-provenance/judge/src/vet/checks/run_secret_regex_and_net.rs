//! `run-secret-regex-and-net`: code that looks for secrets and knows the network.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "run-secret-regex-and-net",
    group: Group::RunTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A library with a pattern that fits private keys or tokens, and that opens connections.

faster_log and async_println (2025), copies of fast_log, searched files for keys of Ethereum and Solana and sent them
to a `workers.dev` host. None of 4,500 packages does both.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::together(
        dossier,
        "looks for what secrets look like, and opens connections",
        &[&[What::SecretPattern], &[What::Net]],
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
    fn a_search_for_keys_is_told_from_a_number() {
        libraries(
            CHECK.id,
            Some(Weight::Review),
            &[
                r#"fn f() { Regex::new("0x[a-fA-F0-9]{64}"); reqwest::get("x"); }"#,
                r#"fn f() { Regex::new("[1-9A-HJ-NP-Za-km-z]{32,44}"); reqwest::get("x"); }"#,
            ],
        );
        libraries(
            CHECK.id,
            None,
            &[
                r#"fn f() { Regex::new("[0-9a-f]{4}"); reqwest::get("x"); }"#,
                r#"fn f() { Regex::new("[0-9a-f]{64}"); }"#,
            ],
        );
    }
}
