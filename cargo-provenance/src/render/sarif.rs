//! SARIF 2.1.0 (OASIS, with errata 01), which code scanning takes in.
//!
//! Rules come from the table that the command line hands down. Files are named from the root of the repository, and every
//! finding has a fingerprint that does not change when lines move. What could not be checked is a notification of the
//! invocation, and so is a failure: silence is never a pass.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::{View, sanitize};
use crate::exit_code::ExitCode;
use crate::finding::{Finding, Place, Rule, Weight};
use crate::model::Spot;
use crate::report::failure::Failure;
use crate::report::{Outcome, Report, Tolerated};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Stands for the root of the repository (SARIF, section 3.14.14; code scanning knows it by this name).
const ROOT: &str = "%SRCROOT%";

/// The document of a report.
pub(super) fn report(report: &Report, view: &View) -> String {
    let mut seen = BTreeMap::new();
    let mut results = vec![];
    for finding in &report.findings {
        results.push(result(finding, view, &mut seen));
    }
    for Tolerated { finding, why } in &report.tolerated {
        let mut result = result(finding, view, &mut seen);
        result["level"] = json!("note");
        result["suppressions"] = json!([
            { "kind": "external", "status": "accepted", "justification": sanitize::line(why) }
        ]);
        results.push(result);
    }
    let unchecked = report.not_checked.iter().map(|reason| {
        json!({
            "descriptor": { "id": "not-checked" },
            "level": "warning",
            "message": { "text": text(&[reason]) },
        })
    });
    let code = ExitCode::from(report.outcome);
    let invocation = json!({
        "executionSuccessful": report.outcome != Outcome::Undecided,
        "exitCode": code.number,
        "exitCodeDescription": code.name,
        "toolExecutionNotifications": unchecked.collect::<Vec<_>>(),
        "properties": {
            "conclusion": sanitize::line(&super::conclusion(report)),
            "counts": report.counts.iter().map(|it| (it.name.to_owned(), json!(it.value))).collect::<serde_json::Map<_, _>>(),
        },
    });
    document(&format!("cargo-provenance/{}/", report.command), invocation, results, view)
}

/// The document of a failure. It stands in a category of its own: where code scanning takes it in, alerts of an earlier
/// report stay open.
pub(super) fn failure(failure: &Failure, view: &View) -> String {
    let code = ExitCode::from(failure.kind);
    let lines = [&failure.message].into_iter().chain(&failure.causes).chain(&failure.help);
    let mut notification = json!({
        "descriptor": { "id": "failure" },
        "level": "error",
        "message": { "text": text(&lines.collect::<Vec<_>>()) },
    });
    if let Some((file, line)) = &failure.place {
        notification["locations"] = json!([{ "physicalLocation": physical(file, *line, view) }]);
    }
    let invocation = json!({
        "executionSuccessful": false,
        "exitCode": code.number,
        "exitCodeDescription": code.name,
        "toolExecutionNotifications": [notification],
    });
    document("cargo-provenance/failure/", invocation, vec![], view)
}

fn document(id: &str, invocation: Value, results: Vec<Value>, view: &View) -> String {
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": view.rules.iter().map(rule).collect::<Vec<_>>(),
                "notifications": [
                    { "id": "failure", "shortDescription": { "text": "The command could not make a report." } },
                    { "id": "not-checked", "shortDescription": { "text": "Something was not checked." } },
                ],
            } },
            "automationDetails": { "id": id },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { ROOT: { "description": { "text": "The root of the repository." } } },
            "invocations": [invocation],
            "results": results,
        }],
    });
    super::json::unmistakable(format!("{document}\n"))
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": format!("{}.", rule.summary) },
        "fullDescription": { "text": format!("{}.", rule.summary) },
        "help": { "text": rule.docs, "markdown": rule.docs },
        "defaultConfiguration": { "enabled": rule.weight.is_some(), "level": rule.weight.map_or("none", level) },
        "properties": { "tags": ["security", "supply-chain", rule.group] },
    })
}

/// What refuses is an error, whoever may accept it; what is shown is a note.
fn level(weight: Weight) -> &'static str {
    match weight {
        Weight::Denial | Weight::Review => "error",
        Weight::Note => "note",
    }
}

