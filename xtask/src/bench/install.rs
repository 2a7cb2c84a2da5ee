//! What an installation costs: the tool and all that it depends on compiled anew, beside a tool of the same kind.

use super::Plan;
use super::timing::{in_turn, show, show_result};
use crate::repository::{self, Failure};

const PEER: &str = "cargo-vet@0.10.3";

/// Each takes minutes, and nothing is kept between them.
const RUNS: usize = 3;

/// Measures and shows.
pub(super) fn run(plan: &Plan) -> Result<(), Failure> {
    let place = plan.cache.join("install");
    let tool = repository::root().join("cargo-provenance");
    let install = |what: &[&str]| {
        repository::remove(&place)?;
        let mut cargo = repository::cargo();
        cargo.args(["install", "--quiet", "--locked", "--no-track"]).args(what);
        cargo.arg("--root").arg(place.join("root")).arg("--target-dir").arg(place.join("target"));
        repository::succeed(&mut cargo)
    };
    let tool = tool.to_string_lossy();
    // The first time, which is not counted, downloads.
    let mut ours = || install(&["--path", &tool]);
    let mut theirs = || install(&[PEER]);
    let [ours, theirs] = in_turn(plan.runs.min(RUNS), [&mut ours, &mut theirs])?;
    repository::remove(&place)?;
    println!("install: everything compiled anew");
    show("cargo-provenance", &ours);
    show(PEER, &theirs);
    show_result("ratio of the medians", ours.median() / theirs.median(), "", "at most 0.75");
    Ok(())
}
