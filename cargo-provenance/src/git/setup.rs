//! How git is set up for a directory: what a commit would be signed with, and where its hooks lie.
//!
//! Answers for people and their hooks. Unlike elsewhere, the repository's own configuration and that of the command that runs the hook
//! are in force, because they decide what git does next. Nothing here makes anything trusted.

#![expect(clippy::disallowed_methods, reason = "git is started here, and reads settings only")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Bytes of a setting: no path and no key is longer.
const VALUE_BYTES: usize = 16 * 1024;

/// How a setting's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Yes or no, in one of git's spellings.
    Bool,
    /// A path, in which `~` may stand.
    Path,
    /// Anything.
    Text,
}

/// A setting that is in force in a directory.
pub fn setting(directory: &Path, key: &str, value: Value) -> Option<String> {
    let kind = match value {
        Value::Bool => "--type=bool",
        Value::Path => "--type=path",
        Value::Text => "--no-type",
    };
    ask(directory, &["config", kind, "--get", key])
}

/// The address that a commit would bear as its committer's.
pub fn committer(directory: &Path) -> Option<String> {
    let said = ask(directory, &["var", "GIT_COMMITTER_IDENT"])?;
    let (_, rest) = said.split_once('<')?;
    Some(rest.split_once('>')?.0.to_owned())
}

/// Where the hooks of the repository around a directory lie, and where hooks are started: the top of the work tree.
pub fn hooks(directory: &Path) -> Option<(PathBuf, PathBuf)> {
    let top = PathBuf::from(ask(directory, &["rev-parse", "--show-toplevel"])?);
    let hooks = ask(directory, &["rev-parse", "--git-path", "hooks"])?;
    // A relative `core.hooksPath` counts from where hooks are started, anything else from here.
    let named = setting(directory, "core.hooksPath", Value::Path);
    let hooks = named.map_or_else(|| directory.join(hooks), |named| top.join(named));
    Some((hooks, top))
}

/// The commit where two histories part.
pub fn merge_base(directory: &Path, one: &str, other: &str) -> Option<String> {
    ask(directory, &["merge-base", one, other])
}

fn ask(directory: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command
        .args(["-c", "core.fsmonitor=false"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_OPTIONAL_LOCKS", "0");
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let is_plain = !text.is_empty() && text.len() <= VALUE_BYTES && !text.contains(char::is_control);
    (output.status.success() && is_plain).then(|| text.to_owned())
}
