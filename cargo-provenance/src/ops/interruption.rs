//! What an interrupted command left in the workspace. Commands that write settle it before anything else; those that only
//! look say that it is there.

use std::path::{Path, PathBuf};

use crate::cargo::{self, CargoCommand, Workspace};
use crate::finding::{Finding, Weight};
use crate::model::Surroundings;
use crate::report::failure::{Explain, Failure};
use crate::report::{Report, Step, plural};
use crate::store::{Recovery, WorkspaceLock, has_journal, pending, recover};

/// Does `job` under the lock of the workspace at `root`, after what an interrupted command left there was finished or undone.
/// What was done about that is told even if the job ends in an error.
pub(super) fn settled<E>(
    mut report: Report,
    root: &Path,
    surroundings: &Surroundings,
    job: impl FnOnce(&mut Report, &Recovery) -> Result<(), E>,
) -> Result<Report, Failure>
where
    Failure: From<E>,
{
    let _lock = WorkspaceLock::acquire(root, report.command, surroundings.clock)?;
    let recovery = recover(root)?;
    let done = told(&recovery);
    report.steps.extend(done.clone());
    match job(&mut report, &recovery) {
        Ok(()) => Ok(report),
        Err(error) => Err(Failure { done: done.map(Box::new), ..error.into() }),
    }
}

/// [`settled`], for the workspace that cargo finds.
pub(super) fn settled_workspace<E>(
    report: Report,
    surroundings: &Surroundings,
    cargo: &CargoCommand,
    job: impl FnOnce(&mut Report, Workspace, &Recovery) -> Result<(), E>,
) -> Result<Report, Failure>
where
    Failure: From<E>,
    E: From<cargo::Error>,
{
    let manifest = surroundings.manifest_path.as_deref();
    let (root, found) = match Workspace::load(cargo, manifest) {
        Ok(workspace) => (workspace.root.clone(), Some(workspace)),
        Err(error) => {
            // Manifests of which only some were replaced may mean nothing to cargo.
            let from = manifest.and_then(Path::parent).unwrap_or(&surroundings.directory);
            (from.ancestors().find(|folder| has_journal(folder)).ok_or(error)?.to_owned(), None)
        }
    };
    settled(report, &root, surroundings, |report, recovery| {
        let workspace = match found {
            Some(workspace) if *recovery == Recovery::Nothing => workspace,
            _ => Workspace::load(cargo, manifest)?,
        };
        job(report, workspace, recovery)
    })
}

/// Does `job`, which changes nothing, and says what an interrupted command left in the workspace at `root`.
pub(super) fn noticing(
    mut report: Report,
    root: &Path,
    job: impl FnOnce(&mut Report) -> Result<(), Failure>,
) -> Result<Report, Failure> {
    let noticed = noticed(root);
    report.findings.extend(noticed.clone());
    match job(&mut report) {
        Ok(()) => Ok(report),
        Err(mut failure) => {
            let told = noticed.map(|it| format!("{}: {}", it.message, it.help.join("; ")));
            failure.help.splice(0..0, told);
            Err(failure)
        }
    }
}

/// What to say of an interrupted command by a command that changes nothing.
fn noticed(root: &Path) -> Option<Finding> {
    let files = match pending(root) {
        Ok(files) if files.is_empty() => return None,
        Ok(files) => files,
        Err(error) => {
            let mut finding = Finding::new("interrupted", Weight::Note, error.to_string());
            finding.help = error.help();
            return Some(finding);
        }
    };
    let wrote = plural(files.len(), "file");
    let message = format!("an earlier command was interrupted while it wrote {wrote}");
    let finding = Finding::new("interrupted", Weight::Note, message);
    let halfway = format!("until that is settled, some are old and some may be new: {}", names(&files));
    Some(finding.note(halfway).help("run `cargo provenance pin`, which finishes or undoes it"))
}

fn told(recovery: &Recovery) -> Option<Step> {
    let what = match recovery {
        Recovery::Finished { created, replaced } => {
            format!("put {} in place", names(created.iter().chain(replaced)))
        }
        Recovery::Undone(files) => format!("left {} as it was", names(files)),
        Recovery::Nothing => return None,
    };
    let message = format!("an interrupted command: {what}");
    Some(Step { verb: "Recovering", message, verbose: false })
}

fn names<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> String {
    files.into_iter().map(|file| format!("`{}`", file.display())).collect::<Vec<_>>().join(", ")
}