fn result(finding: &Finding, view: &View, seen: &mut BTreeMap<String, usize>) -> Value {
    let mut lines = vec![&finding.message];
    let details = super::details(finding);
    lines.extend(&details);
    let fingerprint = fingerprint(finding, seen);
    let mut result = json!({
        "ruleId": finding.id,
        "level": level(finding.weight),
        "message": { "text": text(&lines) },
        "locations": [location(finding, view)],
        "partialFingerprints": { "cargoProvenance/v1": fingerprint, "primaryLocationLineHash": fingerprint },
        "properties": {
            "weight": match finding.weight {
                Weight::Denial => "denial",
                Weight::Review => "review",
                Weight::Note => "note",
            },
        },
    });
    if let Some(index) = view.rules.iter().position(|rule| rule.id == finding.id) {
        result["ruleIndex"] = json!(index);
    }
    if let Some(package) = &finding.package {
        let properties = &mut result["properties"];
        properties["package"] = json!(package.name.as_str());
        properties["version"] = json!(package.version.as_str());
        if let Some(source) = &package.source {
            properties["source"] = json!(source.as_str());
        }
    }
    if let Some(subject) = &finding.subject {
        result["properties"]["subject"] = json!(sanitize::line(subject));
    }
    let related = finding.places.iter().zip(0..).map(|(place, id): (_, usize)| {
        let mut related = json!({ "id": id, "physicalLocation": region(place, view) });
        if !place.label.is_empty() {
            related["message"] = json!({ "text": text(&[&place.label]) });
        }
        related
    });
    result["relatedLocations"] = related.collect();
    result
}

/// Where code scanning shows the finding.
fn location(finding: &Finding, view: &View) -> Value {
    let (path, line) = super::spot(finding, view).unwrap_or_else(|| {
        // Every result needs a file of the repository.
        match view.whereabouts.of(Path::new("Cargo.lock")) {
            Spot::Inside(path) => (path, 0),
            Spot::Outside(_) => ("Cargo.lock".to_owned(), 0),
        }
    });
    let mut physical = json!({ "artifactLocation": { "uri": uri(&path), "uriBaseId": ROOT } });
    if line > 0 {
        physical["region"] = json!({ "startLine": line });
    }
    let mut location = json!({ "physicalLocation": physical });
    if let Some(package) = &finding.package {
        let name = format!("{}@{}", package.name, package.version);
        location["logicalLocations"] = json!([{ "fullyQualifiedName": name, "kind": "module" }]);
    }
    location
}

fn region(place: &Place, view: &View) -> Value {
    let mut physical = physical(&place.file, place.line, view);
    if place.line > 0 && !place.excerpt.trim().is_empty() {
        let excerpt = place.excerpt.lines().map(sanitize::line).collect::<Vec<_>>().join("\n");
        physical["region"]["snippet"] = json!({ "text": excerpt });
    }
    physical
}

fn physical(file: &Path, line: u32, view: &View) -> Value {
    let mut physical = match view.whereabouts.of(file) {
        Spot::Inside(path) => json!({ "artifactLocation": { "uri": uri(&path), "uriBaseId": ROOT } }),
        Spot::Outside(path) => {
            let path = path.to_string_lossy().replace('\\', "/");
            let gap = if path.starts_with('/') { "" } else { "/" };
            json!({ "artifactLocation": { "uri": format!("file://{gap}{}", uri(&path)) } })
        }
    };
    if line > 0 {
        physical["region"] = json!({ "startLine": line });
    }
    physical
}

/// A path as a URI reference (RFC 3986, section 3.3).
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into())
            }
            byte => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

/// Lines of a message. Links (section 3.11.6) and placeholders (section 3.11.5) are this program's to make, and it makes none.
fn text(lines: &[&String]) -> String {
    let lines = lines.iter().map(|line| sanitize::line(line).replace("](", "] ("));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('{') {
        let inside = &rest[at + 1..];
        let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(&rest[..at]);
        if digits > 0 && inside[digits..].starts_with('}') {
            let _ = write!(out, "{{{{{}}}}}", &inside[..digits]);
            rest = &inside[digits + 1..];
        } else {
            out.push('{');
            rest = inside;
        }
    }
    out + rest
}

