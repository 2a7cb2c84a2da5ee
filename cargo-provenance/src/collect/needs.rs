//! Who needs whom: the packages of a lockfile, and what the members ask for only because of their tests.

use provenance_build::{Lockfile, PackageId};

use crate::audit::{Origin, Tree, TreePackage, VetVersion};
use crate::cargo::Member;
use crate::graph::Graph;

/// The tree of a lockfile, as cargo-vet would see it, with the package at each of its indices; why there is none, if so.
///
/// A lockfile does not say which of a member's dependencies only its tests need. Where the member does not say it either, a
/// dependency counts as both, so that nothing is asked less.
pub fn tree<'l>(lockfile: &'l Lockfile, members: &[Member]) -> Result<(Tree, Vec<&'l PackageId>), String> {
    let graph = Graph::of(lockfile).map_err(|error| error.to_string())?;
    let ids = lockfile.packages.iter().map(|package| &package.id).collect::<Vec<_>>();
    let mut packages = vec![];
    for (index, id) in ids.iter().copied().enumerate() {
        let version = VetVersion::of(id);
        let version = version.ok_or_else(|| format!("the version of `{}` cannot be compared", id.short()))?;
        let is_it = |member: &&Member| member.name == id.name && member.version == id.version;
        let member = members.iter().find(is_it).filter(|_| id.source.is_none());
        let all = graph.dependencies(index);
        let of = |wanted| {
            let wanted = all.iter().copied().filter(|at| kinds(member, ids[*at]).contains(&wanted));
            wanted.collect::<Vec<_>>()
        };
        packages.push(TreePackage {
            name: id.name.to_string(),
            version,
            origin: Origin::of(id.source.as_ref()),
            is_member: member.is_some(),
            is_root: false,
            dependencies: of(Kind::Built),
            dev_dependencies: of(Kind::Dev),
        });
    }
    Ok((Tree::new(packages), ids))
}

/// What a dependency is needed for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Built,
    Dev,
}

const BOTH: [Kind; 2] = [Kind::Built, Kind::Dev];

fn kinds(member: Option<&Member>, dependency: &PackageId) -> &'static [Kind] {
    // Of others than members nobody runs the tests, and the lockfile does not have what they need for them.
    let Some(member) = member else { return &BOTH[..1] };
    let named = || member.asks.iter().filter(|ask| ask.name == dependency.name.as_str());
    let version = semver::Version::parse(dependency.version.as_str());
    // A repository or a path that is asked for without a version may have a pre-release, which `*` does not match.
    let fits = |ask: &&crate::cargo::Ask| {
        ask.versions.comparators.is_empty()
            || version.as_ref().is_ok_and(|version| ask.versions.matches(version))
    };
    // A path needs no version, and a patch may have any.
    let fitting = if named().any(|ask| fits(&ask)) {
        named().filter(fits).collect()
    } else {
        named().collect::<Vec<_>>()
    };
    match (fitting.iter().any(|ask| !ask.is_dev), fitting.iter().any(|ask| ask.is_dev)) {
        (true, false) => &BOTH[..1],
        (false, true) => &BOTH[1..],
        _ => &BOTH,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use provenance_build::name::{PackageName, Version};

    use super::*;
    use crate::cargo::Ask;

    const LOCK: &str = "version = 4\n\n\
        [[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"both\",\n \"dep 1.0.0\",\n \"dep 2.0.0\",\n \"odd\",\n]\n\n\
        [[package]]\nname = \"both\"\nversion = \"1.0.0\"\n\n\
        [[package]]\nname = \"dep\"\nversion = \"1.0.0\"\n\n\
        [[package]]\nname = \"dep\"\nversion = \"2.0.0\"\ndependencies = [\n \"dep 1.0.0\",\n]\n\n\
        [[package]]\nname = \"odd\"\nversion = \"1.0.0\"\n";

    #[test]
    fn a_pre_release_of_what_is_asked_for_without_a_version_is_needed_for_more_than_tests() {
        let lock = "version = 4\n\n\
            [[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"dep\",\n]\n\n\
            [[package]]\nname = \"dep\"\nversion = \"1.0.0-alpha.1\"\n";
        let lockfile = Lockfile::parse(lock.as_bytes(), Path::new("Cargo.lock")).expect("a lockfile");
        let app = member(vec![ask("dep", "*", false), ask("dep", "=1.0.0-alpha.1", true)]);
        let (tree, _) = tree(&lockfile, &[app]).expect("a tree");
        assert_eq!((tree.packages[0].dependencies.len(), tree.packages[0].dev_dependencies.len()), (1, 1));
    }

    fn ask(name: &str, versions: &str, is_dev: bool) -> Ask {
        Ask { name: name.to_owned(), versions: versions.parse().expect("a requirement"), is_dev }
    }

    fn member(asks: Vec<Ask>) -> Member {
        Member {
            name: PackageName::parse("app").expect("a name"),
            version: Version::parse("0.1.0").expect("a version"),
            directory: "".into(),
            manifest: "".into(),
            makes_binary: true,
            build_script: None,
            proc_macro: false,
            links: None,
            asks,
        }
    }

    #[test]
    fn a_dependency_whose_kind_nobody_tells_counts_as_both() {
        let lockfile = Lockfile::parse(LOCK.as_bytes(), Path::new("Cargo.lock")).expect("a lockfile");
        let member = member(vec![
            ask("both", "1", false),
            ask("both", "=1.0.0", true),
            ask("dep", "1", true),
            ask("dep", "2", false),
        ]);
        let (tree, ids) = tree(&lockfile, &[member]).expect("a tree");
        let names = |of: &[usize]| of.iter().map(|at| ids[*at].short()).collect::<Vec<_>>();
        let app = &tree.packages[0];
        assert_eq!(names(&app.dependencies), ["both v1.0.0", "dep v2.0.0", "odd v1.0.0"]);
        assert_eq!(names(&app.dev_dependencies), ["both v1.0.0", "dep v1.0.0", "odd v1.0.0"]);
        assert!(app.is_root && app.is_member && !tree.packages[3].is_member);
        assert_eq!(names(&tree.packages[3].dependencies), ["dep v1.0.0"]);
    }
}
