//! What of a set of somebody else counts, by the filters of its import, and which of the filters are about nothing.

use std::collections::BTreeSet;

use crate::audit::{AuditKind, ByName, Published, SAFE_TO_DEPLOY, SAFE_TO_RUN, Set};
use crate::policy::{AuditImport, EntryKind, address};

/// Names of a filter that are told.
const TOLD: usize = 5;

/// Takes out of a set of somebody else what does not count. Violations stay, but for crates that are excluded.
pub fn selected(mut published: Published, import: &AuditImport) -> Published {
    let counts = |list: &Option<Vec<String>>, name: &str| {
        list.as_ref().is_none_or(|list| list.iter().any(|listed| listed == name))
    };
    let is_of = |who: &[String]| {
        import.auditors.as_ref().is_none_or(|auditors| {
            let by = |name: &String| auditors.iter().any(|it| name == it || address(name) == Some(it));
            !who.is_empty() && who.iter().all(by)
        })
    };
    let is_kind = |kind: EntryKind| import.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind));
    let criteria = |names: &mut Vec<String>| {
        names.retain(|name| counts(&import.criteria, name));
        !names.is_empty()
    };
    let is_listed = |krate: &str| counts(&import.crates, krate);
    let set = &mut published.set;
    for (krate, audits) in &mut set.audits {
        audits.retain_mut(|audit| match audit.kind {
            AuditKind::Violation(_) => true,
            AuditKind::Full(_) | AuditKind::Delta { .. } => {
                let is_full = matches!(audit.kind, AuditKind::Full(_));
                let kind = if is_full { EntryKind::Full } else { EntryKind::Delta };
                is_listed(krate) && is_kind(kind) && is_of(&audit.who) && criteria(&mut audit.criteria)
            }
        });
    }
    for (krate, wildcards) in &mut set.wildcards {
        wildcards.retain_mut(|it| {
            is_listed(krate) && is_kind(EntryKind::Wildcard) && is_of(&it.who) && criteria(&mut it.criteria)
        });
    }
    for (krate, trusted) in &mut set.trusted {
        // Nobody signs these with a name.
        trusted.retain_mut(|it| {
            let is_anybodys = import.auditors.is_none();
            is_listed(krate) && is_kind(EntryKind::Trusted) && is_anybodys && criteria(&mut it.criteria)
        });
    }
    set.audits.retain(|_, entries| !entries.is_empty());
    set.wildcards.retain(|_, entries| !entries.is_empty());
    set.trusted.retain(|_, entries| !entries.is_empty());
    published
}

/// What the filters of an import name and its set does not have, a line each: it is likely to be misspelt, and then keeps out what
/// should count, or lets in what should not.
pub fn unmatched(published: &Published, import: &AuditImport) -> Vec<String> {
    let set = &published.set;
    let vouching = vouching(set);
    let crates = vouching.iter().map(|it| it.krate).collect::<BTreeSet<_>>();
    let warned = set.audits.keys().chain(set.bars.iter().map(|bar| &bar.krate)).map(String::as_str);
    let known = crates.iter().copied().chain(warned).collect();
    let who = || vouching.iter().flat_map(|it| it.who).map(String::as_str);
    let people = who().chain(who().filter_map(address)).collect();
    let criteria = vouching.iter().flat_map(|it| it.criteria).map(String::as_str).collect();
    let defined = set.criteria.keys().map(String::as_str).chain([SAFE_TO_RUN, SAFE_TO_DEPLOY]).collect();
    let none = vec![];
    let mapped = import.criteria_map.keys().cloned().collect::<Vec<_>>();
    let filters: [(&str, &[String], BTreeSet<&str>); 5] = [
        ("crates", import.crates.as_ref().unwrap_or(&none), crates),
        ("exclude", &import.exclude, known),
        ("auditors", import.auditors.as_ref().unwrap_or(&none), people),
        ("criteria", import.criteria.as_ref().unwrap_or(&none), criteria),
        ("criteria-map", &mapped, defined),
    ];
    let told = filters.into_iter().filter_map(|(key, names, known)| {
        let missing = names.iter().filter(|name| !known.contains(name.as_str())).collect::<Vec<_>>();
        let shown = missing.iter().take(TOLD).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let more = match missing.len().saturating_sub(TOLD) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let place = format!("`{key}` of `[audits.import.{}]`", import.name);
        (!missing.is_empty()).then(|| format!("what {place} names and the set does not have: {shown}{more}"))
    });
    let mut told = told.collect::<Vec<_>>();
    let table = format!("`[audits.import.{}]`", import.name);
    let has_filters = import.crates.is_some() || import.auditors.is_some() || import.criteria.is_some();
    if vouching.is_empty() {
        // Then no filter of it is to blame.
    } else if import.kinds.as_ref().is_some_and(|kinds| !vouching.iter().any(|it| kinds.contains(&it.kind))) {
        told.push(format!("what `kinds` of {table} names: the set has nothing of the kind"));
    } else if told.is_empty()
        && has_filters
        && self::vouching(&selected(published.clone(), import).set).is_empty()
    {
        told.push(format!("what the set of {table} vouches for: nothing in it passes all filters"));
    }
    told
}

/// An entry that vouches for something.
struct Vouching<'s> {
    krate: &'s str,
    kind: EntryKind,
    who: &'s [String],
    criteria: &'s [String],
}

/// The entries of a set that vouch for something.
fn vouching(set: &Set) -> Vec<Vouching<'_>> {
    fn all<T>(table: &ByName<Vec<T>>) -> impl Iterator<Item = (&str, &T)> {
        table.iter().flat_map(|(krate, entries)| entries.iter().map(|it| (krate.as_str(), it)))
    }
    let audits = all(&set.audits).filter_map(|(krate, it)| {
        let kind = match it.kind {
            AuditKind::Delta { .. } => EntryKind::Delta,
            AuditKind::Full(_) => EntryKind::Full,
            AuditKind::Violation(_) => return None,
        };
        Some(Vouching { krate, kind, who: &it.who, criteria: &it.criteria })
    });
    let wildcards = all(&set.wildcards);
    let wildcards = wildcards.map(|(krate, it)| Vouching {
        krate,
        kind: EntryKind::Wildcard,
        who: &it.who,
        criteria: &it.criteria,
    });
    let trusted = all(&set.trusted);
    let trusted = trusted.map(|(krate, it)| Vouching {
        krate,
        kind: EntryKind::Trusted,
        who: &[],
        criteria: &it.criteria,
    });
    audits.chain(wildcards).chain(trusted).collect()
}
