//! A set of somebody else in the criteria of this store: what cargo-vet's import does with it, without the network.

use std::collections::BTreeMap;

use super::{
    AuditKind, ByName, Criteria, CriteriaSet, Criterion, Import, Published, Requirement, SAFE_TO_DEPLOY,
    SAFE_TO_RUN, Set,
};

/// Translates a set that was read from elsewhere, as `import` says.
///
/// Crates that are excluded lose their audits, and their wildcard entries too, which cargo-vet lets through. What means
/// nothing here is kept without criteria, as cargo-vet does; it proves nothing.
pub fn translate(published: &Published, import: &Import, criteria: &Criteria) -> Set {
    let meanings = meanings(&published.set.criteria, import, criteria);
    let local = |names: &[String]| {
        let set = names.iter().filter_map(|name| meanings.get(name.as_str()));
        let set = set.fold(CriteriaSet::default(), |all, one| all.union(*one));
        criteria.minimal(set).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut set = published.set.clone();
    for name in &import.exclude {
        set.audits.remove(name);
        set.wildcards.remove(name);
        set.trusted.remove(name);
    }
    set.bars.retain(|bar| !import.exclude.contains(&bar.krate));
    set.audits.values_mut().flatten().for_each(|entry| entry.criteria = local(&entry.criteria));
    set.wildcards.values_mut().flatten().for_each(|entry| entry.criteria = local(&entry.criteria));
    set.trusted.values_mut().flatten().for_each(|entry| entry.criteria = local(&entry.criteria));
    set.criteria.retain(|name, _| import.criteria_map.contains_key(name));
    for criterion in set.criteria.values_mut() {
        // Neither is used here: the meaning is in the entries already.
        criterion.description_url = None;
        criterion.implies.clear();
    }
    set
}

/// The versions that violations of a translated set are about in criteria that mean nothing here; cargo-vet passes over them.
pub fn inert<'s>(set: &'s Set, krate: &str) -> impl Iterator<Item = &'s Requirement> {
    set.audits.get(krate).into_iter().flatten().filter_map(|audit| match &audit.kind {
        AuditKind::Violation(versions) if audit.criteria.is_empty() => Some(versions),
        _ => None,
    })
}

// What each criterion of the set means here: its own mapping and that of all it implies. Found by letting meanings flow
// until nothing changes, so that criteria that imply each other, or ten thousand of them, cost no more than they should.
fn meanings<'p>(
    theirs: &'p ByName<Criterion>,
    import: &Import,
    criteria: &Criteria,
) -> BTreeMap<&'p str, CriteriaSet> {
    let own = |name: &str| match import.criteria_map.get(name) {
        Some(mapped) => criteria.set(mapped).unwrap_or_default(),
        None if name == SAFE_TO_RUN => criteria.implied(0),
        None if name == SAFE_TO_DEPLOY => criteria.implied(1),
        None => CriteriaSet::default(),
    };
    let mut meanings = BTreeMap::from([(SAFE_TO_RUN, own(SAFE_TO_RUN))]);
    meanings.insert(SAFE_TO_DEPLOY, own(SAFE_TO_DEPLOY).union(meanings[SAFE_TO_RUN]));
    meanings.extend(theirs.keys().map(|name| (name.as_str(), own(name))));
    let mut implied_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, criterion) in theirs {
        criterion.implies.iter().for_each(|implied| implied_by.entry(implied).or_default().push(name));
    }
    let mut open = meanings.keys().copied().collect::<Vec<_>>();
    while let Some(name) = open.pop() {
        let meaning = meanings.get(name).copied().unwrap_or_default();
        for dependent in implied_by.get(name).into_iter().flatten() {
            let Some(known) = meanings.get_mut(dependent) else { continue };
            if !known.contains(meaning) {
                *known = known.union(meaning);
                open.push(dependent);
            }
        }
    }
    meanings
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn criteria() -> Criteria {
        let own = ByName::from([("sound".to_owned(), Criterion::default())]);
        Criteria::of(&own).expect("criteria")
    }

    fn translated(text: &str, import: &Import) -> Set {
        let published = Published::read(text.as_bytes(), Path::new("theirs.toml")).expect("a set");
        translate(&published, import, &criteria())
    }

    fn audit(criteria: &str) -> String {
        format!("[[audits.a]]\ncriteria = {criteria}\nversion = '1.0.0'\n")
    }

    #[test]
    fn criteria_mean_what_the_map_says_and_all_that_they_imply() {
        let map = [("theirs", "sound"), ("run", "safe-to-run")];
        let map = map.map(|(theirs, ours)| (theirs.to_owned(), vec![ours.to_owned()]));
        let import = Import { criteria_map: map.into(), ..Import::default() };
        let head =
            "[criteria.theirs]\nimplies = 'run'\n[criteria.run]\n[criteria.other]\nimplies = 'theirs'\n";
        for (criteria, expected) in [
            ("'theirs'", &["safe-to-run", "sound"][..]),
            ("'run'", &["safe-to-run"]),
            ("'other'", &["safe-to-run", "sound"]),
            ("'safe-to-deploy'", &["safe-to-deploy"]),
            ("['safe-to-deploy', 'theirs']", &["safe-to-deploy", "sound"]),
        ] {
            let set = translated(&format!("{head}{}", audit(criteria)), &import);
            assert_eq!(set.audits["a"][0].criteria, expected, "{criteria}");
            assert_eq!(set.criteria.keys().collect::<Vec<_>>(), ["run", "theirs"]);
        }
    }

    #[test]
    fn the_map_goes_before_the_built_in_meaning() {
        let map = [("safe-to-deploy".to_owned(), vec![]), ("safe-to-run".to_owned(), vec![])];
        let import = Import { criteria_map: map.into(), ..Import::default() };
        assert_eq!(translated(&audit("'safe-to-deploy'"), &import).audits["a"][0].criteria, [""; 0]);
    }

    #[test]
    fn foreign_criteria_that_imply_each_other_do_not_hang() {
        let mut text = "[criteria.c0]\nimplies = 'c99'\n".to_owned();
        for index in 1..100 {
            text.push_str(&format!(
                "[criteria.c{index}]\nimplies = ['c{}', 'c{index}', 'safe-to-run']\n",
                index - 1
            ));
        }
        let set = translated(&format!("{text}{}", audit("'c0'")), &Import::default());
        assert_eq!(set.audits["a"][0].criteria, ["safe-to-run"]);
    }

    #[test]
    fn an_excluded_crate_loses_its_wildcard_entries_too() {
        let import = Import { exclude: vec!["a".into()], ..Import::default() };
        let wildcard = "[[wildcard-audits.a]]\ncriteria = 'safe-to-run'\nuser-id = 1\nstart = '2024-01-01'\nend = '2025-01-01'\n";
        let bar = "[[audits.a]]\ncriteria = 'gone'\nviolation = '*'\n";
        let set = translated(&format!("{wildcard}{}{bar}", audit("'safe-to-run'")), &import);
        assert_eq!(set, Set::default());
    }
}
