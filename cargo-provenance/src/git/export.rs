//! Writes the files of a commit into a scratch directory, as cargo's checkout has them.

#![expect(clippy::disallowed_methods, reason = "exports are made in a scratch directory")]

use std::fs;
use std::io;
use std::path::Path;

use provenance_build::limits::TREE_FILES;

use super::command::Git;
use super::{Databases, GitError};

/// Submodules inside submodules: cargo has no bound but its stack; nobody nests more than a few.
const SUBMODULE_DEPTH: usize = 8;

/// Submodules of one commit, all levels: the largest known superprojects have a few hundred.
const SUBMODULES: usize = 1_000;

/// Bytes of the files of one commit: four times the Linux kernel.
const COMMIT_BYTES: u64 = 6 * 1024 * 1024 * 1024;

/// What becomes of submodules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Submodules {
    /// They are exported in their places.
    Exported,
    /// Their places stay empty.
    LeftOut,
}

/// One commit's export, submodule by submodule.
pub(super) struct Exporter<'a> {
    pub(super) databases: &'a Databases,
    pub(super) scratch: &'a Path,
    pub(super) export: &'a Path,
    pub(super) submodules: Submodules,
    /// The paths of those that were left out.
    pub(super) left_out: Vec<String>,
    pub(super) repositories: usize,
    pub(super) bytes: u64,
}

impl Exporter<'_> {
    /// Exports `commit` into `prefix`, which is empty or ends with `/`.
    pub(super) fn export(&mut self, commit: &str, prefix: &str, depth: usize) -> Result<(), GitError> {
        let repository = self.scratch.join(format!("repository-{}", self.repositories));
        self.repositories += 1;
        let git = Git { repository: &repository, commit };
        git.init()?;
        git.take_objects(&self.databases.stores)?;

        git.run("read-tree", &["--index-output", &text(&repository.join("index"))?, commit])?;
        let links = self.submodules(&git)?;
        let target = format!("{}/{prefix}", text(self.export)?);
        // The attributes that cargo's own checkout (libgit2) does not know; those of the commit decide the rest.
        let attributes = repository.join("info");
        make_folder(&attributes)?;
        write_scratch(&attributes.join("attributes"), b"* !filter !working-tree-encoding\n")?;
        git.run("checkout-index", &["--all", &format!("--prefix={target}")])?;
        // Cargo marks every checkout, those of submodules too, as complete with an empty file.
        let marker = Path::new(&target).join(".cargo-ok");
        if fs::symlink_metadata(&marker).is_ok() {
            fs::remove_file(&marker).map_err(scratch("write"))?;
        }
        write_scratch(&marker, b"")?;

        for (path, commit) in links {
            let inner = format!("{prefix}{path}/");
            if depth >= SUBMODULE_DEPTH || self.repositories > SUBMODULES {
                return Err(git.unacceptable(&inner, "is one submodule too many"));
            }
            // A link in the place of a submodule would lead the export out of the scratch directory.
            let mut directory = self.export.to_owned();
            for part in inner.split_terminator('/') {
                directory.push(part);
                if !fs::symlink_metadata(&directory).is_ok_and(|metadata| metadata.is_dir()) {
                    return Err(
                        git.unacceptable(&inner, "is a submodule below something that is no directory")
                    );
                }
            }
            self.export(&commit, &inner, depth + 1)?;
        }
        Ok(())
    }

    /// The submodules that cargo checks out: path and commit.
    fn submodules(&mut self, git: &Git<'_>) -> Result<Vec<(String, String)>, GitError> {
        let listing = git.run("ls-tree", &["-r", "-l", "-z", "--full-tree", git.commit])?;
        let mut links = vec![];
        let mut files = 0_usize;
        for line in listing.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            files += 1;
            let line = std::str::from_utf8(line).map_err(|_| {
                git.unacceptable(&String::from_utf8_lossy(line).escape_debug().to_string(), "is not UTF-8")
            })?;
            let (head, path) = line.split_once('\t').unwrap_or((line, ""));
            let mut head = head.split_ascii_whitespace();
            let (_, kind, object, size) = (head.next(), head.next(), head.next(), head.next());
            if size == Some("BAD") {
                let said = format!("the object of `{path}` is missing or damaged");
                return Err(GitError::Incomplete { commit: git.commit.to_owned(), said });
            }
            self.bytes = self.bytes.saturating_add(size.and_then(|size| size.parse().ok()).unwrap_or(0));
            if files > TREE_FILES || self.bytes > COMMIT_BYTES {
                return Err(git.unacceptable(path, "is beyond what one checkout may hold"));
            }
            if let (Some("commit"), Some(object)) = (kind, object) {
                links.push((path.to_owned(), object.to_owned()));
            }
        }
        if self.submodules == Submodules::LeftOut {
            self.left_out.extend(links.drain(..).map(|(path, _)| path));
        }
        if links.is_empty() {
            return Ok(links);
        }
        let skipped = git.submodules_without_update()?;
        links.retain(|(path, _)| !skipped.contains(path));
        Ok(links)
    }
}

pub(super) fn scratch(action: &'static str) -> impl FnOnce(io::Error) -> GitError {
    move |source| GitError::Scratch { action, source }
}

pub(super) fn make_folder(path: &Path) -> Result<(), GitError> {
    fs::create_dir(path).map_err(scratch("make a folder"))
}

fn write_scratch(path: &Path, bytes: &[u8]) -> Result<(), GitError> {
    fs::write(path, bytes).map_err(scratch("write"))
}

pub(super) fn text(path: &Path) -> Result<String, GitError> {
    path.to_str().map(str::to_owned).ok_or_else(|| GitError::Scratch {
        action: "work",
        source: io::Error::new(io::ErrorKind::InvalidInput, "its path is not UTF-8"),
    })
}
