//! What a use case returns when it could not make a report: why, and what to do next. The boundary between errors, which
//! live beside the code that raises them, and the screen.

use std::error::Error;
use std::path::PathBuf;

use super::Step;

/// An error, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is; the exit code follows from it.
    pub kind: Kind,
    /// What went wrong: a lowercase fragment, no final period.
    pub message: String,
    /// What caused it, the nearest cause first.
    pub causes: Vec<String>,
    /// What to do next, a line each.
    pub help: Vec<String>,
    /// The file it is about and the line in it, counted from 1; 0 for the whole file.
    pub place: Option<(PathBuf, u32)>,
    /// What was done all the same: shown before the error.
    pub done: Option<Box<Step>>,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What was asked for is not let in.
    Refused,
    /// A signature or a key does not hold.
    Distrusted,
    /// Something that the user wrote is not acceptable: the command line, a policy, a manifest, a lockfile.
    Usage,
    /// Something is missing, unreadable or out of reach, so that nothing can be said.
    Undecided,
    /// The program did what it never should.
    Bug,
}

/// An error that knows how it is to be shown. Every error that a use case returns implements it; the defaults are the
/// cautious ones.
pub trait Explain: Error {
    /// What kind of failure it is.
    fn kind(&self) -> Kind {
        Kind::Undecided
    }

    /// What to do next, a line each, with the exact command.
    fn help(&self) -> Vec<String> {
        vec![]
    }

    /// The file it is about and the line in it, counted from 1; 0 for the whole file.
    fn place(&self) -> Option<(PathBuf, u32)> {
        None
    }
}

impl Failure {
    /// A failure without causes, help and place yet.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: vec![], help: vec![], place: None, done: None }
    }

    /// Adds a next step.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Takes the causes of an error, the error itself first.
    pub fn caused_by(mut self, error: &dyn Error) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            let text = error.to_string();
            // Some errors repeat their source's text instead of adding to it.
            if !text.is_empty() && self.causes.last() != Some(&text) && self.message != text {
                self.causes.push(text);
            }
            cause = error.source();
        }
        self
    }
}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut failure = Self::new(error.kind(), error.to_string());
        failure.help = error.help();
        failure.place = error.place();
        match error.source() {
            Some(source) => failure.caused_by(source),
            None => failure,
        }
    }
}

impl Explain for provenance_build::Error {
    /// What a person wrote or committed and the kernel refuses is theirs to correct; everything else leaves the verdict
    /// open.
    fn kind(&self) -> Kind {
        match self {
            Self::Distrusted { .. } => Kind::Distrusted,
            Self::Invalid { .. } => Kind::Usage,
            _ => Kind::Undecided,
        }
    }

    fn help(&self) -> Vec<String> {
        Self::help(self).map(str::to_owned).into_iter().collect()
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        match self {
            Self::Invalid { file, line, .. } => Some((file.clone(), *line)),
            Self::Io { path, .. } => Some((path.clone(), 0)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use provenance_build::Error;

    use super::*;

    #[test]
    fn kernel_errors_keep_place_help_and_causes() {
        let invalid =
            Failure::from(Error::invalid(Path::new("Cargo.lock"), 7, "duplicate key", "remove one"));
        assert_eq!(invalid.kind, Kind::Usage);
        assert_eq!(invalid.message, "Cargo.lock:7: duplicate key");
        assert_eq!(invalid.help, ["remove one"]);
        assert_eq!(invalid.place, Some((PathBuf::from("Cargo.lock"), 7)));

        let unreadable =
            Failure::from(Error::io("read", Path::new("x"), io::Error::new(io::ErrorKind::NotFound, "gone")));
        assert_eq!(unreadable.kind, Kind::Undecided);
        assert_eq!(unreadable.causes, ["gone"]);

        assert_eq!(Failure::from(Error::unclear("no manifest", "")).kind, Kind::Undecided);
    }

    #[test]
    fn a_cause_that_only_repeats_is_shown_once() {
        let failure = Failure::new(Kind::Undecided, "gone").caused_by(&io::Error::other("gone"));
        assert!(failure.causes.is_empty());
    }
}
