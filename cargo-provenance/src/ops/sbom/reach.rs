//! What a build of some packages reaches in cargo's graph, and when the code of it runs.

use std::collections::{BTreeMap, HashMap};

use cargo_metadata::{DependencyKind, Metadata, Node, Package, PackageId, TargetKind};

use crate::sbom::{Purpose, Scope};

/// What is reached.
pub(super) struct Reach<'m> {
    packages: HashMap<&'m PackageId, &'m Package>,
    nodes: HashMap<&'m PackageId, &'m Node>,
    /// When the code of each reached package runs.
    pub(super) scopes: BTreeMap<&'m PackageId, Scope>,
    /// The features of each package that are on.
    pub(super) features: HashMap<&'m PackageId, Vec<String>>,
}

impl<'m> Reach<'m> {
    /// Walks from the roots. `counts` says which packages count; what is behind one that does not is not reached through it.
    pub(super) fn from(
        metadata: &'m Metadata,
        roots: &[&'m Package],
        counts: impl Fn(&Package) -> bool,
    ) -> Self {
        let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        let mut reach = Self {
            packages: metadata.packages.iter().map(|package| (&package.id, package)).collect(),
            nodes: nodes.map(|node| (&node.id, node)).collect(),
            scopes: BTreeMap::new(),
            features: HashMap::new(),
        };
        for (id, node) in &reach.nodes {
            let mut features = node.features.iter().map(ToString::to_string).collect::<Vec<_>>();
            features.sort_unstable();
            reach.features.insert(id, features);
        }
        let mut open = roots.iter().map(|root| (&root.id, Scope::Run)).collect::<Vec<_>>();
        while let Some((id, scope)) = open.pop() {
            let is_news = match reach.scopes.get(id) {
                None => true,
                Some(Scope::Build) => scope == Scope::Run,
                Some(_) => false,
            };
            if !is_news {
                continue;
            }
            reach.scopes.insert(id, scope);
            for (other, purpose) in reach.needs(id) {
                if counts(other) {
                    let scope = if purpose == Purpose::Build { Scope::Build } else { scope };
                    open.push((&other.id, scope));
                }
            }
        }
        reach
    }

    /// A package.
    pub(super) fn package(&self, id: &PackageId) -> Option<&'m Package> {
        self.packages.get(id).copied()
    }

    /// What a package needs directly, and for what. Tests are not built.
    pub(super) fn needs(&self, id: &PackageId) -> Vec<(&'m Package, Purpose)> {
        let mut needs = vec![];
        for dependency in self.nodes.get(id).into_iter().flat_map(|node| &node.deps) {
            let Some(other) = self.package(&dependency.pkg) else { continue };
            for kind in &dependency.dep_kinds {
                match kind.kind {
                    DependencyKind::Build => needs.push((other, Purpose::Build)),
                    DependencyKind::Normal if is_proc_macro(other) => needs.push((other, Purpose::Build)),
                    DependencyKind::Normal => needs.push((other, Purpose::Run)),
                    _ => {}
                }
            }
        }
        needs
    }
}

/// Whether a package is a procedural macro.
pub(super) fn is_proc_macro(package: &Package) -> bool {
    package.targets.iter().any(|target| target.kind.contains(&TargetKind::ProcMacro))
}

/// Whether a package has a build script.
pub(super) fn has_build_script(package: &Package) -> bool {
    package.targets.iter().any(|target| target.kind.contains(&TargetKind::CustomBuild))
}
