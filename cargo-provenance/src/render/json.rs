//! JSON lines, one object per line, `docs/schema/json-lines.md`.
//!
//! Text stands in them unchanged, but every character that [`sanitize`](super::sanitize) calls harmful is written as
//! `\uXXXX`: the lines are safe to look at in a terminal and lossless for a parser.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter};

use super::sanitize;
use crate::exit_code::ExitCode;
use crate::finding::{Finding, Place, Role, Weight};
use crate::report::failure::{Failure, Kind};
use crate::report::{Outcome, Report, Step};

/// The version of the format. Keys and reasons are added without raising it; readers ignore what they do not know.
pub const FORMAT_VERSION: u32 = 1;

/// The first line, printed before anything is done. `command` is absent when the command line could not be read.
pub fn start(command: Option<&str>) -> String {
    line(&Line::Start { format_version: FORMAT_VERSION, tool_version: env!("CARGO_PKG_VERSION"), command })
}

/// Everything after the first line.
pub(super) fn report(report: &Report, elapsed: Duration) -> String {
    let mut text = String::new();
    for Step { verb, message, verbose } in &report.steps {
        text.push_str(&line(&Line::Step { verb, message, verbose: *verbose }));
    }
    for finding in &report.findings {
        text.push_str(&line(&Line::Finding(FindingLine::new(finding))));
    }
    for message in &report.not_checked {
        text.push_str(&line(&Line::NotChecked { message }));
    }
    if !report.output.is_empty() {
        text.push_str(&line(&Line::Output { text: &report.output }));
    }
    let code = ExitCode::from(report.outcome);
    text.push_str(&line(&Line::Summary(Summary {
        outcome: outcome(report.outcome),
        exit_code: code.number,
        conclusion: &report.conclusion,
        findings: Tally {
            denials: report.weighing(Weight::Denial),
            reviews: report.weighing(Weight::Review),
            notes: report.weighing(Weight::Note),
        },
        not_checked: report.not_checked.len(),
        counts: report.counts.iter().map(|count| (count.name, count.value)).collect(),
        seconds: rounded(elapsed),
    })));
    text
}

/// The lines of a failure: why, and a summary, so that the last line is the same kind in every case.
pub(super) fn failure(failure: &Failure, elapsed: Duration) -> String {
    let error = line(&Line::Error {
        kind: match failure.kind {
            Kind::Usage => "usage",
            Kind::Undecided => "undecided",
            Kind::Bug => "bug",
        },
        message: &failure.message,
        causes: &failure.causes,
        help: &failure.help,
        place: failure.place.as_ref().map(|(file, line)| ErrorPlace {
            file: file.to_string_lossy().into_owned(),
            line: (*line > 0).then_some(*line),
        }),
    });
    let summary = line(&Line::Summary(Summary {
        outcome: "error",
        exit_code: ExitCode::from(failure.kind).number,
        conclusion: &failure.message,
        findings: Tally::default(),
        not_checked: 0,
        counts: BTreeMap::new(),
        seconds: rounded(elapsed),
    }));
    error + &summary
}

#[derive(Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
enum Line<'a> {
    Start {
        format_version: u32,
        tool_version: &'a str,
        command: Option<&'a str>,
    },
    Step {
        verb: &'a str,
        message: &'a str,
        verbose: bool,
    },
    Finding(FindingLine<'a>),
    NotChecked {
        message: &'a str,
    },
    Output {
        text: &'a str,
    },
    Error {
        kind: &'a str,
        message: &'a str,
        causes: &'a [String],
        help: &'a [String],
        place: Option<ErrorPlace>,
    },
    Summary(Summary<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct FindingLine<'a> {
    id: &'a str,
    weight: &'a str,
    package: Option<PackageObject<'a>>,
    message: &'a str,
    places: Vec<PlaceObject<'a>>,
    notes: &'a [String],
    help: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct PackageObject<'a> {
    name: &'a str,
    version: &'a str,
    source: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct PlaceObject<'a> {
    file: String,
    line: Option<u32>,
    text: &'a str,
    label: &'a str,
    role: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ErrorPlace {
    file: String,
    line: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Summary<'a> {
    outcome: &'a str,
    exit_code: u8,
    conclusion: &'a str,
    findings: Tally,
    not_checked: usize,
    counts: BTreeMap<&'a str, u64>,
    seconds: f64,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Tally {
    denials: usize,
    reviews: usize,
    notes: usize,
}

impl<'a> FindingLine<'a> {
    fn new(finding: &'a Finding) -> Self {
        Self {
            id: finding.id,
            weight: match finding.weight {
                Weight::Denial => "denial",
                Weight::Review => "review",
                Weight::Note => "note",
            },
            package: finding.package.as_ref().map(|package| PackageObject {
                name: package.name.as_str(),
                version: package.version.as_str(),
                source: package.source.as_ref().map(|source| source.as_str()),
            }),
            message: &finding.message,
            places: finding.places.iter().map(PlaceObject::new).collect(),
            notes: &finding.notes,
            help: &finding.help,
        }
    }
}

impl<'a> PlaceObject<'a> {
    fn new(place: &'a Place) -> Self {
        Self {
            file: place.file.to_string_lossy().into_owned(),
            line: (place.line > 0).then_some(place.line),
            text: &place.excerpt,
            label: &place.label,
            role: match place.role {
                Role::Primary => "primary",
                Role::Context => "context",
            },
        }
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    ExitCode::from(outcome).name
}

fn rounded(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1_000.0).round() / 1_000.0
}

fn line(line: &Line<'_>) -> String {
    let mut bytes = Vec::new();
    // Strings, numbers and lists of them in a vector: there is nothing that could fail, and no line would be a lie.
    let result = line.serialize(&mut Serializer::with_formatter(&mut bytes, Harmless(CompactFormatter)));
    debug_assert!(result.is_ok());
    bytes.push(b'\n');
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes harmful characters as escapes.
struct Harmless(CompactFormatter);

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| sanitize::is_harmful(*c)) {
            self.0.write_string_fragment(writer, &rest[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        self.0.write_string_fragment(writer, rest)
    }
}
