//! `cargo xtask differential`: verdicts on random audit stores against those of the real cargo-vet.

use std::ffi::OsString;

use crate::repository::{self, Failure};

const USAGE: &str = "\
Compare verdicts on random audit stores with those of the real cargo-vet

Usage: cargo xtask differential [--seeds <N>|<FROM>..<TO>]

PROVENANCE_PEERS names the folder whose `bin` has `cargo-vet`:
  cargo install --root <FOLDER> --locked cargo-vet@0.10.3
";

/// The stores that are compared unless told otherwise.
const SEEDS: &str = "600";

/// Runs the comparison.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let seeds = match arguments {
        [] => SEEDS,
        [flag] if flag == "--help" || flag == "-h" => {
            print!("{USAGE}");
            return Ok(());
        }
        [flag, seeds] if flag == "--seeds" => seeds,
        _ => return Err(Failure::usage("`cargo xtask differential --help` says what can be asked for")),
    };
    let peers = std::env::var_os("PROVENANCE_PEERS").filter(|folder| !folder.is_empty());
    if peers.is_none() {
        return Err(Failure::usage(
            "PROVENANCE_PEERS is not set; `cargo xtask differential --help` says to what",
        ));
    }
    let mut test = repository::cargo();
    test.args(["test", "--package", "tests", "--test", "differential", "--", "--nocapture"]);
    repository::succeed(test.env("PROVENANCE_SEEDS", OsString::from(seeds)))
}
