//! A text of a heading and lines below it, their first words in a column.

/// Columns of the first words.
const WIDTH: usize = 12;

pub(super) struct Text(String);

impl Text {
    pub(super) fn headed(heading: &str) -> Self {
        Self(format!("{heading}\n"))
    }

    pub(super) fn line(&mut self, head: &str, text: &str) {
        self.0.push_str(&format!("  {head:WIDTH$}{text}\n"));
    }

    /// Lines under one word.
    pub(super) fn lines(&mut self, head: &str, lines: impl IntoIterator<Item = String>) {
        for (number, line) in lines.into_iter().enumerate() {
            self.line(if number == 0 { head } else { "" }, &line);
        }
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}
