//! The user's `git`, as far as it tells which bytes a commit has.
//!
//! Cargo keeps a bare repository per git dependency (`git/db`) and a checkout per commit. A pin must come from the
//! commit, never from what lies in the checkout. Git itself does not hash objects again when it reads them, so the
//! commit's objects are packed and indexed into a scratch repository, which computes every name anew; only what
//! arrives there under its right name is exported. The repositories' own configuration, attributes, hooks and grafts
//! are never read, and nothing is fetched.

mod address;
mod command;
mod export;
mod fetch;
mod history;
mod person;
mod published;
mod revision;
pub mod setup;
mod standing;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use provenance_build::tree::{self, Layout, Tree};

pub use self::address::Address;
pub use self::fetch::{Fetched, fetch};
pub use self::history::{History, Kind as Object, Repository, Wanted};
pub use self::person::{author, email};
pub use self::published::fetch_commit;
pub use self::revision::Revision;
pub use self::standing::{Standing, without_credentials};

use self::export::{Exporter, Submodules, make_folder, scratch};
use crate::report::failure::{Explain, Kind};

/// The object stores below a cargo home's `git/db`.
#[derive(Clone, Debug)]
pub struct Databases {
    stores: Vec<PathBuf>,
}

/// Why a commit's bytes are not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// Git is not there.
    #[error("could not start `git`")]
    Missing(#[source] io::Error),
    /// The scratch directory could not be used.
    #[error("could not {action} in a scratch directory")]
    Scratch {
        /// What was being done.
        action: &'static str,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The object stores could not be listed.
    #[error("could not list `{}`", path.display())]
    List {
        /// The directory.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Git refused.
    #[error("`git {command}` failed for commit `{commit}`{}", answer(said))]
    Refused {
        /// The subcommand.
        command: &'static str,
        /// The commit.
        commit: String,
        /// What git printed, its last line.
        said: String,
    },
    /// A directory lies in no repository that git reads.
    #[error("`{}` lies in no git repository{}", directory.display(), answer(said))]
    NoRepository {
        /// The directory.
        directory: PathBuf,
        /// What git printed, its last line.
        said: String,
    },
    /// A file of a commit is none that can be read.
    #[error("`{path}` of commit `{commit}` {what}")]
    File {
        /// The commit.
        commit: String,
        /// The file.
        path: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A name means more than one commit.
    #[error("`{name}` names no single commit: {said}")]
    Ambiguous {
        /// The name.
        name: String,
        /// What it means.
        said: String,
    },
    /// A name means no commit.
    #[error("`{name}` names no commit: {said}")]
    Revision {
        /// The name.
        name: String,
        /// Why.
        said: String,
    },
    /// A repository could not be fetched.
    #[error("could not fetch `{url}`{}", answer(said))]
    Unreachable {
        /// The repository.
        url: String,
        /// What git printed, its last line.
        said: String,
    },
    /// No branch and no tag of a repository leads to a commit.
    #[error("no branch and no tag of `{url}` leads to commit `{commit}`")]
    Stray {
        /// The repository.
        url: String,
        /// The commit.
        commit: String,
    },
    /// An object of a history is missing, or cannot be read.
    #[error("the history of commit `{commit}` cannot be read{}", answer(said))]
    Damaged {
        /// The commit.
        commit: String,
        /// What git printed, its last line.
        said: String,
    },
    /// A clone lacks a part of the history that is needed.
    #[error("this clone lacks a part of the history of commit `{commit}`{}", answer(said))]
    Shallow {
        /// The commit.
        commit: String,
        /// What git printed, its last line.
        said: String,
    },
    /// The commit, or something that it consists of, is in no object store under its right name.
    #[error("commit `{commit}` is not complete in cargo's git databases{}", answer(said))]
    Incomplete {
        /// The commit.
        commit: String,
        /// What git printed, its last line.
        said: String,
    },
    /// The commit holds something that cannot be pinned.
    #[error("commit `{commit}` cannot be pinned: `{path}` {what}")]
    Unacceptable {
        /// The commit.
        commit: String,
        /// The path inside the commit.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// The exported files could not be read.
    #[error(transparent)]
    Kernel(#[from] provenance_build::Error),
}

impl Explain for GitError {
    fn kind(&self) -> Kind {
        match self {
            Self::Kernel(error) => Explain::kind(error),
            Self::Ambiguous { .. }
            | Self::File { .. }
            | Self::NoRepository { .. }
            | Self::Revision { .. } => Kind::Usage,
            _ => Kind::Undecided,
        }
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            Self::Kernel(error) => return Explain::help(error),
            Self::Unreachable { url, .. } => {
                return vec![format!(
                    "see whether `git ls-remote {url}` works; git's own configuration is in force"
                )];
            }
            Self::Stray { .. } => {
                "it was never pushed, or rewritten since, or is somebody else's: ask its authors; `--repository=URL` names \
                 another repository"
            }
            Self::Missing(_) => "install git: it tells which bytes a commit has",
            Self::Incomplete { .. } => {
                "remove the repository below `git/db` in the cargo home, run `cargo fetch`, and try again"
            }
            Self::Damaged { .. } => "see what `git fsck` says, and clone the repository again",
            Self::Shallow { .. } => {
                "get the rest with `git fetch --unshallow`, in continuous integration with `fetch-depth: 0`"
            }
            Self::Ambiguous { .. } => {
                "write the full name; whoever may push a tag can give it the name of a branch"
            }
            Self::File { .. } => "compare with another commit",
            Self::NoRepository { .. } => "run it inside a git repository",
            Self::Revision { .. } => {
                "name a branch, a tag or a commit; a shallow clone lacks most of them: `git fetch --unshallow`"
            }
            Self::Unacceptable { .. } => "use a commit without it, or the package from a registry",
            _ => "run `cargo fetch`, and try again",
        };
        vec![help.to_owned()]
    }
}

impl Databases {
    /// The object stores below `cargo_home`.
    pub fn of(cargo_home: &Path) -> Result<Self, GitError> {
        let directory = cargo_home.join("git").join("db");
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self { stores: vec![] }),
            Err(source) => return Err(GitError::List { path: directory, source }),
        };
        let mut stores = vec![];
        for entry in entries {
            let entry = entry.map_err(|source| GitError::List { path: directory.clone(), source })?;
            let store = entry.path().join("objects");
            if store.is_dir() {
                stores.push(store);
            }
        }
        stores.sort();
        Ok(Self { stores })
    }

    /// The files that cargo checks out for `commit` (40 or 64 hex digits), submodules included.
    pub fn commit_tree(&self, commit: &str) -> Result<Tree, GitError> {
        self.export(commit).map(|export| export.tree)
    }

    /// Exports the files that cargo checks out for `commit` (40 or 64 hex digits), submodules included.
    pub fn export(&self, commit: &str) -> Result<Export, GitError> {
        let folder = tempfile::tempdir().map_err(scratch("make a folder"))?;
        self.export_in(commit, folder, Submodules::Exported)
    }

    fn export_in(
        &self,
        commit: &str,
        scratch_directory: tempfile::TempDir,
        submodules: Submodules,
    ) -> Result<Export, GitError> {
        let export = scratch_directory.path().join(EXPORT);
        make_folder(&export)?;
        let mut exporter = Exporter {
            databases: self,
            scratch: scratch_directory.path(),
            export: &export,
            submodules,
            left_out: vec![],
            repositories: 0,
            bytes: 0,
        };
        exporter.export(commit, "", 0)?;
        let left_out = exporter.left_out;
        let tree = tree::read(&export, Layout::Checkout)?.map_err(|odd| GitError::Unacceptable {
            commit: commit.to_owned(),
            path: odd.path,
            what: odd.what,
        })?;
        Ok(Export { scratch: scratch_directory, tree, left_out })
    }
}

/// How the scratch folders of [`fetch`] begin; what a kill left behind is recognized by it.
pub const SCRATCH: &str = ".provenance-fetch-";

/// The folder of an export in its scratch directory.
const EXPORT: &str = "export";

/// The files of a commit in a scratch directory, which is gone when this is dropped.
#[derive(Debug)]
pub struct Export {
    scratch: tempfile::TempDir,
    tree: Tree,
    left_out: Vec<String>,
}

impl Export {
    /// The files with their hashes.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The bytes of a file; nothing where there is none. Links are not followed.
    pub fn file(&self, path: &str) -> Vec<u8> {
        let entries = self.tree.entries();
        let found = entries.binary_search_by(|entry| entry.path.as_bytes().cmp(path.as_bytes()));
        let file = self.directory().join(path);
        let is_file = found.is_ok() && fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file());
        if is_file { fs::read(file).unwrap_or_default() } else { vec![] }
    }

    /// The submodules that were not exported, by their paths.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The directory that holds the files.
    pub fn directory(&self) -> PathBuf {
        self.scratch.path().join(EXPORT)
    }
}

fn answer(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

#[cfg(test)]
mod tests;
