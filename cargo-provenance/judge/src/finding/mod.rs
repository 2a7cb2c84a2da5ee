//! What was noticed about a package or the workspace, with the place in the user's own files.

pub mod drift;
pub mod glossary;
mod rule;

use std::path::PathBuf;

use provenance_build::PackageId;

pub use rule::Rule;

/// How much a finding weighs once the policy has spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It refuses.
    Denial,
    /// It refuses until a person accepts it for these bytes.
    Review,
    /// It is shown.
    Note,
}

/// One thing that was noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable id in kebab case: a check's id or the kind of drift.
    pub id: &'static str,
    /// How much it weighs.
    pub weight: Weight,
    /// The package it is about.
    pub package: Option<PackageId>,
    /// What it is about, where one id can be found several times in one package: an advisory's id.
    pub subject: Option<String>,
    /// One line: a lowercase fragment, no final period, backticks around literals.
    pub message: String,
    /// Where it shows, the deciding place first.
    pub places: Vec<Place>,
    /// What else there is to know, a line each.
    pub notes: Vec<String>,
    /// What to do next, a line each, with the exact command.
    pub help: Vec<String>,
    /// Lines for a file of the user's, which the last help names.
    pub paste: Vec<String>,
    /// Whether people see it only with `-v`: nothing new about it. Machines see it in any case.
    pub verbose: bool,
}

/// A line of a user's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the workspace root where it lies inside, else absolute.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: u32,
    /// The text of that line (and of following ones, if several are meant).
    pub excerpt: String,
    /// What to say at it; empty for a mere pointer.
    pub label: String,
    /// Whether this line is the problem or the context.
    pub role: Role,
}

/// What a place is to its finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Where the problem is.
    Primary,
    /// What decided, or what it is compared with.
    Context,
}

impl Finding {
    /// A finding without places, notes and help yet.
    pub fn new(id: &'static str, weight: Weight, message: impl Into<String>) -> Self {
        Self {
            id,
            weight,
            package: None,
            subject: None,
            message: message.into(),
            places: vec![],
            notes: vec![],
            help: vec![],
            paste: vec![],
            verbose: false,
        }
    }

    /// Names the package.
    pub fn about(mut self, package: PackageId) -> Self {
        self.package = Some(package);
        self
    }

    /// Adds a place.
    pub fn at(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    /// Adds a note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a next step.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}
