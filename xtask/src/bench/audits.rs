//! What reviews cost: `check` of the graph held to the published sets of others, beside `check` without any.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::graph::Graph;
use super::timing::{in_turn, show, show_result};
use super::vetting::{TEST_DATA, accept_everything, decided};
use super::{Plan, graph};
use crate::repository::{self, Failure};

const SETS: [&str; 3] = ["bytecode-alliance", "google", "mozilla"];

/// Measures and shows.
pub(super) fn run(plan: &Plan, tool: &Path) -> Result<(), Failure> {
    let graph = graph::prepare(plan, tool)?;
    let data = std::env::var_os(TEST_DATA).map(PathBuf::from).filter(|data| data.join("audits").is_dir());
    let Some(data) = data else {
        return Err(Failure::new(format!(
            "reviews are measured with published sets: let `{TEST_DATA}` name the folder of `audits/`"
        )));
    };
    accept_everything(&graph, &data.join("advisory-db"))?;
    let policy = graph.root.join("Provenance.toml");
    let without = repository::read(&policy)?;
    // Violations are asked about all the same, and whatever is not reviewed would fill the screen.
    let with = format!("{without}\n[audits]\nrequired = \"none\"\n{}", imports(&graph, &data)?);
    let manifest = graph.root.join("Provenance.lock");
    let pinned = |text: &str| {
        repository::write(&policy, text)?;
        let mut pin = graph.scratch.command(tool, &graph.root);
        repository::succeed(pin.args(["pin", "--quiet"]).stdout(Stdio::null()))?;
        repository::read(&manifest)
    };
    let (with_pins, without_pins) = (pinned(&with)?, pinned(&without)?);
    println!("audits: {} packages, {} published sets", graph.packages, SETS.len());

    let held_to = |text: &str, pins: &str| {
        repository::write(&policy, text)?;
        repository::write(&manifest, pins)?;
        decided(&graph, tool, &["check", "--quiet"])
    };
    let mut bare = || held_to(&without, &without_pins);
    let mut held = || held_to(&with, &with_pins);
    let [bare, held] = in_turn(plan.runs, [&mut bare, &mut held])?;
    held_to(&without, &without_pins)?;
    show("check without reviews", &bare);
    show("check, three sets asked about each", &held);
    let more = held.median() - bare.median();
    show_result("reading and resolving, medians", more, " s", "at most 0.5 s on 600 packages");
    show_result("ratio of the medians", held.median() / bare.median(), "", "no aim");
    Ok(())
}

// Copies the sets into the workspace; the tables that import them.
fn imports(graph: &Graph, data: &Path) -> Result<String, Failure> {
    let mut tables = String::new();
    for name in SETS {
        let path = format!("audits/{name}.toml");
        let text = repository::read(&data.join(&path))?;
        repository::write(&graph.root.join(&path), &text)?;
        let mut hash = Command::new("sha256sum");
        hash.arg(&path).current_dir(&graph.root).stderr(Stdio::inherit());
        let line = repository::output(&mut hash)?;
        let digest = line.split(' ').next().unwrap_or_default();
        tables.push_str(&format!("[audits.import.{name}]\npath = \"{path}\"\nsha256 = \"{digest}\"\n"));
    }
    Ok(tables)
}
