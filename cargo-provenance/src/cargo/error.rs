//! Why cargo did not do what it was asked for, and what a person can do about it.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::report::failure::{Explain, Kind};

/// Lines of standard error that an error carries.
const LAST_LINES: usize = 30;

/// The flag that keeps cargo from the network, the last one of a command that has it.
pub(super) const OFFLINE: &str = "--offline";

/// Why cargo did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Cargo ran and refused.
    #[error("`cargo {args}` failed{}", exit_text(*code))]
    Failed {
        /// The arguments, joined by spaces.
        args: String,
        /// The exit code; `None` when a signal ended it.
        code: Option<i32>,
        /// What it said last.
        #[source]
        stderr: LastWords,
    },
    /// Talking to the running program failed.
    #[error("could not read what `cargo {args}` wrote")]
    Io {
        /// The arguments, joined by spaces.
        args: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A file that belongs to the workspace could not be read or copied.
    #[error("could not {action} `{}`", path.display())]
    File {
        /// What was being done: `read`, `create`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The program could not be started.
    #[error("could not start `{program}`")]
    Missing {
        /// The program.
        program: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A program that was to run under the guard could not be started.
    #[error("could not start `{program}`")]
    NoProgram {
        /// The program.
        program: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The answer of `cargo metadata` makes no sense.
    #[error("could not understand the answer of `cargo {args}`")]
    Unreadable {
        /// The arguments, joined by spaces.
        args: String,
        /// What is wrong with it.
        source: cargo_metadata::Error,
    },
    /// A manifest, a configuration file or an answer holds something that the gate does not accept.
    #[error("{}: {what}", file.display())]
    Unacceptable {
        /// The file it stands in.
        file: PathBuf,
        /// What is wrong: a lowercase fragment.
        what: String,
    },
}

/// The last lines that cargo wrote on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWords(pub Vec<String>);

impl LastWords {
    /// What cargo said from its error on, or its last lines where it named none.
    pub(super) fn of(mut lines: Vec<String>) -> Self {
        let from = lines.iter().position(|line| line.starts_with("error")).unwrap_or_default();
        lines.drain(..from);
        let from = lines.len().saturating_sub(LAST_LINES);
        Self(lines.split_off(from))
    }
}

impl fmt::Display for LastWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for LastWords {}

/// What cargo says when the network, and not the user, is at fault (`sources/registry`, `util/network` of cargo 1.95).
const OUT_OF_REACH: [&str; 7] = [
    "--offline",
    "failed to download",
    "download of ",
    "failed to fetch",
    "network failure",
    "spurious network error",
    "Unable to update registry",
];

impl Error {
    fn said(&self, words: &[&str]) -> bool {
        let Self::Failed { stderr, .. } = self else { return false };
        stderr.0.iter().any(|line| words.iter().any(|words| line.contains(words)))
    }

    /// Whether cargo refused because the lockfile does not follow the manifests (`ops/lockfile.rs` of cargo 1.95; before,
    /// it said `needs to be updated`).
    pub fn is_stale_lockfile(&self) -> bool {
        self.said(&["--locked was passed to prevent this"])
    }

    /// Whether the registry was asked and has no such package (`ops/cargo_add` of cargo 1.95).
    pub fn is_missing_package(&self) -> bool {
        !self.is_out_of_reach() && self.said(&["could not be found in registry"])
    }

    /// Whether what was downloaded is not what the registry's index announces (`sources/registry/download.rs` of cargo 1.95).
    fn is_another_archive(&self) -> bool {
        self.said(&["failed to verify the checksum of"])
    }

    fn was_offline(&self) -> bool {
        matches!(self, Self::Failed { args, .. } if args.ends_with(OFFLINE))
    }

    /// Whether cargo lacked something that it would have had to download.
    fn is_out_of_reach(&self) -> bool {
        self.said(&OUT_OF_REACH)
            || (self.was_offline() && self.said(&["could not be found in registry", "no matching package"]))
    }

    /// Wraps an operating system's answer about a file.
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }

    /// Content of `file` that is not accepted.
    pub(crate) fn unacceptable(file: &Path, what: impl Into<String>) -> Self {
        Self::Unacceptable { file: file.to_owned(), what: what.into() }
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Failed { .. } if self.is_another_archive() => Kind::Refused,
            Self::Failed { .. } if !self.is_out_of_reach() => Kind::Usage,
            Self::Unacceptable { .. } => Kind::Usage,
            _ => Kind::Undecided,
        }
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            Self::Missing { .. } => "install cargo (https://rustup.rs), or name it in `CARGO`",
            Self::NoProgram { .. } => "name a program that is in `PATH`",
            _ if self.said(&["could not find `Cargo.toml`"]) => {
                "run it inside a cargo workspace, or name one with `--manifest-path`"
            }
            _ if self.said(&["<<<<<<< ", ">>>>>>> "]) => {
                "resolve the merge in `Cargo.toml` first, then run `cargo fetch` and `cargo provenance pin`"
            }
            _ if self.is_another_archive() => {
                "its registry sent another archive than its index announces: try another version, and tell the registry"
            }
            _ if self.was_offline() && self.is_out_of_reach() => {
                "run it again with the network at hand, or `cargo fetch` first"
            }
            _ => return vec![],
        };
        vec![help.to_owned()]
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        match self {
            Self::Unacceptable { file, .. } => Some((file.clone(), 0)),
            _ => None,
        }
    }
}

fn exit_text(code: Option<i32>) -> String {
    code.map_or(" (ended by a signal)".to_owned(), |code| format!(" (exit code {code})"))
}
