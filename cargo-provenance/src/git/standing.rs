//! Which commit a directory has checked out, and whether it is that still.

use std::path::Path;

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
    /// Whether a file of the repository differs from the commit, or lies there that is neither in it nor ignored.
    pub dirty: bool,
}

impl Standing {
    /// Looks at the repository around `directory`.
    pub fn of(directory: &Path) -> Result<Self, GitError> {
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
            dirty: !status.is_empty(),
        })
    }
}

/// An address without a password, and without a user where that is part of a web login. `host:path` becomes a URL.
fn without_credentials(address: &str) -> String {
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
        Some((user, host)) if scheme == "ssh" => {
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
    use super::*;

    #[test]
    fn an_address_loses_its_credentials() {
        for (address, without) in [
            ("https://example.org/a.git", "https://example.org/a.git"),
            ("https://user:secret@example.org/a.git", "https://example.org/a.git"),
            ("https://token@example.org/a@b", "https://example.org/a@b"),
            ("ssh://git:secret@example.org/a", "ssh://git@example.org/a"),
            ("git@example.org:team/a.git", "ssh://git@example.org/team/a.git"),
            ("/srv/a.git", "/srv/a.git"),
            ("../a", "../a"),
            ("c:\\a", "c:\\a"),
        ] {
            assert_eq!(without_credentials(address), without, "{address}");
        }
    }
}
