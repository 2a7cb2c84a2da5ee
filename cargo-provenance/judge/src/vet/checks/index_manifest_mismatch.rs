//! `index-manifest-mismatch`: a package that declares something else than its registry's index says.

use std::collections::BTreeSet;

use crate::archive::{Declared, printable};
use crate::model::{DependencyKind, Release};
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "index-manifest-mismatch",
    group: Group::Manifest,
    needs: Needs::ArchiveAndIndex,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A package whose `Cargo.toml` declares something else than the index says.

Cargo resolves by the index and compiles by the package: where the two differ, what is looked at is not what is built. The
names of the dependencies, whether they are optional or for the build script, the names of the features, and `links` are
compared; dev-dependencies are nobody's but the author's. The two agree in all of 4,038 packages of crates.io; where they do
not, an index, a mirror or an upload was tampered with.

Find out which of the two was changed. A registry of your own that leaves things out of its index can be excepted in the
policy, package by package.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    // What the index does not list at all is another check's.
    let (Some(archive), Some(release)) = (dossier.archive.known(), dossier.listed()) else { return vec![] };
    let differences = differences(archive.declared(), release);
    if differences.is_empty() {
        return vec![];
    }
    let message = format!("the `Cargo.toml` of `{}` is not what the index says of it", dossier.id.short());
    let help = "find out which of the two was changed; tell the registry, and use another version";
    vec![Observation::new(message).listing(&differences).help(help)]
}

/// When crates.io's index had become complete, 2018-06-01: in its first weeks it took dev-dependencies for others, and in the
/// spring of 2018 it left out `links`.
const COMPLETE_SINCE: u64 = 1_527_811_200;

/// A dependency as both sides name it.
type Named<'a> = (&'a str, DependencyKind, bool);

fn differences(declared: &Declared, release: &Release) -> Vec<String> {
    let is_old = release.published.is_some_and(|at| at < COMPLETE_SINCE);
    let is_dev = |package: &str| {
        declared.dependencies.iter().any(|it| it.kind == DependencyKind::Dev && it.package == package)
    };
    let here = declared.dependencies.iter().map(|it| (it.package.as_str(), it.kind, it.optional));
    let there = release.dependencies.iter().map(|it| (it.package.as_str(), it.kind, it.optional));
    let of_others = |(_, kind, _): &Named<'_>| *kind != DependencyKind::Dev;
    let here = here.filter(of_others).collect::<BTreeSet<Named<'_>>>();
    let there = there.filter(of_others).collect::<BTreeSet<Named<'_>>>();
    let told = |(package, kind, optional): &Named<'_>| {
        let optional = if *optional { "optional " } else { "" };
        let build = if *kind == DependencyKind::Build { "build-" } else { "" };
        format!("the {optional}{build}dependency `{}`", printable(package.as_bytes()))
    };
    let mut differences = vec![];
    for only in here.difference(&there) {
        differences.push(format!("only `Cargo.toml` has {}", told(only)));
    }
    for only in there.difference(&here).filter(|(package, ..)| !(is_old && is_dev(package))) {
        differences.push(format!("only the index has {}", told(only)));
    }
    let has = |features: &[String], name: &str| features.iter().any(|feature| feature == name);
    // Some cargos told the registry of the features too that optional dependencies imply.
    let is_implied = |name: &str| declared.dependencies.iter().any(|it| it.optional && it.key == name);
    for name in declared.features.iter().filter(|name| !has(&release.features, name)) {
        differences.push(format!("only `Cargo.toml` has the feature `{}`", printable(name.as_bytes())));
    }
    for name in release.features.iter().filter(|name| !has(&declared.features, name) && !is_implied(name)) {
        differences.push(format!("only the index has the feature `{}`", printable(name.as_bytes())));
    }
    let was_left_out = is_old && release.links.is_none();
    if declared.links != release.links && !was_left_out {
        let shown = |links: &Option<String>| match links {
            Some(links) => format!("`{}`", printable(links.as_bytes())),
            None => "nothing".to_owned(),
        };
        let (here, there) = (shown(&declared.links), shown(&release.links));
        differences.push(format!("`Cargo.toml` links {here}, and the index says {there}"));
    }
    differences
}

#[cfg(test)]
mod tests {
    use provenance_build::PackageName;

    use super::super::samples::{Case, ids, packed, release};
    use super::*;
    use crate::model::{Dependency, Evidence};

    const ID: &str = "index-manifest-mismatch";

    fn dependency(text: &str) -> Dependency {
        let (name, optional) = text.strip_suffix('?').map_or((text, false), |name| (name, true));
        let (kind, name) = match name.split_once(':') {
            Some(("build", name)) => (DependencyKind::Build, name),
            Some((_, name)) => (DependencyKind::Dev, name),
            None => (DependencyKind::Normal, name),
        };
        Dependency { package: PackageName::parse(name).expect("a name"), kind, optional }
    }

    fn case(manifest: &str, dependencies: &[&str], features: &[&str], links: Option<&str>) -> Case {
        let mut line = release("1.0.0", 900);
        line.dependencies = dependencies.iter().map(|text| dependency(text)).collect();
        line.features = features.iter().map(|name| (*name).to_owned()).collect();
        line.links = links.map(str::to_owned);
        let mut case = Case::new("", "1.0.0", vec![line]);
        case.archive(packed(manifest));
        case
    }

