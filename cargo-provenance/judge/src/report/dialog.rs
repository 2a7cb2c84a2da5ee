//! How a use case asks the person at the terminal. The terminal layer shows the question; tests answer by themselves.

use crate::finding::Finding;

/// Something that waits for a person's word.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The finding that it is about, if it is about one.
    pub finding: Option<&'a Finding>,
    /// What to look at first. It comes from packages, and must be made harmless before it is shown.
    pub shown: &'a str,
    /// What is asked.
    pub prompt: &'a str,
}

/// Asks.
pub trait Dialog {
    /// Shows a question and returns the line that was typed, without its end; `None` where nobody answers any more.
    fn ask(&self, question: &Question<'_>) -> Option<String>;
}
