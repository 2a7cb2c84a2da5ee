//! Shows long text page by page, in the program that the user chose.
//!
//! What to start comes from the user's own environment and from nowhere else: nothing of a repository can name it. It gets the
//! text that standard output would have got, made harmless like all of it.

#![expect(clippy::disallowed_methods, reason = "the pager is started here")]

use std::io::Write;
use std::process::{Command, Stdio};

/// A program that shows text page by page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pager {
    /// The program.
    program: String,
    /// Its arguments.
    arguments: Vec<String>,
    /// Variables that it gets besides those of this process.
    variables: Vec<(&'static str, &'static str)>,
}

impl Pager {
    /// Reads a command line: words between blanks, no shell. `None` where it asks for no pager: it is empty, or `cat`.
    pub fn parse(command: &str) -> Option<Self> {
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next().filter(|program| program != "cat")?;
        Some(Self { program, arguments: words.collect(), variables: vec![] })
    }

    /// Sets a variable for it.
    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Shows a text and waits until the reader has seen enough; false where the program could not be started.
    pub(super) fn show(&self, text: &[u8]) -> bool {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.variables.iter().copied()).stdin(Stdio::piped());
        let Ok(mut child) = command.spawn() else { return false };
        if let Some(mut input) = child.stdin.take() {
            // Whoever leaves early has seen enough.
            let _ = input.write_all(text);
        }
        let _ = child.wait();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_words_and_cat_is_none() {
        for none in ["", "  ", "cat", "cat -v"] {
            assert_eq!(Pager::parse(none), None, "{none}");
        }
        let pager = Pager::parse("less  -R; touch x").expect("a pager");
        assert_eq!(
            (pager.program.as_str(), &pager.arguments[..]),
            ("less", &["-R;".to_owned(), "touch".into(), "x".into()][..])
        );
    }

    #[test]
    #[cfg(unix)]
    fn it_gets_the_text_and_one_that_is_not_there_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("seen");
        let pager = Pager::parse(&format!("dd status=none of={}", file.display())).expect("a pager");
        assert!(pager.show(b"page"));
        assert_eq!(std::fs::read(&file).expect("seen"), b"page");
        // One that reads nothing is no error either.
        assert!(Pager::parse("true").expect("a pager").show(&vec![b'x'; 1 << 20]));
        assert!(!Pager::parse("/no/such/pager").expect("a pager").show(b"page"));
    }
}
