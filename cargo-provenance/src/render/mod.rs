//! Reports as text. Pure functions: what they return goes through [`crate::shell::Shell`], which alone decides on color
//! and streams.

pub mod human;
pub mod json;
pub mod sanitize;
pub mod short;
mod style;

pub use style::status;

use std::time::Duration;

use crate::finding::Finding;
use crate::report::Report;
use crate::report::failure::Failure;

/// How a report is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The form.
    pub format: Format,
    /// How much is said.
    pub verbosity: Verbosity,
    /// Which characters draw the frames of findings.
    pub charset: Charset,
    /// How long the command took.
    pub elapsed: Duration,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Cargo's style, with the lines of the user's files.
    Human,
    /// One line per finding.
    Short,
    /// One JSON object per line.
    Json,
}

/// How much is said; it never changes what is decided, nor what JSON holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Denials, reviews and errors only.
    Quiet,
    /// What matters.
    Normal,
    /// Every detail.
    Verbose,
    /// How long each phase took, too.
    Traced,
}

/// Which characters draw the frames of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// ASCII, as rustc and cargo do by default.
    Ascii,
    /// Box-drawing characters.
    Unicode,
}

/// What is to be printed, in this order. Styled with ANSI escape codes, which the shell strips where they are not wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// For standard error.
    pub before: String,
    /// For standard output.
    pub output: String,
    /// For standard error: the conclusion.
    pub after: String,
}

/// Renders a report.
pub fn report(report: &Report, view: &View) -> Rendered {
    match view.format {
        Format::Human => human::report(report, view, human::finding),
        Format::Short => human::report(report, view, short::finding),
        Format::Json => Rendered { output: json::report(report, view.elapsed), ..Rendered::default() },
    }
}

/// Renders a finding on its own, for people.
pub fn finding(finding: &Finding, view: &View) -> String {
    human::finding(finding, view)
}

/// Renders a failure: for people in any case, for machines where they listen.
pub fn failure(failure: &Failure, view: &View) -> Rendered {
    let output = match view.format {
        Format::Human | Format::Short => String::new(),
        Format::Json => json::failure(failure, view.elapsed),
    };
    Rendered {
        before: human::steps(failure.done.as_deref(), view.verbosity),
        output,
        after: human::failure(failure),
    }
}

#[cfg(test)]
mod tests;
