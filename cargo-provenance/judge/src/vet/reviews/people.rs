//! Whose reviews they are: how many different people vouch for a package, and whether one of them published it.
//!
//! A review is as good as whoever wrote it, and `who` is free text. So one person counts once, under whatever names the policy
//! lists for them, and nobody's review counts for what they published themselves.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{Audit, AuditKind, Link, Publication, Store, VetVersion};
use crate::policy::{Auditor, address, identity};

/// The name that crates.io's and GitHub's accounts commit under where they hide their address.
const HIDDEN: &str = "@users.noreply.github.com";

/// Groups of people that are tried for one package: 5 reviewers of a chain of 8 steps make 163 of them, and a set of audits can be made
/// to have more than anybody lives to see tried.
const GROUPS: usize = 400;

/// Without whom nobody vouches for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pivotal<E> {
    /// These people, and what is missing then.
    Group(BTreeSet<Person>, E),
    /// No group of that size.
    Nobody,
    /// There are too many groups to try all of them.
    Untold,
}

/// Somebody who reviews.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Person {
    /// Somebody whom the policy lists, by the name there.
    Listed(String),
    /// Somebody else, by their address or, where there is none, by the whole text, in lowercase.
    Named(String),
    /// Whoever writes in the files of the store without being listed, where the policy lists its auditors: they may all be one.
    Unlisted,
    /// Whoever left an entry without a name: they may be anybody who is somebody else, too.
    Nobody,
}

impl std::fmt::Display for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listed(name) | Self::Named(name) => write!(f, "{name}"),
            Self::Unlisted => f.write_str("auditors whom the policy does not list"),
            Self::Nobody => f.write_str("auditors without a name"),
        }
    }
}

/// Who is who.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    /// The names of listed auditors by what `who` calls them, in lowercase.
    by_who: BTreeMap<String, String>,
    /// The same by their accounts on crates.io, in lowercase.
    by_login: BTreeMap<String, String>,
    /// The sets that the policy pins: in the others, which lie in `imports.lock`, anybody can make up names.
    pinned: BTreeSet<String>,
}

