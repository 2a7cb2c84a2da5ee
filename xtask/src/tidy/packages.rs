//! What the dependencies may be: as old a compiler as promised, and few of them in the kernel.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::semver::Version;
use cargo_metadata::{DependencyKind, Metadata, PackageId};

use super::Offence;

const KERNEL: &str = "provenance-build";
const JUDGE: &str = "provenance-judge";
const TOOL: &str = "cargo-provenance";
/// Packages that the kernel brings into every user's build without its features, itself not counted: blake3 with its
/// build dependencies and a TOML reader are 10.
const KERNEL_PACKAGES: usize = 12;
/// The same with everything that it can check: Ed25519 and SHA-2 are 23 more, counted for all machines.
const SIGNING_KERNEL_PACKAGES: usize = 34;

/// Checks the closures of the published packages.
pub(super) fn check(metadata: &Metadata) -> Vec<Offence> {
    let mut offences = vec![];
    for name in [KERNEL, JUDGE, TOOL] {
        let Some(package) =
            metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == name)
        else {
            offences.push(Offence::new("Cargo.toml", 0, format!("`{name}` is no package of this workspace")));
            continue;
        };
        let manifest = if name == JUDGE {
            "cargo-provenance/judge/Cargo.toml".to_owned()
        } else {
            format!("{name}/Cargo.toml")
        };
        let closure = self::closure(metadata, &package.id, Features::All);
        if name == KERNEL {
            let small = self::closure(metadata, &package.id, Features::None);
            for (what, found, most) in [
                ("the kernel's closure without features", small.len(), KERNEL_PACKAGES),
                ("the kernel's closure", closure.len(), SIGNING_KERNEL_PACKAGES),
            ] {
                if found > most {
                    let message = format!("{found} packages in {what}, more than {most}");
                    offences.push(Offence::new(&manifest, 0, message));
                }
            }
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Features {
    All,
    None,
}

// Everything that a package needs to be built, without what only its tests need, and perhaps without what is optional.
fn closure(metadata: &Metadata, root: &PackageId, features: Features) -> Vec<(String, Option<Version>)> {
    let declared =
        metadata.packages.iter().filter(|package| package.id == *root).flat_map(|it| &it.dependencies);
    let optional =
        declared.filter(|it| it.optional).map(|it| it.name.replace('-', "_")).collect::<BTreeSet<_>>();
    let nodes = metadata
        .resolve
        .iter()
        .flat_map(|resolve| &resolve.nodes)
        .map(|node| (&node.id, node))
        .collect::<BTreeMap<_, _>>();
    let (mut reached, mut open) = (BTreeSet::new(), vec![root]);
    while let Some(node) = open.pop().and_then(|id| nodes.get(id)) {
        let left_out = |name: &str| features == Features::None && node.id == *root && optional.contains(name);
        for dependency in node.deps.iter().filter(|dependency| !left_out(&dependency.name)) {
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
        let kernel = &kernel.expect("a member").id;
        let has = |name: &str, features| {
            closure(&metadata, kernel, features).iter().any(|(found, _)| found.starts_with(name))
        };
        assert!(has("blake3 ", Features::All) && has("blake3 ", Features::None));
        assert!(has("ed25519-dalek ", Features::All) && !has("ed25519-dalek ", Features::None));
    }
}
