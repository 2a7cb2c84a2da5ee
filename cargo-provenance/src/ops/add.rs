//! `add`: `cargo add` behind the gate.
//!
//! Cargo edits and resolves in the shadow workspace. What would enter is judged by what its registry's index says, then
//! fetched and proven, and only when all of it has passed are manifests, lockfile and pins put in place, together.

mod change;
mod error;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use provenance_build::manifest::{self, Pin};
use provenance_build::{Lockfile, Manifest, Verdict};
use similar::TextDiff;

use self::change::{Change, Entry};
use super::pin::tell_recovery;
use super::pinning::{self, Rigor};
use crate::cargo::{CargoCommand, Edit, Shadow, Workspace};
use crate::collect::archives::{self, Which};
use crate::collect::entrants::{self, Proven};
use crate::collect::gate::{self, Gate};
use crate::collect::releases;
use crate::collect::situation::{Situation, index_of};
use crate::finding::{self, Finding, Weight};
use crate::model::{Evidence, Surroundings};
use crate::registry::Index;
use crate::registry::proof::Verdict as Proof;
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};
use crate::store::{Transaction, WorkspaceLock, recover};
use crate::vet::entry::{Candidate, Release, Way, ago, judge};

pub use error::Error;

/// What `add` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The dependencies, as `cargo add` takes them: `serde`, `serde@1`.
    pub dependencies: Vec<String>,
    /// The flags of `cargo add` that do not depend on where it runs, ready to follow `cargo add`. Without the dependencies and
    /// without everything that has a field of its own here or in the surroundings.
    pub flags: Vec<OsString>,
    /// `--package`: the member to change.
    pub package: Option<String>,
    /// `--path`: the local package to depend on, absolute; relative to `base` where there is one.
    pub path: Option<PathBuf>,
    /// `--base`.
    pub base: Option<String>,
    /// `--git`.
    pub git: Option<String>,
    /// `--registry`.
    pub registry: Option<String>,
    /// `--config`, each a `KEY=VALUE` or an absolute path.
    pub config: Vec<OsString>,
    /// Whether to change nothing.
    pub dry_run: bool,
    /// Whether `Cargo.lock` must stay as it is.
    pub locked: bool,
}

/// Runs the use case.
///
/// # Errors
///
/// See [`Error`].
pub fn run(surroundings: &Surroundings, options: &Options, progress: &dyn Progress) -> Result<Report, Error> {
    let mut report = Report::new("add");
    let surroundings = &resolved(surroundings)?;
    let root = gate::root(surroundings)?;
    let _lock = WorkspaceLock::acquire(&root, "add", surroundings.clock)?;
    tell_recovery(&mut report, &recover(&root)?);

    // Before cargo runs at all: what the repository configures may run code, so it must be what was recorded.
    let mut gate = Gate::open(surroundings)?;
    archives::hash(&mut gate.seen, Which::Needed, progress)?;
    let verdict = gate.verdict();
    if !verdict.drift.is_empty() {
        return Ok(drifted(report, &gate, &verdict));
    }

    let cargo = CargoCommand::new(surroundings).with_config(&options.config);
    let workspace = workspace(&cargo, surroundings, options, &gate)?;
    let shadow = Shadow::cast(&workspace, surroundings)?;
    let lockfile = edit(&shadow, &cargo, &workspace, surroundings, options, &mut report, progress)?;
    let change = Change::between(&gate.seen.observation.lockfile, lockfile, &gate.seen.manifest)?;
    if let Some(local) = change.local() {
        return Err(Error::Local(local.short()));
    }

    let gathered = gather(&gate, surroundings, &change)?;
    tell(&mut report, &gathered, &change, surroundings);
    if judged(&mut report, &gate, &gathered, surroundings) {
        let proven = prove(&gate, &shadow, &cargo, &workspace, &change, surroundings, progress)?;
        let pins = admitted(&mut report, &gathered, &proven);
        if report.outcome == Outcome::Fine {
            put_in_place(&mut report, &gate, &shadow, &change, pins, options)?;
        }
    }
    if report.outcome != Outcome::Fine {
        let entering = plural(gathered.len(), "new package");
        report.conclusion = format!("to add: {} in {entering}; nothing was changed", report.tally());
    }
    report.findings.sort_by_key(|finding| finding.weight);
    shadow.close()?;
    Ok(report)
}

