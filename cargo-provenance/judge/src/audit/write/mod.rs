//! The canonical form of a store's files, byte for byte what `cargo vet fmt` writes, so that `cargo vet --locked` stays green.
//!
//! `[cargo-vet] version` is written as it was read: whoever raises it locks out the colleagues whose cargo-vet is older.

mod bindings;
mod document;
mod order;
mod text;

use std::collections::HashMap;

use self::document::{Item, Table};
use super::{
    Account, Audit, AuditKind, ByName, Config, Criterion, Exemption, Imports, Policy, Publication,
    Publications, Publisher, Set, Store, Trust, Unpublished, Wildcard,
};

/// How the accounts of an `imports.lock` are called, which goes into comments.
pub type Accounts<'a> = HashMap<u64, &'a Account>;

impl Store {
    /// `config.toml`, as cargo-vet writes it.
    pub fn config_text(&self) -> String {
        format!("\n# cargo-vet config file\n{}", config(&self.config).document())
    }

    /// `audits.toml`, as cargo-vet writes it.
    pub fn audits_text(&self) -> String {
        format!("\n# cargo-vet audits file\n{}", set(&self.audits, &self.imports.accounts()).document())
    }

    /// `imports.lock`, as cargo-vet writes it.
    pub fn imports_text(&self) -> String {
        format!("\n# cargo-vet imports lock\n{}", imports(&self.imports).document())
    }
}

impl Publications {
    /// `publishers.toml`, in its one form.
    pub fn text(&self) -> String {
        let mut root = Table::default();
        root.put("version", Item::Plain(Self::VERSION.to_string(), None));
        entries(&mut root, "publisher", &self.rows, order::publications, publication);
        format!(
            "# who published what, as crates.io says: `cargo provenance db update` writes it\n\n{}",
            root.document()
        )
    }
}

impl Set {
    /// A set that is published by itself, as `cargo vet aggregate` writes it.
    pub fn text(&self) -> String {
        set(self, &Accounts::new()).document()
    }
}

impl Imports {
    fn accounts(&self) -> Accounts<'_> {
        let mut accounts = Accounts::new();
        for publication in self.publications.values().flatten() {
            if let (Publisher::User(id), Some(account)) = (&publication.publisher, &publication.account) {
                accounts.entry(*id).or_insert(account);
            }
        }
        accounts
    }
}

fn config(config: &Config) -> Table {
    let mut root = Table::default();
    if let Some(version) = config.version {
        let mut table = Table::default();
        table.text("version", &version.to_string());
        root.put("cargo-vet", Item::Table(table));
    }
    match &config.default_criteria {
        Some(criteria) if criteria != super::SAFE_TO_DEPLOY => root.text("default-criteria", criteria),
        _ => {}
    }
    put(&mut root, "imports", &config.imports, |import| {
        let mut table = Table::default();
        table.list("url", &import.urls);
        if !import.exclude.is_empty() {
            table.put("exclude", Item::List(import.exclude.clone()));
        }
        if !import.criteria_map.is_empty() {
            table.put("criteria-map", Item::Table(lists(&import.criteria_map)));
        }
        Item::Table(table)
    });
    let policies = config.policy.iter().flat_map(|(name, policy)| {
        policy.entries().map(move |(version, policy)| match version {
            Some(version) => (format!("{name}:{version}"), policy),
            None => (name.clone(), policy),
        })
    });
    put(&mut root, "policy", &policies.collect(), |entry| Item::Table(policy(entry)));
    entries(&mut root, "exemptions", &config.exemptions, order::exemptions, exemption);
    root
}

fn policy(policy: &Policy) -> Table {
    let mut table = Table::default();
    if let Some(flag) = policy.audit_as_crates_io {
        table.flag("audit-as-crates-io", flag);
    }
    if let Some(criteria) = &policy.criteria {
        table.list("criteria", criteria);
    }
    if let Some(criteria) = &policy.dev_criteria {
        table.list("dev-criteria", criteria);
    }
    if !policy.dependency_criteria.is_empty() {
        table.put("dependency-criteria", Item::Inline(lists(&policy.dependency_criteria)));
    }
    notes(&mut table, policy.notes.as_deref());
    table
}

fn exemption(exemption: &Exemption) -> Table {
    let mut table = Table::default();
    table.text("version", &exemption.version.to_string());
    table.list("criteria", &exemption.criteria);
    if !exemption.suggest {
        table.flag("suggest", false);
    }
    notes(&mut table, exemption.notes.as_deref());
    table
}

fn imports(imports: &Imports) -> Table {
    let accounts = imports.accounts();
    let mut root = Table::default();
    entries(&mut root, "unpublished", &imports.unpublished, order::unpublished, |entry: &Unpublished| {
        let mut table = Table::default();
        table.text("version", &entry.version.to_string());
        table.text("audited_as", &entry.audited_as.to_string());
        table
    });
    entries(&mut root, "publisher", &imports.publications, order::publications, publication);
    put(&mut root, "audits", &imports.sets, |entry| Item::Table(set(entry, &accounts)));
    root
}

