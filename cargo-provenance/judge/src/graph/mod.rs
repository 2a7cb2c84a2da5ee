//! Who pulls in whom, as `Cargo.lock` tells it. Pure.

use std::collections::{HashMap, VecDeque};

use provenance_build::{LockedPackage, Lockfile, PackageId};

/// The dependency graph of a lockfile. Packages are named by their index in [`Lockfile::packages`].
#[derive(Clone, Debug)]
pub struct Graph {
    dependencies: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
}

/// A dependency that names no package of the lockfile, or more than one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{dependent}` depends on `{reference}`, which names {found} packages of the lockfile")]
pub struct GraphError {
    /// Who depends.
    pub dependent: PackageId,
    /// The dependency as written.
    pub reference: String,
    /// How many packages it could mean.
    pub found: usize,
    /// The line of the dependent, counted from 1.
    pub line: u32,
}

impl Graph {
    /// Links the packages of a lockfile.
    pub fn of(lockfile: &Lockfile) -> Result<Self, GraphError> {
        let packages = &lockfile.packages;
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, package) in packages.iter().enumerate() {
            by_name.entry(package.id.name.as_str()).or_default().push(index);
        }
        let mut graph =
            Self { dependencies: vec![vec![]; packages.len()], dependents: vec![vec![]; packages.len()] };
        for (index, package) in packages.iter().enumerate() {
            for reference in &package.dependencies {
                let name = reference.split(' ').next().unwrap_or_default();
                let mut meant = by_name
                    .get(name)
                    .into_iter()
                    .flatten()
                    .copied()
                    .filter(|candidate| is_meant(reference, &packages[*candidate]));
                // By name and version alone, a package without a source goes before the others.
                let unsourced = |target: &usize| packages[*target].id.source.is_none();
                if let (Some(target), 1) = (meant.clone().find(unsourced), reference.matches(' ').count()) {
                    graph.dependencies[index].push(target);
                    graph.dependents[target].push(index);
                    continue;
                }
                let (Some(target), 0) = (meant.next(), meant.clone().count()) else {
                    return Err(GraphError {
                        dependent: package.id.clone(),
                        reference: reference.clone(),
                        found: by_name.get(name).map_or(0, |all| {
                            all.iter().filter(|i| is_meant(reference, &packages[**i])).count()
                        }),
                        line: package.line,
                    });
                };
                graph.dependencies[index].push(target);
                graph.dependents[target].push(index);
            }
        }
        Ok(graph)
    }

    /// The packages that a package depends on.
    pub fn dependencies(&self, package: usize) -> &[usize] {
        &self.dependencies[package]
    }

    /// The packages that depend on a package.
    pub fn dependents(&self, package: usize) -> &[usize] {
        &self.dependents[package]
    }

    /// A shortest chain from a package that satisfies `is_root` down to `package`, both included; empty where there
    /// is none.
    pub fn chain(&self, package: usize, is_root: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut toward: Vec<Option<usize>> = vec![None; self.dependents.len()];
        let mut seen = vec![false; self.dependents.len()];
        let mut queue = VecDeque::from([package]);
        seen[package] = true;
        while let Some(at) = queue.pop_front() {
            if is_root(at) {
                let mut chain = vec![at];
                let mut next = toward[at];
                while let Some(step) = next {
                    chain.push(step);
                    next = toward[step];
                }
                return chain;
            }
            for &dependent in &self.dependents[at] {
                if !seen[dependent] {
                    seen[dependent] = true;
                    toward[dependent] = Some(at);
                    queue.push_back(dependent);
                }
            }
        }
        vec![]
    }

    /// All shortest chains to `package` from each package that satisfies `is_root`, both included, those of one root after
    /// those of the one before; no more than `limit` of them. A root that is only reached through another has none.
    pub fn chains(&self, package: usize, is_root: impl Fn(usize) -> bool, limit: usize) -> Vec<Vec<usize>> {
        let mut distance: Vec<Option<usize>> = vec![None; self.dependents.len()];
        let mut queue = VecDeque::from([package]);
        distance[package] = Some(0);
        let mut roots = vec![];
        while let Some(at) = queue.pop_front() {
            if is_root(at) {
                roots.push(at);
                continue;
            }
            for &dependent in &self.dependents[at] {
                if distance[dependent].is_none() {
                    distance[dependent] = distance[at].map(|steps| steps + 1);
                    queue.push_back(dependent);
                }
            }
        }
        roots.sort_unstable();
        let mut chains = vec![];
        for root in roots {
            let mut open = vec![vec![root]];
            while let Some(chain) = open.pop() {
                let at = chain[chain.len() - 1];
                if chains.len() >= limit {
                    return chains;
                }
                if at == package {
                    chains.push(chain);
                    continue;
                }
                let nearer = |next: &&usize| {
                    let passes_root = **next != package && is_root(**next);
                    !passes_root && distance[**next].map(|steps| steps + 1) == distance[at]
                };
                let mut steps = self.dependencies[at].iter().filter(nearer).collect::<Vec<_>>();
                // The last one is taken first.
                steps.sort_unstable_by(|a, b| b.cmp(a));
                steps.dedup();
                open.extend(steps.into_iter().map(|next| [&chain[..], &[*next]].concat()));
            }
        }
        chains
    }
}

