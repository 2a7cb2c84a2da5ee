//! Criteria as sets of bits: what a list of names means once all that it implies is in it.

use std::collections::HashMap;

use super::{ByName, Criterion};

/// The criterion that allows running.
pub const SAFE_TO_RUN: &str = "safe-to-run";
/// The criterion that allows shipping; it implies [`SAFE_TO_RUN`].
pub const SAFE_TO_DEPLOY: &str = "safe-to-deploy";

/// The most criteria that a store can have, built-in ones included: cargo-vet 0.10, `criteria.rs`, `MAX_CRITERIA`.
pub const MAX_CRITERIA: usize = 64;

/// A set of criteria of one [`Criteria`], always with all that they imply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CriteriaSet(u64);

impl CriteriaSet {
    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of another is in it.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in one of the two.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the criterion of an index is in it.
    pub fn has(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    pub(super) fn with(self, index: usize) -> Self {
        Self(self.0 | 1 << index)
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The indices of what is in it.
    pub fn indices(self) -> impl Iterator<Item = usize> {
        (0..MAX_CRITERIA).filter(move |index| self.has(*index))
    }
}

/// The criteria of a store: the built-in ones, then its own by name.
#[derive(Clone, Debug)]
pub struct Criteria {
    names: Vec<String>,
    indices: HashMap<String, usize>,
    implied: Vec<CriteriaSet>,
}

/// Why criteria mean nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CriteriaError {
    /// It bears the name of a built-in one.
    #[error("`{0}` is built in and cannot be defined again")]
    BuiltIn(String, u32),
    /// It includes itself, perhaps through others.
    #[error("`{0}` implies itself")]
    ImpliesItself(String, u32),
    /// There are more than can be told apart.
    #[error("the store has {0} criteria, and can have {MAX_CRITERIA}")]
    TooMany(usize),
    /// It includes one that is not defined.
    #[error("`{0}` implies `{1}`, which is no criterion of the store")]
    Unknown(String, String, u32),
}

impl Criteria {
    /// The criteria of a store.
    pub fn of(own: &ByName<Criterion>) -> Result<Self, CriteriaError> {
        let names = [SAFE_TO_RUN, SAFE_TO_DEPLOY].into_iter().map(str::to_owned);
        let names = names.chain(own.keys().cloned()).collect::<Vec<_>>();
        if names.len() > MAX_CRITERIA {
            return Err(CriteriaError::TooMany(names.len()));
        }
        let mut indices = HashMap::new();
        for (index, name) in names.iter().enumerate() {
            if indices.insert(name.clone(), index).is_some() {
                let line = own.get(name).map_or(1, |criterion| criterion.line);
                return Err(CriteriaError::BuiltIn(name.clone(), line));
            }
        }
        let mut direct = vec![CriteriaSet::default(); names.len()];
        direct[1] = direct[1].with(0);
        for (name, criterion) in own {
            for implied in &criterion.implies {
                let Some(target) = indices.get(implied) else {
                    return Err(CriteriaError::Unknown(name.clone(), implied.clone(), criterion.line));
                };
                direct[indices[name]] = direct[indices[name]].with(*target);
            }
        }
        let mut implied = vec![];
        for (index, name) in names.iter().enumerate() {
            let all = closure(&direct, index);
            if all.has(index) {
                let line = own.get(name).map_or(1, |criterion| criterion.line);
                return Err(CriteriaError::ImpliesItself(name.clone(), line));
            }
            implied.push(all.with(index));
        }
        Ok(Self { names, indices, implied })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// The name of an index.
    pub fn name(&self, index: usize) -> &str {
        &self.names[index]
    }

    /// The index of a name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.indices.get(name).copied()
    }

    /// What an index implies, itself included.
    pub fn implied(&self, index: usize) -> CriteriaSet {
        self.implied[index]
    }

    /// What names mean together; the first that is unknown where one is.
    pub fn set<'n>(&self, names: &'n [String]) -> Result<CriteriaSet, &'n str> {
        names.iter().try_fold(CriteriaSet::default(), |set, name| {
            self.index(name).map(|index| set.union(self.implied[index])).ok_or(name.as_str())
        })
    }

    /// All of them, as an unpublished version is taken to meet them.
    pub fn all(&self) -> CriteriaSet {
        // With exactly 64 cargo-vet's shift runs over and leaves none, which errs on the safe side.
        CriteriaSet(1_u64.wrapping_shl(self.names.len() as u32).wrapping_sub(1))
    }

    /// The names of a set, without those that another one of it implies.
    pub fn minimal(&self, set: CriteriaSet) -> Vec<&str> {
        set.indices()
            .filter(|index| set.indices().all(|other| other == *index || !self.implied[other].has(*index)))
            .map(|index| self.name(index))
            .collect()
    }
}

// What is reached from an index, which is in it only if it reaches itself.
fn closure(direct: &[CriteriaSet], index: usize) -> CriteriaSet {
    let mut reached = CriteriaSet::default();
    let mut open = vec![index];
    while let Some(at) = open.pop() {
        for next in direct[at].without(reached).indices() {
            reached = reached.with(next);
            open.push(next);
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn criteria(own: &[(&str, &[&str])]) -> Result<Criteria, CriteriaError> {
        let entry = |implies: &[&str]| Criterion {
            implies: implies.iter().map(|name| (*name).to_owned()).collect(),
            line: 7,
            ..Criterion::default()
        };
        Criteria::of(&own.iter().map(|(name, implies)| ((*name).to_owned(), entry(implies))).collect())
    }

    #[test]
    fn a_set_holds_all_that_its_names_imply() {
        let criteria = criteria(&[("b", &["a"]), ("a", &["safe-to-run"])]).expect("criteria");
        let set = criteria.set(&["b".into()]).expect("known");
        assert_eq!(
            set.indices().map(|index| criteria.name(index)).collect::<Vec<_>>(),
            ["safe-to-run", "a", "b"]
        );
        assert_eq!(criteria.minimal(set), ["b"]);
        assert_eq!(criteria.minimal(criteria.all()), ["safe-to-deploy", "b"]);
        assert_eq!(criteria.set(&["b".into(), "c".into()]), Err("c"));
        assert!(criteria.all().contains(set) && !set.contains(criteria.all()));
    }

    #[test]
    fn criteria_that_imply_themselves_are_refused() {
        for own in [&[("a", &["a"] as &[&str])][..], &[("a", &["b"]), ("b", &["c"]), ("c", &["a"])]] {
            let error = criteria(own).expect_err("a cycle");
            assert_eq!(error, CriteriaError::ImpliesItself("a".into(), 7));
        }
    }

    #[test]
    fn criteria_that_mean_nothing_are_refused() {
        let error = criteria(&[("safe-to-run", &["safe-to-deploy"])]).expect_err("built in");
        assert_eq!(error, CriteriaError::BuiltIn("safe-to-run".into(), 7));
        let error = criteria(&[("a", &["b"])]).expect_err("unknown");
        assert_eq!(error, CriteriaError::Unknown("a".into(), "b".into(), 7));
    }

    #[test]
    fn one_criterion_too_many_is_refused() {
        let names = (0..63).map(|index| format!("c{index:02}")).collect::<Vec<_>>();
        let own = names.iter().map(|name| (name.as_str(), &[] as &[&str])).collect::<Vec<_>>();
        assert_eq!(criteria(&own[..62]).expect("64 in all").count(), 64);
        assert_eq!(criteria(&own).expect_err("65 in all"), CriteriaError::TooMany(65));
    }
}
