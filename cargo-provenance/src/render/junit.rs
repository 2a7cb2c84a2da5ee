//! JUnit's XML, which GitLab and most other CI systems show: a test case for each finding, and one for the whole.
//!
//! The document fails if and only if the command does: where nothing refuses and the command does not succeed all the same,
//! the case of the whole carries an error.

use super::{View, sanitize};
use crate::finding::{Finding, Weight};
use crate::report::failure::Failure;
use crate::report::{Outcome, Report};

/// The document of a report.
pub(super) fn report(report: &Report, view: &View) -> String {
    let refusing = report.findings.iter().filter(|finding| finding.weight != Weight::Note).count();
    let silent = report.outcome != Outcome::Fine && refusing == 0;
    let mut cases: String = report.findings.iter().map(|found| finding(found, view)).collect();
    for reason in &report.not_checked {
        cases.push_str(&case("not checked", reason, "", &element("skipped", reason, "")));
    }
    let conclusion = super::conclusion(report);
    let body = match silent {
        true => element("error", &conclusion, ""),
        false => String::new(),
    };
    cases.push_str(&case(&format!("cargo provenance {}", report.command), &conclusion, "", &body));
    let counts = Counts {
        tests: report.findings.len() + report.not_checked.len() + 1,
        failures: refusing,
        errors: usize::from(silent),
        skipped: report.not_checked.len(),
    };
    document(&format!("cargo provenance {}", report.command), &counts, view, &cases)
}

/// The document of a failure.
pub(super) fn failure(failure: &Failure, view: &View) -> String {
    let lines = failure.causes.iter().chain(&failure.help).map(String::as_str).collect::<Vec<_>>();
    let body = element("error", &failure.message, &lines.join("\n"));
    let counts = Counts { tests: 1, failures: 0, errors: 1, skipped: 0 };
    document("cargo provenance", &counts, view, &case("cargo provenance", &failure.message, "", &body))
}

struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

fn document(name: &str, counts: &Counts, view: &View, cases: &str) -> String {
    let Counts { tests, failures, errors, skipped } = counts;
    let counted = format!(
        "name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{:.3}\"",
        escaped(name),
        view.elapsed.as_secs_f64()
    );
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counted}>\n<testsuite {counted}>\n{cases}</testsuite>\n</testsuites>\n"
    )
}

fn finding(finding: &Finding, view: &View) -> String {
    let place = match super::spot(finding, view) {
        Some((path, 0)) => format!(" file=\"{}\"", escaped(&path)),
        Some((path, line)) => format!(" file=\"{}\" line=\"{line}\"", escaped(&path)),
        None => String::new(),
    };
    let lines = super::details(finding);
    let body = match finding.weight {
        Weight::Denial | Weight::Review => element("failure", &finding.message, &lines.join("\n")),
        Weight::Note => format!("<system-out>{}</system-out>", block(&lines.join("\n"))),
    };
    case(finding.id, &finding.message, &place, &body)
}

/// `more` are further attributes, escaped.
fn case(class: &str, name: &str, more: &str, body: &str) -> String {
    let (class, name) = (escaped(class), escaped(name));
    format!("<testcase classname=\"{class}\" name=\"{name}\"{more} time=\"0\">{body}</testcase>\n")
}

fn element(name: &str, message: &str, text: &str) -> String {
    format!("<{name} message=\"{}\">{}</{name}>", escaped(message), block(text))
}

/// Text of one line for an attribute or an element.
fn escaped(text: &str) -> String {
    xml(&sanitize::line(text))
}

/// Text of several lines for an element.
fn block(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

/// Escapes what has a meaning, and leaves out what XML 1.0 (section 2.2) cannot hold in any spelling.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{hostile, view};
    use super::super::{Format, Verbosity};
    use super::*;

    /// The names of the elements in a document of elements, attributes and text alone; `None` where it is not well-formed.
    fn elements(text: &str) -> Option<Vec<String>> {
        let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        let (mut open, mut names) = (vec![], vec![]);
        while let Some(at) = rest.find('<') {
            let (before, tag) = (&rest[..at], &rest[at + 1..]);
            is_text(before).then_some(())?;
            let (inside, after) = tag.split_once('>')?;
            rest = after;
            if let Some(name) = inside.strip_prefix('/') {
                (open.pop()? == name).then_some(())?;
                continue;
            }
            let (name, mut attributes) = inside.split_once(' ').unwrap_or((inside, ""));
            open.push(name.to_owned());
            names.push(name.to_owned());
            while !attributes.is_empty() {
                let (key, value) = attributes.split_once("=\"")?;
                let (value, more) = value.split_once('"')?;
                let plain = key.bytes().all(|byte| byte.is_ascii_lowercase());
                (plain && is_text(value) && !value.contains('\n')).then_some(())?;
                attributes = more.strip_prefix(' ').unwrap_or(more);
            }
        }
        (open.is_empty() && is_text(rest)).then_some(names)
    }

    fn is_text(text: &str) -> bool {
        let entities = ["amp;", "lt;", "gt;", "quot;", "apos;"];
        let fine = |c: char| c == '\n' || !(c.is_control() || matches!(c, '<' | '\u{fffe}' | '\u{ffff}'));
        text.chars().all(fine)
            && text.split('&').skip(1).all(|rest| entities.iter().any(|entity| rest.starts_with(entity)))
    }

    #[test]
    fn the_document_fails_if_and_only_if_the_command_does() {
        for outcome in [Outcome::Fine, Outcome::Undecided, Outcome::Distrusted, Outcome::Program(101)] {
            let mut empty = Report::new("verify");
            empty.outcome = outcome;
            let text = report(&empty, &view(Format::Junit, Verbosity::Normal));
            assert_eq!(text.contains("<error "), outcome != Outcome::Fine, "{text}");
        }
        let denied = hostile("x", "y");
        let text = report(&denied, &view(Format::Junit, Verbosity::Normal));
        assert!(text.contains("<failure ") && !text.contains("<error "), "{text}");
    }

    #[test]
    fn what_no_xml_can_hold_is_left_out() {
        assert_eq!(xml("a\u{0}\u{b}\u{1b}\u{ffff}<b a='\"'>&"), "a&lt;b a=&apos;&quot;&apos;&gt;&amp;");
    }

    proptest! {
        #[test]
        fn no_text_opens_or_closes_an_element(text in any::<String>(), path in any::<String>()) {
            let plain = report(&hostile("x", "y"), &view(Format::Junit, Verbosity::Normal));
            let rendered = report(&hostile(&text, &path), &view(Format::Junit, Verbosity::Normal));
            prop_assert_eq!(elements(&rendered), elements(&plain));
            prop_assert!(elements(&plain).is_some());
        }
    }
}
