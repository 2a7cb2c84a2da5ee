//! `cargo xtask bench`: what the gate costs, as ratios to something bare that runs in turn with it.
//!
//! No time is asserted: a machine under load is slow, and only the ratios of one run say something. What the checks say of
//! ordinary crates is.

mod artifact;
mod audits;
mod corpus;
mod graph;
mod guard;
mod helper;
mod install;
mod scan;
mod synthetic;
mod timing;
mod verify;
mod vetting;

use std::path::PathBuf;

use crate::repository::{self, Failure};

const USAGE: &str = "\
Measure what the gate costs

Usage: cargo xtask bench [verify|helper|synthetic|vetting|guard|scan|artifact|audits|install]... [--corpus] [--runs N] [--cache FOLDER]

  verify      `verify` on the packages of xtask/bench/Cargo.toml against two processes of b3sum over the same files
  helper      the build helper on that graph, unoptimised, and what it adds to a `cargo build` that has nothing to do
  synthetic   a made-up lockfile and manifest of 2,500, 5,000, 10,000 and 20,000 packages without files on disk
  vetting     `check`, `vet` and `add` on that graph, `add` against cargo's own; reads PROVENANCE_TEST_DATA
  guard       a clean build of about 24 packages with the guard and without, and one call of it for each package of the graph
  scan        `scan` of 200 programs against reading the same files once
  artifact    `verify-artifact` of a file of 100 MB against `sha256sum`
  audits      `check` of that graph held to three published sets of reviews, beside `check` without; reads PROVENANCE_TEST_DATA
  install     the tool compiled anew, against cargo-vet; takes minutes, and runs only where it is named

  --corpus         what the checks say of ordinary crates; fails on a false alarm that xtask/bench does not expect
  --runs N         runs of each measurement; minimum, median and maximum are shown [default: 11]
  --cache FOLDER   where downloaded packages and built programs are kept [default: target/bench]
";

/// How to measure.
struct Plan {
    runs: usize,
    cache: PathBuf,
}

/// Measures what the arguments name, or everything.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut plan = Plan { runs: 11, cache: repository::target()?.join("bench") };
    let (mut names, mut corpus) = (vec![], false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--help" | "-h" => {
                print!("{USAGE}");
                return Ok(());
            }
            "--corpus" => corpus = true,
            "--runs" => {
                plan.runs = rest
                    .next()
                    .and_then(|n| n.parse().ok())
                    .filter(|n| *n > 0)
                    .ok_or_else(|| Failure::usage("`--runs` needs a number"))?
            }
            "--cache" => {
                plan.cache = rest
                    .next()
                    .map(PathBuf::from)
                    .ok_or_else(|| Failure::usage("`--cache` needs a folder"))?
            }
            name @ ("verify" | "helper" | "synthetic" | "vetting" | "guard" | "scan" | "artifact"
            | "audits" | "install") => names.push(name),
            other => return Err(Failure::usage(format!("unexpected argument `{other}`"))),
        }
    }
    if names.is_empty() && !corpus {
        names = vec!["verify", "helper", "synthetic", "vetting", "guard", "scan", "artifact", "audits"];
    }
    std::fs::create_dir_all(&plan.cache).map_err(|error| Failure::file("create", &plan.cache, &error))?;
    plan.cache = plan.cache.canonicalize().map_err(|error| Failure::file("find", &plan.cache, &error))?;

    println!("Building the tool (release)");
    let tool = repository::build_tool("release")?;
    if corpus {
        corpus::run(&plan, &tool)?;
    }
    for name in names {
        match name {
            "verify" => verify::run(&plan, &tool)?,
            "helper" => helper::run(&plan, &tool)?,
            "vetting" => vetting::run(&plan, &tool)?,
            "guard" => guard::run(&plan, &tool)?,
            "scan" => scan::run(&plan, &tool)?,
            "artifact" => artifact::run(&plan, &tool)?,
            "audits" => audits::run(&plan, &tool)?,
            "install" => install::run(&plan)?,
            _ => synthetic::run(&plan, &tool)?,
        }
    }
    Ok(())
}
