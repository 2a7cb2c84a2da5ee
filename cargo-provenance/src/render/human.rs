//! Cargo's style: status lines, findings as annotated snippets of the user's own files, the conclusion last.

use std::path::Path;
use std::time::Duration;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use clap_cargo::style::ERROR;

use super::style::{labeled, output, status};
use super::{Charset, Format, Rendered, Verbosity, View, sanitize};
use crate::finding::{Finding, Place, Role, Weight};
use crate::report::failure::{Failure, Kind};
use crate::report::{Outcome, Report, Step};

/// How many lines of what was not checked are shown without `-v`; the rest is counted. A graph has many packages of other
/// platforms.
const NOT_CHECKED_SHOWN: usize = 8;

/// So many findings that say the same are put together.
const ALIKE: usize = 4;

/// Names in the list of such findings: about as many as one looks through.
const NAMES_SHOWN: usize = 20;

/// The whole report, each finding drawn by `draw`.
pub(super) fn report(report: &Report, view: &View, draw: fn(&Finding, &View) -> String) -> Rendered {
    let quiet = view.verbosity == Verbosity::Quiet;
    let mut before = steps(&report.steps, view.verbosity);
    let is_wanted = |finding: &&Finding| {
        (!finding.verbose || view.verbosity >= Verbosity::Verbose)
            && (!quiet || finding.weight != Weight::Note)
    };
    let wanted = report.findings.iter().filter(is_wanted);
    match view.format != Format::Short && view.verbosity < Verbosity::Verbose {
        true => before.extend(grouped(wanted).iter().map(|finding| draw(finding, view))),
        false => before.extend(wanted.map(|finding| draw(finding, view))),
    }
    let is_mere_output = report.conclusion.is_empty() && report.findings.is_empty();
    // A program that failed has said why.
    let silent = match report.outcome {
        Outcome::Fine => quiet || is_mere_output,
        Outcome::Program(_) => is_mere_output,
        _ => false,
    };
    if !silent {
        before.push_str(&not_checked(&report.not_checked, view.verbosity));
    }
    let after = if silent { String::new() } else { conclusion(report, view.elapsed) };
    let output = super::files::text(&report.files) + &output(&report.output);
    Rendered { before, output, after }
}

