//! The packages of a workspace and who depends on whom, as `cargo metadata` tells it and cargo-vet sees it.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, PackageId};
use provenance_build::Source;

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

impl Origin {
    /// Where a package of a lockfile comes from.
    pub fn of(source: Option<&Source>) -> Self {
        match source {
            None => Self::Path,
            Some(source) if source.is_git() => Self::Git,
            Some(source) if source.is_crates_io() => Self::CratesIo,
            Some(_) => Self::Registry,
        }
    }
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
        let indices = found.iter().enumerate().map(|(index, (_, node))| (&node.id, index));
        let indices = indices.collect::<BTreeMap<_, _>>();
        let index =
            |id: &PackageId| indices.get(id).copied().ok_or_else(|| TreeError::Unknown(id.repr.clone()));
        let members = metadata.workspace_members.iter().map(index).collect::<Result<BTreeSet<_>, _>>()?;
        let mut packages = vec![];
        for (place, (mut package, node)) in found.into_iter().enumerate() {
            let of = |kinds: &[DependencyKind]| {
                let deps = node.deps.iter();
                let deps = deps.filter(|dep| dep.dep_kinds.iter().any(|kind| kinds.contains(&kind.kind)));
                deps.map(|dep| index(&dep.pkg)).collect::<Result<Vec<_>, _>>()
            };
            package.is_member = members.contains(&place);
            package.dependencies = of(&[DependencyKind::Normal, DependencyKind::Build])?;
            package.dev_dependencies = of(&[DependencyKind::Development])?;
            packages.push(package);
        }
        Ok(Self::new(packages))
    }

    /// The graph of packages that name each other by their index. Nobody runs the tests of others: development
    /// dependencies of packages outside the workspace do not count.
    pub fn new(mut packages: Vec<TreePackage>) -> Self {
        let known = packages.len();
        for package in &mut packages {
            if !package.is_member {
                package.dev_dependencies.clear();
            }
            package.dependencies.retain(|dependency| *dependency < known);
            package.dev_dependencies.retain(|dependency| *dependency < known);
        }
        let mut tree = Self { packages, order: vec![] };
        let members = (0..known).filter(|index| tree.packages[*index].is_member).collect::<Vec<_>>();
        // As cargo-vet does it: what is a root is decided before development dependencies are looked at, which may
        // lead in a circle.
        let mut visited = vec![false; known];
        members.iter().for_each(|member| tree.visit(*member, &mut visited));
        let needed = (0..known).filter(|index| visited[*index]);
        let needed = needed.flat_map(|index| tree.packages[index].dependencies.iter().copied());
        let needed = needed.collect::<BTreeSet<_>>();
        for &member in &members {
            tree.packages[member].is_root = !needed.contains(&member);
        }
        for &member in &members {
            for dependency in tree.packages[member].dev_dependencies.clone() {
                tree.visit(dependency, &mut visited);
            }
        }
        tree
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