/// A package that would enter, with everything that is known before it is fetched.
struct Entrant<'a> {
    entry: &'a Entry,
    releases: Evidence<Vec<Release>>,
}

/// The surroundings with links resolved, so that the paths of cargo, of the kernel and of the user are the same.
fn resolved(surroundings: &Surroundings) -> Result<Surroundings, Error> {
    let canonical = |path: &Path| {
        fs::canonicalize(path).map_err(|source| provenance_build::Error::io("find", path, source))
    };
    let mut resolved = surroundings.clone();
    resolved.directory = canonical(&surroundings.directory)?;
    if let Some(path) = &surroundings.manifest_path {
        resolved.manifest_path = Some(canonical(path)?);
    }
    Ok(resolved)
}

fn drifted(mut report: Report, gate: &Gate, verdict: &Verdict) -> Report {
    report.findings.extend(verdict.drift.iter().map(|drift| finding::drift::of(drift, gate)));
    report.outcome = Outcome::Drift;
    report.conclusion = format!(
        "to add: the workspace is not what its manifest says ({}); run `cargo provenance verify`, or \
         `cargo provenance pin` if it should be so",
        plural(report.findings.len(), "difference")
    );
    report
}

fn workspace(
    cargo: &CargoCommand,
    surroundings: &Surroundings,
    options: &Options,
    gate: &Gate,
) -> Result<Workspace, Error> {
    let mut workspace = Workspace::load(cargo, surroundings.manifest_path.as_deref())?;
    if workspace.root != gate.root {
        return Err(Error::OtherWorkspace { manifest: gate.root.clone(), workspace: workspace.root });
    }
    workspace.lockfile.clone_from(&gate.seen.lockfile);
    if let (Some(path), None) = (&options.path, &options.base) {
        let path = fs::canonicalize(path).map_err(|e| provenance_build::Error::io("find", path, e))?;
        workspace.reach([path])?;
    }
    Ok(workspace)
}

/// Lets cargo edit and resolve in the shadow, and returns the lockfile that came of it.
fn edit(
    shadow: &Shadow,
    cargo: &CargoCommand,
    workspace: &Workspace,
    surroundings: &Surroundings,
    options: &Options,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<Lockfile, Error> {
    let shadowed = shadow.cargo(cargo);
    let output = shadowed.add(&arguments(shadow, surroundings, options), progress)?;
    tell_cargo(report, &output.lines);
    shadowed.settle_lockfile(&shadow.path(&workspace.manifest()), progress)?;
    let bytes = shadow.read(&workspace.lockfile)?.unwrap_or_default();
    Ok(Lockfile::parse(&bytes, &workspace.lockfile)?)
}

/// The user's words for `cargo add`, with the places that they name moved into the shadow.
fn arguments(shadow: &Shadow, surroundings: &Surroundings, options: &Options) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = options.dependencies.iter().map(OsString::from).collect();
    arguments.extend(options.flags.iter().cloned());
    let mut push = |flag: &str, value: OsString| arguments.extend([flag.into(), value]);
    for (flag, value) in [
        ("--package", &options.package),
        ("--base", &options.base),
        ("--git", &options.git),
        ("--registry", &options.registry),
    ] {
        if let Some(value) = value {
            push(flag, value.into());
        }
    }
    if let Some(path) = &options.path {
        let path = match options.base {
            Some(_) => path.clone(),
            None => shadow.path(&fs::canonicalize(path).unwrap_or_else(|_| path.clone())),
        };
        push("--path", path.into_os_string());
    }
    if let Some(manifest) = &surroundings.manifest_path {
        push("--manifest-path", shadow.path(manifest).into_os_string());
    }
    arguments.extend(options.locked.then(|| "--locked".into()));
    arguments
}

