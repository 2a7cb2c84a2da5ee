//! Questions on the terminal: the finding, if it is about one, what there is to see of it, and a line that is typed.

use crate::render::{self, View, sanitize};
use crate::report::dialog::{Dialog, Question};
use crate::shell::Shell;

/// The terminal that the process was started on.
pub struct Terminal<'a> {
    shell: &'a Shell,
    view: View,
}

impl<'a> Terminal<'a> {
    /// Asks through `shell`.
    pub fn new(shell: &'a Shell, view: View) -> Self {
        Self { shell, view }
    }
}

impl Dialog for Terminal<'_> {
    fn ask(&self, question: &Question<'_>) -> Option<String> {
        let Question { finding, shown, prompt } = question;
        if let Some(finding) = finding {
            self.shell.err(&render::finding(finding, &self.view));
        }
        // It comes from packages, which nobody trusts yet.
        self.shell.err(&sanitize::block(shown));
        self.shell.ask(&sanitize::line(prompt))
    }
}
