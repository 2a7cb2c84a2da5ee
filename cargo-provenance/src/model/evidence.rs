//! What is known of a package. What could not be looked up is never a pass.

/// The answer to a question about a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence<T> {
    /// It was looked up and does not exist.
    Absent,
    /// It was looked up and found.
    Known(T),
    /// It could not be looked up, and why: a lowercase fragment.
    Unavailable(String),
}

impl<T> Evidence<T> {
    /// What was found, if anything was.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(found) => Some(found),
            Self::Absent | Self::Unavailable(_) => None,
        }
    }
}
