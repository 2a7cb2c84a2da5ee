//! Who git says is at work: for the acceptances that a person gives.

#![expect(clippy::disallowed_methods, reason = "git is started here")]

use std::path::Path;
use std::process::{Command, Stdio};

use super::command::FOREIGN_VARIABLES;

/// `user.email` of the git configuration in force in `directory`, if there is git and it says so. It is a name to ask, not a
/// proof of anything.
pub fn email(directory: &Path) -> Option<String> {
    let email = setting(directory, "user.email")?;
    // An address has at most 254 characters (RFC 5321, section 4.5.3.1.3).
    (email.len() <= 254).then_some(email)
}

/// Whoever git commits as, with the address that tells people apart: `NAME <ADDRESS>`, or the address alone where there is no
/// name that could stand before it.
pub fn author(directory: &Path) -> Option<String> {
    let email = email(directory)?;
    let is_name = |name: &String| name.len() <= 254 && !name.contains(['<', '>', ',']);
    Some(match setting(directory, "user.name").filter(is_name) {
        Some(name) => format!("{name} <{email}>"),
        None => email,
    })
}

fn setting(directory: &Path, key: &str) -> Option<String> {
    let mut command = Command::new("git");
    for name in FOREIGN_VARIABLES {
        command.env_remove(name);
    }
    command.args(["config", "--get", key]).current_dir(directory);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let value = text.trim();
    let is_plain = !value.is_empty() && !value.contains(char::is_control);
    (output.status.success() && is_plain).then(|| value.to_owned())
}
