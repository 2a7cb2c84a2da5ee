//! What the Rust code of a package can do.

use super::Sources;

/// What the Rust code of a package can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {}

impl Code {
    pub(super) fn of(_sources: &Sources<'_>) -> Self {
        Self {}
    }
}
