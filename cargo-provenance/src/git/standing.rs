//! Which commit a directory has checked out, and whether it is that still.

use std::path::{Path, PathBuf};

use super::revision::output_of;
use super::{GitError, Revision};

/// How a directory stands to its repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The full name of the commit.
    pub commit: String,
    /// The full name of the branch, where one is checked out.
    pub reference: Option<String>,
    /// The address of `origin`, where there is one, without credentials.
    pub origin: Option<String>,
    /// Where the directory lies in the repository: nothing at its root, else a path with a slash at its end.
    pub folder: String,
    /// Whether a file of the repository differs from the commit, or lies there that is neither in it nor ignored, or git was told
    /// not to look.
    pub dirty: bool,
}

impl Standing {
    /// Looks at the repository around `directory`. What does not hold these `files`, given relative to it, says nothing of them: a
    /// workspace can lie in a repository that ignores it.
    pub fn of(directory: &Path, files: &[String]) -> Result<Self, GitError> {
        let revision = Revision::find(directory, "HEAD")?;
        let line = |arguments: &[&str]| {
            let answer = revision.run(arguments).ok()?;
            Some(String::from_utf8_lossy(&answer).trim().to_owned()).filter(|line| !line.is_empty())
        };
        let status = revision.run(&[
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=normal",
            "--ignore-submodules=none",
            "--no-renames",
        ])?;
        Ok(Self {
            commit: revision.commit().to_owned(),
            reference: line(&["symbolic-ref", "--quiet", "HEAD"]),
            origin: line(&["config", "--get", "remote.origin.url"])
                .map(|origin| without_credentials(&origin)),
            folder: line(&["rev-parse", "--show-prefix"]).unwrap_or_default(),
            dirty: !status.is_empty() || !holds(&revision, files)? || is_hidden(&revision, directory)?,
        })
    }
}

/// Whether all these files are in the repository or its submodules.
fn holds(revision: &Revision, files: &[String]) -> Result<bool, GitError> {
    let mut wanted = files.iter().map(String::as_str).collect::<Vec<_>>();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(true);
    }
    let listing = ["ls-files", "-z", "--recurse-submodules", "--"].into_iter().chain(wanted.iter().copied());
    let listing = revision.run(&listing.collect::<Vec<_>>());
    // A file outside of the repository is an error to git.
    let listing = match listing {
        Err(GitError::Refused { .. }) => return Ok(false),
        listing => listing?,
    };
    Ok(paths(&listing).count() == wanted.len())
}

/// Whether `status` cannot tell what lies there: git was led to another working tree (`core.worktree`), or told to pass over files
/// (`update-index --assume-unchanged`, `--skip-worktree`). What a sparse checkout leaves out elsewhere in the repository is
/// nothing that the workspace is built of.
fn is_hidden(revision: &Revision, directory: &Path) -> Result<bool, GitError> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let top = revision.run(&["rev-parse", "--show-toplevel"])?;
    let top = real(&PathBuf::from(String::from_utf8_lossy(&top).trim_end_matches(['\r', '\n'])));
    let directory = real(directory);
    if !directory.starts_with(&top) {
        return Ok(true);
    }
    let listing = output_of(&top, revision.commit(), &["ls-files", "-v", "-z"])?;
    Ok(paths(&listing).any(|entry| match entry.split_once(' ') {
        Some(("S", path)) => {
            let path = top.join(path);
            path.starts_with(&directory) || path.symlink_metadata().is_ok()
        }
        Some((tag, _)) => tag.chars().any(|c| c.is_ascii_lowercase()),
        None => false,
    }))
}

fn paths(listing: &[u8]) -> impl Iterator<Item = String> {
    let entries = listing.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
    entries.map(|entry| String::from_utf8_lossy(entry).into_owned())
}

