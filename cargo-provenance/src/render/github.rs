//! Workflow commands of GitHub Actions, which become annotations at the lines of a change.
//!
//! A command is one line, `::error file=…,line=…,title=…::text`. What it holds is escaped as GitHub's own toolkit does
//! (`packages/core/src/command.ts` of actions/toolkit): a text can neither end the command nor begin another one.

use super::{View, sanitize};
use crate::finding::{Finding, Weight};
use crate::model::Spot;
use crate::report::failure::Failure;
use crate::report::{Outcome, Report};

/// How many lines of what was not checked the notice shows; the log has them all.
const NOT_CHECKED_SHOWN: usize = 8;

/// The annotations of a report.
pub(super) fn report(report: &Report, view: &View) -> String {
    let mut text: String = report.findings.iter().map(|found| finding(found, view)).collect();
    let title = format!("cargo provenance {}", report.command);
    if report.outcome != Outcome::Fine {
        text.push_str(&command("error", &[("title", title.clone())], &[super::conclusion(report)]));
    }
    if !report.not_checked.is_empty() {
        let mut lines = report.not_checked.iter().take(NOT_CHECKED_SHOWN).cloned().collect::<Vec<_>>();
        let more = report.not_checked.len().saturating_sub(NOT_CHECKED_SHOWN);
        lines.extend((more > 0).then(|| format!("… and {more} more")));
        text.push_str(&command("notice", &[("title", format!("{title}: not checked"))], &lines));
    }
    text
}

/// The annotation of a failure.
pub(super) fn failure(failure: &Failure, view: &View) -> String {
    let mut properties =
        failure.place.as_ref().map_or(vec![], |(file, line)| at(view.whereabouts.of(file), *line));
    properties.push(("title", "cargo provenance".to_owned()));
    let lines = [&failure.message].into_iter().chain(&failure.causes).chain(&failure.help).cloned();
    command("error", &properties, &lines.collect::<Vec<_>>())
}

fn finding(finding: &Finding, view: &View) -> String {
    let name = match finding.weight {
        Weight::Denial | Weight::Review => "error",
        Weight::Note => "notice",
    };
    let mut properties = match super::spot(finding, view) {
        Some((path, line)) => at(Spot::Inside(path), line),
        None => vec![],
    };
    properties.push(("title", finding.id.to_owned()));
    let lines =
        [&finding.message].into_iter().chain(&finding.notes).chain(&finding.help).chain(&finding.paste);
    command(name, &properties, &lines.cloned().collect::<Vec<_>>())
}

fn at(spot: Spot, line: u32) -> Vec<(&'static str, String)> {
    let Spot::Inside(path) = spot else { return vec![] };
    let mut properties = vec![("file", path)];
    properties.extend((line > 0).then(|| ("line", line.to_string())));
    properties
}

fn command(name: &str, properties: &[(&str, String)], lines: &[String]) -> String {
    let properties = properties.iter().map(|(key, value)| format!("{key}={}", property(value)));
    let properties = properties.collect::<Vec<_>>().join(",");
    let text = lines.iter().map(|line| sanitize::line(line)).collect::<Vec<_>>().join("\n");
    format!("::{name} {properties}::{}\n", data(&text))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&sanitize::line(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{hostile, view};
    use super::super::{Format, Verbosity};
    use super::*;

    /// What the runner makes of a line (`ActionCommand.TryParseV2` of actions/runner): the command's name, the keys of its
    /// properties, its text.
    fn parse(line: &str) -> Option<(&str, Vec<&str>, String)> {
        let rest = line.trim_start().strip_prefix("::")?;
        let (head, text) = rest.split_once("::")?;
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let keys = properties.split(',').filter_map(|pair| Some(pair.split_once('=')?.0));
        let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
        Some((name, keys.collect(), text))
    }

    #[test]
    fn text_ends_no_command_and_begins_none() {
        let text = "::error::x\n::set-env name=A::b%0A,title=z".to_owned();
        assert_eq!(
            command("error", &[("file", "a,line=3:b%".to_owned())], &[text, "more".to_owned()]),
            "::error file=a%2Cline=3%3Ab%25:::\\u{3a}error::x\\n::set-env name=A::b%250A,title=z%0Amore\n"
        );
    }

    #[test]
    fn annotations_stand_at_the_finding_and_say_what_to_do() {
        let rendered = report(&hostile("x y", "a/b.toml"), &view(Format::Github, Verbosity::Normal));
        let lines = rendered.lines().collect::<Vec<_>>();
        assert_eq!(lines[0], "::error file=a/b.toml,line=3,title=x::x y%0Ax y%0Ax y%0Ax y");
        assert_eq!(lines[1], "::error title=x::x y%0Ax y%0Ax y%0Ax y");
        assert_eq!(lines[2], "::notice title=y::x y%0Ax y%0Ax y%0Ax y");
        assert_eq!(lines[3], "::error title=cargo provenance check::x y");
        assert_eq!(lines[4], "::notice title=cargo provenance check%3A not checked::x y");
        assert_eq!(lines.len(), 5);
    }

    proptest! {
        #[test]
        fn every_line_is_one_known_command(text in any::<String>(), path in any::<String>()) {
            let rendered = report(&hostile(&text, &path), &view(Format::Github, Verbosity::Normal));
            prop_assert!(!rendered.chars().any(|c| c != '\n' && sanitize::is_harmful(c)));
            prop_assert_eq!(rendered.lines().count(), 5);
            for line in rendered.lines() {
                let Some((name, keys, said)) = parse(line) else { panic!("no command: {line}") };
                prop_assert!(["error", "notice"].contains(&name), "{}", line);
                prop_assert!(keys.iter().all(|key| ["file", "line", "title"].contains(key)), "{}", line);
                prop_assert!(said.lines().all(|line| sanitize::line(line) == line), "{}", line);
            }
        }
    }
}
