//! What of a set of somebody else counts, by the filters of its import.

use crate::audit::{AuditKind, Published};
use crate::policy::{AuditImport, EntryKind, address};

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
