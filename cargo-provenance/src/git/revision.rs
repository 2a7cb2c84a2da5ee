//! Files as they were at another commit of the repository that a workspace lies in.
//!
//! Only objects are read: no hook, no filter, no pager and nothing from the network. (`status`, which [`super::Standing`] asks for,
//! compares files as the user's configuration says.) The user's own git configuration is in
//! force, because it says which repositories of other owners may be read (`safe.directory`).

#![expect(clippy::disallowed_methods, reason = "git is started here, and reads objects only")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use provenance_build::limits::TEXT_BYTES;

use super::GitError;
use super::command::{FOREIGN_VARIABLES, last_line};

/// Bytes of a revision's name: no branch has a longer one, since its file could not be named.
const REVISION_BYTES: usize = 255;

/// A commit of the repository that a directory lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    directory: PathBuf,
    commit: String,
}

impl Revision {
    /// The commit that `name` means in the repository around `directory`.
    pub fn find(directory: &Path, name: &str) -> Result<Self, GitError> {
        let unknown = |said: &str| GitError::Revision { name: name.to_owned(), said: said.to_owned() };
        if let Some(why) = unacceptable(name) {
            return Err(unknown(why));
        }
        let revision = Self { directory: directory.to_owned(), commit: name.to_owned() };
        revision.run(&["rev-parse", "--git-dir"]).map_err(|error| match error {
            GitError::Missing(_) => error,
            _ => GitError::NoRepository { directory: directory.to_owned(), said: said(&error) },
        })?;
        if let Some(said) = revision.ambiguity(name)? {
            return Err(GitError::Ambiguous { name: name.to_owned(), said });
        }
        let arguments =
            ["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")];
        let answer = revision.run(&arguments).map_err(|error| match error {
            GitError::Missing(_) => error,
            _ => unknown("the repository has no such commit"),
        })?;
        let commit = String::from_utf8_lossy(&answer).trim().to_owned();
        if !matches!(commit.len(), 40 | 64) || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(unknown("it means no single commit"));
        }
        Ok(Self { commit, ..revision })
    }

    /// What else a name means: git prefers a tag to a branch, and either to the beginning of a commit's name, so that whoever may push a tag
    /// `origin/main` would say which commit that is.
    fn ambiguity(&self, name: &str) -> Result<Option<String>, GitError> {
        let base = name.split(['^', '~']).next().unwrap_or_default();
        let base = base.split_once("@{").map_or(base, |(base, _)| base);
        // These mean one thing before any other: a whole name, what stands at the top of the repository, a full reference.
        let is_hex = base.len() >= 4 && base.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_whole = is_hex && matches!(base.len(), 40 | 64);
        let is_top = ["", "@", "HEAD", "FETCH_HEAD", "MERGE_HEAD", "ORIG_HEAD"].contains(&base);
        if is_whole || is_top || base.starts_with("refs/") {
            return Ok(None);
        }
        // The order of gitrevisions(7).
        let places = [
            ("refs/", ""),
            ("refs/tags/", ""),
            ("refs/heads/", ""),
            ("refs/remotes/", ""),
            ("refs/remotes/", "/HEAD"),
        ];
        let full = places.map(|(before, after)| format!("{before}{base}{after}"));
        let mut arguments = vec!["for-each-ref", "--format=%(refname)"];
        arguments.extend(full.iter().map(String::as_str));
        let listing = self.run(&arguments)?;
        let listing = String::from_utf8_lossy(&listing);
        let found = full.iter().filter(|full| listing.lines().any(|line| line == full.as_str()));
        let found = found.map(String::as_str).collect::<Vec<_>>();
        Ok(match found[..] {
            [one] if is_hex => Some(format!("it could be the beginning of a commit's name, and is `{one}`")),
            [] | [_] => None,
            _ => Some(format!("it means {} things: `{}`", found.len(), found.join("`, `"))),
        })
    }

    /// Whether a text could name a commit, and means nothing else to git.
    pub(super) fn is_acceptable(name: &str) -> bool {
        unacceptable(name).is_none()
    }

    /// The commit's name.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// The bytes of a file below the directory, given relative to it and `/`-separated; `None` where the commit has none.
    pub fn file(&self, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let unacceptable = |what| GitError::File { commit: self.commit.clone(), path: path.to_owned(), what };
        let listing = self.run(&["ls-tree", "-l", "-z", &self.commit, "--", path])?;
        let listing = String::from_utf8_lossy(&listing);
        // `100644 blob HASH SIZE`, a tab, and the path.
        let Some((entry, _)) = listing.split('\0').find_map(|entry| entry.split_once('\t')) else {
            return Ok(None);
        };
        let [mode, "blob", hash, size] = entry.split_ascii_whitespace().collect::<Vec<_>>()[..] else {
            return Err(unacceptable("is no file"));
        };
        if !matches!(mode, "100644" | "100755") {
            return Err(unacceptable("is a symbolic link"));
        }
        if size.parse::<u64>().map_or(true, |size| size > TEXT_BYTES) {
            return Err(unacceptable("is larger than what is read"));
        }
        Ok(Some(self.run(&["cat-file", "blob", hash])?))
    }

    /// Whether the commit is that of `HEAD`, or in its history. A clone that lacks a part of its history cannot tell.
    pub fn is_behind_head(&self) -> Result<bool, GitError> {
        if self.run(&["rev-parse", "--is-shallow-repository"])?.trim_ascii() != b"false" {
            let said = "this clone lacks a part of its history".to_owned();
            return Err(GitError::Revision { name: self.commit.clone(), said });
        }
        match self.run(&["merge-base", "--is-ancestor", &self.commit, "HEAD"]) {
            Ok(_) => Ok(true),
            Err(GitError::Refused { said, .. }) if said.is_empty() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether a file of this name, wherever it lay, had these bytes at this commit or any before it: a workspace may have
    /// been moved.
    pub fn held(&self, name: &str, bytes: &[u8]) -> Result<bool, GitError> {
        let listing = self.run(&[
            "rev-list",
            "--full-history",
            "--objects",
            &self.commit,
            "--",
            &format!(":(top,glob)**/{name}"),
        ])?;
        let listing = String::from_utf8_lossy(&listing);
        // `HASH PATH` for objects that have one; commits have none.
        let blobs = listing.lines().filter_map(|line| line.split_once(' '));
        let blobs = blobs.filter(|(_, path)| path.rsplit('/').next() == Some(name));
        for (hash, _) in blobs {
            let size = self.run(&["cat-file", "-s", hash])?;
            let is_same_size = std::str::from_utf8(size.trim_ascii()) == Ok(bytes.len().to_string().as_str());
            if is_same_size && self.run(&["cat-file", "blob", hash])? == bytes {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        output_of(&self.directory, &self.commit, arguments)
    }
}

/// Runs git in the repository around a directory, and only reads. `commit` is what an error is about.
pub(super) fn output_of(directory: &Path, commit: &str, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
    let mut command = Command::new("git");
    for variable in FOREIGN_VARIABLES.iter().chain(&ELSEWHERE) {
        command.env_remove(variable);
    }
    for (variable, value) in [
        ("GIT_ALLOW_PROTOCOL", ""),
        ("GIT_CONFIG_COUNT", "0"),
        ("GIT_LITERAL_PATHSPECS", "1"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("LC_ALL", "C"),
    ] {
        command.env(variable, value);
    }
    if arguments.first() == Some(&"rev-list") {
        command.env("GIT_LITERAL_PATHSPECS", "0");
    }
    command
        .arg("--no-pager")
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null());
    let output = command.output().map_err(GitError::Missing)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(GitError::Refused {
        command: match arguments {
            ["cat-file", ..] => "cat-file",
            ["for-each-ref", ..] => "for-each-ref",
            ["ls-files", ..] => "ls-files",
            ["ls-tree", ..] => "ls-tree",
            ["merge-base", ..] => "merge-base",
            ["rev-list", ..] => "rev-list",
            ["status", ..] => "status",
            _ => "rev-parse",
        },
        commit: commit.to_owned(),
        said: last_line(&output.stderr),
    })
}

/// Variables that would lead git to another repository than the one around the directory.
const ELSEWHERE: [&str; 5] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_CEILING_DIRECTORIES",
];

/// Why a text cannot name a commit. Git would take some of these for an option, a range, a file or a search.
fn unacceptable(name: &str) -> Option<&'static str> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, ':' | '\\' | '*' | '?' | '[');
    match name {
        "" => Some("it is empty"),
        _ if name.len() > REVISION_BYTES => Some("it is too long"),
        _ if name.starts_with('-') => Some("it looks like an option"),
        _ if name.contains("..") => Some("it is a range"),
        _ if name.starts_with('^') || name.chars().any(odd) => Some("it is no name of a commit"),
        _ => None,
    }
}

fn said(error: &GitError) -> String {
    match error {
        GitError::Refused { said, .. } => said.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_name_a_commit_reaches_git() {
        for name in ["main", "origin/main", "HEAD~3", "v1.0^{}", "@{upstream}", "a".repeat(40).as_str()] {
            assert_eq!(unacceptable(name), None, "{name}");
        }
        for name in [
            "",
            "--upload-pack=touch x",
            "-n",
            "..",
            "main..topic",
            "^main",
            "main:Cargo.lock",
            ":/words",
            "a b",
            "x\n",
            "x\0",
            "a".repeat(256).as_str(),
        ] {
            assert!(unacceptable(name).is_some(), "{name}");
        }
    }
}
