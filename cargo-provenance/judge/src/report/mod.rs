//! What a use case returns: everything that is to be shown, nothing shown yet.

pub mod dialog;
pub mod failure;
pub mod files;
pub mod ledger;
mod plural;
pub mod progress;
pub mod reviews;

pub use files::Files;
pub use plural::plural;

use crate::finding::{Finding, Weight};

/// The result of a use case.
#[derive(Clone, Debug)]
pub struct Report {
    /// The command's name: `verify`.
    pub command: &'static str,
    /// What was decided.
    pub outcome: Outcome,
    /// What was noticed, weightiest first.
    pub findings: Vec<Finding>,
    /// What was found and does not refuse, because somebody said so.
    pub tolerated: Vec<Tolerated>,
    /// What was done or found, as status lines in order: shown before the findings.
    pub steps: Vec<Step>,
    /// Numbers for the conclusion and for machines, in order.
    pub counts: Vec<Count>,
    /// What was not checked and why, a line each; always shown. Reads after `Not checked`: `3 packages not on disk`.
    pub not_checked: Vec<String>,
    /// The last line, without verb and time. The verb is `Finished` when fine (`211 packages match`), `Refusing` when refused
    /// (``to add `x`: 1 denial in 4 packages``), `Undecided`, else `Failed` (`3 of 214 packages drifted`). Empty for the tally
    /// of the findings, and for nothing at all where there are none and all is fine.
    pub conclusion: String,
    /// Files that differ; they belong on standard output.
    pub files: Files,
    /// Reviews that are missing, for programs; people read them in `output`.
    pub reviews: Vec<reviews::MissingReview>,
    /// What ids mean, for programs; people read it in `output`.
    pub explained: Vec<Explained>,
    /// What belongs on standard output: a diff (shown in colors if it is a unified one), a list.
    pub output: String,
}

/// A finding that does not refuse any more, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tolerated {
    /// The finding.
    pub finding: Finding,
    /// Why it does not refuse: by whom, until when, for what reason.
    pub why: String,
}

/// A status line: a verb of at most 12 characters and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `Pinning`, `Adding`, `Skipping`.
    pub verb: &'static str,
    /// What it is about.
    pub message: String,
    /// Whether it is only shown with `-v`.
    pub verbose: bool,
}

/// A number with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Kebab case: `packages`, `not-on-disk`.
    pub name: &'static str,
    /// The number.
    pub value: u64,
}

/// What an id means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The id.
    pub id: &'static str,
    /// What it is the id of: `check`, or a kind of other findings.
    pub kind: &'static str,
    /// The group of a check.
    pub group: Option<&'static str>,
    /// The level in force, of a check.
    pub level: Option<&'static str>,
    /// Who set that.
    pub set: Option<String>,
    /// How somebody can let a package pass in spite of it.
    pub accept: Option<String>,
    /// In one sentence.
    pub summary: &'static str,
    /// In full, with the incidents that it comes from.
    pub docs: &'static str,
}

/// What was decided. The exit code follows from it alone, whatever the output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to complain about: exit 0.
    Fine,
    /// The policy refused: exit 1.
    Refused,
    /// It could not be decided: exit 3.
    Undecided,
    /// Manifest, lockfile and sources disagree: exit 4.
    Drift,
    /// A signature or a key did not hold: exit 5.
    Distrusted,
    /// A program that was run under the guard ended like this, which is no success: its exit code.
    Program(u8),
}

impl Report {
    /// An empty report of a fine outcome.
    pub fn new(command: &'static str) -> Self {
        Self {
            command,
            outcome: Outcome::Fine,
            findings: vec![],
            tolerated: vec![],
            steps: vec![],
            counts: vec![],
            not_checked: vec![],
            conclusion: String::new(),
            files: Files::default(),
            reviews: vec![],
            explained: vec![],
            output: String::new(),
        }
    }

    /// Adds a status line.
    pub fn step(&mut self, verb: &'static str, message: impl Into<String>) {
        self.steps.push(Step { verb, message: message.into(), verbose: false });
    }

    /// Adds a status line that is only shown with `-v`.
    pub fn detail(&mut self, verb: &'static str, message: impl Into<String>) {
        self.steps.push(Step { verb, message: message.into(), verbose: true });
    }

    /// Adds a number.
    pub fn count(&mut self, name: &'static str, value: usize) {
        self.counts.push(Count { name, value: value as u64 });
    }

    /// The findings in words, the weights that do not occur left out: `2 denials, 1 note`; `no findings`. Those that are only
    /// shown with `-v` do not count.
    pub fn tally(&self) -> String {
        let parts = [(Weight::Denial, "denial"), (Weight::Review, "review"), (Weight::Note, "note")]
            .into_iter()
            .map(|(weight, noun)| (self.showing(weight), noun))
            .filter(|(number, _)| *number > 0)
            .map(|(number, noun)| plural(number, noun))
            .collect::<Vec<_>>();
        if parts.is_empty() { "no findings".into() } else { parts.join(", ") }
    }

    /// The number of findings of a weight that people see without `-v`.
    pub fn showing(&self, weight: Weight) -> usize {
        self.findings.iter().filter(|finding| finding.weight == weight && !finding.verbose).count()
    }

    /// The number of findings of a weight.
    pub fn weighing(&self, weight: Weight) -> usize {
        self.findings.iter().filter(|finding| finding.weight == weight).count()
    }
}
