//! A summary in Markdown, made for `$GITHUB_STEP_SUMMARY`.
//!
//! Lists and code blocks only, no tables: what stands between backticks in a message stays code, everything else is escaped.
//! Names of people, links and HTML that come from crates are never more than their characters.

use super::{View, human, sanitize};
use crate::finding::{Finding, Weight};
use crate::report::failure::Failure;
use crate::report::{Outcome, Report, plural};

/// Findings in one summary. GitHub refuses a step's summary of more than 1 MiB, whole.
const FINDINGS: usize = 200;

/// Characters of a diff or list in one summary.
const OUTPUT: usize = 64 * 1024;

/// Lines of what was not checked.
const NOT_CHECKED: usize = 50;

/// The summary of a report.
pub(super) fn report(report: &Report, view: &View) -> String {
    let mut text = format!("## {}\n\n", head(report));
    let conclusion = super::conclusion(report);
    let time = human::seconds(view.elapsed);
    text.push_str(&format!("{} \\[{time}\\]\n", inline(&conclusion)));
    for (weight, title) in
        [(Weight::Denial, "Denied"), (Weight::Review, "For review"), (Weight::Note, "Notes")]
    {
        let found = report.findings.iter().filter(|finding| finding.weight == weight);
        let shown = found.clone().take(FINDINGS).map(|found| finding(found, view)).collect::<Vec<_>>();
        if shown.is_empty() {
            continue;
        }
        text.push_str(&format!("\n### {title}\n\n{}", shown.concat()));
        let more = found.count().saturating_sub(FINDINGS);
        if more > 0 {
            text.push_str(&format!("- and {more} more\n"));
        }
    }
    if !report.tolerated.is_empty() {
        let findings = plural(report.tolerated.len(), "finding");
        text.push_str(&format!("\n{findings} accepted, excepted or there from the beginning.\n"));
    }
    if !report.not_checked.is_empty() {
        text.push_str("\n### Not checked\n\n");
        let shown = report.not_checked.iter().take(NOT_CHECKED);
        text.extend(shown.map(|reason| format!("- {}\n", inline(reason))));
        let more = report.not_checked.len().saturating_sub(NOT_CHECKED);
        if more > 0 {
            text.push_str(&format!("- and {more} more\n"));
        }
    }
    if !report.output.is_empty() {
        let cut = report.output.chars().take(OUTPUT).collect::<String>();
        let more = if cut.len() < report.output.len() { "\n…" } else { "" };
        text.push('\n');
        text.push_str(&fenced(&format!("{}{more}", sanitize::block(&cut)), ""));
    }
    text
}

/// The summary of a failure.
pub(super) fn failure(failure: &Failure) -> String {
    let mut text = format!("## `cargo provenance`: error\n\n{}\n\n", inline(&failure.message));
    text.extend(failure.causes.iter().map(|cause| format!("- caused by: {}\n", inline(cause))));
    text.extend(failure.help.iter().map(|help| format!("- {}\n", inline(help))));
    text
}

fn head(report: &Report) -> String {
    let outcome = match report.outcome {
        Outcome::Fine => "fine",
        Outcome::Refused => "refused",
        Outcome::Undecided => "undecided",
        Outcome::Drift => "drift",
        Outcome::Distrusted => "distrusted",
        Outcome::Program(_) => "failed",
    };
    format!("`cargo provenance {}`: {outcome}", report.command)
}

fn finding(finding: &Finding, view: &View) -> String {
    let place = match super::spot(finding, view) {
        Some((path, 0)) => format!(" ({})", code(&path)),
        Some((path, line)) => format!(" ({})", code(&format!("{path}:{line}"))),
        None => String::new(),
    };
    let mut text = format!("- **{}**: {}{place}\n", code(finding.id), inline(&finding.message));
    let lines = finding.notes.iter().chain(&finding.help);
    text.extend(lines.map(|line| format!("  - {}\n", inline(line))));
    if !finding.paste.is_empty() {
        let paste = finding.paste.iter().map(|line| sanitize::line(line)).collect::<Vec<_>>().join("\n");
        text.push('\n');
        text.push_str(&fenced(&paste, "  "));
    }
    text
}

/// One line: what stands between backticks is code, the rest is text.
fn inline(text: &str) -> String {
    let text = sanitize::line(text.trim());
    let parts = text.split('`').enumerate().map(|(number, part)| match number % 2 {
        0 => prose(part),
        _ => code(part),
    });
    parts.collect()
}

