//! What the dependencies may be: as old a compiler as promised, and few of them in the kernel.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::semver::Version;
use cargo_metadata::{DependencyKind, Metadata, PackageId};

use super::Offence;

const KERNEL: &str = "provenance-build";
const TOOL: &str = "cargo-provenance";
/// Packages that the kernel brings into every user's build, itself not counted: blake3 with its build
/// dependencies and a TOML reader are 11.
const KERNEL_PACKAGES: usize = 12;

/// Checks the closures of the two published packages.
pub(super) fn check(metadata: &Metadata) -> Vec<Offence> {
    let mut offences = vec![];
    for name in [KERNEL, TOOL] {
        let Some(package) =
            metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == name)
        else {
            offences.push(Offence::new("Cargo.toml", 0, format!("`{name}` is no package of this workspace")));
            continue;
        };
        let manifest = format!("{name}/Cargo.toml");
        let closure = closure(metadata, &package.id);
        if name == KERNEL && closure.len() > KERNEL_PACKAGES {
            let message =
                format!("{} packages in the kernel's closure, more than {KERNEL_PACKAGES}", closure.len());
            offences.push(Offence::new(&manifest, 0, message));
        }
        match &package.rust_version {
            Some(ours) => offences.extend(too_new(&manifest, ours, &closure)),
            None => offences.push(Offence::new(&manifest, 0, "no `rust-version`")),
        }
    }
    offences
}

fn too_new(manifest: &str, ours: &Version, closure: &[(String, Option<Version>)]) -> Vec<Offence> {
    closure
        .iter()
        .filter_map(|(name, theirs)| Some((name, theirs.as_ref()?)))
        .filter(|(_, theirs)| *theirs > ours)
        .map(|(name, theirs)| {
            Offence::new(
                manifest,
                0,
                format!("`{name}` needs Rust {theirs}, more than the {ours} that we promise"),
            )
        })
        .collect()
}

// Everything that a package needs to be built, without what only its tests need.
fn closure(metadata: &Metadata, root: &PackageId) -> Vec<(String, Option<Version>)> {
    let nodes = metadata
        .resolve
        .iter()
        .flat_map(|resolve| &resolve.nodes)
        .map(|node| (&node.id, node))
        .collect::<BTreeMap<_, _>>();
    let (mut reached, mut open) = (BTreeSet::new(), vec![root]);
    while let Some(node) = open.pop().and_then(|id| nodes.get(id)) {
        for dependency in &node.deps {
            let is_built = dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development);
            if is_built && reached.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    metadata
        .packages
        .iter()
        .filter(|package| reached.contains(&package.id))
        .map(|package| (format!("{} v{}", package.name, package.version), package.rust_version.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_that_needs_a_newer_compiler_is_found() {
        let closure = [
            ("new v1.0.0".to_owned(), Some(Version::new(1, 90, 0))),
            ("old v1.0.0".to_owned(), Some(Version::new(1, 60, 0))),
            ("silent v1.0.0".to_owned(), None),
        ];
        let offences = too_new("a/Cargo.toml", &Version::new(1, 85, 0), &closure);
        assert_eq!(offences.len(), 1);
        assert!(offences[0].message.contains("`new v1.0.0`"));
    }

    #[test]
    fn this_repository_keeps_its_promises() {
        let metadata = crate::repository::metadata().expect("cargo metadata");
        assert_eq!(check(&metadata), []);
        let kernel =
            metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == KERNEL);
        assert!(
            closure(&metadata, &kernel.expect("a member").id)
                .iter()
                .any(|(name, _)| name.starts_with("blake3 "))
        );
    }
}
