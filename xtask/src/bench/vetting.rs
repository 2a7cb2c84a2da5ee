//! What vetting costs: `check` beside `verify --full`, `vet` beside a bare hash of the archive, `add` beside cargo's own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::graph::Graph;
use super::timing::{in_turn, show, show_result};
use super::{Plan, graph};
use crate::repository::{self, Failure};

/// The variable that names the folder with the advisory database.
pub(super) const TEST_DATA: &str = "PROVENANCE_TEST_DATA";

/// A package of the graph that `vet` judges.
const JUDGED: &str = "regex";

/// A package that the graph does not have and that brings nothing along.
const ENTERS: &str = "humantime@=2.1.0";

/// What an entrance changes.
const CHANGED: [&str; 3] = ["gated/Cargo.toml", "Cargo.lock", "Provenance.lock"];

/// Measures and shows.
pub(super) fn run(plan: &Plan, tool: &Path) -> Result<(), Failure> {
    let graph = graph::prepare(plan, tool)?;
    let database = std::env::var_os(TEST_DATA).map(|data| PathBuf::from(data).join("advisory-db"));
    let Some(database) = database.filter(|database| database.is_dir()) else {
        return Err(Failure::new(format!(
            "vetting is measured with the advisory database: let `{TEST_DATA}` name its folder"
        )));
    };
    accept_everything(&graph, &database)?;
    repository::succeed(
        graph.scratch.command(tool, &graph.root).args(["pin", "--quiet"]).stdout(Stdio::null()),
    )?;
    println!("vetting: {} packages, with the advisory database", graph.packages);
    check(plan, tool, &graph)?;
    vet(plan, tool, &graph)?;
    add(plan, tool, &graph)
}

// The policy of the graph, with the database at hand and no license refused: what is measured is judging.
pub(super) fn accept_everything(graph: &Graph, database: &Path) -> Result<(), Failure> {
    let policy = graph.root.join("Provenance.toml");
    let text = repository::read(&policy)?;
    let heading = "[advisories]\n";
    let databases =
        format!("databases = [{{ from = {:?}, max-age = \"any\" }}]\n", database.to_string_lossy());
    let text = match text.find(heading) {
        Some(at) => {
            let (before, after) = text.split_at(at + heading.len());
            format!("{before}{databases}{after}")
        }
        None => format!("{text}\n{heading}{databases}"),
    };
    repository::write(&policy, &text)
}

fn check(plan: &Plan, tool: &Path, graph: &Graph) -> Result<(), Failure> {
    let run = |arguments: &[&str]| decided(graph, tool, arguments);
    let home = &graph.scratch.cargo_home;
    let mut first = || {
        // As on a machine that never asked the index about these packages.
        repository::remove(&home.join("provenance").join("index"))?;
        repository::remove(&home.join("registry").join("index"))?;
        run(&["check", "--quiet"])
    };
    let mut later = || run(&["check", "--quiet"]);
    let mut verify = || run(&["verify", "--full", "--quiet"]);
    let [first, later, verify] = in_turn(plan.runs, [&mut first, &mut later, &mut verify])?;
    show("check, the index asked about everything", &first);
    show("check, the index asked today", &later);
    show("verify --full", &verify);
    show_result("check the first time, median", first.median(), " s", "at most 5 s on 400 packages");
    show_result("check after that, median", later.median(), " s", "at most 1.5 s on 400 packages");
    show_result("ratio of check to verify --full", later.median() / verify.median(), "", "no aim");
    Ok(())
}

fn vet(plan: &Plan, tool: &Path, graph: &Graph) -> Result<(), Failure> {
    let locked = graph
        .version_of(JUDGED)?
        .ok_or_else(|| Failure::new(format!("the graph does not have `{JUDGED}`")))?;
    let package = format!("{JUDGED}@{locked}");
    let mut vet = || decided(graph, tool, &["vet", "--quiet", "--offline", &package]);
    let mut nothing = || {
        repository::succeed(graph.scratch.command(tool, &graph.root).arg("--version").stdout(Stdio::null()))
    };
    let [vet, nothing] = in_turn(plan.runs, [&mut vet, &mut nothing])?;
    show(&format!("vet {package}"), &vet);
    show("--version: starting the tool", &nothing);
    show_result("vet, median", vet.median(), " s", "under 0.1 s");
    Ok(())
}

fn add(plan: &Plan, tool: &Path, graph: &Graph) -> Result<(), Failure> {
    let before = CHANGED
        .iter()
        .map(|file| Ok((graph.root.join(file), repository::read(&graph.root.join(file))?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let (name, version) = ENTERS.split_once("@=").unwrap_or((ENTERS, ""));
    if graph.version_of(name)?.is_some() {
        return Err(Failure::new(format!("the graph has `{name}` already, so that nothing would enter")));
    }
    let reset = || -> Result<(), Failure> {
        for (file, text) in &before {
            repository::write(file, text)?;
        }
        for registry in graph.scratch.sources()? {
            repository::remove(&registry.join(format!("{name}-{version}")))?;
            let host = registry.file_name().unwrap_or_default();
            repository::remove(
                &graph
                    .scratch
                    .cargo_home
                    .join("registry/cache")
                    .join(host)
                    .join(format!("{name}-{version}.crate")),
            )?;
        }
        Ok(())
    };
    let mut ours = || {
        reset()?;
        let mut command = graph.scratch.command(tool, &graph.root);
        command.args(["add", "--quiet", "--package", "gated", ENTERS]).stdout(Stdio::null());
        repository::succeed(&mut command)
    };
    let mut cargos = || {
        reset()?;
        let mut add = graph.scratch.cargo(&graph.root);
        repository::succeed(add.args(["add", "--quiet", "--package", "gated", ENTERS]))?;
        repository::succeed(graph.scratch.cargo(&graph.root).args(["fetch", "--quiet"]))
    };
    let [ours, cargos] = in_turn(plan.runs, [&mut ours, &mut cargos])?;
    reset()?;
    show(&format!("cargo provenance add {ENTERS}"), &ours);
    show("cargo add, then cargo fetch", &cargos);
    show_result("ratio of the medians", ours.median() / cargos.median(), "", "at most 2");
    Ok(())
}

// Runs the tool; findings are an answer too.
pub(super) fn decided(graph: &Graph, tool: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let mut command = graph.scratch.command(tool, &graph.root);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("could not start {}: {error}", tool.display())))?;
    match status.code() {
        Some(0 | 1) => Ok(()),
        _ => Err(Failure::new(format!("`{}` could not decide: {status}", arguments.join(" ")))),
    }
}
