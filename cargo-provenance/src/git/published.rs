//! Fetches one commit of a repository that somebody else names, and exports its files.
//!
//! Where the repository is, a stranger wrote; see [`Address`]. As in [`super::fetch`], the user's own configuration is in
//! force on the way there, for proxies and credentials, and nothing but the objects counts afterwards.
//!
//! A commit is only taken where a branch or a tag of the repository leads to it. Asked by its name alone, a host such as GitHub
//! hands out the commits of every fork, which anybody can make.

#![expect(clippy::disallowed_methods, reason = "git is started here, in a scratch folder")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::address::Address;
use super::command::{FOREIGN_VARIABLES, Git, last_line};
use super::export::{Submodules, scratch, text};
use super::{Databases, Export, GitError};

/// Bytes that a server may send: four times the history of the largest repository of a Rust package that is known.
const FETCHED_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// How often a running git is looked at before it is given up, and how long each pause is: a quarter of an hour together.
const LOOKS: u32 = 4_500;
const PAUSE: Duration = Duration::from_millis(200);

/// Bytes of what git says that are read.
const SAID_BYTES: usize = 64 * 1024;

/// Fetches `commit` (40 or 64 hex digits) and exports its files. Submodules are left out and named.
pub fn fetch_commit(address: &Address, commit: &str) -> Result<Export, GitError> {
    let folder = tempfile::tempdir().map_err(scratch("make a folder"))?;
    let at = |name: &str| folder.path().join(name);
    let history = at("history");
    // All branches and tags, and of each only how its commits hang together, where the server can do that.
    run(address, folder.path(), &clone(&["--filter=tree:0"], address, &history)?, None)?;
    let known = Git { repository: &history, commit };
    let leads = ["--contains", commit, "--count=1", "--format=%(refname)"];
    let is_there = known.run("cat-file", &["-e", &format!("{commit}^{{commit}}")]).is_ok();
    if !is_there || known.run("for-each-ref", &leads)?.trim_ascii().is_empty() {
        return Err(GitError::Stray { url: address.to_string(), commit: commit.to_owned() });
    }
    let mut stores = vec![history.join("objects")];
    if known.run("cat-file", &["-e", &format!("{commit}^{{tree}}")]).is_err() {
        stores.push(files(address, folder.path(), commit)?.join("objects"));
    }
    Databases { stores }.export_in(commit, folder, Submodules::LeftOut)
}

/// Fetches the files of a commit: it alone where the server hands it out, else everything.
fn files(address: &Address, folder: &Path, commit: &str) -> Result<PathBuf, GitError> {
    let repository = folder.join("files");
    Git { repository: &repository, commit }.init()?;
    let words = [
        "fetch",
        "--quiet",
        "--depth=1",
        "--no-tags",
        "--no-recurse-submodules",
        "--",
        address.as_str(),
        commit,
    ];
    let words = words.map(str::to_owned);
    if run(address, folder, &words, Some(&repository)).is_ok() {
        return Ok(repository);
    }
    let whole = folder.join("whole");
    run(address, folder, &clone(&[], address, &whole)?, None)?;
    Ok(whole)
}

fn clone(more: &[&str], address: &Address, to: &Path) -> Result<Vec<String>, GitError> {
    let mut words = vec!["clone", "--quiet", "--bare", "--no-local", "--template="];
    words.extend(more);
    words.extend(["--", address.as_str()]);
    let mut words = words.into_iter().map(str::to_owned).collect::<Vec<_>>();
    words.push(text(to)?);
    Ok(words)
}

/// Runs git with the network, and gives up on a server that sends more, or longer, than any repository needs.
fn run(
    address: &Address,
    folder: &Path,
    words: &[String],
    repository: Option<&Path>,
) -> Result<(), GitError> {
    let unreachable = |said: String| GitError::Unreachable { url: address.to_string(), said };
    let mut command = Command::new("git");
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    command
        .current_dir(folder)
        .env_remove("GIT_ALTERNATE_OBJECT_DIRECTORIES")
        .env("GIT_ALLOW_PROTOCOL", address.transports())
        .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder))
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C");
    if let Some(repository) = repository {
        command.env("GIT_DIR", repository);
    }
    for setting in [
        "core.hooksPath=/dev/null",
        "credential.interactive=false",
        "fetch.recurseSubmodules=false",
        "gc.auto=0",
        "maintenance.auto=false",
        // Cargo's own patience: a server that sends less than ten bytes a second for half a minute is gone.
        "http.lowSpeedLimit=10",
        "http.lowSpeedTime=30",
    ] {
        command.args(["-c", setting]);
    }
    let said = folder.join("said");
    let log = File::create(&said).map_err(scratch("write"))?;
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut child = command.spawn().map_err(GitError::Missing)?;
    let mut looks = 0;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(GitError::Missing)? {
            break status;
        }
        looks += 1;
        let too_much = looks % 10 == 0 && size(folder) > FETCHED_BYTES;
        if too_much || looks > LOOKS {
            let _ = child.kill();
            let _ = child.wait();
            let why = if too_much { "it sends more than any repository has" } else { "it takes too long" };
            return Err(unreachable(why.to_owned()));
        }
        // Repositories at hand are there at once.
        std::thread::sleep(PAUSE.min(Duration::from_millis(5) * looks));
    };
    if status.success() {
        return Ok(());
    }
    let said = fs::read(&said).unwrap_or_default();
    Err(unreachable(last_line(&said[said.len().saturating_sub(SAID_BYTES)..])))
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
