//! What is wrong with a file of a store, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::report::failure::{Explain, Kind};

/// Why a file cannot be used, or what is wrong with an entry of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditError {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1; 0 for the whole file.
    pub line: u32,
    /// What is wrong: a lowercase fragment without a final period.
    pub what: String,
    /// What to do next.
    pub help: String,
}

impl AuditError {
    pub(super) fn new(file: &Path, line: u32, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), help: help.into() }
    }
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.what),
            line => write!(f, "{}:{line}: {}", self.file.display(), self.what),
        }
    }
}

impl std::error::Error for AuditError {}

impl Explain for AuditError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn help(&self) -> Vec<String> {
        vec![self.help.clone()]
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        Some((self.file.clone(), self.line))
    }
}
