//! What stops the kernel: input that it cannot read or will not accept.
//!
//! Drift is not an error: it is a [`crate::Drift`], found by comparing things that could all be read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why no verdict could be reached.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The manifest is not signed as the policy, or the caller, demands.
    Distrusted {
        /// What is wrong.
        what: String,
        /// What else there is to know, a line each.
        details: Vec<String>,
        /// What to do next.
        help: String,
    },
    /// A file's content is not acceptable.
    Invalid {
        /// The file the content came from.
        file: PathBuf,
        /// The line, counted from 1; 0 when the whole file is meant.
        line: u32,
        /// What is wrong: a lowercase fragment without a final period.
        what: String,
        /// What to do next.
        help: String,
    },
    /// A file or directory could not be read or written.
    Io {
        /// The path that the operation was about.
        path: PathBuf,
        /// What was being done: `read`, `list`, `remove`.
        action: &'static str,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The surroundings do not allow a verdict: a missing manifest, an unclear workspace root.
    Unclear {
        /// What is wrong.
        what: String,
        /// What to do next.
        help: String,
    },
}

impl Error {
    /// A manifest whose signatures do not hold.
    pub fn distrusted(what: impl Into<String>, details: Vec<String>, help: &str) -> Self {
        Self::Distrusted { what: what.into(), details, help: help.to_owned() }
    }

    /// Content of `file` that is refused at `line` (0 for the whole file).
    pub fn invalid(file: &Path, line: u32, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Invalid { file: file.to_owned(), line, what: what.into(), help: help.into() }
    }

    /// An operation on `path` that the operating system refused.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), action, source }
    }

    /// Surroundings that do not allow a verdict.
    pub fn unclear(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Unclear { what: what.into(), help: help.into() }
    }

    /// What to do next, where the error knows it.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Distrusted { help, .. } | Self::Invalid { help, .. } | Self::Unclear { help, .. }
                if !help.is_empty() =>
            {
                Some(help)
            }
            _ => None,
        }
    }

    /// What else there is to know, a line each.
    pub fn details(&self) -> &[String] {
        match self {
            Self::Distrusted { details, .. } => details,
            _ => &[],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { file, line: 0, what, .. } => write!(f, "{}: {what}", file.display()),
            Self::Invalid { file, line, what, .. } => write!(f, "{}:{line}: {what}", file.display()),
            Self::Io { path, action, .. } => write!(f, "could not {action} `{}`", path.display()),
            Self::Distrusted { what, .. } | Self::Unclear { what, .. } => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
