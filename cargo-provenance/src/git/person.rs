//! Who git says is at work: for the acceptances that a person gives.

#![expect(clippy::disallowed_methods, reason = "git is started here")]

use std::path::Path;
use std::process::{Command, Stdio};

use super::command::FOREIGN_VARIABLES;

/// `user.email` of the git configuration in force in `directory`, if there is git and it says so. It is a name to ask, not a
/// proof of anything.
pub fn email(directory: &Path) -> Option<String> {
    let mut command = Command::new("git");
    for name in FOREIGN_VARIABLES {
        command.env_remove(name);
    }
    command.args(["config", "--get", "user.email"]).current_dir(directory);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let email = text.trim();
    // An address has at most 254 characters (RFC 5321, section 4.5.3.1.3).
    let acceptable = !email.is_empty() && email.len() <= 254 && !email.contains(char::is_control);
    (output.status.success() && acceptable).then(|| email.to_owned())
}