    #[test]
    fn what_every_cargo_has_published_agrees() {
        for (manifest, dependencies, features, links) in [
            ("", &[][..], &[][..], None),
            ("[dependencies]\na = '1'\n", &["a"], &[], None),
            (
                "[dependencies.a]\nversion = '1'\npackage = 'real-a'\noptional = true\n",
                &["real-a?"],
                &[],
                None,
            ),
            ("[dependencies]\na = '1'\n[build-dependencies]\na = '1'\n", &["a", "build:a"], &[], None),
            ("[target.'cfg(unix)'.dependencies]\na = '1'\n[dependencies]\na = '1'\n", &["a", "a"], &[], None),
            (
                "[dev_dependencies]\na = '1'\n[build_dependencies]\nb = '1'\n",
                &["dev:a", "build:b"],
                &[],
                None,
            ),
            // Published when a path alone was enough, and after.
            ("[dev-dependencies]\na = { path = '../a' }\n", &["dev:a"], &[], None),
            ("[dev-dependencies]\na = { path = '../a' }\n", &[], &[], None),
            ("[dev-dependencies]\na = '1'\n", &[], &[], None),
            ("", &["dev:a"], &[], None),
            ("[dependencies.a]\nversion = '1'\noptional = true\n", &["a?"], &["a"], None),
            (
                "[dependencies.a]\nversion = '1'\noptional = true\n[features]\nx = ['dep:a']\n",
                &["a?"],
                &["x"],
                None,
            ),
            ("links = 'z'\n", &[], &[], Some("z")),
        ] {
            let case = case(manifest, dependencies, features, links);
            assert!(ids(&case.judged()).iter().all(|id| *id != ID), "{manifest}");
        }
        let mut project = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
        project.archive(super::super::samples::package("[project]\nname = 'dep'\nversion = '1.0.0'\n"));
        assert!(!ids(&project.judged()).contains(&ID));
    }

    #[test]
    fn what_differs_is_denied_and_named() {
        for (manifest, dependencies, features, links, expected) in [
            ("[dependencies]\na = '1'\n", &[][..], &[][..], None, "only `Cargo.toml` has the dependency `a`"),
            ("", &["a"], &[], None, "only the index has the dependency `a`"),
            (
                "[build-dependencies]\na = '1'\n",
                &["dev:a"],
                &[],
                None,
                "only `Cargo.toml` has the build-dependency `a`",
            ),
            ("[dependencies]\na = '1'\n", &["a?"], &[], None, "only `Cargo.toml` has the dependency `a`"),
            (
                "[dependencies.a]\nversion = '1'\npackage = 'evil'\n",
                &["a"],
                &[],
                None,
                "only `Cargo.toml` has the dependency `evil`",
            ),
            (
                "[target.'cfg(any())'.dependencies]\n\"a b\\u001b\" = '1'\n",
                &[],
                &[],
                None,
                "only `Cargo.toml` has the dependency `a b\\u{1b}`",
            ),
            ("[features]\nx = []\n", &[], &[], None, "only `Cargo.toml` has the feature `x`"),
            ("", &[], &["x"], None, "only the index has the feature `x`"),
            ("links = 'z'\n", &[], &[], None, "`Cargo.toml` links `z`, and the index says nothing"),
            ("", &[], &[], Some("z"), "`Cargo.toml` links nothing, and the index says `z`"),
        ] {
            let judgment = case(manifest, dependencies, features, links).judged();
            let finding = judgment.findings.iter().find(|finding| finding.id == ID).expect(manifest);
            assert_eq!(finding.notes[0], expected);
            assert!(judgment.refuses(), "{manifest}");
        }
    }

    #[test]
    fn what_the_index_of_crates_io_once_left_out_is_no_difference() {
        for (days_ago, differs) in [(3_600, false), (2_000, true)] {
            let old = |manifest, dependencies, links| {
                let mut case = case(manifest, dependencies, &[], links);
                case.published(days_ago);
                ids(&case.judged()).contains(&ID)
            };
            assert_eq!(old("links = 'z'\n", &[], None), differs);
            assert_eq!(old("[dev-dependencies]\na = '1'\n", &["a"], None), differs);
            // Everything else differs however old it is.
            assert!(old("", &["a"], None));
            assert!(old("", &[], Some("z")));
            assert!(old("[dependencies]\na = '1'\n", &["dev:a"], None));
        }
    }

    #[test]
    fn a_long_list_is_cut() {
        let many = (0..500).map(|n| format!("d{n} = '1'\n")).collect::<String>();
        let judgment = case(&format!("[dependencies]\n{many}"), &[], &[], None).judged();
        let finding = judgment.findings.iter().find(|finding| finding.id == ID).expect("found");
        assert_eq!(finding.notes[5], "and 495 more");
    }

    #[test]
    fn an_index_that_cannot_be_read_leaves_it_open_and_a_registry_without_the_version_does_not() {
        let mut unread = case("", &[], &[], None);
        unread.release = Some(Evidence::Unavailable("the index cannot be read: x".to_owned()));
        let open = unread.judged().open;
        assert_eq!(open.len(), 1, "{open:?}");
        assert!(open[0].checks.contains(&ID) && open[0].checks.contains(&"version-too-new"), "{open:?}");

        let mut gone = case("[dependencies]\na = '1'\n", &[], &[], None);
        gone.release = Some(Evidence::Absent);
        let judgment = gone.judged();
        assert_eq!((ids(&judgment).contains(&ID), judgment.open.len()), (false, 0));
    }
}
