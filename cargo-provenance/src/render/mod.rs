//! Reports as text. Pure functions: what they return goes through [`crate::shell::Shell`], which alone decides on color
//! and streams.

mod files;
mod github;
pub mod html;
pub mod human;
pub mod json;
mod junit;
mod markdown;
pub mod sanitize;
mod sarif;
pub mod short;
mod style;

pub use style::status;

use std::path::Path;
use std::time::Duration;

use crate::finding::{Finding, Rule};
use crate::model::{Spot, Whereabouts};
use crate::report::Report;
use crate::report::failure::Failure;

/// How a report is to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The form.
    pub format: Format,
    /// How much is said.
    pub verbosity: Verbosity,
    /// Which characters draw the frames of findings.
    pub charset: Charset,
    /// How long the command took.
    pub elapsed: Duration,
    /// Where the workspace lies, for [`Format::is_document`].
    pub whereabouts: Whereabouts,
    /// The kinds of findings, for [`Format::Sarif`].
    pub rules: Vec<Rule>,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Workflow commands, which GitHub Actions turns into annotations.
    Github,
    /// Cargo's style, with the lines of the user's files.
    Human,
    /// One JSON object per line.
    Json,
    /// JUnit's XML.
    Junit,
    /// A summary in Markdown.
    Markdown,
    /// SARIF 2.1.0.
    Sarif,
    /// One line per finding.
    Short,
}

impl Format {
    /// Whether standard output carries one document for another program, while people read standard error.
    pub fn is_document(self) -> bool {
        matches!(self, Self::Github | Self::Junit | Self::Markdown | Self::Sarif)
    }
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
    let document = match view.format {
        Format::Human => return human::report(report, view, human::finding),
        Format::Short => return human::report(report, view, short::finding),
        Format::Json => {
            return Rendered { output: json::report(report, view.elapsed), ..Rendered::default() };
        }
        Format::Github => github::report(report, view),
        Format::Junit => junit::report(report, view),
        Format::Markdown => markdown::report(report, view),
        Format::Sarif => sarif::report(report, view),
    };
    // What would be on standard output is for people then, too.
    let told = human::report(report, view, human::finding);
    Rendered { before: told.before + &told.output, output: document, after: told.after }
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
        Format::Github => github::failure(failure, view),
        Format::Junit => junit::failure(failure, view),
        Format::Markdown => markdown::failure(failure),
        Format::Sarif => sarif::failure(failure, view),
    };
    Rendered {
        before: human::steps(failure.done.as_deref(), view.verbosity),
        output,
        after: human::failure(failure),
    }
}

/// Where a finding shows in the repository: at its own first place there, else where its package is locked. Path and line;
/// line 0 for the whole file.
fn spot(finding: &Finding, view: &View) -> Option<(String, u32)> {
    let inside = |file: &Path, line: u32| match view.whereabouts.of(file) {
        Spot::Inside(path) => Some((path, line)),
        Spot::Outside(_) => None,
    };
    let own = finding.places.iter().find_map(|place| inside(&place.file, place.line));
    own.or_else(|| {
        let line = view.whereabouts.locked.get(finding.package.as_ref()?)?;
        inside(Path::new("Cargo.lock"), *line)
    })
}

/// What there is to say of a finding besides its message, a line each.
fn details(finding: &Finding) -> Vec<String> {
    let notes = finding.notes.iter().map(|note| format!("note: {note}"));
    let help = finding.help.iter().map(|help| format!("help: {help}"));
    notes.chain(help).chain(finding.paste.iter().cloned()).collect()
}

/// The conclusion, with its verb where it makes no sense without: `Refusing to add: 1 denial`.
fn conclusion(report: &Report) -> String {
    match report.conclusion.as_str() {
        "" => report.tally(),
        text if text.starts_with("to ") => format!("{} {text}", human::verb(report.outcome)),
        text => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
