//! Starts git, in a scratch repository and deaf to every other configuration.

#![expect(clippy::disallowed_methods, reason = "git is started here")]

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use provenance_build::limits::TREE_FILES;

use super::GitError;
use super::export::text;

/// Bytes of one listing of a commit: paths of [`TREE_FILES`] files at 100 bytes each.
const LISTING_BYTES: usize = TREE_FILES * 160;

/// Variables that would lead git elsewhere; the others that matter are set to a harmless value.
pub(super) const FOREIGN_VARIABLES: &[&str] = &[
    "GIT_ATTR_SOURCE",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DEFAULT_HASH",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
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

/// Git in one scratch repository.
pub(super) struct Git<'a> {
    pub(super) repository: &'a Path,
    pub(super) commit: &'a str,
}

impl Git<'_> {
    pub(super) fn init(&self) -> Result<(), GitError> {
        let format = if self.commit.len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" };
        let repository = text(self.repository)?;
        let mut command = hermetic("init", &[]);
        command.args(["--quiet", "--bare", "--template=", format, &repository]);
        self.finish("init", command.stdin(Stdio::null())).map(|_| ())
    }

    /// Copies the commit's objects from `stores`, giving each the name that its content has.
    pub(super) fn take_objects(&self, stores: &[PathBuf]) -> Result<(), GitError> {
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
    pub(super) fn submodules_without_update(&self) -> Result<Vec<String>, GitError> {
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

    pub(super) fn run(&self, name: &'static str, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let mut command = self.command(name);
        self.finish(name, command.args(arguments).stdin(Stdio::null()))
    }

    fn command(&self, name: &'static str) -> Command {
        let mut command = hermetic(name, &[]);
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

    pub(super) fn unacceptable(&self, path: &str, what: &str) -> GitError {
        GitError::Unacceptable {
            commit: self.commit.to_owned(),
            path: path.to_owned(),
            what: what.to_owned(),
        }
    }
}

/// A git that reads no configuration but the scratch repository's, runs no hook and reaches no network. `before` stands before
/// the subcommand.
pub(super) fn hermetic(name: &'static str, before: &[String]) -> Command {
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
    command.args(before).arg(name);
    command
}

pub(super) fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}
