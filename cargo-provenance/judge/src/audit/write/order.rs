//! In which order cargo-vet writes the entries of a crate: `format.rs` of cargo-vet 0.10.

use std::cmp::Ordering;

use crate::audit::{Audit, AuditKind, Exemption, Publication, Trust, Unpublished, Wildcard};

pub(super) fn audits(list: &mut Vec<&Audit>) {
    list.sort_by(|a, b| {
        kind(&a.kind, &b.kind)
            .then_with(|| (&a.criteria, &a.who, &a.notes).cmp(&(&b.criteria, &b.who, &b.notes)))
    });
}

fn kind(a: &AuditKind, b: &AuditKind) -> Ordering {
    let rank = |kind: &AuditKind| match kind {
        AuditKind::Full(_) => 0,
        AuditKind::Delta { .. } => 1,
        AuditKind::Violation(_) => 2,
    };
    match (a, b) {
        (AuditKind::Full(a), AuditKind::Full(b)) => a.cmp(b),
        (AuditKind::Delta { from, to }, AuditKind::Delta { from: b_from, to: b_to }) => {
            (from, to).cmp(&(b_from, b_to))
        }
        (AuditKind::Violation(a), AuditKind::Violation(b)) => a.to_string().cmp(&b.to_string()),
        _ => rank(a).cmp(&rank(b)),
    }
}

pub(super) fn wildcards(list: &mut Vec<&Wildcard>) {
    fn key(entry: &Wildcard) -> impl Ord + '_ {
        let Wildcard { who, criteria, publisher, start, end, renew, notes, aggregated_from, line: _ } = entry;
        (who, criteria, publisher, start, end, renew, notes, aggregated_from)
    }
    list.sort_by(|a, b| key(a).cmp(&key(b)));
}

pub(super) fn trusted(list: &mut Vec<&Trust>) {
    fn key(entry: &Trust) -> impl Ord + '_ {
        let Trust { criteria, publisher, start, end, notes, aggregated_from, line: _ } = entry;
        (criteria, publisher, start, end, notes, aggregated_from)
    }
    list.sort_by(|a, b| key(a).cmp(&key(b)));
}

pub(super) fn exemptions(list: &mut Vec<&Exemption>) {
    fn key(entry: &Exemption) -> impl Ord + '_ {
        (&entry.version, &entry.criteria, entry.suggest, &entry.notes)
    }
    list.sort_by(|a, b| key(a).cmp(&key(b)));
}

pub(super) fn publications(list: &mut Vec<&Publication>) {
    fn key(entry: &Publication) -> impl Ord + '_ {
        (&entry.version, entry.when, &entry.publisher, &entry.account)
    }
    list.sort_by(|a, b| key(a).cmp(&key(b)));
}

pub(super) fn unpublished(list: &mut Vec<&Unpublished>) {
    fn key(entry: &Unpublished) -> impl Ord + '_ {
        (&entry.version, &entry.audited_as)
    }
    list.sort_by(|a, b| key(a).cmp(&key(b)));
}