/// Text that is nothing but text. What GitHub would link although it is escaped becomes code, word by word.
fn prose(text: &str) -> String {
    let is_linked = |word: &str| {
        let lower = word.to_ascii_lowercase();
        word.contains(['@', '#', ':', '/']) || lower.contains("www.") || lower.contains("gh-")
    };
    let words = text.split(' ').map(|word| match word.strip_suffix([':', ',', '.', ')']) {
        _ if !is_linked(word.trim_end_matches(':')) => escaped(word),
        Some(stem) => format!("{}{}", code(stem), escaped(&word[stem.len()..])),
        None => code(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Every mark that Markdown or HTML could give a meaning, escaped (CommonMark, section 2.4).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // A backslash does not keep an entity from being one everywhere.
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            ',' | '\'' | ';' | '(' | ')' | '%' | '=' => out.push(c),
            c if c.is_ascii_punctuation() => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// A code span that its content cannot end.
fn code(text: &str) -> String {
    let text = sanitize::line(text);
    if text.trim().is_empty() {
        return text;
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A code block that its content cannot end.
fn fenced(text: &str, indent: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let lines = text.lines().map(|line| format!("{indent}{line}\n")).collect::<String>();
    format!("{indent}{fence}text\n{lines}{indent}{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{hostile, view};
    use super::super::{Format, Verbosity};
    use super::*;

    #[test]
    fn hostile_text_is_nothing_but_text() {
        for (text, expected) in [
            ("`serde v1.0.0` is vulnerable", "`serde v1.0.0` is vulnerable"),
            ("<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"),
            ("[x](https://evil.invalid)", "`[x](https://evil.invalid`)"),
            ("ask @everyone, see #1 or www.evil.invalid", "ask `@everyone`, see `#1` or `www.evil.invalid`"),
            ("a&lt;b **c** _d_ ~e~ |f|", "a&amp;lt;b \\*\\*c\\*\\* \\_d\\_ \\~e\\~ \\|f\\|"),
            ("`` `x` ``", " `x` "),
            ("a\n# b", "`a\\n#` b"),
            ("pinned: here", "pinned\\: here"),
        ] {
            assert_eq!(inline(text), expected, "{text}");
        }
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(fenced("```\nx", ""), "````text\n```\nx\n````\n");
    }

    /// The text outside of code spans and code blocks.
    fn prose_of(markdown: &str) -> String {
        let mut prose = String::new();
        let mut fence = None;
        for line in markdown.lines() {
            let ticks = line.trim_start().len() - line.trim_start().trim_start_matches('`').len();
            match fence {
                Some(long) if ticks >= long && line.trim_start_matches([' ', '`']).is_empty() => fence = None,
                Some(_) => {}
                None if ticks >= 3 && line.ends_with("`text") => fence = Some(ticks),
                None => prose.push_str(&without_spans(line)),
            }
            prose.push('\n');
        }
        prose
    }

    fn without_spans(line: &str) -> String {
        let mut rest = line;
        let mut out = String::new();
        while let Some(at) = rest.find('`') {
            let ticks = rest[at..].len() - rest[at..].trim_start_matches('`').len();
            out.push_str(&rest[..at]);
            let after = &rest[at + ticks..];
            let end = closing(after, ticks).unwrap_or_else(|| panic!("a span without an end: {line}"));
            rest = &after[end + ticks..];
        }
        out + rest
    }

    fn closing(text: &str, ticks: usize) -> Option<usize> {
        let mut at = 0;
        while let Some(next) = text[at..].find('`') {
            let run = text[at + next..].len() - text[at + next..].trim_start_matches('`').len();
            if run == ticks {
                return Some(at + next);
            }
            at += next + run;
        }
        None
    }

    proptest! {
        #[test]
        fn no_text_becomes_markup(text in "[ -~\\n]{0,80}|\\PC{0,40}", path in any::<String>()) {
            let rendered = report(&hostile(&text, &path), &view(Format::Markdown, Verbosity::Normal));
            prop_assert!(!rendered.chars().any(|c| c != '\n' && sanitize::is_harmful(c)));
            let prose = prose_of(&rendered);
            let unescaped = prose.replace("\\\\", "").replace("\\[", "").replace("\\]", "").replace("\\!", "");
            prop_assert!(!unescaped.contains(['<', '>', '[', ']', '@', '!']), "{}", rendered);
            prop_assert!(!prose.contains("://") && !prose.to_ascii_lowercase().contains("www."), "{}", rendered);
        }
    }
}
