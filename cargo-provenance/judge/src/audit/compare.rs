//! What a newer state of a published set says that the older one did not, and the other way around.
//!
//! Entries are compared by what they prove and who says so; notes, renewals and the sets that they came through are left out.
//! A text of the set's can look like anything: what is compared is never the text that is shown.

use std::collections::{BTreeMap, BTreeSet};

use super::{Audit, AuditKind, Criterion, Published, Publisher, Set, Trust, Wildcard};
use crate::model::Date;

/// One difference between two states of a set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What it does to what the set proves.
    pub effect: Effect,
    /// The crate that it is about; `None` for a criterion, which can be about any.
    pub krate: Option<String>,
    /// What changed: a fragment.
    pub what: String,
}

/// What a difference does. Those that a person must not miss come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Something is vouched for no longer, or warned of now.
    Revokes,
    /// A warning is gone.
    Unwarns,
    /// The same entries mean something else now.
    Redefines,
    /// Something is vouched for now.
    Adds,
}

/// An entry: whether it warns, the crate, and what tells it from others.
type Key = (bool, String, String);

/// Lists what changed from `old` to `new`, in the order of [`Effect`], then by crate.
pub fn compare(old: &Published, new: &Published) -> Vec<Change> {
    let (before, after) = (entries(&old.set), entries(&new.set));
    let mut changes = criteria(&old.set, &new.set);
    let mut push = |effect, (_, krate, _): &Key, what: &String| {
        changes.push(Change { effect, krate: Some(krate.clone()), what: what.clone() });
    };
    for (key, what) in before.iter().filter(|(key, _)| !after.contains_key(*key)) {
        push(if key.0 { Effect::Unwarns } else { Effect::Revokes }, key, what);
    }
    for (key, what) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        push(if key.0 { Effect::Revokes } else { Effect::Adds }, key, what);
    }
    changes.sort();
    changes
}

/// How many entries a set has, violations included.
pub fn size(set: &Set) -> usize {
    let audits = set.audits.values().map(Vec::len).sum::<usize>();
    let wildcards = set.wildcards.values().map(Vec::len).sum::<usize>();
    let trusted = set.trusted.values().map(Vec::len).sum::<usize>();
    audits + wildcards + trusted + set.bars.len()
}

/// How many entries of `old` are still in `new`.
pub fn kept(old: &Set, new: &Set) -> usize {
    let after = entries(new);
    entries(old).keys().filter(|key| after.contains_key(*key)).count()
}

fn entries(set: &Set) -> BTreeMap<Key, String> {
    let audits = all(&set.audits).map(|(krate, audit)| audit_entry(krate, audit));
    let wildcards = all(&set.wildcards).map(|(krate, entry)| wildcard_entry(krate, entry));
    let trusted = all(&set.trusted).map(|(krate, entry)| trust_entry(krate, entry));
    let bars = set.bars.iter().map(|bar| {
        let versions = bar.versions.as_ref().map(ToString::to_string);
        let shown = versions.as_deref().unwrap_or("any version");
        let key = (true, bar.krate.clone(), format!("bar {versions:?}"));
        (key, format!("an entry that cannot be read warns of {shown}"))
    });
    audits.chain(wildcards).chain(trusted).chain(bars).collect()
}

fn all<T>(entries: &BTreeMap<String, Vec<T>>) -> impl Iterator<Item = (&String, &T)> {
    entries.iter().flat_map(|(krate, list)| list.iter().map(move |entry| (krate, entry)))
}

fn audit_entry(krate: &str, audit: &Audit) -> (Key, String) {
    let (criteria, who) = (sorted(&audit.criteria), sorted(&audit.who));
    let warns = matches!(audit.kind, AuditKind::Violation(_));
    let what = match &audit.kind {
        AuditKind::Full(version) => format!("review of {version}"),
        AuditKind::Delta { from, to } => format!("review of {from} -> {to}"),
        AuditKind::Violation(versions) => format!("violation of {versions}"),
    };
    let key = (warns, krate.to_owned(), format!("audit {:?} {criteria:?} {who:?}", audit.kind));
    (key, format!("{what} for {}{}", criteria.join(", "), by(&who)))
}