/// One finding for many that say the same of different packages, with a list of those; whatever is about one thing alone stays
/// as it is.
fn grouped<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<Finding> {
    let mut groups: Vec<Vec<&Finding>> = vec![];
    for finding in findings {
        let same = |group: &&mut Vec<&Finding>| {
            let first = group[0];
            may_be_grouped(finding)
                && (first.id, first.weight, &first.help) == (finding.id, finding.weight, &finding.help)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    let one = |group: Vec<&Finding>| match group[..] {
        [first, ref others @ ..] if group.len() >= ALIKE => {
            let mut first = first.clone();
            first.message += &format!(", and {} more like it", others.len());
            let names =
                others.iter().take(NAMES_SHOWN).map(|finding| name(finding)).collect::<Vec<_>>().join(", ");
            let more = if others.len() > NAMES_SHOWN { ", …" } else { "" };
            vec![first.note(format!("also {names}{more}; `-v` shows each"))]
        }
        _ => group.into_iter().cloned().collect(),
    };
    groups.into_iter().flat_map(one).collect()
}

/// What refuses is only put together where there is nothing to say of the one that does not hold for the others.
fn may_be_grouped(finding: &Finding) -> bool {
    finding.subject.is_none()
        && (finding.weight == Weight::Note || matches!(finding.id, "not-pinned" | "pin-unused"))
}

/// What a finding is about, in a list.
fn name(finding: &Finding) -> String {
    match &finding.package {
        Some(id) => id.short(),
        None => finding.message.split('`').nth(1).unwrap_or(&finding.message).to_owned(),
    }
}

/// The status lines that are to be seen.
pub(super) fn steps<'a>(steps: impl IntoIterator<Item = &'a Step>, verbosity: Verbosity) -> String {
    let needed = |step: &&Step| if step.verbose { Verbosity::Verbose } else { Verbosity::Normal };
    let shown = steps.into_iter().filter(|step| verbosity >= needed(step));
    shown.map(|step| status(step.verb, &step.message)).collect()
}

/// One finding as an annotated snippet.
pub(super) fn finding(finding: &Finding, view: &View) -> String {
    let message = sanitize::line(&finding.message);
    let mut notes = finding.notes.clone();
    let mut group = Group::with_title(level(finding.weight).primary_title(message).id(finding.id));
    for place in &finding.places {
        let path = path(&place.file);
        if place.excerpt.trim().is_empty() {
            let origin = Origin::path(path);
            group = group.element(if place.line == 0 { origin } else { origin.line(place.line as usize) });
            // Without a line to stand under, the label would be lost.
            notes.extend((!place.label.is_empty()).then(|| place.label.clone()));
        } else {
            group = group.element(snippet(place, path));
        }
    }
    let group = group
        .elements(notes.iter().map(|note| Level::NOTE.message(sanitize::line(note))))
        .elements(finding.help.iter().map(|help| Level::HELP.message(sanitize::line(help))));
    let paste = finding.paste.iter().map(|line| format!("{}\n", sanitize::line(line))).collect::<String>();
    let paste = if paste.is_empty() { paste } else { format!("\n{paste}\n") };
    let decor = match view.charset {
        Charset::Ascii => DecorStyle::Ascii,
        Charset::Unicode => DecorStyle::Unicode,
    };
    format!("{}\n{paste}", Renderer::styled().decor_style(decor).render(&[group]))
}

/// `error:`, `Caused by:` and what to do next, as cargo prints it.
pub fn failure(failure: &Failure) -> String {
    let mut lines = failure.message.trim_end().lines();
    let first = lines.next().unwrap_or_default();
    let mut text = match failure.kind {
        Kind::Bug => labeled("error", ERROR, &format!("internal error: {first}")),
        Kind::Refused | Kind::Distrusted | Kind::Undecided | Kind::Usage => labeled("error", ERROR, first),
    };
    // What cargo or git had to say comes in several lines, already indented.
    text.extend(lines.map(|line| format!("{}\n", sanitize::line(line))));
    if !failure.causes.is_empty() {
        text.push_str("\nCaused by:\n");
        for cause in &failure.causes {
            for line in cause.trim_end().lines() {
                text.push_str(&format!("  {}\n", sanitize::line(line)));
            }
        }
        if !failure.help.is_empty() {
            text.push('\n');
        }
    }
    for help in &failure.help {
        text.push_str(&labeled("help", annotate_snippets::renderer::DEFAULT_HELP_STYLE, help));
    }
    text
}

/// The word for a weight at the head of a finding.
pub(super) fn level(weight: Weight) -> Level<'static> {
    match weight {
        Weight::Denial => Level::ERROR,
        Weight::Review => Level::ERROR.with_name("review"),
        Weight::Note => Level::NOTE,
    }
}

/// A path for the screen.
pub(super) fn path(path: &Path) -> String {
    sanitize::line(&path.to_string_lossy())
}

fn snippet<'a>(place: &Place, path: String) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let source = place.excerpt.lines().map(sanitize::line).collect::<Vec<_>>().join("\n");
    let first = source.lines().next().unwrap_or_default();
    let start = first.len() - first.trim_start().len();
    let kind = match place.role {
        Role::Primary => AnnotationKind::Primary,
        Role::Context => AnnotationKind::Context,
    };
    let mut annotation = kind.span(start..first.trim_end().len().max(start));
    if !place.label.is_empty() {
        annotation = annotation.label(sanitize::line(&place.label));
    }
    Snippet::source(source)
        .path(path)
        .line_start(place.line.max(1) as usize)
        .fold(false)
        .annotation(annotation)
}

fn not_checked(reasons: &[String], verbosity: Verbosity) -> String {
    let shown = if verbosity >= Verbosity::Verbose { reasons.len() } else { NOT_CHECKED_SHOWN };
    let mut text: String = reasons.iter().take(shown).map(|reason| status("Not checked", reason)).collect();
    if reasons.len() > shown {
        text.push_str(&status(
            "Not checked",
            &format!("… and {} more; `-v` lists them", reasons.len() - shown),
        ));
    }
    text
}

/// The word for an outcome before the conclusion.
pub(super) fn verb(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fine => "Finished",
        Outcome::Refused => "Refusing",
        Outcome::Undecided => "Undecided",
        Outcome::Drift | Outcome::Distrusted | Outcome::Program(_) => "Failed",
    }
}

fn conclusion(report: &Report, elapsed: Duration) -> String {
    let verb = verb(report.outcome);
    let text = if report.conclusion.is_empty() { report.tally() } else { report.conclusion.clone() };
    status(verb, &format!("{text} [{}]", seconds(elapsed)))
}

/// `0.12s`, `1m 05s`, as cargo writes it.
pub fn seconds(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    if seconds >= 60 {
        format!("{}m {:02}s", seconds / 60, seconds % 60)
    } else {
        format!("{seconds}.{:02}s", elapsed.subsec_millis() / 10)
    }
}
