//! The packages of a workspace and who depends on whom, as `cargo metadata` tells it and cargo-vet sees it.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, Node, PackageId};

use super::VetVersion;

/// The source of what crates.io publishes, as `cargo metadata` names it whatever protocol is used.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A dependency graph. Packages are named by their index, which goes by name and version.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The packages.
    pub packages: Vec<TreePackage>,
    // Dependencies before dependents.
    pub(super) order: Vec<usize>,
}

/// A package of a [`Tree`].
#[derive(Clone, Debug)]
pub struct TreePackage {
    /// Its name.
    pub name: String,
    /// Its version, with the commit where it comes from git.
    pub version: VetVersion,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether it belongs to the workspace.
    pub is_member: bool,
    /// Whether it is a member that nothing but development dependencies points at.
    pub is_root: bool,
    /// What it needs to be built and to run.
    pub dependencies: Vec<usize>,
    /// What a member needs for its tests.
    pub dev_dependencies: Vec<usize>,
}

/// Where a package comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Published on crates.io, or what cargo takes for it.
    CratesIo,
    /// A git repository.
    Git,
    /// A folder.
    Path,
    /// Another registry.
    Registry,
}

/// Why a graph is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// It was asked for without dependencies.
    #[error("`cargo metadata` named no dependencies")]
    Unresolved,
    /// Something points at a package that is not there.
    #[error("`cargo metadata` names `{0}` and does not describe it")]
    Unknown(String),
}

impl Tree {
    /// The graph of what `cargo metadata` prints.
    pub fn of(metadata: &Metadata) -> Result<Self, TreeError> {
        let nodes = &metadata.resolve.as_ref().ok_or(TreeError::Unresolved)?.nodes;
        let described = metadata.packages.iter().map(|package| (&package.id, package));
        let described = described.collect::<BTreeMap<_, _>>();
        let mut found = vec![];
        for node in nodes {
            let package = described.get(&node.id).ok_or_else(|| TreeError::Unknown(node.id.repr.clone()))?;
            let source = package.source.as_ref().map(|source| source.repr.as_str());
            let version = VetVersion { semver: package.version.clone(), git: source.and_then(commit) };
            let origin = match source {
                None => Origin::Path,
                Some(CRATES_IO) => Origin::CratesIo,
                Some(source) if source.starts_with("git+") => Origin::Git,
                Some(_) => Origin::Registry,
            };
            let package = TreePackage {
                name: package.name.to_string(),
                version,
                origin,
                is_member: false,
                is_root: false,
                dependencies: vec![],
                dev_dependencies: vec![],
            };
            found.push((package, node));
        }
        found.sort_by(|(a, a_node), (b, b_node)| {
            (&a.name, &a.version, &a_node.id).cmp(&(&b.name, &b.version, &b_node.id))
        });
        let nodes = found.iter().map(|(_, node)| *node).collect::<Vec<_>>();
        let indices = nodes.iter().enumerate().map(|(index, node)| (&node.id, index)).collect();
        let packages = found.into_iter().map(|(package, _)| package).collect();
        Self { packages, order: vec![] }.linked(&nodes, &indices, &metadata.workspace_members)
    }

    // As cargo-vet does it: first without development dependencies, which decides what is a root, then with those of members.
    fn linked(
        mut self,
        nodes: &[&Node],
        indices: &BTreeMap<&PackageId, usize>,
        members: &[PackageId],
    ) -> Result<Self, TreeError> {
        let index =
            |id: &PackageId| indices.get(id).copied().ok_or_else(|| TreeError::Unknown(id.repr.clone()));
        let members = members.iter().map(index).collect::<Result<Vec<_>, _>>()?;
        for (package, node) in self.packages.iter_mut().zip(nodes) {
            let of = |kinds: &[DependencyKind]| {
                let deps = node.deps.iter();
                let deps = deps.filter(|dep| dep.dep_kinds.iter().any(|kind| kinds.contains(&kind.kind)));
                deps.map(|dep| index(&dep.pkg)).collect::<Result<Vec<_>, _>>()
            };
            package.dependencies = of(&[DependencyKind::Normal, DependencyKind::Build])?;
            package.dev_dependencies = of(&[DependencyKind::Development])?;
        }
        let mut visited = vec![false; self.packages.len()];
        members.iter().for_each(|member| self.visit(*member, &mut visited));
        let needed = (0..self.packages.len()).filter(|index| visited[*index]);
        let needed = needed.flat_map(|index| &self.packages[index].dependencies).copied();
        let needed = needed.collect::<BTreeSet<_>>();
        for &member in &members {
            self.packages[member].is_member = true;
            self.packages[member].is_root = !needed.contains(&member);
        }
        for &member in &members {
            for dependency in self.packages[member].dev_dependencies.clone() {
                self.visit(dependency, &mut visited);
            }
        }
        // Nobody builds the tests of others.
        for package in self.packages.iter_mut().filter(|package| !package.is_member) {
            package.dev_dependencies.clear();
        }
        Ok(self)
    }

    // Puts a package behind everything that it depends on. Chains are as long as whoever wrote the lockfile wants, so the
    // open ones are on the heap.
    fn visit(&mut self, package: usize, visited: &mut [bool]) {
        let mut open = vec![(package, 0)];
        while let Some((at, next)) = open.pop() {
            if next == 0 && std::mem::replace(&mut visited[at], true) {
                continue;
            }
            match self.packages[at].dependencies.get(next) {
                Some(&dependency) => {
                    open.push((at, next + 1));
                    if !visited[dependency] {
                        open.push((dependency, 0));
                    }
                }
                None => self.order.push(at),
            }
        }
    }
}

// The commit behind the `#` of a git source.
fn commit(source: &str) -> Option<String> {
    let (_, commit) = source.strip_prefix("git+")?.split_once('#')?;
    Some(commit.to_owned())
}