/// An address without a password, and without a user where that is part of a web login. `host:path` becomes a URL.
pub fn without_credentials(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        // `user@host:path` (git-clone(1), "GIT URLS"); what begins like a path, or like a drive, is none.
        return match address.split_once(':') {
            Some((host, path)) if host.len() > 1 && !host.contains(['/', '\\']) => {
                format!("ssh://{host}/{}", path.trim_start_matches('/'))
            }
            _ => address.to_owned(),
        };
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = match host.rsplit_once('@') {
        Some((user, host)) if matches!(scheme, "ssh" | "git+ssh") => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{user}@{host}")
        }
        Some((_, host)) => host.to_owned(),
        None => host.to_owned(),
    };
    format!("{scheme}://{host}/{path}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::git;
    use super::*;

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a directory");
        git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
        fs::create_dir_all(folder.path().join("sub")).expect("a directory");
        for file in ["a", "sub/b"] {
            fs::write(folder.path().join(file), "one").expect("written");
        }
        git(folder.path(), &["add", "--all"]);
        git(folder.path(), &["commit", "--quiet", "--message=x"]);
        folder
    }

    fn is_dirty(folder: &Path, files: &[&str]) -> bool {
        let files = files.iter().map(|&file| file.to_owned()).collect::<Vec<_>>();
        Standing::of(folder, &files).expect("a repository").dirty
    }

    #[test]
    fn a_change_that_git_was_told_to_pass_over_is_one() {
        let folder = repository();
        let sub = folder.path().join("sub");
        assert!(!is_dirty(folder.path(), &["a", "sub/b"]) && !is_dirty(&sub, &["b", "../a"]));
        for (hide, show) in
            [("--assume-unchanged", "--no-assume-unchanged"), ("--skip-worktree", "--no-skip-worktree")]
        {
            git(folder.path(), &["update-index", hide, "a"]);
            fs::write(folder.path().join("a"), "two").expect("written");
            assert!(is_dirty(folder.path(), &["a"]) && is_dirty(&sub, &["b"]), "{hide}");
            fs::write(folder.path().join("a"), "one").expect("written");
            git(folder.path(), &["update-index", show, "a"]);
        }
        assert!(!is_dirty(folder.path(), &["a"]));
        // Another working tree that is as it was committed, while this one is not.
        let other = repository();
        git(folder.path(), &["config", "core.worktree", &other.path().to_string_lossy()]);
        fs::write(folder.path().join("a"), "two").expect("written");
        assert!(is_dirty(folder.path(), &[]));
    }

    #[test]
    fn what_a_sparse_checkout_leaves_out_elsewhere_is_no_change() {
        let folder = repository();
        let sub = folder.path().join("sub");
        git(folder.path(), &["update-index", "--skip-worktree", "a"]);
        fs::remove_file(folder.path().join("a")).expect("removed");
        assert!(!is_dirty(&sub, &["b"]));
        assert!(is_dirty(folder.path(), &["sub/b"]));
    }

    #[test]
    fn a_repository_that_ignores_the_workspace_says_nothing_of_it() {
        let folder = repository();
        fs::write(folder.path().join(".gitignore"), "*\n").expect("written");
        git(folder.path(), &["add", "--force", ".gitignore"]);
        git(folder.path(), &["commit", "--quiet", "--message=x"]);
        fs::write(folder.path().join("sub/Cargo.toml"), "").expect("written");
        let sub = folder.path().join("sub");
        assert!(!is_dirty(&sub, &["b"]));
        assert!(is_dirty(&sub, &["Cargo.toml"]));
        assert!(is_dirty(&sub, &["b", "Cargo.toml"]));
        assert!(is_dirty(&sub, &["b", "../../elsewhere"]));
    }

    #[test]
    fn an_address_loses_its_credentials() {
        for (address, without) in [
            ("https://example.org/a.git", "https://example.org/a.git"),
            ("https://user:secret@example.org/a.git", "https://example.org/a.git"),
            ("https://token@example.org/a@b", "https://example.org/a@b"),
            ("ssh://git:secret@example.org/a", "ssh://git@example.org/a"),
            ("git+https://ci:secret@example.org/a", "git+https://example.org/a"),
            ("git+ssh://git@example.org/a", "git+ssh://git@example.org/a"),
            ("git@example.org:team/a.git", "ssh://git@example.org/team/a.git"),
            ("/srv/a.git", "/srv/a.git"),
            ("../a", "../a"),
            ("c:\\a", "c:\\a"),
        ] {
            assert_eq!(without_credentials(address), without, "{address}");
        }
    }
}