fn wildcard_entry(krate: &str, entry: &Wildcard) -> (Key, String) {
    let (criteria, who) = (sorted(&entry.criteria), sorted(&entry.who));
    let key = format!("wildcard {:?} {criteria:?} {who:?} {} {}", entry.publisher, entry.start, entry.end);
    let what = format!("review of all by {}", published(&entry.publisher, entry.start, entry.end));
    ((false, krate.to_owned(), key), format!("{what} for {}{}", criteria.join(", "), by(&who)))
}

fn trust_entry(krate: &str, entry: &Trust) -> (Key, String) {
    let criteria = sorted(&entry.criteria);
    let key = format!("trust {:?} {criteria:?} {} {}", entry.publisher, entry.start, entry.end);
    let what = format!("trust in {}", published(&entry.publisher, entry.start, entry.end));
    ((false, krate.to_owned(), key), format!("{what} for {}", criteria.join(", ")))
}

fn published(publisher: &Publisher, start: Date, end: Date) -> String {
    let whose = match publisher {
        Publisher::User(id) => format!("user {id}"),
        Publisher::Trusted(name) => format!("`{name}`"),
    };
    format!("{whose} from {start} to {end}")
}

fn by(who: &[String]) -> String {
    if who.is_empty() { String::new() } else { format!(", by {}", who.join(", ")) }
}

fn sorted(names: &[String]) -> Vec<String> {
    let names = names.iter().cloned().collect::<BTreeSet<_>>();
    names.into_iter().collect()
}