/// Whether `name`, `name version` or `name version (source)` can mean a package. Cargo leaves the commit out of a git
/// source in this place.
fn is_meant(reference: &str, package: &LockedPackage) -> bool {
    let mut parts = reference.splitn(3, ' ');
    let id = &package.id;
    parts.next() == Some(id.name.as_str())
        && parts.next().is_none_or(|version| version == id.version.as_str())
        && parts.next().is_none_or(|source| {
            let source = source.strip_prefix('(').and_then(|source| source.strip_suffix(')'));
            let own = id.source.as_ref().map(|source| source.as_str());
            match (source, own) {
                (Some(source), Some(own)) => {
                    own == source || (own.starts_with("git+") && own.split('#').next() == Some(source))
                }
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use provenance_build::{PackageName, Source, Version};

    use super::*;

    fn lockfile(packages: &[(&str, &str, Option<&str>, &[&str])]) -> Lockfile {
        let packages = packages
            .iter()
            .map(|(name, version, source, dependencies)| LockedPackage {
                id: PackageId {
                    name: PackageName::parse(name).expect("a name"),
                    version: Version::parse(version).expect("a version"),
                    source: source.map(|source| Source::parse(source).expect("a source")),
                },
                checksum: None,
                dependencies: dependencies.iter().map(|&text| text.to_owned()).collect(),
                line: 1,
            })
            .collect();
        Lockfile { version: 4, packages }
    }

    #[test]
    fn a_chain_is_the_shortest_way_from_a_root() {
        let lockfile = lockfile(&[
            ("a", "1.0.0", Some("registry+https://h/i"), &["b"]),
            ("app", "0.1.0", None, &["a", "c"]),
            ("b", "1.0.0", Some("registry+https://h/i"), &["c"]),
            ("c", "1.0.0", Some("registry+https://h/i"), &["a"]),
        ]);
        let graph = Graph::of(&lockfile).expect("a graph");
        let root = |index: usize| lockfile.packages[index].id.source.is_none();
        assert_eq!(graph.chain(2, root), [1, 0, 2]);
        assert_eq!(graph.chain(3, root), [1, 3]);
        assert_eq!(graph.chain(1, root), [1]);
        assert_eq!(graph.chain(0, |_| false), [0; 0]);
        assert_eq!(graph.dependents(3), [1, 2]);
        assert_eq!(graph.dependencies(1), [0, 3]);
    }

    #[test]
    fn all_shortest_chains_of_each_root_are_told() {
        let registry = Some("registry+https://h/i");
        let lockfile = lockfile(&[
            ("a", "1.0.0", registry, &["x"]),
            ("app", "0.1.0", None, &["a", "b", "long", "part"]),
            ("b", "1.0.0", registry, &["x"]),
            ("c", "1.0.0", registry, &["a"]),
            ("far", "0.1.0", None, &["part"]),
            ("long", "1.0.0", registry, &["c"]),
            ("part", "0.1.0", None, &["c", "x"]),
            ("x", "1.0.0", registry, &["a"]),
        ]);
        let graph = Graph::of(&lockfile).expect("a graph");
        let root = |index: usize| lockfile.packages[index].id.source.is_none();
        // `far` reaches it through `part` alone.
        assert_eq!(graph.chains(7, root, 9), [vec![1, 0, 7], vec![1, 2, 7], vec![6, 7]]);
        assert_eq!(graph.chains(7, root, 1), [[1, 0, 7]]);
        assert_eq!(graph.chains(6, root, 9), [[6]]);
        assert_eq!(graph.chains(7, |_| false, 9), [[0; 0]; 0]);
    }

    #[test]
    fn a_reference_says_as_much_as_it_must() {
        let commit = "a".repeat(40);
        let git = format!("git+https://h/r?branch=x#{commit}");
        let lockfile = lockfile(&[
            (
                "app",
                "0.1.0",
                None,
                &["x 1.0.0", "x 2.0.0 (git+https://h/r?branch=x)", "x 2.0.0 (registry+https://h/i)"],
            ),
            ("x", "1.0.0", Some("registry+https://h/i"), &[]),
            ("x", "2.0.0", Some(&git), &[]),
            ("x", "2.0.0", Some("registry+https://h/i"), &[]),
        ]);
        assert_eq!(Graph::of(&lockfile).expect("a graph").dependencies(0), [1, 2, 3]);
    }

    #[test]
    fn by_version_alone_a_package_without_a_source_is_meant() {
        let lockfile = lockfile(&[
            ("app", "0.1.0", None, &["x 1.0.0", "x 1.0.0 (registry+https://h/i)"]),
            ("x", "1.0.0", None, &[]),
            ("x", "1.0.0", Some("registry+https://h/i"), &[]),
        ]);
        assert_eq!(Graph::of(&lockfile).expect("a graph").dependencies(0), [1, 2]);
    }

    #[test]
    fn a_reference_to_none_or_to_several_is_an_error() {
        for (reference, found) in [("y", 0), ("x", 2), ("x 1.0.0 registry+https://h/i", 0)] {
            let lockfile = lockfile(&[
                ("app", "0.1.0", None, &[reference]),
                ("x", "1.0.0", Some("registry+https://h/i"), &[]),
                ("x", "2.0.0", Some("registry+https://h/i"), &[]),
            ]);
            let error = Graph::of(&lockfile).expect_err(reference);
            assert_eq!((error.found, error.reference.as_str()), (found, reference));
        }
    }
}