/// Passes on what `cargo add` said: the dependency and its features.
fn tell_cargo(report: &mut Report, lines: &[String]) {
    let mut features: Vec<&str> = vec![];
    for line in lines {
        let text = line.trim();
        if let Some(added) = text.strip_prefix("Adding ") {
            flush(report, &mut features);
            report.step("Adding", added);
        } else if line.starts_with("             ")
            && (text.starts_with(['+', '-']) || text.contains("activated features"))
        {
            features.push(text);
        } else if let Some(warning) = text.strip_prefix("warning: ") {
            report.step("Cargo warns", warning);
        }
    }
    flush(report, &mut features);
}

fn flush(report: &mut Report, features: &mut Vec<&str>) {
    if !features.is_empty() {
        report.step("Features", features.join(", "));
        features.clear();
    }
}

fn gather<'c>(
    gate: &Gate,
    surroundings: &Surroundings,
    change: &'c Change,
) -> Result<Vec<Entrant<'c>>, Error> {
    let index = Index::open(&surroundings.cargo_home);
    let configuration = &gate.seen.configuration;
    let gathered = change.entering.iter().map(|entry| {
        let package = &change.lockfile.packages[entry.index];
        let releases = match &package.id.source {
            Some(source) if !source.is_git() => {
                releases(&entrants::entries(configuration, &index, source, package)?)
            }
            _ => Evidence::Absent,
        };
        Ok(Entrant { entry, releases })
    });
    gathered.collect()
}

