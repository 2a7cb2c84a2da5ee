//! The user's `git`, as far as it tells which bytes a commit has.
//!
//! Cargo keeps a bare repository per git dependency (`git/db`) and a checkout per commit. A pin must come from the
//! commit, never from what lies in the checkout. Git itself does not hash objects again when it reads them, so the
//! commit's objects are packed and indexed into a scratch repository, which computes every name anew; only what
//! arrives there under its right name is exported. The repositories' own configuration, attributes, hooks and grafts
//! are never read, and nothing is fetched.

#![expect(clippy::disallowed_methods, reason = "git is started here, and exports into a scratch directory")]

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use provenance_build::limits::TREE_FILES;
use provenance_build::tree::{self, Layout, Tree};

use crate::report::failure::{Explain, Kind};

/// Submodules inside submodules: cargo has no bound but its stack; nobody nests more than a few.
const SUBMODULE_DEPTH: usize = 8;

/// Submodules of one commit, all levels: the largest known superprojects have a few hundred.
const SUBMODULES: usize = 1_000;

/// Bytes of one listing of a commit: paths of [`TREE_FILES`] files at 100 bytes each.
const LISTING_BYTES: usize = TREE_FILES * 160;

/// Bytes of the files of one commit: four times the Linux kernel.
const COMMIT_BYTES: u64 = 6 * 1024 * 1024 * 1024;

/// Variables that would lead git elsewhere; the others that matter are set to a harmless value.
const FOREIGN_VARIABLES: &[&str] = &[
    "GIT_ATTR_SOURCE",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DEFAULT_HASH",
    "GIT_GRAFT_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_TRACE_PACKET",
    "GIT_TRACE_SETUP",
    "GIT_WORK_TREE",
];

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
            _ => Kind::Undecided,
        }
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            Self::Kernel(error) => return Explain::help(error),
            Self::Missing(_) => "install git: it tells which bytes a commit has",
            Self::Incomplete { .. } => {
                "remove the repository below `git/db` in the cargo home, run `cargo fetch`, and try again"
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
        let scratch_directory = tempfile::tempdir().map_err(scratch("make a folder"))?;
        let export = scratch_directory.path().join(EXPORT);
        fs::create_dir(&export).map_err(scratch("make a folder"))?;
        let mut exporter = Exporter {
            databases: self,
            scratch: scratch_directory.path(),
            export: &export,
            repositories: 0,
            bytes: 0,
        };
        exporter.export(commit, "", 0)?;
        let tree = tree::read(&export, Layout::Checkout)?.map_err(|odd| GitError::Unacceptable {
            commit: commit.to_owned(),
            path: odd.path,
            what: odd.what,
        })?;
        Ok(Export { scratch: scratch_directory, tree })
    }
}

/// The folder of an export in its scratch directory.
const EXPORT: &str = "export";

/// The files of a commit in a scratch directory, which is gone when this is dropped.
#[derive(Debug)]
pub struct Export {
    scratch: tempfile::TempDir,
    tree: Tree,
}

impl Export {
    /// The files with their hashes.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The directory that holds the files.
    pub fn directory(&self) -> PathBuf {
        self.scratch.path().join(EXPORT)
    }
}

/// One commit's export, submodule by submodule.
struct Exporter<'a> {
    databases: &'a Databases,
    scratch: &'a Path,
    export: &'a Path,
    repositories: usize,
    bytes: u64,
}

impl Exporter<'_> {
    /// Exports `commit` into `prefix`, which is empty or ends with `/`.
    fn export(&mut self, commit: &str, prefix: &str, depth: usize) -> Result<(), GitError> {
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
        fs::create_dir(&attributes).map_err(scratch("make a folder"))?;
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
        if links.is_empty() {
            return Ok(links);
        }
        let skipped = git.submodules_without_update()?;
        links.retain(|(path, _)| !skipped.contains(path));
        Ok(links)
    }
}

/// Git in one scratch repository.
struct Git<'a> {
    repository: &'a Path,
    commit: &'a str,
}

