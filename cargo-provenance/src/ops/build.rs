//! `build`, `test`, `run`, `bench`, `clippy` and `exec`: verifies everything, then runs cargo or another program under the
//! guard, and confirms from cargo's own messages that nothing came from elsewhere than from what is pinned.

mod arguments;
mod confirm;
mod record;
mod settings;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use provenance_build::marker::Marker;

use self::arguments::Arguments;
use self::confirm::confirm;
use self::record::{Begun, Folders};
use self::settings::{inner_wrapper, target_directory};
use super::guarding::Guard;
use super::interruption::noticing;
use super::verify;
use crate::cargo::{Guarded, Names};
use crate::collect::gate::{self, Gate};
use crate::model::{Clock, Surroundings};
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};
use crate::store;

/// The folder of the target directory where cargo builds under the guard.
const FOLDER: &str = "provenance";

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// A command of cargo's with its arguments.
    Cargo(Command, Vec<OsString>),
    /// A program with its arguments.
    Program(OsString, Vec<OsString>),
}

/// The commands of cargo's that run under the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "cargo's own words")]
pub enum Command {
    Bench,
    Build,
    Clippy,
    Run,
    Test,
}

/// Where the guard is.
#[derive(Clone, Debug)]
pub struct Options {
    /// The guard's program, in full.
    pub program: PathBuf,
    /// How it is called, and how it learns what it has to know.
    pub guard: Guard,
    /// `CARGO_TARGET_DIR` or `CARGO_BUILD_TARGET_DIR`, absolute.
    pub target_directory: Option<PathBuf>,
    /// The time when it is asked, for the record.
    pub now: fn() -> Clock,
    /// Variables that change what cargo makes, for the record.
    pub settings: Vec<(String, String)>,
    /// Variables that hold what signs or publishes, or lead to it: whoever compiles has no need of them.
    pub withheld: Vec<OsString>,
}

impl Command {
    /// The command's name, cargo's and ours.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bench => "bench",
            Self::Build => "build",
            Self::Clippy => "clippy",
            Self::Run => "run",
            Self::Test => "test",
        }
    }
}

impl Task {
    fn name(&self) -> &'static str {
        match self {
            Self::Cargo(command, _) => command.name(),
            Self::Program(..) => "exec",
        }
    }
}

/// Runs the task.
///
/// # Errors
///
/// A workspace that cannot be read, arguments that cannot be combined with the guard, a program that cannot be started.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    task: &Task,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let given = match task {
        Task::Cargo(_, arguments) => Arguments::read(arguments)?,
        Task::Program(..) => Arguments::default(),
    };
    if given.record.is_some() && !matches!(task, Task::Cargo(Command::Build, _)) {
        let what = "only `cargo provenance build` makes a record";
        return Err(Failure::new(Kind::Usage, what).help("build with `cargo provenance build --record`"));
    }
    let manifest = given.manifest.as_ref().map(|path| surroundings.directory.join(path));
    let surroundings = &Surroundings {
        manifest_path: manifest.or_else(|| surroundings.manifest_path.clone()),
        ..surroundings.clone()
    };
    noticing(Report::new(task.name()), &gate::root(surroundings)?, |report| {
        let mut compared = Report::new(task.name());
        let gate = verify::compare(surroundings, &verify::Options::default(), &mut compared, progress)?;
        if compared.outcome != Outcome::Fine {
            compared.step("Stopped", format!("`{}` before it began: nothing was compiled", task.name()));
            compared.findings.splice(0..0, report.findings.drain(..));
            *report = compared;
            return Ok(());
        }
        progress.status("Verified", &compared.conclusion);
        let target = given.target_directory.as_ref().map(|path| surroundings.directory.join(path));
        let target = target.or_else(|| options.target_directory.clone());
        let target = target.unwrap_or_else(|| target_directory(&gate));
        let Guard { program, workspace_variable, inner_variable } = options.guard;
        let names = Names { workspace: workspace_variable, inner: inner_variable };
        let inner = inner_wrapper(surroundings, &gate, program);
        let folder = target.join(FOLDER);
        let marker = forget_repinned(&target, &folder, &gate, report)?;
        let withheld = options.withheld.clone();
        let guarded =
            Guarded::new(surroundings, &options.program, names, &gate.root, inner, &folder, withheld);
        let usual = record_in(&target);
        // Whatever comes of this build, an older record is not about it.
        store::remove_file(&target, &usual)?;
        let done = match task {
            Task::Program(program, arguments) => {
                report.outcome = ended(guarded.program(program, arguments)?);
                Ok(())
            }
            Task::Cargo(command, _) => {
                // A flag before the command's name is cargo's too.
                let given = given.with_manifest(surroundings.manifest_path.as_deref());
                let record = given.record.as_ref().map(|record| match record {
                    Some(file) => surroundings.directory.join(file),
                    None => usual,
                });
                let recording = record.map(|file| Recording {
                    file,
                    target: &target,
                    build: &folder,
                    settings: &options.settings,
                    now: options.now,
                });
                if !options.withheld.is_empty() {
                    fetch(&guarded, &gate, &given)?;
                }
                cargo(surroundings, &guarded, &gate, *command, &given, recording, report, progress)
            }
        };
        if folder.is_dir() {
            marker.write(&gate.seen.manifest, SystemTime::UNIX_EPOCH)?;
        }
        done
    })
}

