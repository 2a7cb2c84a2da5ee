//! A kind of finding with its documentation, for reports that carry that along.

use super::Weight;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The id of its findings.
    pub id: &'static str,
    /// What it is about, in words.
    pub group: &'static str,
    /// What it looks for, without the full stop.
    pub summary: &'static str,
    /// What it looks for, why, and what to do about a finding; Markdown.
    pub docs: &'static str,
    /// How much a finding weighs unless the policy says otherwise; `None` where nothing is shown.
    pub weight: Option<Weight>,
}