fn publication(publication: &Publication) -> Table {
    let mut table = Table::default();
    table.text("version", &publication.version.to_string());
    table.text("when", &publication.when.to_string());
    publisher(&mut table, &publication.publisher, &Accounts::new());
    if let Some(account) = &publication.account {
        table.text("user-login", &account.login);
        if let Some(name) = &account.name {
            table.text("user-name", name);
        }
    }
    table
}

fn set(set: &Set, accounts: &Accounts<'_>) -> Table {
    let mut root = Table::default();
    put(&mut root, "criteria", &set.criteria, |entry| Item::Table(criterion(entry)));
    entries(&mut root, "wildcard-audits", &set.wildcards, order::wildcards, |entry| {
        wildcard(entry, accounts)
    });
    // The one table that stands there even when it is empty.
    let audits = listed(&set.audits, order::audits, audit);
    root.put("audits", Item::Table(audits));
    entries(&mut root, "trusted", &set.trusted, order::trusted, |entry| trust(entry, accounts));
    root
}

fn criterion(criterion: &Criterion) -> Table {
    let mut table = Table::default();
    if let Some(text) = &criterion.description {
        table.text("description", text);
    }
    if let Some(text) = &criterion.description_url {
        table.text("description-url", text);
    }
    table.some("implies", &criterion.implies);
    table.some("aggregated-from", &criterion.aggregated_from);
    table
}

fn audit(audit: &Audit) -> Table {
    let mut table = Table::default();
    table.some("who", &audit.who);
    table.list("criteria", &audit.criteria);
    match &audit.kind {
        AuditKind::Full(version) => table.text("version", &version.to_string()),
        AuditKind::Delta { from, to } => table.text("delta", &format!("{from} -> {to}")),
        AuditKind::Violation(versions) => table.text("violation", &versions.to_string()),
    }
    if !audit.importable {
        table.flag("importable", false);
    }
    notes(&mut table, audit.notes.as_deref());
    table.some("aggregated-from", &audit.aggregated_from);
    table
}

fn wildcard(wildcard: &Wildcard, accounts: &Accounts<'_>) -> Table {
    let mut table = Table::default();
    table.some("who", &wildcard.who);
    table.list("criteria", &wildcard.criteria);
    publisher(&mut table, &wildcard.publisher, accounts);
    table.text("start", &wildcard.start.to_string());
    table.text("end", &wildcard.end.to_string());
    if let Some(renew) = wildcard.renew {
        table.flag("renew", renew);
    }
    notes(&mut table, wildcard.notes.as_deref());
    table.some("aggregated-from", &wildcard.aggregated_from);
    table
}

fn trust(trust: &Trust, accounts: &Accounts<'_>) -> Table {
    let mut table = Table::default();
    table.list("criteria", &trust.criteria);
    publisher(&mut table, &trust.publisher, accounts);
    table.text("start", &trust.start.to_string());
    table.text("end", &trust.end.to_string());
    notes(&mut table, trust.notes.as_deref());
    table.some("aggregated-from", &trust.aggregated_from);
    table
}

fn publisher(table: &mut Table, publisher: &Publisher, accounts: &Accounts<'_>) {
    match publisher {
        Publisher::Trusted(name) => table.text("trusted-publisher", name),
        Publisher::User(id) => {
            let comment = accounts.get(id).map(|account| match &account.name {
                Some(name) => format!("{name} ({})", account.login),
                None => account.login.clone(),
            });
            table.put("user-id", Item::Plain(id.to_string(), comment));
        }
    }
}

fn notes(table: &mut Table, notes: Option<&str>) {
    if let Some(notes) = notes {
        table.text("notes", notes);
    }
}

fn lists(lists: &ByName<Vec<String>>) -> Table {
    let mut table = Table::default();
    lists.iter().for_each(|(key, list)| table.list(key, list));
    table
}

fn put<T>(root: &mut Table, key: &str, all: &ByName<T>, write: impl Fn(&T) -> Item) {
    if !all.is_empty() {
        let table = all.iter().map(|(name, value)| (name.clone(), write(value))).collect();
        root.put(key, Item::Table(Table(table)));
    }
}

fn entries<T>(
    root: &mut Table,
    key: &str,
    all: &ByName<Vec<T>>,
    order: impl Fn(&mut Vec<&T>),
    write: impl Fn(&T) -> Table,
) {
    let table = listed(all, order, write);
    if !table.0.is_empty() {
        root.put(key, Item::Table(table));
    }
}

// Names without entries are dropped, entries are sorted.
fn listed<T>(all: &ByName<Vec<T>>, order: impl Fn(&mut Vec<&T>), write: impl Fn(&T) -> Table) -> Table {
    let tables = all.iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| {
        let mut sorted = list.iter().collect::<Vec<_>>();
        order(&mut sorted);
        (name.clone(), Item::Tables(sorted.into_iter().map(&write).collect()))
    });
    Table(tables.collect())
}