fn criteria(old: &Set, new: &Set) -> Vec<Change> {
    let change = |effect, what: String| Change { effect, krate: None, what };
    let mut changes = vec![];
    for (name, after) in &new.criteria {
        let Some(before) = old.criteria.get(name) else {
            changes.push(change(Effect::Adds, format!("criterion `{name}`")));
            continue;
        };
        let text = |criterion: &Criterion| (criterion.description.clone(), criterion.description_url.clone());
        if text(before) != text(after) {
            let what = format!("criterion `{name}` has another description");
            changes.push(change(Effect::Redefines, what));
        }
        let implied = |criterion: &Criterion| criterion.implies.iter().cloned().collect::<BTreeSet<_>>();
        let (before, after) = (implied(before), implied(after));
        for gone in before.difference(&after) {
            changes.push(change(Effect::Revokes, format!("criterion `{name}` no longer includes `{gone}`")));
        }
        for come in after.difference(&before) {
            let what = format!("criterion `{name}` includes `{come}` now, and so does every review for it");
            changes.push(change(Effect::Redefines, what));
        }
    }
    let gone = old.criteria.keys().filter(|name| !new.criteria.contains_key(*name));
    changes.extend(gone.map(|name| change(Effect::Revokes, format!("criterion `{name}`"))));
    changes
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Published {
        Published::read(text.as_bytes(), Path::new("theirs.toml")).expect("a set")
    }

    fn changes(old: &str, new: &str) -> Vec<(Effect, String)> {
        let shown = |change: Change| {
            let krate = change.krate.map(|krate| format!("{krate}: ")).unwrap_or_default();
            (change.effect, format!("{krate}{}", change.what))
        };
        compare(&read(old), &read(new)).into_iter().map(shown).collect()
    }

    const FULL: &str = "[[audits.a]]\nwho = 'Ann'\ncriteria = 'safe-to-run'\nversion = '1.0.0'\n";
    const DELTA: &str = "[[audits.a]]\ncriteria = 'safe-to-deploy'\ndelta = '1.0.0 -> 1.0.1'\n";
    const VIOLATION: &str = "[[audits.b]]\ncriteria = 'safe-to-run'\nviolation = '<2'\n";
    const WILDCARD: &str = "[[wildcard-audits.a]]\nwho = 'Ann'\ncriteria = 'safe-to-run'\nuser-id = 1\nstart = '2024-01-01'\nend = '2025-01-01'\n";
    const TRUST: &str =
        "[[trusted.c]]\ncriteria = 'safe-to-run'\nuser-id = 1\nstart = '2024-01-01'\nend = '2025-01-01'\n";

    #[test]
    fn what_is_vouched_for_comes_and_goes() {
        let all = [FULL, DELTA, WILDCARD, TRUST].concat();
        let told = [
            "a: review of 1.0.0 -> 1.0.1 for safe-to-deploy",
            "a: review of 1.0.0 for safe-to-run, by Ann",
            "a: review of all by user 1 from 2024-01-01 to 2025-01-01 for safe-to-run, by Ann",
            "c: trust in user 1 from 2024-01-01 to 2025-01-01 for safe-to-run",
        ];
        let told = |effect| told.iter().map(|text| (effect, (*text).to_owned())).collect::<Vec<_>>();
        assert_eq!(changes("", &all), told(Effect::Adds));
        assert_eq!(changes(&all, ""), told(Effect::Revokes));
        assert_eq!(changes(&all, &all), []);
        assert_eq!(size(&read(&all).set), 4);
        assert_eq!(kept(&read(&all).set, &read(FULL).set), 1);
    }

    #[test]
    fn a_warning_that_is_gone_is_never_taken_for_something_harmless() {
        let warning = "b: violation of <2 for safe-to-run".to_owned();
        assert_eq!(changes("", VIOLATION), [(Effect::Revokes, warning.clone())]);
        assert_eq!(changes(VIOLATION, ""), [(Effect::Unwarns, warning)]);
        let unreadable = "[[audits.b]]\ncriteria = 'safe-to-run'\nviolation = '<2'\nnew-key = 1\n";
        let told = changes("", unreadable);
        assert_eq!(told, [(Effect::Revokes, "b: an entry that cannot be read warns of <2".to_owned())]);
    }

    #[test]
    fn criteria_that_mean_something_else_are_told() {
        let with = |rest: &str| format!("[criteria.c]\n{rest}");
        for (old, new, effect, what) in [
            (
                "description = 'hard'\n",
                "description = 'easy'\n",
                Effect::Redefines,
                "has another description",
            ),
            ("", "implies = 'safe-to-deploy'\n", Effect::Redefines, "includes `safe-to-deploy` now"),
            ("implies = 'safe-to-run'\n", "", Effect::Revokes, "no longer includes `safe-to-run`"),
        ] {
            let found = changes(&with(old), &with(new));
            assert_eq!((found.len(), found[0].0), (1, effect), "{old}{new}");
            assert!(found[0].1.contains(what), "{found:?}");
        }
        assert_eq!(changes("", &with("")), [(Effect::Adds, "criterion `c`".to_owned())]);
        assert_eq!(changes(&with(""), ""), [(Effect::Revokes, "criterion `c`".to_owned())]);
    }

    #[test]
    fn an_author_who_writes_like_another_entry_hides_nothing() {
        let two =
            |who: &str| format!("[[audits.a]]\nwho = {who}\ncriteria = 'safe-to-run'\nversion = '1.0.0'\n");
        assert_eq!(changes(&two("['Ann', 'Bob']"), &two("'Ann, Bob'")).len(), 2);
        assert_eq!(changes(&two("'Ann'"), &two("'Eve'")).len(), 2);
    }

    proptest! {
        #[test]
        fn a_set_never_differs_from_itself(text in "(\\[\\[audits.a\\]\\]\ncriteria = '[a-z-]{1,14}'\n(version|violation) = '[0-9.<*]{1,5}'\n){0,4}") {
            if let Ok(set) = Published::read(text.as_bytes(), Path::new("a.toml")) {
                prop_assert_eq!(compare(&set, &set), []);
                prop_assert_eq!(kept(&set.set, &set.set) <= size(&set.set), true);
            }
        }
    }
}