impl Git<'_> {
    fn init(&self) -> Result<(), GitError> {
        let format = if self.commit.len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" };
        let repository = text(self.repository)?;
        let mut command = hermetic("init");
        command.args(["--quiet", "--bare", "--template=", format, &repository]).env_remove("GIT_DIR");
        self.finish("init", command.stdin(Stdio::null())).map(|_| ())
    }

    /// Copies the commit's objects from `stores`, giving each the name that its content has.
    fn take_objects(&self, stores: &[PathBuf]) -> Result<(), GitError> {
        let alternates = std::env::join_paths(stores).map_err(|error| GitError::Scratch {
            action: "name an object store",
            source: io::Error::other(error),
        })?;
        let mut listing = self.command("rev-list");
        listing
            .args(["--objects", "--no-object-names", "--no-walk", self.commit, "--"])
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &alternates)
            .stdin(Stdio::null());
        let (mut lister, objects) = self.begin(&mut listing)?;
        let mut packing = self.command("pack-objects");
        packing
            .args(["--stdout", "-q", "--threads=2"])
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &alternates)
            .stdin(objects);
        let (mut packer, pack) = self.begin(&mut packing)?;
        let mut indexing = self.command("index-pack");
        indexing.arg("--stdin").stdin(pack);
        let indexed = self.finish("index-pack", &mut indexing);
        for child in [&mut lister, &mut packer] {
            if !child.wait().map_err(GitError::Missing)?.success() {
                let said = "an object is missing or damaged".to_owned();
                return Err(GitError::Incomplete { commit: self.commit.to_owned(), said });
            }
        }
        indexed.map(|_| ())
    }

    /// Paths of submodules that `.gitmodules` tells not to update: cargo leaves their directories empty.
    fn submodules_without_update(&self) -> Result<Vec<String>, GitError> {
        let blob = format!("{}:.gitmodules", self.commit);
        let listing = match self.run("config", &["--blob", &blob, "-z", "--list"]) {
            Ok(listing) => String::from_utf8_lossy(&listing).into_owned(),
            // Without the file, cargo cannot know where a submodule comes from, and fails before there is a checkout.
            Err(_) => {
                return Err(
                    self.unacceptable(".gitmodules", "cannot be read, though the commit has submodules")
                );
            }
        };
        let values = listing
            .split('\0')
            .filter_map(|entry| entry.split_once('\n'))
            .filter_map(|(key, value)| Some((key.strip_prefix("submodule.")?.rsplit_once('.')?, value)));
        let mut paths = std::collections::BTreeMap::new();
        let mut skipped = std::collections::BTreeSet::new();
        for ((name, key), value) in values {
            match key {
                "path" => drop(paths.insert(name.to_owned(), value.to_owned())),
                "update" if value == "none" => drop(skipped.insert(name.to_owned())),
                "update" => drop(skipped.remove(name)),
                _ => {}
            }
        }
        Ok(skipped.into_iter().filter_map(|name| paths.remove(&name)).collect())
    }

    fn run(&self, name: &'static str, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let mut command = self.command(name);
        self.finish(name, command.args(arguments).stdin(Stdio::null()))
    }

    fn command(&self, name: &'static str) -> Command {
        let mut command = hermetic(name);
        command
            .env("GIT_DIR", self.repository)
            .env("GIT_INDEX_FILE", self.repository.join("index"))
            .env("GIT_OBJECT_DIRECTORY", self.repository.join("objects"))
            .current_dir(self.repository);
        if name == "checkout-index" {
            command.env("GIT_WORK_TREE", self.repository);
        }
        command
    }

    fn begin(&self, command: &mut Command) -> Result<(Child, Stdio), GitError> {
        // Nobody would read what it says while it waits for its reader, so it says nothing.
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(GitError::Missing)?;
        let output = child.stdout.take().map_or_else(Stdio::null, Stdio::from);
        Ok((child, output))
    }

    fn finish(&self, name: &'static str, command: &mut Command) -> Result<Vec<u8>, GitError> {
        let output =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().map_err(GitError::Missing)?;
        if !output.status.success() {
            let (commit, said) = (self.commit.to_owned(), last_line(&output.stderr));
            return Err(match name {
                "index-pack" | "read-tree" | "ls-tree" => GitError::Incomplete { commit, said },
                _ => GitError::Refused { command: name, commit, said },
            });
        }
        if output.stdout.len() > LISTING_BYTES {
            return Err(self.unacceptable("", "has more files than one checkout may hold"));
        }
        Ok(output.stdout)
    }

    fn unacceptable(&self, path: &str, what: &str) -> GitError {
        GitError::Unacceptable {
            commit: self.commit.to_owned(),
            path: path.to_owned(),
            what: what.to_owned(),
        }
    }
}

/// A git that reads no configuration but the scratch repository's, runs no hook and reaches no network.
fn hermetic(name: &'static str) -> Command {
    let mut command = Command::new("git");
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    let settings: [(&str, OsString); 11] = [
        ("GIT_ALLOW_PROTOCOL", "".into()),
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "".into()),
        ("GIT_ATTR_NOSYSTEM", "1".into()),
        ("GIT_CONFIG_COUNT", "0".into()),
        ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
        ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ("GIT_NO_LAZY_FETCH", "1".into()),
        ("GIT_NO_REPLACE_OBJECTS", "1".into()),
        ("GIT_OPTIONAL_LOCKS", "0".into()),
        ("GIT_TERMINAL_PROMPT", "0".into()),
        ("LC_ALL", "C".into()),
    ];
    command.envs(settings);
    for setting in [
        "core.attributesFile=/dev/null",
        "core.autocrlf=false",
        "core.hooksPath=/dev/null",
        "core.longpaths=true",
    ] {
        command.args(["-c", setting]);
    }
    command.arg(name);
    command
}

fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn answer(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

fn scratch(action: &'static str) -> impl FnOnce(io::Error) -> GitError {
    move |source| GitError::Scratch { action, source }
}

fn write_scratch(path: &Path, bytes: &[u8]) -> Result<(), GitError> {
    fs::write(path, bytes).map_err(scratch("write"))
}

fn text(path: &Path) -> Result<String, GitError> {
    path.to_str().map(str::to_owned).ok_or_else(|| GitError::Scratch {
        action: "work",
        source: io::Error::new(io::ErrorKind::InvalidInput, "its path is not UTF-8"),
    })
}

#[cfg(test)]
mod tests;
