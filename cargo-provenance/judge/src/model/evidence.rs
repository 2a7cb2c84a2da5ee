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

    /// Why it could not be looked up, if so.
    pub fn unavailable(&self) -> Option<&str> {
        match self {
            Self::Unavailable(why) => Some(why),
            Self::Absent | Self::Known(_) => None,
        }
    }

    /// The same evidence, borrowed.
    pub fn as_ref(&self) -> Evidence<&T> {
        match self {
            Self::Absent => Evidence::Absent,
            Self::Known(found) => Evidence::Known(found),
            Self::Unavailable(why) => Evidence::Unavailable(why.clone()),
        }
    }

    /// The same evidence of something else.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Evidence<U> {
        match self {
            Self::Absent => Evidence::Absent,
            Self::Known(found) => Evidence::Known(with(found)),
            Self::Unavailable(why) => Evidence::Unavailable(why),
        }
    }
}
