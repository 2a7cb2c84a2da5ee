//! The guard: what it adds to a clean build, what one call costs, and what is left when there is nothing to do.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::graph::{self, Graph, value};
use super::timing::{in_turn, show, show_result};
use super::{Plan, verify};
use crate::repository::{self, Failure};
use crate::scratch::Scratch;

const DEPENDENCIES: &str = include_str!("../../bench/small.toml");
const MAIN: &str = "fn main() {}\n";

/// Measures and shows.
pub(super) fn run(plan: &Plan, tool: &Path) -> Result<(), Failure> {
    let guard = tool.with_file_name(format!("provenance-guard{}", std::env::consts::EXE_SUFFIX));
    builds(plan, tool, &guard)?;
    calls(plan, tool, &guard)
}

// A workspace of about 24 packages, with the versions of the large graph.
fn builds(plan: &Plan, tool: &Path, guard: &Path) -> Result<(), Failure> {
    let scratch = Scratch::new(&plan.cache, tool)?;
    let root = plan.cache.join("small");
    let manifest = format!(
        "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{DEPENDENCIES}\n[workspace]\n"
    );
    repository::write(&root.join("Cargo.toml"), &manifest)?;
    repository::write(&root.join("src/main.rs"), MAIN)?;
    repository::write(&root.join("Cargo.lock"), graph::LOCKFILE)?;
    repository::succeed(scratch.cargo(&root).args(["update", "--quiet", "--workspace"]))?;
    repository::succeed(scratch.cargo(&root).args(["fetch", "--quiet"]))?;
    for file in ["Provenance.toml", "Provenance.lock"] {
        repository::remove(&root.join(file))?;
    }
    repository::succeed(scratch.command(tool, &root).args(["init", "--quiet"]).stdout(Stdio::null()))?;
    let target = |name: &str| plan.cache.join(format!("small-{name}"));
    let build = |name: &str| {
        let mut command = scratch.cargo(&root);
        command.args(["build", "--quiet", "--locked", "--target-dir"]).arg(target(name));
        command
    };
    let guarded = |name: &str| {
        let mut command = build(name);
        command.env("RUSTC_WRAPPER", guard).env("PROVENANCE_WORKSPACE", &root);
        command
    };
    let locked = repository::read(&root.join("Cargo.lock"))?.matches("[[package]]").count();
    println!("guard: a build of {locked} packages");

    let mut plain_clean =
        || repository::remove(&target("plain")).and_then(|()| repository::succeed(&mut build("plain")));
    let mut guarded_clean =
        || repository::remove(&target("guarded")).and_then(|()| repository::succeed(&mut guarded("guarded")));
    let [with, without] = in_turn(plan.runs, [&mut guarded_clean, &mut plain_clean])?;
    show("clean cargo build, with the guard", &with);
    show("clean cargo build, without", &without);
    show_result("ratio of the medians", with.median() / without.median(), "", "at most 1.03");
    show_result("ratio of the fastest", with.fastest() / without.fastest(), "", "at most 1.03");

    let mut with = || repository::succeed(&mut guarded("guarded"));
    let mut without = || repository::succeed(&mut build("plain"));
    let mut look = || {
        repository::succeed(scratch.command(tool, &root).args(["verify", "--quiet"]).stdout(Stdio::null()))
    };
    let mut whole = || {
        let mut command = scratch.command(tool, &root);
        command.args(["build", "--quiet", "--target-dir"]).arg(target("tool"));
        repository::succeed(&mut command)
    };
    let [with, without, look, whole] = in_turn(plan.runs, [&mut with, &mut without, &mut look, &mut whole])?;
    show("cargo build with nothing to do, with the guard", &with);
    show("cargo build with nothing to do, without", &without);
    show("verify", &look);
    show("cargo provenance build with nothing to do", &whole);
    show_result("the guard's difference", with.median() - without.median(), " s", "none");
    let more = whole.median() - without.median() - look.median();
    show_result("`build` beyond cargo's and verify", more, " s", "at most 0.05 s");
    Ok(())
}

// One call for each package of the large graph, with a rustc that does nothing, beside b3sum over the same files.
fn calls(plan: &Plan, tool: &Path, guard: &Path) -> Result<(), Failure> {
    let graph = graph::prepare(plan, tool)?;
    let b3sum = verify::b3sum(plan)?;
    let packages = packages(&graph)?;
    println!("guard: {} calls, one for each package of the large graph", packages.len());
    let nothing = Path::new("true");
    // What rustc would leave: nothing was read.
    repository::write(&graph.root.join("x.d"), "")?;
    let mut times = [vec![], vec![], vec![]];
    for run in 0..=plan.runs {
        for (which, times) in times.iter_mut().enumerate() {
            let mut total = Duration::ZERO;
            for package in &packages {
                let mut command = match which {
                    0 => package.guarded(&graph, guard, nothing),
                    1 => package.hashed(&b3sum),
                    _ => Command::new(nothing),
                };
                command.stdout(Stdio::null());
                let start = Instant::now();
                repository::succeed(&mut command)?;
                total += start.elapsed();
            }
            if run > 0 {
                times.push(total.as_secs_f64() / packages.len() as f64);
            }
        }
    }
    let [guarded, hashed, bare] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2] * 1_000.0
    });
    println!(
        "  mean of a call, median of the runs: guard {guarded:.2} ms, b3sum {hashed:.2} ms, `true` {bare:.2} ms"
    );
    show_result("the guard, without what it runs", guarded - bare, " ms", "at most 3 ms");
    show_result("ratio to b3sum over the same files", (guarded - bare) / hashed, "", "at most 1.5");
    Ok(())
}

/// A registry package as it lies unpacked.
struct Package {
    name: String,
    version: String,
    directory: PathBuf,
    files: Vec<PathBuf>,
}

impl Package {
    fn guarded(&self, graph: &Graph, guard: &Path, rustc: &Path) -> Command {
        let mut command = Command::new(guard);
        command
            .arg(rustc)
            .args(["--crate-name", "x", "src/lib.rs", "--emit=dep-info", "--out-dir"])
            .arg(&graph.root)
            .env("PROVENANCE_WORKSPACE", &graph.root)
            .env("CARGO_MANIFEST_DIR", &self.directory)
            .env("CARGO_PKG_NAME", &self.name)
            .env("CARGO_PKG_VERSION", &self.version)
            .env("CARGO_CRATE_NAME", "x")
            .env_remove("PROVENANCE_INNER_WRAPPER");
        command
    }

    fn hashed(&self, b3sum: &Path) -> Command {
        let mut command = Command::new(b3sum);
        command.args(["--num-threads", "1", "--"]).args(&self.files).current_dir(&self.directory);
        command
    }
}

fn packages(graph: &Graph) -> Result<Vec<Package>, Failure> {
    let lockfile = repository::read(&graph.root.join("Cargo.lock"))?;
    let mut packages = vec![];
    for entry in lockfile.split("[[package]]").filter(|entry| entry.contains("\nsource = \"registry+")) {
        let (Some(name), Some(version)) = (value(entry, "name"), value(entry, "version")) else { continue };
        let Ok(directory) = graph.scratch.source_of(&format!("{name}-{version}")) else { continue };
        let mut files = vec![];
        graph::walk(&directory, Path::new(""), &mut files)?;
        let files = files.into_iter().map(|(file, _)| file).collect();
        packages.push(Package { name: name.to_owned(), version: version.to_owned(), directory, files });
    }
    Ok(packages)
}
