//! Several published sets as one, as `cargo vet aggregate` puts them together.

use std::collections::BTreeMap;

use super::{Criterion, Published, Set};

/// Why sets cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AggregateError {
    /// Both define a criterion, and mean different things by it.
    #[error("`{0}` and `{1}` mean different things by the criterion `{2}`")]
    Criterion(String, String, String),
    /// A warning that cannot be read has no form in which it could be kept.
    #[error("`{0}` warns of `{1}` in an entry that cannot be read")]
    Warning(String, String),
}

/// Puts sets together, each with the address that it came from.
///
/// # Errors
///
/// Criteria of one name and two meanings, and warnings that would be lost.
pub fn aggregate(sets: &[(String, Published)]) -> Result<Set, AggregateError> {
    let mut all = Set::default();
    let mut defined: BTreeMap<&str, (&str, &Criterion)> = BTreeMap::new();
    for (from, Published { set, .. }) in sets {
        if let Some(bar) = set.bars.first() {
            return Err(AggregateError::Warning(from.clone(), bar.krate.clone()));
        }
        for (name, criterion) in &set.criteria {
            match defined.get(name.as_str()) {
                Some((first, known)) if !is_same(known, criterion) => {
                    let (first, name) = ((*first).to_owned(), name.clone());
                    return Err(AggregateError::Criterion(first, from.clone(), name));
                }
                Some(_) => continue,
                None => defined.insert(name, (from, criterion)),
            };
            let mut criterion = criterion.clone();
            criterion.aggregated_from.push(from.clone());
            all.criteria.insert(name.clone(), criterion);
        }
        extend(&mut all.audits, &set.audits, |entry| entry.aggregated_from.push(from.clone()));
        extend(&mut all.wildcards, &set.wildcards, |entry| entry.aggregated_from.push(from.clone()));
        extend(&mut all.trusted, &set.trusted, |entry| entry.aggregated_from.push(from.clone()));
    }
    Ok(all)
}

fn is_same(a: &Criterion, b: &Criterion) -> bool {
    a.description == b.description && a.description_url == b.description_url && a.implies == b.implies
}

fn extend<T: Clone>(
    all: &mut BTreeMap<String, Vec<T>>,
    from: &BTreeMap<String, Vec<T>>,
    mark: impl Fn(&mut T),
) {
    for (name, entries) in from {
        let entries = entries.iter().cloned().map(|mut entry| {
            mark(&mut entry);
            entry
        });
        all.entry(name.clone()).or_default().extend(entries);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn set(from: &str, text: &str) -> (String, Published) {
        (from.to_owned(), Published::read(text.as_bytes(), Path::new(from)).expect("a set"))
    }

    #[test]
    fn entries_of_all_sets_are_there_and_say_where_from() {
        let audit = "[[audits.a]]\ncriteria = 'c'\nversion = '1.0.0'\n[criteria.c]\ndescription = 'x'\n";
        let trust = "[[trusted.b]]\ncriteria = 'safe-to-run'\nuser-id = 1\nstart = '2024-01-01'\nend = '2025-01-01'\n";
        let all = aggregate(&[set("https://h/a", audit), set("https://h/b", &format!("{audit}{trust}"))]);
        let all = all.expect("one set");
        assert_eq!((all.audits["a"].len(), all.trusted["b"].len()), (2, 1));
        assert_eq!(all.audits["a"][1].aggregated_from, ["https://h/b"]);
        let again = Published::read(all.text().as_bytes(), Path::new("again")).expect("a set");
        assert_eq!((again.losses.len(), again.set.text()), (0, all.text()));
    }

    #[test]
    fn criteria_that_disagree_and_warnings_that_would_be_lost_are_refused() {
        let one = set("https://h/a", "[criteria.c]\ndescription = 'x'\n");
        let two = set("https://h/b", "[criteria.c]\ndescription = 'y'\n");
        let error = aggregate(&[one.clone(), two]).expect_err("two meanings");
        assert_eq!(
            error.to_string(),
            "`https://h/a` and `https://h/b` mean different things by the criterion `c`"
        );
        let bar = set("https://h/b", "[[audits.z]]\ncriteria = 'gone'\nviolation = '*'\n");
        assert_eq!(aggregate(&[one, bar]), Err(AggregateError::Warning("https://h/b".into(), "z".into())));
    }
}
