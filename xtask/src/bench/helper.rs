//! The build helper as cargo runs it, unoptimised, and what it adds to a build that has nothing to do.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::graph::Graph;
use super::timing::{in_turn, show, show_result};
use super::{Plan, graph};
use crate::repository::{self, Failure};

/// Measures and shows.
pub(super) fn run(plan: &Plan, tool: &Path) -> Result<(), Failure> {
    let graph = graph::prepare(plan, tool)?;
    println!("helper: {} packages; compiling them once", graph.packages);
    let script = Script::build(&graph)?;
    repository::succeed(&mut build(&graph, "ungated"))?;
    // A build right after another may still see files as newer than its own stamps.
    repository::succeed(&mut build(&graph, "gated"))?;

    let mut helper = || repository::output(&mut script.command(&graph)).map(drop);
    let [helper] = in_turn(plan.runs, [&mut helper])?;
    show("the helper, opt-level 0, start to exit", &helper);
    show_result("median", helper.median(), " s", "under 1 s");

    let mut gated = || repository::succeed(&mut build(&graph, "gated"));
    let mut ungated = || repository::succeed(&mut build(&graph, "ungated"));
    let [gated, ungated] = in_turn(plan.runs, [&mut gated, &mut ungated])?;
    show("cargo build with nothing to do, with helper", &gated);
    show("cargo build with nothing to do, without", &ungated);
    show_result("difference of the medians", gated.median() - ungated.median(), " s", "at most 0.2 s");
    show_result("difference of the fastest", gated.fastest() - ungated.fastest(), " s", "at most 0.2 s");
    Ok(())
}

fn build(graph: &Graph, package: &str) -> Command {
    let mut command = graph.scratch.cargo(&graph.root);
    command.args(["build", "--quiet", "--package", package]).stdout(Stdio::null());
    command
}

/// The compiled build script of the gated member.
struct Script {
    program: PathBuf,
    out_dir: PathBuf,
    host: String,
}

impl Script {
    // Builds the gated member and learns from cargo's messages where its script lies.
    fn build(graph: &Graph) -> Result<Self, Failure> {
        let mut command = graph.scratch.cargo(&graph.root);
        command
            .args(["build", "--quiet", "--package", "gated", "--message-format", "json"])
            .stderr(Stdio::inherit());
        let text = repository::output(&mut command)?;
        let (mut program, mut out_dir) = (None, None);
        for message in text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()) {
            let of_gated = message["package_id"].as_str().is_some_and(|id| id.contains("/gated#"));
            match message["reason"].as_str() {
                Some("compiler-artifact") if of_gated && message["target"]["kind"][0] == "custom-build" => {
                    program = message["filenames"][0].as_str().map(PathBuf::from);
                }
                Some("build-script-executed") if of_gated => {
                    out_dir = message["out_dir"].as_str().map(PathBuf::from)
                }
                _ => {}
            }
        }
        match (program, out_dir) {
            (Some(program), Some(out_dir)) => Ok(Self { program, out_dir, host: repository::host()? }),
            _ => Err(Failure::new("cargo's messages do not name the build script of `gated`")),
        }
    }

    // The environment of the cargo book, "Environment variables Cargo sets for build scripts", as far as it matters.
    fn command(&self, graph: &Graph) -> Command {
        let folder = graph.root.join("gated");
        let mut command = graph.scratch.command(&self.program, &folder);
        command
            .env("CARGO", repository::cargo().get_program())
            .env("CARGO_MANIFEST_DIR", &folder)
            .env("CARGO_MANIFEST_PATH", folder.join("Cargo.toml"))
            .env("CARGO_PKG_NAME", "gated")
            .env("CARGO_PKG_VERSION", "0.1.0")
            .env("OUT_DIR", &self.out_dir)
            .env("HOST", &self.host)
            .env("TARGET", &self.host)
            .env("PROFILE", "debug")
            .env("OPT_LEVEL", "0")
            .env("RUSTC", "rustc");
        command
    }
}