impl People {
    pub(super) fn of<'a>(
        auditors: impl IntoIterator<Item = &'a Auditor>,
        pinned: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        let mut people = Self { pinned: pinned.into_iter().cloned().collect(), ..Self::default() };
        for auditor in auditors {
            let name = || auditor.name.clone();
            people.by_who.extend(auditor.who.iter().map(|who| (identity(who), name())));
            people.by_login.extend(auditor.logins.iter().map(|login| (login.to_lowercase(), name())));
        }
        people
    }

    /// Who a `who` means. `is_own` for an entry of the store's own files.
    fn person(&self, who: &str, is_own: bool) -> Person {
        let who = identity(who);
        match self.by_who.get(&who) {
            Some(name) => Person::Listed(name.clone()),
            None if is_own && !self.by_who.is_empty() => Person::Unlisted,
            None if who.is_empty() => Person::Nobody,
            None => Person::Named(who),
        }
    }

    /// Who stands behind an entry.
    pub(super) fn behind(&self, audit: &Audit, is_own: bool) -> BTreeSet<Person> {
        let people = audit.who.iter().map(|who| self.person(who, is_own)).collect::<BTreeSet<_>>();
        if people.is_empty() { BTreeSet::from([Person::Nobody]) } else { people }
    }

    /// Whether a `who` is the account that published something. Accounts of listed auditors are told by the policy alone; of
    /// others by what they are called, which is as good as it gets.
    fn published(&self, who: &str, publication: &Publication) -> bool {
        let Some(account) = &publication.account else { return false };
        let login = account.login.to_lowercase();
        if let Some(name) = self.by_login.get(&login) {
            return self.person(who, true) == Person::Listed(name.clone());
        }
        let who = who.trim().to_lowercase();
        let address = address(&who);
        let called = who.split('<').next().unwrap_or_default().trim().to_owned();
        let called_so = |name: &str| !name.is_empty() && (called == name || address == Some(name));
        let hidden = address.and_then(|address| address.strip_suffix(HIDDEN));
        let is_hidden = hidden.is_some_and(|hidden| hidden.rsplit('+').next() == Some(&login));
        is_hidden
            || called_so(&login)
            || account.name.as_ref().is_some_and(|name| called_so(name.trim().to_lowercase().as_str()))
    }

    /// Takes out the reviews that only those wrote who published what they vouch for. Says whose of `version`.
    pub(super) fn take_out_own_work(
        &self,
        store: &mut Store,
        krate: &str,
        version: &VetVersion,
    ) -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        let publications = store.imports.publications.get(krate).cloned().unwrap_or_default();
        if publications.is_empty() {
            return told;
        }
        let sets = [&mut store.audits].into_iter().chain(store.imports.sets.values_mut());
        for audits in sets.filter_map(|set| set.audits.get_mut(krate)) {
            audits.retain(|audit| {
                let Some(to) = audit.kind.to() else { return true };
                let rows = || publications.iter().filter(|row| row.version == *to);
                let is_own_work = |who: &String| rows().any(|publication| self.published(who, publication));
                let counts = audit.who.is_empty() || !audit.who.iter().all(is_own_work);
                if !counts && to == version {
                    told.extend(audit.who.iter().cloned());
                }
                counts
            });
        }
        told
    }

    /// Finds people, `number` at most, without whose reviews `prove` finds no chain. Every such group includes somebody of each
    /// chain that there is, so that it is enough to try those of one.
    pub(super) fn pivotal<E>(
        &self,
        store: &Store,
        krate: &str,
        number: usize,
        prove: &dyn Fn(&Store) -> Result<Vec<Link>, E>,
    ) -> Pivotal<E> {
        if self.is_held_apart(store, krate, number, prove) {
            return Pivotal::Nobody;
        }
        let mut tried = BTreeSet::new();
        self.without(store, krate, number, &BTreeSet::new(), &mut tried, prove)
    }

    /// Whether there are more chains than `number` of which each step needs somebody who stands behind none of the chains before:
    /// whoever breaks all of them is then more than `number`.
    fn is_held_apart<E>(
        &self,
        store: &Store,
        krate: &str,
        number: usize,
        prove: &dyn Fn(&Store) -> Result<Vec<Link>, E>,
    ) -> bool {
        let mut removed = BTreeSet::new();
        (0..=number).all(|_| {
            let left = self.left(store, krate, &removed);
            let Ok(chain) = prove(&left) else { return false };
            removed.extend(chain.iter().filter_map(|link| self.behind_link(&left, krate, link)).flatten());
            true
        })
    }

    fn without<E>(
        &self,
        store: &Store,
        krate: &str,
        number: usize,
        removed: &BTreeSet<Person>,
        tried: &mut BTreeSet<BTreeSet<Person>>,
        prove: &dyn Fn(&Store) -> Result<Vec<Link>, E>,
    ) -> Pivotal<E> {
        // In whatever order they were taken out.
        if !tried.insert(removed.clone()) {
            return Pivotal::Nobody;
        }
        if tried.len() > GROUPS {
            return Pivotal::Untold;
        }
        let left = self.left(store, krate, removed);
        let chain = match prove(&left) {
            Ok(chain) => chain,
            Err(gap) => return Pivotal::Group(removed.clone(), gap),
        };
        if number == 0 {
            return Pivotal::Nobody;
        }
        let people = chain.iter().filter_map(|link| self.behind_link(&left, krate, link)).flatten();
        for person in people.collect::<BTreeSet<_>>() {
            let mut more = removed.clone();
            if !more.insert(person) {
                continue;
            }
            match self.without(store, krate, number - 1, &more, tried, prove) {
                Pivotal::Nobody => {}
                found => return found,
            }
        }
        Pivotal::Nobody
    }

    fn behind_link(&self, store: &Store, krate: &str, link: &Link) -> Option<BTreeSet<Person>> {
        let (set, entry, is_own) = match *link {
            Link::Audit { entry, .. } => (&store.audits, entry, true),
            Link::Imported { set, entry } => {
                let (name, set) = store.set(set)?;
                (set, entry, !self.pinned.contains(name))
            }
            _ => return None,
        };
        Some(self.behind(set.audits.get(krate)?.get(entry)?, is_own))
    }

    /// The store without the reviews behind which nobody else stands.
    fn left(&self, store: &Store, krate: &str, removed: &BTreeSet<Person>) -> Store {
        let mut store = store.clone();
        let own = [(&mut store.audits, true)];
        let imported = store.imports.sets.iter_mut();
        let imported = imported.map(|(name, set)| (set, !self.pinned.contains(name)));
        for (set, is_own) in own.into_iter().chain(imported) {
            if let Some(audits) = set.audits.get_mut(krate) {
                audits.retain(|audit| {
                    audit.kind.to().is_none() || !self.behind(audit, is_own).is_subset(removed)
                });
            }
        }
        store
    }
}

/// Takes out what is nobody's review: where several people must have looked, nobody looked at what a publisher's name vouches for,
/// and whoever left no name may be the one who left theirs beside.
pub(super) fn without_nobodys(store: &mut Store) {
    for set in [&mut store.audits].into_iter().chain(store.imports.sets.values_mut()) {
        set.wildcards.clear();
        set.trusted.clear();
        for audits in set.audits.values_mut() {
            let is_named = |audit: &Audit| audit.who.iter().any(|who| !identity(who).is_empty());
            audits.retain(|audit| audit.kind.to().is_none() || is_named(audit));
        }
    }
}

impl AuditKind {
    /// The version that a review vouches for; none for a violation.
    pub(super) fn to(&self) -> Option<&VetVersion> {
        match self {
            Self::Full(version) => Some(version),
            Self::Delta { to, .. } => Some(to),
            Self::Violation(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