/// Where cargo builds: what was `given`, else what the configuration says.
pub(super) fn target(surroundings: &Surroundings, given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    match given {
        Some(target) => Ok(target),
        None => Ok(target_directory(&Gate::open(surroundings)?)),
    }
}

/// Where the record of the last build lies.
pub(super) fn record_in(target: &Path) -> PathBuf {
    target.join(FOLDER).join(record::FILE_NAME)
}

/// Removes what was compiled from bytes that were pinned under the same version before, on another branch for instance: cargo
/// takes it for fresh. What nobody wrote down is not known to be good. The marker is written before anything is compiled, so
/// that a build that is cut off leaves nothing unknown.
fn forget_repinned(
    target: &Path,
    folder: &Path,
    gate: &Gate,
    report: &mut Report,
) -> Result<Marker, Failure> {
    let marker = Marker::of(folder);
    if !folder.is_dir() {
        return Ok(marker);
    }
    let repinned = marker.repinned(&gate.seen.manifest);
    if marker.time().is_some() && repinned.is_empty() {
        marker.write(&gate.seen.manifest, SystemTime::UNIX_EPOCH)?;
        return Ok(marker);
    }
    let names = repinned.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let why = if names.is_empty() {
        "nobody knows from what".to_owned()
    } else {
        format!("{names} had other pins")
    };
    report.step("Forgetting", format!("what was compiled before: {why}"));
    store::remove_directory(target, folder)?;
    Ok(marker)
}

/// Where a record goes, and what it is about.
struct Recording<'a> {
    file: PathBuf,
    target: &'a Path,
    build: &'a Path,
    settings: &'a [(String, String)],
    now: fn() -> Clock,
}

/// Brings what needs an agent or a token to be fetched, before anything is compiled without them. What comes from crates.io needs
/// neither.
fn fetch(guarded: &Guarded, gate: &Gate, given: &Arguments) -> Result<(), Failure> {
    let packages = gate.seen.observation.lockfile.packages.iter().zip(&gate.seen.located);
    let mut missing =
        packages.filter(|(_, located)| located.directories.is_empty() && located.archives.is_empty());
    let is_private = |source: &provenance_build::Source| !source.is_crates_io();
    if missing.any(|(package, _)| package.id.source.as_ref().is_some_and(is_private)) {
        // Where it fails, so does the build, which says what it lacks.
        guarded.fetch(&given.for_fetching())?;
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "each is a different thing, and there is one caller")]
fn cargo(
    surroundings: &Surroundings,
    guarded: &Guarded,
    gate: &Gate,
    command: Command,
    given: &Arguments,
    recording: Option<Recording<'_>>,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let begun = recording.as_ref().map(|it| Begun::look(surroundings, gate, it.settings, given.request()));
    let begun = begun.transpose()?;
    let (compiling, arguments) = given.for_compiling(command);
    let (code, artifacts) = guarded.compile(compiling, &arguments)?;
    if code != 0 {
        report.outcome = ended(code);
        return Ok(());
    }
    let foreign = confirm(surroundings, gate, &artifacts, progress)?;
    if !foreign.is_empty() {
        report.outcome = Outcome::Drift;
        report.findings.extend(foreign);
        report.conclusion = "what was compiled is not what is pinned; nothing was run".to_owned();
        return Ok(());
    }
    let packages = artifacts.iter().map(|artifact| &artifact.manifest).collect::<BTreeSet<_>>().len();
    report.count("packages", packages);
    report.count("artifacts", artifacts.len());
    if let (Some(Recording { file, target, build, now, .. }), Some(begun)) = (recording, begun) {
        let record = begun.ended(gate, &artifacts, &Folders { target, build }, now())?;
        store::keep(&file, record.to_text().as_bytes())?;
        let dirty = match record.workspace.git.as_ref().is_some_and(|git| git.dirty) {
            true => "; files differ from the commit or lie beside it, which `attest` refuses",
            false => "",
        };
        let results = plural(record.artifacts.len(), "result");
        report.step("Recording", format!("{results} in `{}`{dirty}", file.display()));
    }
    if given.is_done_by_compiling(command) {
        let count = plural(artifacts.len(), "artifact");
        report.conclusion = format!("{count} of {} confirmed", plural(packages, "package"));
        return Ok(());
    }
    report.outcome = ended(guarded.cargo(command.name(), &given.for_running())?);
    Ok(())
}

fn ended(code: u8) -> Outcome {
    match code {
        0 => Outcome::Fine,
        code => Outcome::Program(code),
    }
}

impl From<arguments::Unfit> for Failure {
    fn from(unfit: arguments::Unfit) -> Self {
        Self::new(Kind::Usage, unfit.to_string()).help(unfit.help())
    }
}
