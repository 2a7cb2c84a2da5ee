//! What is wrong with a store as a whole: what `cargo vet --locked` refuses before it judges any package.

use std::collections::BTreeSet;

use super::Mode;
use crate::audit::{
    AuditError, Criteria, CriteriaError, Origin, PolicyFor, Set, Store, StoreVersion, Tree, VetVersion,
};
use crate::model::Date;

/// The newest version of cargo-vet whose stores are understood.
pub const KNOWN_VERSION: StoreVersion = StoreVersion { major: 0, minor: 10 };

pub(super) const CONFIG: &str = "config.toml";
pub(super) const AUDITS: &str = "audits.toml";
pub(super) const IMPORTS: &str = "imports.lock";

/// The criteria of a store that has no fault for this tree; else all its faults.
pub(super) fn check(
    store: &Store,
    tree: &Tree,
    today: Date,
    mode: Mode<'_>,
) -> Result<Criteria, Vec<AuditError>> {
    let criteria = Criteria::of(&store.audits.criteria).map_err(|error| vec![of_criteria(store, &error)])?;
    let mut faults = Faults { store, criteria: &criteria, found: vec![] };
    if store.config.version > Some(KNOWN_VERSION) {
        let help = "install a newer version of cargo-provenance";
        faults.add(CONFIG, 0, format!("is of a cargo-vet newer than {KNOWN_VERSION}"), help);
    }
    faults.config();
    faults.entries(AUDITS, &store.audits, mode);
    let latest = furthest_end(today);
    for wildcard in store.audits.wildcards.values().flatten().filter(|entry| entry.end > latest) {
        let what = format!("the entry ends on {}, more than a year ahead", wildcard.end);
        faults.add(AUDITS, wildcard.line, what, format!("end it on {latest} or earlier"));
    }
    faults.imports(mode);
    faults.policies(tree);
    match faults.found {
        found if found.is_empty() => Ok(criteria),
        found => Err(found),
    }
}

/// What is wrong with the policies of a store for the packages of this tree.
pub fn policy_faults(store: &Store, tree: &Tree, criteria: &Criteria) -> Vec<AuditError> {
    let mut faults = Faults { store, criteria, found: vec![] };
    faults.config();
    faults.policies(tree);
    faults.found
}

/// The last day on which an entry about a publisher may end: twelve months ahead, as cargo-vet counts them.
pub fn furthest_end(today: Date) -> Date {
    let text = today.to_string();
    let (year, rest) = text.split_at(4);
    let year = year.parse::<u32>().unwrap_or(9999).saturating_add(1).min(9999);
    let same_day = Date::parse(&format!("{year:04}{rest}"));
    // There is no February 29 in the next year; cargo-vet takes the last day of the month.
    same_day.or_else(|| Date::parse(&format!("{year:04}-02-28"))).unwrap_or(today)
}

/// A name that stands where `check` does not look, because cargo-vet does not.
pub(super) fn unknown_criterion(store: &Store, name: &str) -> AuditError {
    AuditError::new(
        &store.folder,
        0,
        format!("an entry names `{name}`, which is no criterion of the store"),
        "define it in `audits.toml`, or correct the entry",
    )
}

fn of_criteria(store: &Store, error: &CriteriaError) -> AuditError {
    let line = match error {
        CriteriaError::BuiltIn(_, line)
        | CriteriaError::ImpliesItself(_, line)
        | CriteriaError::Unknown(_, _, line) => *line,
        CriteriaError::TooMany(_) => 0,
    };
    AuditError::new(&store.folder.join(AUDITS), line, error.to_string(), "correct the `[criteria]`")
}

struct Faults<'s> {
    store: &'s Store,
    criteria: &'s Criteria,
    found: Vec<AuditError>,
}

