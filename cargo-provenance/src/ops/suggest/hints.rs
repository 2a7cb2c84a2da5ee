//! Who published what is not reviewed, where the store trusts them for other crates: as cargo-vet hints at it. A hint proves
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{Publication, Publisher, Set, Store, VetVersion};

/// Crates that are named.
const NAMED: usize = 3;

/// Who is trusted for what.
pub(super) struct Hints<'s> {
    store: &'s Store,
    /// The crates that each publisher is trusted for, or whose publications somebody certifies.
    trusted: BTreeMap<&'s Publisher, BTreeSet<&'s str>>,
}

impl<'s> Hints<'s> {
    pub(super) fn of(store: &'s Store) -> Self {
        let mut trusted = BTreeMap::<&Publisher, BTreeSet<&str>>::new();
        let sets = [&store.audits].into_iter().chain(store.imports.sets.values());
        for Set { wildcards, trusted: entries, .. } in sets {
            let wildcards = wildcards
                .iter()
                .flat_map(|(krate, list)| list.iter().map(move |entry| (krate, &entry.publisher)));
            let entries = entries
                .iter()
                .flat_map(|(krate, list)| list.iter().map(move |entry| (krate, &entry.publisher)));
            for (krate, publisher) in wildcards.chain(entries) {
                trusted.entry(publisher).or_default().insert(krate);
            }
        }
        Self { store, trusted }
    }

    /// What there is to know of a version.
    pub(super) fn about(&self, krate: &str, version: &VetVersion) -> Vec<String> {
        let rows = self.store.imports.publications.get(krate).into_iter().flatten();
        let published = rows.filter(|row| row.version == *version);
        let hints = published.filter_map(|row| {
            let crates = self.trusted.get(&row.publisher)?;
            if self.is_known(krate, row) {
                return None;
            }
            let others = crates.iter().copied().filter(|other| *other != krate).collect::<Vec<_>>();
            let (name, id) = match (&row.publisher, &row.account) {
                (Publisher::Trusted(name), _) => (name.clone(), name.clone()),
                (Publisher::User(id), Some(account)) => (account.login.clone(), id.to_string()),
                (Publisher::User(id), None) => (format!("user {id}"), id.to_string()),
            };
            let more = if others.len() > NAMED { ", …" } else { "" };
            let named = others.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            (!others.is_empty()).then(|| {
                format!(
                    "`{name}` published it on {}, and is trusted for {named}{more}: cargo provenance certify {krate} --trusted {id}",
                    row.when
                )
            })
        });
        hints.collect()
    }

    /// Whether an entry names this very publication already, so that one more would say nothing new.
    fn is_known(&self, krate: &str, row: &Publication) -> bool {
        let sets = [&self.store.audits].into_iter().chain(self.store.imports.sets.values());
        sets.into_iter().any(|set| {
            let wildcards = set.wildcards.get(krate).into_iter().flatten();
            let wildcards = wildcards.map(|it| (&it.publisher, it.start, it.end));
            let trusted = set.trusted.get(krate).into_iter().flatten();
            let trusted = trusted.map(|it| (&it.publisher, it.start, it.end));
            wildcards
                .chain(trusted)
                .any(|(who, start, end)| *who == row.publisher && start <= row.when && row.when < end)
        })
    }
}
