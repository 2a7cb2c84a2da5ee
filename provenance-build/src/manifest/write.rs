//! The canonical writer: one manifest, one text.

use std::fmt::Write;

use super::{Acceptance, Manifest, Member, Origin, Pin, Trust};

pub(super) const HEAD: &str = "# Written by cargo-provenance. Review its changes like code; do not edit it.";

pub(super) fn manifest(manifest: &Manifest) -> String {
    let mut text = String::with_capacity(512 * (manifest.packages.len() + 1));
    let out = &mut text;
    line(out, format_args!("{HEAD}"));
    line(out, format_args!("version = {}", manifest.version));
    line(out, format_args!("policy = \"{}\"", manifest.policy));
    if let Some(day) = &manifest.expires {
        line(out, format_args!("expires = {}", quoted(day)));
    }
    if !manifest.cargo_config.is_empty() {
        line(out, format_args!("\n[cargo-config]"));
        for (key, value) in &manifest.cargo_config {
            line(out, format_args!("{} = {value}", quoted(key)));
        }
    }
    let mut members = manifest.members.iter().collect::<Vec<_>>();
    members.sort();
    for member in members {
        write_member(out, member);
    }
    let mut pins = manifest.packages.iter().collect::<Vec<_>>();
    pins.sort_by_key(|pin| (&pin.name, &pin.version, &pin.origin));
    for pin in pins {
        write_pin(out, pin);
    }
    text
}

fn write_member(out: &mut String, member: &Member) {
    line(out, format_args!("\n[[member]]\nname = \"{}\"\npath = {}", member.name, quoted(&member.path)));
    if let Some(own) = &member.own {
        line(out, format_args!("own = {}", quoted(own)));
    }
}

fn write_pin(out: &mut String, pin: &Pin) {
    line(out, format_args!("\n[[package]]\nname = \"{}\"\nversion = \"{}\"", pin.name, pin.version));
    match &pin.origin {
        Origin::Source(source) => line(out, format_args!("source = \"{source}\"")),
        Origin::Path(path) => line(out, format_args!("path = {}", quoted(path))),
    }
    if let Some(checksum) = &pin.checksum {
        line(out, format_args!("checksum = \"{checksum}\""));
    }
    line(out, format_args!("tree = \"{}\"", pin.tree));
    if let Some(tree) = &pin.vendor_tree {
        line(out, format_args!("vendor-tree = \"{tree}\""));
    }
    if !pin.build_time.is_empty() {
        let mut kinds = pin.build_time.clone();
        kinds.sort_unstable();
        kinds.dedup();
        line(out, format_args!("build-time = {}", list(kinds.iter().map(|kind| kind.as_str()))));
    }
    line(out, format_args!("trust = {}", trust(&pin.trust)));
    if let Some(vetted) = &pin.vetted {
        let advisories = vetted.advisories.as_ref().map(|date| format!(", advisories = {}", quoted(date)));
        line(
            out,
            format_args!("vetted = {{ checks = {}{} }}", vetted.checks, advisories.unwrap_or_default()),
        );
    }
    if let Some(repository) = &pin.repository {
        line(out, format_args!("repository = {}", quoted(repository)));
    }
    if !pin.accepted.is_empty() {
        let mut accepted = pin.accepted.iter().collect::<Vec<_>>();
        accepted.sort();
        accepted.dedup();
        line(out, format_args!("accepted = ["));
        for acceptance in accepted {
            line(out, format_args!("  {},", write_acceptance(acceptance)));
        }
        line(out, format_args!("]"));
    }
    if !pin.baseline.is_empty() {
        let mut baseline = pin.baseline.iter().map(String::as_str).collect::<Vec<_>>();
        baseline.sort_unstable();
        baseline.dedup();
        line(out, format_args!("baseline = {}", list(baseline.into_iter())));
    }
}

fn trust(trust: &Trust) -> String {
    let criteria = trust.criteria.as_ref().map(|criteria| format!(", criteria = {}", quoted(criteria)));
    let mut from = trust.from.iter().map(String::as_str).collect::<Vec<_>>();
    from.sort_unstable();
    from.dedup();
    let from = if from.is_empty() { String::new() } else { format!(", from = {}", list(from.into_iter())) };
    format!("{{ basis = \"{}\"{}{from} }}", trust.basis.as_str(), criteria.unwrap_or_default())
}

fn write_acceptance(acceptance: &Acceptance) -> String {
    let Acceptance { check, id, by, on, reason } = acceptance;
    let id = id.as_ref().map(|id| format!(", id = {}", quoted(id))).unwrap_or_default();
    let (check, by, on, reason) = (quoted(check), quoted(by), quoted(on), quoted(reason));
    format!("{{ check = {check}{id}, by = {by}, on = {on}, reason = {reason} }}")
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

/// A TOML basic string (TOML 1.0, "String"): quotes, backslashes, control characters and characters that reorder or hide
/// text in a review are escaped, nothing else.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_control() || hides(c) => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Soft hyphen, zero-width characters, line separators and bidirectional controls, all of them below U+10000.
fn hides(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
    out.push('\n');
}