impl Faults<'_> {
    fn add(&mut self, file: &str, line: u32, what: String, help: impl Into<String>) {
        self.found.push(AuditError::new(&self.store.folder.join(file), line, what, help));
    }

    fn known(&mut self, file: &str, line: u32, names: &[String]) {
        if let Err(name) = self.criteria.set(names) {
            let what = format!("`{name}` is no criterion of the store");
            self.add(file, line, what, "define it in `audits.toml`, or correct the name");
        }
    }

    fn config(&mut self) {
        for exemption in self.store.config.exemptions.values().flatten() {
            self.known(CONFIG, exemption.line, &exemption.criteria);
        }
        for (_, policy) in self.store.config.policy.values().flat_map(PolicyFor::entries) {
            let lists = policy.criteria.iter().chain(&policy.dev_criteria);
            for list in lists.chain(policy.dependency_criteria.values()) {
                self.known(CONFIG, policy.line, list);
            }
        }
    }

    fn entries(&mut self, file: &str, set: &Set, mode: Mode<'_>) {
        for audit in set.audits.values().flatten() {
            self.known(file, audit.line, &audit.criteria);
        }
        for wildcard in set.wildcards.values().flatten() {
            self.known(file, wildcard.line, &wildcard.criteria);
        }
        // cargo-vet looks at those only when they are used, and then panics.
        if matches!(mode, Mode::Strict(_)) {
            for trust in set.trusted.values().flatten() {
                self.known(file, trust.line, &trust.criteria);
            }
        }
    }

    fn imports(&mut self, mode: Mode<'_>) {
        let Store { config, imports, .. } = self.store;
        let imported = imports.sets.keys().collect::<BTreeSet<_>>();
        let configured = config.imports.keys().collect::<BTreeSet<_>>();
        let help = "take the imports over again";
        for name in imported.symmetric_difference(&configured) {
            let what = format!("`{name}` is imported in one of `config.toml` and `imports.lock` only");
            self.add(IMPORTS, 0, what, help);
        }
        for (name, set) in &imports.sets {
            let excluded = config.imports.get(name).map(|import| &import.exclude).into_iter().flatten();
            for krate in excluded.filter(|krate| set.audits.contains_key(*krate)) {
                self.add(
                    IMPORTS,
                    0,
                    format!("has audits of `{krate}`, which `{name}` is not asked for"),
                    help,
                );
            }
            if matches!(mode, Mode::Strict(_)) {
                self.entries(IMPORTS, set, mode);
            }
        }
    }

    // `check_crate_policies` of cargo-vet 0.10.
    fn policies(&mut self, tree: &Tree) {
        let used = tree.packages.iter().map(|package| (package.name.as_str(), &package.version));
        let used = used.collect::<BTreeSet<(&str, &VetVersion)>>();
        let from_crates_io = tree.packages.iter().filter(|package| package.origin == Origin::CratesIo);
        let from_crates_io = from_crates_io.map(|package| package.name.as_str()).collect::<BTreeSet<_>>();
        for (name, policy) in &self.store.config.policy {
            let is_used = used.iter().any(|(used, _)| used == name);
            for (version, entry) in policy.entries() {
                if !is_used || version.is_some_and(|version| !used.contains(&(name.as_str(), version))) {
                    let what = format!("the policy for `{name}` is for no package of the workspace");
                    self.add(CONFIG, entry.line, what, "remove it, or correct the name and the version");
                }
            }
            if !from_crates_io.contains(name.as_str()) {
                continue;
            }
            let has_dependencies = policy.entries().any(|(_, entry)| !entry.dependency_criteria.is_empty());
            let line = policy.entries().next().map_or(0, |(_, entry)| entry.line);
            for (_, version) in used.iter().filter(|(used, _)| used == name) {
                let is_missing = match policy {
                    PolicyFor::Every(_) => true,
                    PolicyFor::Each(versions) => has_dependencies && !versions.contains_key(version),
                };
                if is_missing {
                    let what = format!("`{name}` comes from crates.io and has no policy for {version} alone");
                    let help = format!("write `[policy.\"{name}:{version}\"]`");
                    self.add(CONFIG, line, what, help);
                }
            }
        }
    }
}

impl Store {
    /// What of the files is not as cargo-vet writes it, which `cargo vet --locked` refuses.
    pub fn formatting(&self, config: &str, audits: &str, imports: &str) -> Vec<AuditError> {
        let files = [
            (CONFIG, config, self.config_text()),
            (AUDITS, audits, self.audits_text()),
            (IMPORTS, imports, self.imports_text()),
        ];
        let different =
            files.into_iter().filter(|(_, text, canonical)| text.trim_end() != canonical.trim_end());
        different
            .map(|(name, text, canonical)| {
                let same = text.lines().zip(canonical.lines()).take_while(|(a, b)| a == b).count();
                let line = u32::try_from(same + 1).unwrap_or(u32::MAX);
                let what = "is not as cargo-vet would write it from here on";
                AuditError::new(&self.folder.join(name), line, what, "run `cargo vet fmt`")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_from_a_leap_day_ends_with_february() {
        for (today, end) in
            [("2024-02-29", "2025-02-28"), ("2023-02-28", "2024-02-28"), ("2026-11-25", "2027-11-25")]
        {
            let date = |text| Date::parse(text).expect("a date");
            assert_eq!(furthest_end(date(today)), date(end));
        }
    }
}