/// What makes a finding the same one tomorrow: its id, the package, what it is about. Neither lines nor wording count, as long as
/// there is a package; without one, what the message names between backticks does.
fn fingerprint(finding: &Finding, seen: &mut BTreeMap<String, usize>) -> String {
    let mut parts = vec![finding.id];
    match &finding.package {
        Some(package) => {
            parts.extend([package.name.as_str(), package.version.as_str()]);
            parts.extend(package.source.as_ref().map(|source| source.as_str()));
        }
        None => parts.extend(finding.message.split('`').skip(1).step_by(2)),
    }
    parts.extend(finding.subject.as_deref());
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let hash = hasher.finalize().to_hex()[..32].to_owned();
    let number = seen.entry(hash.clone()).or_default();
    *number += 1;
    format!("{hash}:{number}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{hostile, view};
    use super::super::{Format, Verbosity};
    use super::*;

    fn parsed(report: &Report) -> Value {
        let view = View {
            rules: vec![Rule {
                id: "x",
                group: "g",
                summary: "A thing",
                docs: "A thing. More.",
                weight: Some(Weight::Review),
            }],
            ..view(Format::Sarif, Verbosity::Normal)
        };
        serde_json::from_str(&super::report(report, &view)).expect("JSON")
    }

    fn fingerprints(report: &Report) -> Vec<Value> {
        let results = parsed(report)["runs"][0]["results"].clone();
        let results = results.as_array().expect("results").clone();
        results.iter().map(|it| it["partialFingerprints"]["cargoProvenance/v1"].clone()).collect()
    }

    #[test]
    fn fingerprints_stay_when_lines_and_wording_change() {
        let before = hostile("x", "y");
        let mut after = before.clone();
        after.findings.reverse();
        for finding in &mut after.findings {
            finding.places.iter_mut().for_each(|place| place.line += 7);
            finding.notes.push("published 3 days ago".to_owned());
            if finding.package.is_some() {
                finding.message.push_str(" meanwhile");
            }
        }
        let mut moved = fingerprints(&after);
        moved[..before.findings.len()].reverse();
        assert_eq!(fingerprints(&before), moved);
        let mut all = moved.iter().map(Value::to_string).collect::<Vec<_>>();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), moved.len(), "two findings share one");
    }

    #[test]
    fn what_was_tolerated_is_suppressed_and_what_was_not_checked_is_notified() {
        let mut report = hostile("x", "y");
        report.outcome = Outcome::Undecided;
        let run = parsed(&report)["runs"][0].clone();
        let results = run["results"].as_array().expect("results");
        let suppressed = results.iter().filter(|result| result["suppressions"].is_array());
        let suppressed = suppressed.map(|result| result["level"].clone()).collect::<Vec<_>>();
        assert_eq!(suppressed, ["note"]);
        let invocation = &run["invocations"][0];
        assert_eq!(invocation["exitCode"], 3);
        assert_eq!(invocation["executionSuccessful"], false);
        assert_eq!(invocation["toolExecutionNotifications"][0]["message"]["text"], "x");
    }

    #[test]
    fn paths_are_uris_and_messages_hold_no_links_and_placeholders() {
        assert_eq!(uri("a b/ü#?%:x"), "a%20b/%C3%BC%23%3F%25%3Ax");
        let line = |line: &str| text(&[&line.to_owned()]);
        assert_eq!(line("[x](https://evil.invalid) {0} {a} {12"), "[x] (https://evil.invalid) {{0}} {a} {12");
    }

    proptest! {
        #[test]
        fn hostile_text_stays_text(text in any::<String>(), path in any::<String>()) {
            let report = hostile(&text, &path);
            let rendered = super::report(&report, &view(Format::Sarif, Verbosity::Normal));
            prop_assert_eq!(rendered.lines().count(), 1);
            prop_assert!(!rendered.contains("##["));
            prop_assert!(!rendered.chars().any(|c| c != '\n' && sanitize::is_harmful(c)));
            let value: Value = serde_json::from_str(&rendered).expect("JSON");
            for result in value["runs"][0]["results"].as_array().expect("results") {
                let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"];
                prop_assert_eq!(&uri["uriBaseId"], ROOT);
                let uri = uri["uri"].as_str().expect("a URI");
                prop_assert!(!uri.starts_with('/') && uri.bytes().all(|b| b.is_ascii_graphic()), "{}", uri);
                prop_assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
            }
        }
    }
}
