//! What is required of each package, and why: policies, from the roots down.

use std::collections::BTreeMap;

use crate::audit::{Config, Criteria, CriteriaSet, SAFE_TO_DEPLOY, SAFE_TO_RUN, Tree};

/// What is required of a package of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// The criteria.
    pub criteria: CriteriaSet,
    /// For each of them, why: the first reason there is.
    causes: BTreeMap<usize, Cause>,
    /// Why nothing is, where that was somebody's decision.
    relief: Option<Cause>,
}

/// Why something is required of a package, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A member depends on it for its tests; the line of the policy, where one says what that asks for.
    Dev {
        /// The member, by its index.
        by: usize,
        /// The line of the member's policy.
        line: Option<u32>,
    },
    /// Another package's policy says what it asks of this one.
    Edge {
        /// The other package, by its index.
        by: usize,
        /// The line of its policy.
        line: u32,
    },
    /// Another package cannot do without it, and the same is required of that one.
    Inherited {
        /// The other package, by its index.
        by: usize,
    },
    /// The policy for it says so.
    Policy {
        /// The line of the policy.
        line: u32,
    },
    /// It is a member that is built for its own sake.
    Root,
}

/// Why something is required of a package: what began it, and the way from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// What began it: never [`Cause::Inherited`].
    pub cause: Cause,
    /// From the package where it began to the one in question, both included.
    pub way: Vec<usize>,
}

impl Tree {
    /// What a store's configuration requires of each package, by its index; the first name that is no criterion where there
    /// is one. What no member reaches has no demand.
    pub fn demands(&self, config: &Config, criteria: &Criteria) -> Result<Vec<Option<Demand>>, String> {
        let mut demands = demands(self, config, criteria)?.into_iter().map(Some).collect::<Vec<_>>();
        let mut reached = vec![false; demands.len()];
        self.order.iter().for_each(|index| reached[*index] = true);
        demands
            .iter_mut()
            .zip(reached)
            .filter(|(_, reached)| !reached)
            .for_each(|(demand, _)| *demand = None);
        Ok(demands)
    }
}

/// Why a criterion is required of a package; for none, why nothing is.
pub fn derivation(
    demands: &[Option<Demand>],
    package: usize,
    criterion: Option<usize>,
) -> Option<Derivation> {
    let mut way = vec![package];
    loop {
        let at = *way.last()?;
        let demand = demands.get(at)?.as_ref()?;
        let cause = match criterion {
            Some(criterion) => *demand.causes.get(&criterion)?,
            None => demand.relief?,
        };
        match cause {
            // A lockfile that leads in a circle explains nothing, and no other way has more packages than there are.
            Cause::Inherited { .. } if way.len() >= demands.len() => return None,
            Cause::Inherited { by } => way.push(by),
            cause => {
                way.reverse();
                return Some(Derivation { cause, way });
            }
        }
    }
}

impl Demand {
    fn add(&mut self, criteria: CriteriaSet, cause: Cause) {
        for criterion in criteria.without(self.criteria).indices() {
            self.causes.insert(criterion, cause);
        }
        if criteria.is_empty() {
            self.relief.get_or_insert(cause);
        }
        self.criteria = self.criteria.union(criteria);
    }
}

/// What is required of each package of a tree, by its index; the first name that is no criterion where there is one.
pub(super) fn demands(tree: &Tree, config: &Config, criteria: &Criteria) -> Result<Vec<Demand>, String> {
    let set = |names: &[String]| criteria.set(names).map_err(str::to_owned);
    let [run, deploy] = [SAFE_TO_RUN, SAFE_TO_DEPLOY].map(|name| [name.to_owned()]);
    let mut demands = vec![Demand::default(); tree.packages.len()];
    for (by, package) in tree.packages.iter().enumerate() {
        let policy = config.policy(&package.name, &package.version);
        for &dependency in &package.dev_dependencies {
            let named = policy.and_then(|policy| {
                let own = policy.dependency_criteria.get(&tree.packages[dependency].name);
                Some((own.or(policy.dev_criteria.as_ref())?, policy.line))
            });
            let (names, line) =
                named.map_or((&run[..], None), |(names, line)| (names.as_slice(), Some(line)));
            demands[dependency].add(set(names)?, Cause::Dev { by, line });
        }
    }
    for &index in tree.order.iter().rev() {
        let package = &tree.packages[index];
        let policy = config.policy(&package.name, &package.version);
        match policy.and_then(|policy| Some((policy.criteria.as_ref()?, policy.line))) {
            Some((names, line)) => {
                demands[index] = Demand::default();
                demands[index].add(set(names)?, Cause::Policy { line });
            }
            None if package.is_root => demands[index].add(set(&deploy)?, Cause::Root),
            None => {}
        }
        for &dependency in &package.dependencies {
            let own = policy.and_then(|policy| {
                Some((policy.dependency_criteria.get(&tree.packages[dependency].name)?, policy.line))
            });
            let (demand, cause) = match own {
                Some((names, line)) => (set(names)?, Cause::Edge { by: index, line }),
                None => (demands[index].criteria, Cause::Inherited { by: index }),
            };
            demands[dependency].add(demand, cause);
        }
    }
    Ok(demands)
}
