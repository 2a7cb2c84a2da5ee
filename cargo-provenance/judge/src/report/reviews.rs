//! Reviews that are missing, as `suggest` reports them.

use super::plural;

/// A review that somebody could do, and that nobody has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingReview {
    /// The crate.
    pub krate: String,
    /// The version since which changes are to be read; all of the other one where there is none.
    pub from: Option<String>,
    /// The version that would be vouched for.
    pub to: String,
    /// What it must meet.
    pub criteria: Vec<String>,
    /// How much there is to read, where that is known.
    pub size: Option<ReviewSize>,
    /// The packages that would be reviewed then.
    pub settles: Vec<String>,
    /// The version that must be reviewed before.
    pub after: Option<String>,
    /// What else there is to know, a line each.
    pub hints: Vec<String>,
    /// The command that shows what there is to read, and the one that records the review.
    pub commands: [String; 2],
}

/// How much there is to read, and what makes it risky.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReviewSize {
    /// Lines.
    pub lines: usize,
    /// Those of files that run at build time, of sources with `unsafe`, and of programs.
    pub risky: usize,
    /// What the risky files are: `build script`, `3 files with unsafe`.
    pub why: Vec<String>,
}

impl MissingReview {
    /// What it is about: `serde 1.0.0 -> 1.0.1`.
    pub fn what(&self) -> String {
        match &self.from {
            Some(from) => format!("{} {from} -> {}", self.krate, self.to),
            None => format!("{} {}", self.krate, self.to),
        }
    }

    /// What it takes, in one line.
    pub fn effort(&self) -> String {
        let mut text = match &self.size {
            None => "its size is not known".to_owned(),
            Some(ReviewSize { lines, risky: 0, .. }) => plural(*lines, "line"),
            Some(ReviewSize { lines, risky, why }) => {
                format!("{}, {risky} of them risky: {}", plural(*lines, "line"), why.join(", "))
            }
        };
        if let Some(after) = &self.after {
            text += &format!("; once {after} is reviewed");
        }
        if self.settles.len() > 1 {
            text +=
                &format!("; settles {}: {}", plural(self.settles.len(), "package"), self.settles.join(", "));
        }
        text
    }
}
