//! What the files of a package are, whatever they are for.

use super::Sources;

/// What the files of a package are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// How many bytes they have together.
    pub size: u64,
}

impl Content {
    pub(super) fn of(sources: &Sources<'_>) -> Self {
        Self { size: sources.files.iter().map(|file| file.content.len() as u64).sum() }
    }
}
