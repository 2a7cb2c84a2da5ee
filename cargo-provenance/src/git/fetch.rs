//! Fetches the newest commit of a repository and exports its files.
//!
//! Here the user's own git configuration is in force, because it holds proxies, credentials and other addresses of the
//! same repository (`url.….insteadOf`). It decides where the objects come from; from then on nothing but the objects
//! counts: they arrive in a bare repository and are exported by [`super::Databases`], which hashes every one again and
//! obeys no hook, no filter and no submodule.

#![expect(clippy::disallowed_methods, reason = "git is started here, in a scratch folder")]

use std::path::Path;
use std::process::{Command, Stdio};

use super::command::{FOREIGN_VARIABLES, Git, last_line};
use super::export::{Submodules, scratch, text};
use super::{Databases, Export, GitError};

/// What was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// The commit that the repository's `HEAD` names.
    pub commit: String,
    /// When it was made, in seconds since the Unix epoch, as the commit says.
    pub committed: u64,
    /// Its files.
    pub export: Export,
}

/// Fetches the newest commit of the default branch of `url`. Everything is written below a scratch folder in `folder`,
/// which is gone when the export is dropped.
pub fn fetch(url: &str, folder: &Path) -> Result<Fetched, GitError> {
    let directory = tempfile::Builder::new().prefix(super::SCRATCH).tempdir_in(folder);
    let directory = directory.map_err(scratch("make a folder"))?;
    let bare = directory.path().join("fetched");
    clone(url, directory.path(), &bare)?;
    let head = Git { repository: &bare, commit: "HEAD" };
    let said = head.run("log", &["-1", "--no-show-signature", "--format=%H %ct", "HEAD", "--"])?;
    let said = String::from_utf8_lossy(&said);
    let (commit, committed) = said.trim().split_once(' ').unwrap_or_default();
    if !matches!(commit.len(), 40 | 64) || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(GitError::Unreachable { url: url.to_owned(), said: "it has no commit".to_owned() });
    }
    let export = Databases { stores: vec![bare.join("objects")] }.export_in(
        commit,
        directory,
        Submodules::Exported,
    )?;
    Ok(Fetched { commit: commit.to_owned(), committed: committed.parse().unwrap_or(0), export })
}

fn clone(url: &str, folder: &Path, bare: &Path) -> Result<(), GitError> {
    let mut command = Command::new("git");
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    command
        .current_dir(folder)
        .env_remove("GIT_ALTERNATE_OBJECT_DIRECTORIES")
        // No repository above the folder has a say.
        .envs([
            ("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder)),
            ("GIT_TERMINAL_PROMPT", "0".as_ref()),
        ])
        .env("LC_ALL", "C");
    for setting in [
        "core.hooksPath=/dev/null",
        // Cargo's own patience: a server that sends less than ten bytes a second for half a minute is gone.
        "http.lowSpeedLimit=10",
        "http.lowSpeedTime=30",
    ] {
        command.args(["-c", setting]);
    }
    command
        .args([
            "clone",
            "--quiet",
            "--bare",
            "--depth=1",
            "--single-branch",
            "--no-tags",
            "--no-local",
            "--template=",
            "--",
        ])
        .args([url, &text(bare)?])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let output = command.output().map_err(GitError::Missing)?;
    if output.status.success() {
        return Ok(());
    }
    Err(GitError::Unreachable { url: url.to_owned(), said: last_line(&output.stderr) })
}
