//! What is required of each package: policies, from the roots down.

use crate::audit::{Config, Criteria, CriteriaSet, SAFE_TO_DEPLOY, SAFE_TO_RUN, Tree};

/// What is required of each package of a tree, by its index; the first name that is no criterion where there is one.
pub(super) fn demands(tree: &Tree, config: &Config, criteria: &Criteria) -> Result<Vec<CriteriaSet>, String> {
    let set = |names: &[String]| criteria.set(names).map_err(str::to_owned);
    let [run, deploy] = [SAFE_TO_RUN, SAFE_TO_DEPLOY].map(|name| [name.to_owned()]);
    let mut demands = vec![CriteriaSet::default(); tree.packages.len()];
    for package in &tree.packages {
        let policy = config.policy(&package.name, &package.version);
        for &dependency in &package.dev_dependencies {
            let names = policy.and_then(|policy| {
                let own = policy.dependency_criteria.get(&tree.packages[dependency].name);
                own.or(policy.dev_criteria.as_ref())
            });
            demands[dependency] = demands[dependency].union(set(names.map_or(&run, Vec::as_slice))?);
        }
    }
    for &index in tree.order.iter().rev() {
        let package = &tree.packages[index];
        let policy = config.policy(&package.name, &package.version);
        match policy.and_then(|policy| policy.criteria.as_ref()) {
            Some(names) => demands[index] = set(names)?,
            None if package.is_root => demands[index] = demands[index].union(set(&deploy)?),
            None => {}
        }
        for &dependency in &package.dependencies {
            let own =
                policy.and_then(|policy| policy.dependency_criteria.get(&tree.packages[dependency].name));
            let demand = own.map_or(Ok(demands[index]), |names| set(names))?;
            demands[dependency] = demands[dependency].union(demand);
        }
    }
    Ok(demands)
}
