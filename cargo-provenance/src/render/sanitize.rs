//! Makes text harmless that comes from crates, indexes, commits and paths before it is printed.
//!
//! A crate name, a changed source line or a file name may hold escape sequences that move the cursor over a verdict, bidi
//! controls that turn a line around, or characters that nobody sees. They are shown as `\u{…}`, so that the reader sees that
//! something is there. Text of this program's own is styled only after its parts went through here.
//!
//! Logs of CI systems are read by programs, too: a line that one of them would take for a command is broken.

pub use crate::model::is_harmful;
use crate::report::plural;

/// The longest line that is printed, in characters; longer ones are cut and end with `…`. A terminal of 80 by 50 is full then:
/// more would push the verdict out of sight.
pub const LONGEST_LINE: usize = 4_000;

/// One harmless line: line breaks are made visible too, tabs become spaces, and it is cut at [`LONGEST_LINE`].
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST_LINE));
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST_LINE {
            out.push('…');
            break;
        }
        match c {
            '\t' => out.push(' '),
            c => push(&mut out, c),
        }
    }
    disarmed(out)
}

/// One harmless line of a source: tabs stay. What is beyond [`LONGEST_LINE`] is counted.
pub fn cut(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST_LINE));
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST_LINE {
            let rest = plural(text.chars().count() - count, "more character");
            out.push_str(&format!("… and {rest}"));
            break;
        }
        match c {
            '\t' => out.push(c),
            c => push(&mut out, c),
        }
    }
    disarmed(out)
}

/// Harmless text of several lines: line feeds and tabs stay what they are.
pub fn block(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            c => push(&mut out, c),
        }
    }
    out.split_inclusive('\n').map(|line| disarmed(line.to_owned())).collect()
}

/// The commands of GitHub's runner (`ActionCommandManager.cs` and the extensions beside it in actions/runner), which stand in
/// `::NAME::` at the beginning of a line, after white space.
const COMMANDS: [&str; 16] = [
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "internal-set-repo-path",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
];

/// What opens a command anywhere in a line: of Azure Pipelines and, as of old, of GitHub's runner, and of TeamCity.
const MARKS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// A line in which no CI system finds a command.
fn disarmed(mut line: String) -> String {
    for mark in MARKS {
        if line.contains(mark) {
            line = line.replace(mark, &format!("{}\\u{{5b}}", mark.trim_end_matches('[')));
        }
    }
    let start = line.len() - line.trim_start().len();
    let command = line[start..].strip_prefix("::").and_then(|rest| rest.split_once("::"));
    if let Some((head, _)) = command {
        let name = head.split(' ').next().unwrap_or_default().to_ascii_lowercase();
        if COMMANDS.contains(&name.as_str()) {
            line.replace_range(start + 1..start + 2, "\\u{3a}");
        }
    }
    line
}

fn push(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        c if is_harmful(c) => out.extend(c.escape_unicode()),
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn attacks_become_visible() {
        for (attack, shown) in [
            ("\u{1b}[2K\u{1b}[1Afine", "\\u{1b}[2K\\u{1b}[1Afine"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("ser\u{200b}de", "ser\\u{200b}de"),
            ("x\r\nerror: y", "x\\r\\nerror: y"),
            ("\u{e0041}", "\\u{e0041}"),
            ("Grüße, 世界 🦀", "Grüße, 世界 🦀"),
            ("a\tb", "a b"),
        ] {
            assert_eq!(line(attack), shown);
        }
        assert_eq!(block("+a\tb\r\n\u{7}"), "+a\tb\\r\n\\u{7}");
    }

    #[test]
    fn no_ci_system_finds_a_command() {
        for (attack, shown) in [
            ("::error file=x::y", ":\\u{3a}error file=x::y"),
            (" \u{3000}::Add-Mask::y", " \u{3000}:\\u{3a}Add-Mask::y"),
            ("x ##[stop-commands]y", "x ##\\u{5b}stop-commands]y"),
            ("##vso[task.setvariable]y", "##vso\\u{5b}task.setvariable]y"),
            ("##teamcity[x]", "##teamcity\\u{5b}x]"),
            ("::std::mem::swap", "::std::mem::swap"),
            ("## [x]", "## [x]"),
        ] {
            assert_eq!(line(attack), shown);
            assert_eq!(block(&format!("a\n{attack}\n")), format!("a\n{shown}\n"));
        }
    }

    #[test]
    fn a_flood_is_cut() {
        let flood = "\u{7}".repeat(LONGEST_LINE + 1);
        let shown = line(&flood);
        assert!(shown.ends_with('…') && shown.len() <= LONGEST_LINE * "\\u{7}".len() + 3);
        assert!(cut(&flood).ends_with("… and 1 more character"));
    }

    proptest! {
        #[test]
        fn nothing_harmful_survives(text in any::<String>()) {
            prop_assert!(!line(&text).chars().any(is_harmful));
            prop_assert!(!cut(&text).chars().any(|c| is_harmful(c) && c != '\t'));
            prop_assert!(!block(&text).chars().any(|c| is_harmful(c) && c != '\n' && c != '\t'));
        }

        #[test]
        fn harmless_text_stays_and_twice_is_once(text in "[ -~äß世🦀]{0,200}") {
            prop_assert_eq!(line(&text), text.clone());
            prop_assert_eq!(block(&text), text);
        }

        #[test]
        fn making_harmless_twice_changes_nothing_more(text in any::<String>()) {
            prop_assert_eq!(line(&line(&text)), line(&text));
            prop_assert_eq!(block(&block(&text)), block(&text));
        }
    }
}
