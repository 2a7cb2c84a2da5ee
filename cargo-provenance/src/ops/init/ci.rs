//! `init --ci`: the forge's files that run the gate. What is there already is never overwritten.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::whereabouts::repository;
use super::{Error, read_optional, write};
use crate::collect::situation::relative;
use crate::helper::{CiFile, Forge};
use crate::report::Report;
use crate::store::Transaction;

/// The files that are to be written; nothing is written yet.
#[derive(Clone, Debug)]
pub(super) struct Pipelines {
    forge: Forge,
    /// The paths, absolute, and the texts of those that are not there.
    pub(super) files: Vec<(PathBuf, String)>,
    /// Files for a folder outside of the workspace, which the user is shown instead: the folder, and the files.
    shown: Option<(String, Vec<CiFile>)>,
    names: Vec<String>,
}

impl Pipelines {
    /// Plans the files for the workspace at `root`.
    pub(super) fn plan(root: &Path, forge: Forge) -> Result<Self, Error> {
        let repository = repository(root);
        let workspace = relative(repository, root);
        let files = workspace.as_deref().and_then(|it| forge.files(it, env!("CARGO_PKG_VERSION")));
        let (Some(workspace), Some(files)) = (workspace, files) else {
            return Err(Error::Misplaced {
                what: format!(
                    "the path from `{}` to the workspace is none for a pipeline",
                    repository.display()
                ),
                help: "rename the folders, or write the pipeline by hand: `init` works without `--ci`"
                    .to_owned(),
            });
        };
        let named = |file: &CiFile| match workspace.as_str() {
            "." => file.path.to_owned(),
            folder => format!("{folder}/{}", file.path),
        };
        let names = files.iter().map(named).collect();
        let mut plan = Self { forge, files: vec![], shown: None, names };
        if forge == Forge::Github && repository != root {
            let folder = relative(root, repository).unwrap_or_else(|| repository.display().to_string());
            plan.shown = Some((folder, files));
            return Ok(plan);
        }
        for file in files {
            let path = root.join(file.path);
            match read_optional(&path)? {
                None => plan.files.push((path, file.text)),
                Some(old) if old == file.text => {}
                Some(_) => {
                    return Err(Error::Misplaced {
                        what: format!("`{}` exists, and is not what this command writes", file.path),
                        help: format!(
                            "move it away, run `cargo provenance init --ci {}` again, and bring the two together",
                            forge.as_str()
                        ),
                    });
                }
            }
        }
        Ok(plan)
    }

    /// Says what is left to do.
    pub(super) fn tell(&self, report: &mut Report) {
        if let Some((folder, files)) = &self.shown {
            report.step(
                "Printing",
                format!("what belongs into `{folder}`: GitHub reads workflows from there alone"),
            );
            let text = files.iter().map(|file| format!("# ==> {}\n{}", file.path, file.text));
            report.output = text.collect::<Vec<_>>().join("\n");
        } else if self.forge == Forge::Gitlab {
            let names = self.names.iter().map(|name| format!("`- local: {name}`")).collect::<Vec<_>>();
            report.step(
                "To include",
                format!("in `.gitlab-ci.yml`, below `include:`: {}", names.join(" and ")),
            );
        }
    }
}

/// Writes the files for a workspace that is behind the gate.
pub(super) fn add(report: &mut Report, root: &Path, forge: Forge) -> Result<(), Error> {
    let pipelines = Pipelines::plan(root, forge)?;
    pipelines.tell(report);
    if pipelines.shown.is_some() {
        report.conclusion = "the pipelines are printed; nothing was changed".to_owned();
        return Ok(());
    }
    if pipelines.files.is_empty() {
        report.conclusion = "the pipelines are in place already; nothing was changed".to_owned();
        return Ok(());
    }
    let files = pipelines.files.into_iter().map(|(path, text)| (path, (None, text)));
    write(root, &files.collect::<BTreeMap<_, _>>(), Transaction::new(root), report)?;
    report.conclusion = "the pipelines are in place; review and commit what was written".to_owned();
    Ok(())
}
