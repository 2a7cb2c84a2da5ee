//! One function for each kind of entry that stands in a set of audits.

use super::super::{Audit, AuditKind, Criterion, Requirement, Trust, VetVersion, Wildcard};
use super::Result;
use super::fields::Fields;

pub(super) const DELTA: &str = "two versions, `1.0.0 -> 1.1.0`";

pub(super) fn criterion(mut fields: Fields<'_, '_>) -> Result<Criterion> {
    let criterion = Criterion {
        description: fields.text("description")?,
        description_url: fields.text("description-url")?,
        implies: fields.list("implies")?.unwrap_or_default(),
        aggregated_from: fields.list("aggregated-from")?.unwrap_or_default(),
        line: fields.line(),
    };
    fields.finish().map(|()| criterion)
}

pub(super) fn delta(text: &str) -> Option<(VetVersion, VetVersion)> {
    let (from, to) = text.split_once("->")?;
    Some((VetVersion::parse(from.trim())?, VetVersion::parse(to.trim())?))
}

pub(super) fn audit(mut fields: Fields<'_, '_>) -> Result<Audit> {
    let version = fields.version("version")?;
    let delta = fields.parsed("delta", DELTA, delta)?;
    let violation = fields.parsed("violation", "a version requirement", Requirement::parse)?;
    let kind = match (version, delta, violation) {
        (Some(version), None, None) => AuditKind::Full(version),
        (None, Some((from, to)), None) => AuditKind::Delta { from, to },
        (None, None, Some(requirement)) => AuditKind::Violation(requirement),
        _ => {
            let what =
                format!("`{}` has none of `version`, `delta` and `violation`, or more than one", fields.name);
            return Err(fields.reader.fault(fields.at, &what, "say which one the entry is about"));
        }
    };
    let audit = Audit {
        who: fields.list("who")?.unwrap_or_default(),
        criteria: fields.list("criteria")?.unwrap_or_default(),
        kind,
        importable: fields.flag("importable")?.unwrap_or(true),
        notes: fields.text("notes")?,
        aggregated_from: fields.list("aggregated-from")?.unwrap_or_default(),
        line: fields.line(),
    };
    fields.finish().map(|()| audit)
}

pub(super) fn wildcard(mut fields: Fields<'_, '_>) -> Result<Wildcard> {
    let criteria = fields.list("criteria")?;
    let wildcard = Wildcard {
        who: fields.list("who")?.unwrap_or_default(),
        criteria: fields.need(criteria, "criteria")?,
        publisher: fields.publisher()?,
        start: fields.date("start")?,
        end: fields.date("end")?,
        renew: fields.flag("renew")?,
        notes: fields.text("notes")?,
        aggregated_from: fields.list("aggregated-from")?.unwrap_or_default(),
        line: fields.line(),
    };
    fields.finish().map(|()| wildcard)
}

pub(super) fn trust(mut fields: Fields<'_, '_>) -> Result<Trust> {
    let criteria = fields.list("criteria")?;
    let trust = Trust {
        criteria: fields.need(criteria, "criteria")?,
        publisher: fields.publisher()?,
        start: fields.date("start")?,
        end: fields.date("end")?,
        notes: fields.text("notes")?,
        aggregated_from: fields.list("aggregated-from")?.unwrap_or_default(),
        line: fields.line(),
    };
    fields.finish().map(|()| trust)
}