/// Lists what enters, leaves and changes.
fn tell(report: &mut Report, gathered: &[Entrant<'_>], change: &Change, surroundings: &Surroundings) {
    for Entrant { entry, releases } in gathered {
        let version = &entry.id.version;
        let release = releases.known().and_then(|all| all.iter().find(|r| r.version == *version));
        let age = match release.and_then(|release| release.published) {
            Some(published) => format!("published {}", ago(published, surroundings.clock)),
            None => "age unknown".to_owned(),
        };
        let (verb, from) = match &entry.replaces {
            Some(version) => ("Changing", format!("v{version} -> ")),
            None => ("Entering", String::new()),
        };
        let (name, source) = (&entry.id.name, entry.id.source.as_ref());
        let source = source.filter(|s| !s.is_crates_io()).map(|s| format!(" ({s})")).unwrap_or_default();
        report.step(verb, format!("{name} {from}v{version}{source}, {age}, for {}", entry.chain));
    }
    for id in &change.leaving {
        report.step("Leaving", id.to_string());
    }
    report.count("entering", gathered.len());
    report.count("leaving", change.leaving.len());
}

/// Judges what the index says of the entrants. Nothing is fetched of a package that is refused here.
fn judged(report: &mut Report, gate: &Gate, gathered: &[Entrant<'_>], surroundings: &Surroundings) -> bool {
    let configuration = &gate.seen.configuration;
    let mut refused = false;
    for Entrant { entry, releases } in gathered {
        let way = if entry.direct { Way::Named } else { Way::Pulled };
        let candidate = Candidate { id: &entry.id, releases, way };
        let now = surroundings.clock;
        let judgment = judge(candidate, &gate.policy, |name| index_of(configuration, name), now);
        if !judgment.admits() && !judgment.undecided {
            refused = true;
        }
        if judgment.undecided {
            report.outcome = Outcome::Undecided;
        }
        let chain = |finding: Finding| finding.note(format!("it would enter for {}", entry.chain));
        report.findings.extend(judgment.findings.into_iter().map(chain));
    }
    if refused {
        report.outcome = Outcome::Refused;
    }
    report.outcome == Outcome::Fine
}

/// Fetches and proves the entrants in the shadow: index = lock = `.crate`.
fn prove(
    gate: &Gate,
    shadow: &Shadow,
    cargo: &CargoCommand,
    workspace: &Workspace,
    change: &Change,
    surroundings: &Surroundings,
    progress: &dyn Progress,
) -> Result<Vec<Proven>, Error> {
    let lockfile_path = shadow.path(&workspace.lockfile);
    let situation = Situation {
        workspace: Workspace {
            root: shadow.path(&workspace.root),
            lockfile: lockfile_path.clone(),
            members: vec![],
            path_packages: vec![],
        },
        configuration: gate.seen.configuration.clone(),
        lockfile_path,
        lockfile: change.lockfile.clone(),
        lockfile_text: String::new(),
        manifest: shadow.path(&workspace.manifest()),
        cargo: shadow.cargo(cargo),
        cargo_home: surroundings.cargo_home.clone(),
    };
    let wanted: Vec<usize> = change.entering.iter().map(|entry| entry.index).collect();
    Ok(entrants::prove(&situation, surroundings.network, &wanted, progress)?)
}

/// The pins of the entrants that are proven, and findings for those that are not.
fn admitted(report: &mut Report, gathered: &[Entrant<'_>], proven: &[Proven]) -> Vec<Pin> {
    let mut pins = vec![];
    for (Entrant { entry, .. }, proven) in gathered.iter().zip(proven) {
        match proven {
            Ok(entrant) => {
                for (check, what) in &entrant.remarks {
                    let message = format!("`{}`: {what}", entry.id.short());
                    report.findings.push(Finding::new(check, Weight::Note, message).about(entry.id.clone()));
                }
                pins.push(pinning::pin(&entry.id, entrant, Rigor::Policy));
            }
            Err(refusals) => {
                for refusal in refusals {
                    match refusal.verdict {
                        Proof::Refused => report.outcome = Outcome::Refused,
                        Proof::Undecided if report.outcome == Outcome::Fine => {
                            report.outcome = Outcome::Undecided;
                        }
                        Proof::Undecided => {}
                    }
                    let message = format!("`{}`: {}", entry.id.short(), refusal.what);
                    report.findings.push(
                        Finding::new(refusal.check, Weight::Denial, message)
                            .about(entry.id.clone())
                            .note(format!("it would enter for {}", entry.chain))
                            .help(refusal.help.clone()),
                    );
                }
            }
        }
    }
    pins
}

fn put_in_place(
    report: &mut Report,
    gate: &Gate,
    shadow: &Shadow,
    change: &Change,
    pins: Vec<Pin>,
    options: &Options,
) -> Result<(), Error> {
    let old = &gate.seen.manifest;
    let mut new = Manifest { packages: change.kept_pins(old), ..old.clone() };
    new.packages.extend(pins);
    let mut edits = shadow.edited()?;
    // The reader accepts the writer's spelling only, so this is what the file holds.
    let (old, new) = (old.to_text().into_bytes(), new.to_text().into_bytes());
    if old != new {
        edits.push(Edit { path: gate.root.join(manifest::FILE_NAME), old: Some(old), new });
    }
    report.not_checked.push(pinning::NOT_JUDGED.to_owned());
    let (entered, files) = (plural(change.entering.len(), "package"), plural(edits.len(), "file"));
    if options.dry_run {
        report.output = edits.iter().map(|edit| unified(&gate.root, edit)).collect();
        report.conclusion =
            format!("dry run: {entered} would enter, {files} would change; nothing was changed");
        return Ok(());
    }
    let mut transaction = Transaction::new(&gate.root);
    for edit in edits {
        let shown = edit.path.strip_prefix(&gate.root).unwrap_or(&edit.path).display().to_string();
        report.detail("Writing", shown);
        transaction.replace(&edit.path, edit.old, edit.new);
    }
    transaction.commit()?;
    report.conclusion = format!("{entered} proven and pinned, {files} changed");
    Ok(())
}

fn unified(root: &Path, edit: &Edit) -> String {
    let name = edit.path.strip_prefix(root).unwrap_or(&edit.path).display();
    let old = String::from_utf8_lossy(edit.old.as_deref().unwrap_or_default());
    let new = String::from_utf8_lossy(&edit.new);
    let diff = TextDiff::from_lines(&*old, &*new);
    diff.unified_diff().context_radius(3).header(&format!("a/{name}"), &format!("b/{name}")).to_string()
}
