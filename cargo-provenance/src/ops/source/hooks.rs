//! `source install-hooks`: git asks before a commit is made, and before commits are pushed.
//!
//! A hook is a courtesy to its owner: whoever wants to goes around it. What counts is the pipeline.

mod run;

use std::fs;
use std::io;
use std::path::Path;

use crate::collect::gate;
use crate::finding::{Finding, Weight};
use crate::git::setup;
use crate::model::Surroundings;
use crate::report::failure::{Failure, Kind};
use crate::report::{Outcome, Report, plural};
use crate::store;

pub use run::{Event, run};

/// The line by which our own hooks are known.
const MARK: &str = "# Written by `cargo provenance source install-hooks`, and overwritten by it.";

/// Bytes of a hook that is looked at.
const HOOK_BYTES: u64 = 64 * 1024;

/// The hooks, and what follows their names on the command line.
const HOOKS: [(&str, &str); 2] = [("pre-commit", ""), ("pre-push", " \"$@\"")];

/// What to do with the hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Put them there.
    Install,
    /// Take them away.
    Uninstall,
}

/// Puts the hooks there, or takes them away. `program` is this program's file.
///
/// # Errors
///
/// No repository, a place that cannot be written.
pub fn install(surroundings: &Surroundings, program: &Path, job: Job) -> Result<Report, Failure> {
    let (root, _) = gate::policy_in_force(surroundings)?;
    let (folder, top) = setup::hooks(&root).ok_or_else(|| {
        Failure::new(Kind::Usage, format!("`{}` lies in no work tree of git", root.display()))
            .help("run it inside a git repository")
    })?;
    let mut report = Report::new("source install-hooks");
    // A tracked hook is started on everybody's machine, where this program lies elsewhere.
    let is_tracked = folder.starts_with(&top) && !folder.starts_with(top.join(".git"));
    let inside = fs::canonicalize(&top).ok().and_then(|top| root.strip_prefix(top).ok().map(Path::to_owned));
    let inside = inside.unwrap_or_default();
    let mut done = 0;
    for (name, more) in HOOKS {
        let file = folder.join(name);
        let command = command(program, &inside, name, more)?;
        let there = hook(&file)?;
        let is_ours = there.as_ref().is_some_and(|text| text.lines().nth(1) == Some(MARK));
        match (job, &there) {
            (Job::Uninstall, Some(_)) if is_ours => {
                store::remove_file(&folder, &file)?;
                report.step("Removing", format!("`{}`", file.display()));
                done += 1;
            }
            (Job::Uninstall, _) => {}
            (Job::Install, there) if !is_ours && (there.is_some() || is_tracked) => {
                let message = match there {
                    Some(_) => format!("there is another `{name}` hook already"),
                    None => format!("`{}` is a part of the work tree, which others share", folder.display()),
                };
                let mut finding = Finding::new("hook-foreign", Weight::Denial, message)
                    .note(format!("`{}` stays as it is", file.display()))
                    .help("put this line into it");
                finding.paste = vec![format!("({command}) || exit 1")];
                report.findings.push(finding);
            }
            (Job::Install, there) => {
                let text = format!("#!/bin/sh\n{MARK}\n{command}\n");
                if there.as_ref() != Some(&text) {
                    store::write_program(&file, text.as_bytes())?;
                }
                report.step("Installing", format!("`{}`", file.display()));
                done += 1;
            }
        }
    }
    let hooks = plural(done, "hook");
    report.conclusion = match job {
        Job::Install => format!(
            "{hooks} of {} in place; whoever wants to goes around them, so check in the pipeline too",
            HOOKS.len()
        ),
        Job::Uninstall => format!("{hooks} taken away"),
    };
    if !report.findings.is_empty() {
        report.outcome = Outcome::Refused;
    }
    Ok(report)
}

/// What a hook runs: this very program, in the workspace's folder. A revision without the folder has nothing to check.
fn command(program: &Path, inside: &Path, name: &str, more: &str) -> Result<String, Failure> {
    let quoted = |path: &Path| match path.to_str() {
        Some(text) if !text.contains(char::is_control) => Ok(format!("'{}'", text.replace('\'', "'\\''"))),
        _ => Err(Failure::new(Kind::Usage, format!("`{}` is no path for a script", path.display()))
            .help("move it to a path of plain text")),
    };
    if !program.is_absolute() {
        return Err(Failure::new(Kind::Undecided, "could not find out where this program lies")
            .help("call it by its absolute path"));
    }
    // With the dot, it is no option, and `CDPATH` has no say.
    let folder = Path::new(".").join(inside);
    let folder = quoted(&folder)?;
    Ok(format!("if cd {folder} 2>/dev/null; then {} source hook {name}{more}; fi", quoted(program)?))
}

/// The text of a hook, if there is one.
fn hook(file: &Path) -> Result<Option<String>, Failure> {
    let unreadable = |error: &io::Error| {
        Failure::new(Kind::Undecided, format!("could not read `{}`", file.display())).caused_by(error)
    };
    match fs::symlink_metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(&error)),
        Ok(metadata) if metadata.is_file() && metadata.len() <= HOOK_BYTES => match fs::read(file) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) => Err(unreadable(&error)),
        },
        Ok(_) => Ok(Some(String::new())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_the_script() {
        let text = command(Path::new("/o'c/cargo-provenance"), Path::new("rust/a b"), "pre-push", " \"$@\"");
        assert_eq!(
            text.expect("a command"),
            "if cd './rust/a b' 2>/dev/null; then '/o'\\''c/cargo-provenance' source hook pre-push \"$@\"; fi"
        );
        for (program, inside) in [("/a\nb", "."), ("relative", "."), ("/a", "b\n")] {
            assert!(command(Path::new(program), Path::new(inside), "pre-commit", "").is_err());
        }
    }
}
