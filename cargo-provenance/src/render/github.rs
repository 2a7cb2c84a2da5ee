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

    /// What the runner makes of a line (`ActionCommand.TryParseV2` of actions/runner): the command's name, its properties, its
    /// text.
    fn parse(line: &str) -> Option<(String, Vec<(String, String)>, String)> {
        let rest = line.trim_start().strip_prefix("::")?;
        let (head, text) = rest.split_once("::")?;
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let decoded = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
        let pairs = properties.split(',').filter_map(|pair| pair.split_once('='));
        let pairs = pairs
            .map(|(key, value)| (key.to_owned(), decoded(&value.replace("%3A", ":").replace("%2C", ","))));
        Some((name.to_owned(), pairs.collect(), decoded(text)))
    }

    #[test]
    fn text_ends_no_command_and_begins_none() {
        let text = "::error::x\n::set-env name=A::b%0A,title=z";
        assert_eq!(
            command("error", &[("file", "a,line=3:b%".to_owned())], &[text.to_owned()]),
            "::error file=a%2Cline=3%3Ab%25::%3A".replace("::%3A", "::")
                + ":\\u{3a}error::x\\n::set-env name=A::b%250A,title=z\n"
        );
    }

    proptest! {
        #[test]
        fn every_line_is_one_known_command(text in any::<String>(), path in any::<String>()) {
            let rendered = report(&hostile(&text, &path), &view(Format::Github, Verbosity::Normal));
            prop_assert!(!rendered.chars().any(|c| c != '\n' && sanitize::is_harmful(c)));
            for line in rendered.lines() {
                let Some((name, properties, said)) = parse(line) else { panic!("no command: {line}") };
                prop_assert!(["error", "notice"].contains(&name.as_str()), "{line}");
                let known = ["file", "line", "title"];
                prop_assert!(properties.iter().all(|(key, _)| known.contains(&key.as_str())), "{line}");
                let again = said.lines().filter(|line| parse(line).is_some());
                // The runner reads the line once; what stands in it must not become commands when a log is printed again.
                prop_assert_eq!(again.filter(|line| sanitize::line(line) != **line).count(), 0);
            }
        }
    }
}
