//! JSON lines, one object per line, `docs/schema/json-lines.md`.
//!
//! Text stands in them unchanged, but every character that [`sanitize`] calls harmful is written as
//! `\uXXXX`: the lines are safe to look at in a terminal and lossless for a parser.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter};

use super::{human, sanitize};
use crate::exit_code::ExitCode;
use crate::finding::{Finding, Place, Role, Weight};
use crate::report::failure::{Failure, Kind};
use crate::report::files::{Body, FileDiff, Hunk, Shown, Side};
use crate::report::reviews::MissingReview;
use crate::report::{Explained, Outcome, Report, Step};

/// The version of the format. Keys and reasons are added without raising it; readers ignore what they do not know.
pub const FORMAT_VERSION: u32 = 1;

/// The first line, printed before anything is done. `command` is absent when the command line could not be read.
pub fn start(command: Option<&str>) -> String {
    line(&Line::Start { format_version: FORMAT_VERSION, tool_version: env!("CARGO_PKG_VERSION"), command })
}

/// Everything after the first line.
pub(super) fn report(report: &Report, elapsed: Duration) -> String {
    let mut text = steps(&report.steps);
    for finding in &report.findings {
        text.push_str(&line(&Line::Finding(FindingLine::new(finding))));
    }
    for message in &report.not_checked {
        text.push_str(&line(&Line::NotChecked { message }));
    }
    for file in &report.files.list {
        text.push_str(&line(&Line::FileDiff(FileLine::new(file, report.files.shown))));
    }
    for explained in &report.explained {
        text.push_str(&line(&Line::explanation(explained)));
    }
    for review in &report.reviews {
        text.push_str(&line(&Line::MissingReview(ReviewLine::new(review))));
    }
    if report.explained.is_empty() && !report.output.is_empty() {
        text.push_str(&line(&Line::Output { text: &report.output }));
    }
    let code = ExitCode::from(report.outcome);
    text.push_str(&line(&Line::Summary(Summary {
        outcome: outcome(report.outcome),
        exit_code: code.number,
        conclusion: &conclusion(report),
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

impl<'a> Line<'a> {
    fn explanation(explained: &'a Explained) -> Self {
        let Explained { id, kind, group, level, set, accept, summary, docs } = explained;
        Self::Explanation {
            id,
            kind,
            group: *group,
            level: *level,
            set: set.as_deref(),
            accept: accept.as_deref(),
            summary,
            docs: docs.trim_end(),
        }
    }
}

fn steps<'a>(steps: impl IntoIterator<Item = &'a Step>) -> String {
    let lines = steps.into_iter().map(|Step { verb, message, verbose }| Line::Step {
        verb,
        message,
        verbose: *verbose,
    });
    lines.map(|step| line(&step)).collect()
}

/// The conclusion, with its verb where it makes no sense without: `Refusing to add: 1 denial`.
fn conclusion(report: &Report) -> Cow<'_, str> {
    let text = report.conclusion.as_str();
    if text.starts_with("to ") {
        format!("{} {text}", human::verb(report.outcome)).into()
    } else {
        text.into()
    }
}

/// The lines of a failure: what was done all the same, why, and a summary, so that the last line is the same kind in every case.
pub(super) fn failure(failure: &Failure, elapsed: Duration) -> String {
    let error = line(&Line::Error {
        kind: match failure.kind {
            Kind::Refused => "refused",
            Kind::Usage => "usage",
            Kind::Distrusted => "distrusted",
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
    steps(failure.done.as_deref()) + &error + &summary
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
    FileDiff(FileLine<'a>),
    NotChecked {
        message: &'a str,
    },
    Explanation {
        id: &'a str,
        kind: &'a str,
        group: Option<&'a str>,
        level: Option<&'a str>,
        set: Option<&'a str>,
        accept: Option<&'a str>,
        summary: &'a str,
        docs: &'a str,
    },
    MissingReview(ReviewLine<'a>),
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

/// A list of these is one for `certify --batch`, once `reviewed` is true where somebody did the review.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ReviewLine<'a> {
    #[serde(rename = "crate")]
    krate: &'a str,
    version: Option<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    criteria: &'a [String],
    reviewed: bool,
    lines: Option<usize>,
    risky: Option<usize>,
    risks: &'a [String],
    settles: &'a [String],
    after: Option<&'a str>,
    hints: &'a [String],
    commands: &'a [String],
}

impl<'a> ReviewLine<'a> {
    fn new(review: &'a MissingReview) -> Self {
        let is_whole = review.from.is_none();
        let size = review.size.as_ref();
        Self {
            krate: &review.krate,
            version: is_whole.then_some(&review.to),
            from: review.from.as_deref(),
            to: (!is_whole).then_some(&review.to),
            criteria: &review.criteria,
            reviewed: false,
            lines: size.map(|size| size.lines),
            risky: size.map(|size| size.risky),
            risks: size.map(|size| size.why.as_slice()).unwrap_or_default(),
            settles: &review.settles,
            after: review.after.as_deref(),
            hints: &review.hints,
            commands: &review.commands,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct FindingLine<'a> {
    id: &'a str,
    weight: &'a str,
    package: Option<PackageObject<'a>>,
    subject: Option<&'a str>,
    message: &'a str,
    places: Vec<PlaceObject<'a>>,
    notes: &'a [String],
    help: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    paste: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct FileLine<'a> {
    path: &'a str,
    risk: &'a str,
    change: &'a str,
    notes: &'a [String],
    added: usize,
    removed: usize,
    old: Option<SideObject<'a>>,
    new: Option<SideObject<'a>>,
    hunks: Option<Vec<HunkObject>>,
    left_out: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct SideObject<'a> {
    bytes: usize,
    sha256: &'a str,
    content: &'a str,
    executable: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct HunkObject {
    old_start: usize,
    old_lines: usize,
    new_start: usize,
    new_lines: usize,
    text: String,
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
            subject: finding.subject.as_deref(),
            message: &finding.message,
            places: finding.places.iter().map(PlaceObject::new).collect(),
            notes: &finding.notes,
            help: &finding.help,
            paste: &finding.paste,
        }
    }
}

impl<'a> FileLine<'a> {
    fn new(file: &'a FileDiff, shown: Shown) -> Self {
        let (hunks, left_out) = match &file.body {
            Body::Hunks(hunks) if shown == Shown::Patch => {
                (Some(hunks.iter().map(HunkObject::new).collect()), None)
            }
            Body::Hunks(_) => (None, None),
            Body::LeftOut(why) => (None, Some(why.as_str())),
        };
        Self {
            path: &file.path,
            risk: file.risk.as_str(),
            change: file.change.as_str(),
            notes: &file.notes,
            added: file.added,
            removed: file.removed,
            old: file.old.as_ref().map(SideObject::new),
            new: file.new.as_ref().map(SideObject::new),
            hunks,
            left_out,
        }
    }
}

impl<'a> SideObject<'a> {
    fn new(side: &'a Side) -> Self {
        let Side { bytes, sha256, content, executable, .. } = side;
        Self { bytes: *bytes, sha256, content, executable: *executable }
    }
}

impl HunkObject {
    fn new(hunk: &Hunk) -> Self {
        let ((old_start, old_lines), (new_start, new_lines)) = (hunk.old, hunk.new);
        let text = hunk.lines.iter().map(|line| format!("{line}\n")).collect();
        Self { old_start, old_lines, new_start, new_lines, text }
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
    unmistakable(String::from_utf8_lossy(&bytes).into_owned())
}

/// JSON in which no log of a CI system finds a command: `##[` opens one anywhere in a line, for Azure Pipelines and, as of old,
/// for GitHub's runner. It can only stand within strings.
pub(super) fn unmistakable(json: String) -> String {
    ["##[", "##vso[", "##teamcity["]
        .iter()
        .fold(json, |json, mark| json.replace(mark, &format!("{}\\u005b", mark.trim_end_matches('['))))
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;
    use provenance_build::{PackageId, PackageName, Version};
    use serde_json::Value;

    use super::*;
    use crate::report::files::{Change, Risk};
    use crate::report::reviews::ReviewSize;

    const SCHEMA: &str = include_str!("../../docs/schema/json-lines.schema.json");

    /// Says where `value` breaks `schema`. Knows the keywords that the schema uses, and is stricter than JSON Schema in one
    /// way: what the program writes must be documented, so every key has to be listed.
    fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
        let object = schema.as_object().ok_or("a schema that is no object")?;
        for (keyword, rule) in object {
            let holds = match keyword.as_str() {
                "$schema" | "title" | "description" | "$defs" | "additionalProperties" => true,
                "$ref" => {
                    let pointer = rule.as_str().unwrap_or_default().trim_start_matches('#');
                    check(root, root.pointer(pointer).ok_or("a dangling reference")?, value)?;
                    true
                }
                "type" => {
                    let kinds = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                    kinds.iter().any(|kind| is_of(kind.as_str().unwrap_or_default(), value))
                }
                "const" => value == rule,
                "enum" => rule.as_array().is_some_and(|values| values.contains(value)),
                "required" => rule.as_array().is_some_and(|keys| {
                    keys.iter().all(|key| value.get(key.as_str().unwrap_or_default()).is_some())
                }),
                "items" => {
                    value.as_array().into_iter().flatten().try_for_each(|item| check(root, rule, item))?;
                    true
                }
                "anyOf" | "oneOf" => {
                    let fits = |schema: &&Value| check(root, schema, value).is_ok();
                    let fitting = rule.as_array().map_or(0, |all| all.iter().filter(fits).count());
                    fitting == 1
                }
                "properties" => {
                    for (key, value) in value.as_object().into_iter().flatten() {
                        check(
                            root,
                            rule.get(key).ok_or_else(|| format!("`{key}` is not documented"))?,
                            value,
                        )?;
                    }
                    true
                }
                other => return Err(format!("the schema uses `{other}`, which this test does not know")),
            };
            if !holds {
                return Err(format!("{value} breaks `{keyword}`: {rule}"));
            }
        }
        let others = schema.get("additionalProperties");
        others.map_or(Ok(()), |rule| {
            value.as_object().into_iter().flatten().try_for_each(|(_, value)| check(root, rule, value))
        })
    }

    fn is_of(kind: &str, value: &Value) -> bool {
        match kind {
            "array" => value.is_array(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_u64(),
            "null" => value.is_null(),
            "number" => value.is_number(),
            "object" => value.is_object(),
            "string" => value.is_string(),
            _ => false,
        }
    }

    fn assert_documented(lines: &str) {
        let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
        for line in lines.lines() {
            let value: Value = serde_json::from_str(line).expect("JSON");
            if let Err(why) = check(&schema, &schema, &value) {
                let reason = value["reason"].as_str().unwrap_or_default();
                let detail = check(&schema, &schema["$defs"][reason], &value);
                panic!("{why}\n{detail:?}\n{line}");
            }
        }
    }

    fn full(text: &str) -> Report {
        let mut report = Report::new("verify");
        report.step("Verifying", text);
        report.detail("Trusting", text);
        report.not_checked.push(text.to_owned());
        report.output = format!("{text}.");
        report.conclusion = text.to_owned();
        report.count("packages", 3);
        for (weight, role, line, source) in [
            (Weight::Denial, Role::Primary, 0, None),
            (
                Weight::Note,
                Role::Context,
                7,
                provenance_build::Source::parse(provenance_build::name::CRATES_IO),
            ),
        ] {
            let package = PackageId {
                name: PackageName::parse("serde").expect("valid"),
                version: Version::parse("1.0.0").expect("valid"),
                source,
            };
            let place =
                Place { file: PathBuf::from(text), line, excerpt: text.into(), label: text.into(), role };
            report
                .findings
                .push(Finding::new("x", weight, text).about(package).at(place).note(text).help(text));
        }
        report.findings.push(Finding::new("y", Weight::Review, text));
        let side = Side {
            name: text.to_owned(),
            bytes: 3,
            sha256: "ab".to_owned(),
            content: "text",
            executable: true,
        };
        let file = FileDiff {
            path: text.to_owned(),
            risk: Risk::BuildScript,
            change: Change::Changed,
            notes: vec![text.to_owned()],
            old: Some(side.clone()),
            new: Some(side),
            added: 1,
            removed: 0,
            body: Body::Hunks(vec![Hunk { old: (1, 0), new: (1, 1), lines: vec![format!("+{text}")] }]),
        };
        let named = FileDiff { old: None, body: Body::LeftOut(text.to_owned()), ..file.clone() };
        report.files.list = vec![file, named];
        let size = ReviewSize { lines: 2, risky: 1, why: vec![text.to_owned()] };
        let whole = MissingReview { krate: text.to_owned(), size: Some(size), ..MissingReview::default() };
        let delta = MissingReview {
            from: Some(text.to_owned()),
            hints: vec![text.to_owned()],
            ..MissingReview::default()
        };
        report.reviews = vec![whole, delta];
        report
    }

    #[test]
    fn every_line_is_documented() {
        assert_documented(&start(Some("verify")));
        assert_documented(&start(None));
        for outcome in
            [Outcome::Fine, Outcome::Refused, Outcome::Undecided, Outcome::Drift, Outcome::Distrusted]
        {
            let mut lines = full("text");
            lines.outcome = outcome;
            assert_documented(&report(&lines, Duration::from_millis(1)));
        }
        for kind in [Kind::Refused, Kind::Distrusted, Kind::Usage, Kind::Undecided, Kind::Bug] {
            for place in [None, Some(("Cargo.lock".into(), 0)), Some(("Cargo.lock".into(), 7))] {
                let error = Failure { place, ..Failure::new(kind, "x").help("y") };
                assert_documented(&failure(&error, Duration::ZERO));
            }
        }
    }

    #[test]
    #[should_panic = "is not documented"]
    fn an_undocumented_key_would_be_noticed() {
        assert_documented(r#"{"reason":"not-checked","message":"x","extra":1}"#);
    }

    #[test]
    fn the_last_line_is_the_summary() {
        for lines in
            [report(&full("x"), Duration::ZERO), failure(&Failure::new(Kind::Usage, "x"), Duration::ZERO)]
        {
            let last: Value = serde_json::from_str(lines.lines().last().expect("lines")).expect("JSON");
            assert_eq!(last["reason"], "summary");
        }
    }

    proptest! {
        #[test]
        fn hostile_text_arrives_unchanged_on_one_safe_line(text in any::<String>()) {
            let lines = report(&full(&text), Duration::ZERO);
            prop_assert!(!lines.chars().any(|c| c != '\n' && sanitize::is_harmful(c)));
            for line in lines.lines() {
                let value: Value = serde_json::from_str(line).expect("JSON");
                if ["step", "finding", "not-checked"].iter().any(|reason| value["reason"] == *reason) {
                    prop_assert_eq!(&value["message"], &text);
                }
            }
        }
    }
}
