//! Cargo's way to style a line.

use anstyle::Style;
use clap_cargo::style::{CONTEXT, ERROR, GOOD, HEADER, WARN};

use super::sanitize;

/// A status line: the verb right-aligned in 12 columns, then what it is about.
pub fn status(verb: &str, message: &str) -> String {
    let style = match verb {
        "Failed" | "Refusing" | "Undecided" => ERROR,
        "Not checked" | "Skipping" => WARN,
        "Timing" => CONTEXT,
        _ => HEADER,
    };
    let verb = sanitize::line(verb);
    format!("{style}{verb:>12}{style:#} {}\n", sanitize::line(message))
}

/// `error: message`, the message in bold as cargo has it.
pub(super) fn labeled(label: &str, style: Style, message: &str) -> String {
    let bold = Style::new().bold();
    format!("{style}{label}{style:#}{bold}:{bold:#} {}\n", sanitize::line(message))
}

/// A unified diff in colors; other text as it is. The text is made harmless.
pub(super) fn output(text: &str) -> String {
    let text = sanitize::block(text);
    let is_diff =
        text.lines().zip(text.lines().skip(1)).any(|(a, b)| a.starts_with("--- ") && b.starts_with("+++ "));
    if !is_diff {
        return text;
    }
    let bold = Style::new().bold();
    let mut out = String::with_capacity(text.len() * 2);
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let style = match line.as_bytes() {
            [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => bold,
            [b'@', b'@', ..] => CONTEXT,
            [b'+', ..] => GOOD.effects(anstyle::Effects::new()),
            [b'-', ..] => ERROR.effects(anstyle::Effects::new()),
            _ => Style::new(),
        };
        out.push_str(&format!("{style}{line}{style:#}{end}"));
    }
    out
}
