//! What a build script says to cargo (the cargo book, "Outputs of the Build Script").
#![expect(clippy::print_stdout, reason = "a build script speaks to cargo through standard output")]

use std::path::Path;

/// Fails the build with a message on a line of its own (acted upon from cargo 1.84; the caller exits non-zero too).
pub fn error(message: &str) {
    println!("cargo::error={}", one_line(message));
}

/// Shows a warning; cargo repeats it at every build until the script runs again.
pub fn warning(message: &str) {
    println!("cargo::warning={}", one_line(message));
}

/// Runs the script again when this file, or anything below this directory, is newer than its last run.
pub fn rerun_if_changed(path: &Path) {
    // A path with a line break could say anything to cargo; no such path gets here from a registry or checkout.
    if let Some(path) = path.to_str().filter(|path| !path.contains(['\n', '\r'])) {
        println!("cargo::rerun-if-changed={path}");
    }
}

/// Runs the script again when this variable changes in cargo's own environment.
pub fn rerun_if_env_changed(variable: &str) {
    println!("cargo::rerun-if-env-changed={variable}");
}

/// Text from outside must not start a directive of its own, nor steer the terminal.
fn one_line(text: &str) -> String {
    let harmless = |c: char| if c.is_control() || is_format(c) { '\u{fffd}' } else { c };
    text.chars().map(harmless).collect()
}

/// Characters that turn the direction of text around or join it invisibly (Unicode UAX #9, and U+200B to U+200F).
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_message_cannot_start_another_directive() {
        assert_eq!(
            one_line("a\ncargo::rustc-flags=-l x\r\u{1b}[31m\u{202e}"),
            "a\u{fffd}cargo::rustc-flags=-l x\u{fffd}\u{fffd}[31m\u{fffd}"
        );
    }
}
