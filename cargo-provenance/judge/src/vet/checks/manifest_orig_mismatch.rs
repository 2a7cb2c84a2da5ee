//! `manifest-orig-mismatch`: a packaged manifest that does not follow from the author's.

use crate::archive::Original;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "manifest-orig-mismatch",
    group: Group::Manifest,
    needs: Needs::Archive,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A packaged `Cargo.toml` that does not follow from the `Cargo.toml.orig` beside it.

`cargo package` keeps the author's manifest, which is the one in the repository, and makes of it the one that cargo compiles
by. What only the second one has was put in after that, where nobody who reads the repository sees it: a dependency, or
another requirement, feature or registry of one; a feature or what it switches on; a library, program or build script
elsewhere than the author says or cargo finds it; a `links`, a name, a version, an edition, a procedural macro. It happened
in none of 4,610 packages. What a workspace provides (`workspace = true`) is not at hand here, and is compared by `vet
--repository`. Dependencies of tests are not compared. A package whose manifest cargo made, and that has no original, is
noted.

Compare the package with its repository. Use another version, and tell the registry.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(archive) = dossier.archive.known() else { return vec![] };
    let name = dossier.id.short();
    let seen = match archive.original(None) {
        Original::Known(differences) => {
            let message = format!("the `Cargo.toml` of `{name}` does not follow from its `Cargo.toml.orig`");
            (!differences.is_empty()).then(|| Observation::new(message).listing(&differences))
        }
        Original::Unreadable(why) => Some(
            Observation::new(format!("the `Cargo.toml` of `{name}` cannot be compared with its original"))
                .at(Level::Review)
                .note(format!("its `Cargo.toml.orig` {why}")),
        ),
        Original::Missing if archive.is_generated() => Some(
            Observation::new(format!("`{name}` has no `Cargo.toml.orig`"))
                .at(Level::Note)
                .note("its `Cargo.toml` says that cargo made it of one"),
        ),
        Original::Missing => None,
    };
    let help = "compare the package with its repository; if they differ, tell the registry";
    seen.map(|seen| seen.help(help)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, package, release};
    use crate::finding::Weight;
    use crate::samples::Sample;

    const ID: &str = "manifest-orig-mismatch";

    fn case(sample: Sample) -> Case {
        let mut case = Case::new(
            "[checks]\nindex-manifest-mismatch = \"allow\"\n",
            "1.0.0",
            vec![release("1.0.0", 900)],
        );
        case.archive(sample);
        case
    }

    fn notes(packaged: &str, original: &str) -> Vec<String> {
        let head = |rest: &str| match rest.strip_prefix("!") {
            Some(whole) => whole.to_owned(),
            None => format!("[package]\nname = 'dep'\nversion = '1.0.0'\n{rest}"),
        };
        let sample = package(&head(packaged)).file("Cargo.toml.orig", head(original).as_bytes());
        let judgment = case(sample).judged();
        let findings = judgment.findings.into_iter().filter(|finding| finding.id == ID);
        findings.flat_map(|finding| finding.notes).filter(|note| !note.contains("by default")).collect()
    }

    #[test]
    fn what_cargo_makes_of_a_manifest_follows_from_it() {
        for (packaged, original) in [
            ("", ""),
            ("build = false", ""),
            ("build = 'build.rs'", ""),
            ("build = 'build.rs'", "build = true"),
            ("build = 'build.rs'", "build = './build.rs'"),
            ("build = 'make/b.rs'", "build = 'x/../make\\b.rs'"),
            ("build = false", "build = 'not-packaged.rs'"),
            ("build = false", "build = false"),
            ("links = 'z'", "links = 'z'"),
            ("[dependencies.a]\nversion = '1'", "[dependencies]\na = { version = '1', path = '../a' }"),
            (
                "[dependencies.a]\nversion = '1'\npackage = 'b'",
                "[dependencies]\na = { version = '1', package = 'b' }",
            ),
            ("[dependencies.a]\nversion = '1'\npackage = 'b'", "[dependencies]\na.workspace = true"),
            (
                "[dependencies.a]\nversion = '1'\noptional = true",
                "[dependencies]\na = { workspace = true, optional = true }",
            ),
            ("[build-dependencies.a]\nversion = '1'", "[build_dependencies]\na = '1'"),
            ("[dev-dependencies.a]\nversion = '1'", ""),
            ("", "[dependencies]\na = '1'"),
            ("[lib]\nname = 'dep'\npath = 'src/lib.rs'", ""),
            ("[lib]\nname = 'd_ep'", "[lib]\nname = 'd-ep'"),
            ("[[bin]]\nname = 'x'\npath = 'src/main.rs'", "[[bin]]\nname = 'x'"),
            (
                "[lib]\npath = 'lib.rs'\ncrate-type = ['rlib']",
                "[lib]\npath = './lib.rs'\ncrate_type = ['rlib']",
            ),
            ("[[bin]]\nname = 'dep'\npath = 'src/main.rs'", ""),
            ("[[bin]]\nname = 'x'\npath = 'src/bin/x/main.rs'", "[[bin]]\nname = 'x'"),
            ("[[test]]\nname = 'x'\npath = 'tests/x.rs'", "autobins = false\ntest = [{ name = 'x' }]"),
            ("edition = '2021'", "edition.workspace = true"),
            ("edition = '2015'", ""),
            (
                "[features]\ndefault = ['x']\nx = []",
                "[features]\ndefault = ['x', 'a/y', 'a?/z']\nx = []\n[dev-dependencies]\na.path = '../a'",
            ),
            (
                "[dependencies.a]\nversion = '1'\nfeatures = ['y', 'x']\ndefault-features = false",
                "[dependencies]\na = { version = '1', features = ['x', 'y'], default_features = false }",
            ),
            (
                "[dependencies.a]\nversion = '1'\nregistry-index = 'https://example.org/'",
                "[dependencies]\na = { version = '1', registry = 'corp' }",
            ),
            (
                "[target.'cfg(unix)'.dependencies.a]\nversion = '1'",
                "[target.'cfg(unix)'.dependencies]\na = '1'",
            ),
            ("[lib]\nproc-macro = true", "[lib]\nproc_macro = true"),
            ("[lib]\nproc-macro = true", "[lib]\ncrate-type = ['proc-macro']"),
            ("", "![package]\nname = 'dep'\nversion.workspace = true"),
            ("", "![package]\nname = 'dep'\nversion = { workspace = true }\nauthors.workspace = true"),
            ("", "![project]\nname = 'dep'\nversion = ' 1.0.0'"),
        ] {
            assert_eq!(notes(packaged, original), [] as [String; 0], "{packaged}\n{original}");
        }
    }

    #[test]
    fn what_was_put_in_afterwards_is_denied_and_named() {
        for (packaged, original, expected) in [
            ("[dependencies]\nevil = '1'", "", "it has the dependency `evil`"),
            ("[build-dependencies]\na = '1'", "[dependencies]\na = '1'", "it has the build-dependency `a`"),
            (
                "[dependencies.a]\nversion = '1'\npackage = 'evil'",
                "[dependencies]\na = '1'",
                "it has the dependency `evil`",
            ),
            (
                "[dependencies.a]\nversion = '1'",
                "[dependencies]\na = { version = '1', optional = true }",
                "it has the dependency `a`",
            ),
            (
                "[target.'cfg(all())'.dependencies.a]\nversion = '1'\noptional = true",
                "[dev-dependencies]\na = '1'",
                "it has the optional dependency `a`",
            ),
            ("build = 'build.rs'", "build = false", "it has the build script `build.rs`"),
            ("build = 'evil.rs'", "", "it has the build script `evil.rs`"),
            ("build = 'evil.rs'", "build = 'build.rs'", "it has the build script `evil.rs`"),
            ("build = ['build.rs', 'evil.rs']", "", "it has the build script `evil.rs`"),
            ("", "build = 'other.rs'", "it has the build script `build.rs`"),
            ("links = 'z'", "", "it links `z`"),
            ("links = 'z'", "links = 'y'", "it links `z`"),
            ("[lib]\nproc-macro = true", "[lib]", "it is a procedural macro"),
            ("", "![package]\nname = 'other'\nversion = '1.0.0'", "its name is `dep`, and was `other`"),
            ("", "![package]\nname = 'dep'\nversion = '1.0.1'", "its version is `1.0.0`, and was `1.0.1`"),
            ("", "![package]\nname = 'dep'", "its version is `1.0.0`, and it had none"),
        ] {
            assert_eq!(notes(packaged, original), [expected], "{packaged}\n{original}");
        }
        assert_eq!(
            notes("", "!"),
            ["its name is `dep`, and it had none", "its version is `1.0.0`, and it had none"]
        );
    }

    #[test]
    fn what_was_changed_afterwards_is_denied_and_named() {
        let dependency = "[dependencies]\na = { version = '1', features = ['x'], default-features = false }";
        for (packaged, original, expected) in [
            ("[lib]\npath = 'tests/x.rs'", "", "its library is `tests/x.rs`, and was `src/lib.rs`"),
            ("[lib]\npath = 'src/dep.rs'", "", "its library is `src/dep.rs`, and was `src/lib.rs`"),
            (
                "[lib]\npath = 'src/b.rs'",
                "[lib]\npath = 'src/a.rs'",
                "its library is `src/b.rs`, and was `src/a.rs`",
            ),
            ("[lib]", "[lib]\npath = 'src/a.rs'", "its library is `src/lib.rs`, and was `src/a.rs`"),
            ("[lib]\nname = 'other'", "", "its library is called `other`, and was `dep`"),
            ("[lib]\ncrate-type = ['cdylib']", "[lib]", "its library is compiled as `cdylib`"),
            ("[lib]\nplugin = true", "[lib]", "its library has the key `plugin`"),
            ("[lib]\nedition = '2024'", "", "its library has the key `edition`"),
            ("[[bin]]\nname = 'x'\npath = 'tests/x.rs'", "", "it has the bin `x` in `tests/x.rs`"),
            (
                "[[bin]]\nname = 'x'\npath = 'src/bin/x.rs'",
                "autobins = false",
                "it has the bin `x` in `src/bin/x.rs`",
            ),
            (
                "[[bin]]\nname = 'x'\npath = 'src/bin/x.rs'",
                "[[bin]]\nname = 'x'\npath = 'src/x/main.rs'",
                "it has the bin `x` in `src/bin/x.rs`",
            ),
            ("[[bin]]\nname = 'x'\npath = 'src/main.rs'", "", "it has the bin `x` in `src/main.rs`"),
            (
                "[features]\nx = []",
                "[features]\nx = ['a/safe']\n[dependencies]\n[dev-dependencies]\na = '1'",
                "its feature `x` lacks `a/safe`",
            ),
            ("[[example]]\nname = 'x'\npath = 'src/x.rs'", "", "it has the example `x` in `src/x.rs`"),
            ("edition = '2018'", "edition = '2021'", "its edition is `2018`, and was `2021`"),
            ("", "edition = '2021'", "its edition is not there, and was `2021`"),
            (
                "[features]\ndefault = ['back']\nback = []",
                "[features]\ndefault = []\nback = []",
                "its feature `default` has `back`",
            ),
            (
                "[features]\ndefault = []\nsafe = []",
                "[features]\ndefault = ['safe']\nsafe = []",
                "its feature `default` lacks `safe`",
            ),
            ("[features]\nevil = []", "", "it has the feature `evil`"),
            ("", "[features]\ndefault = []", "it lacks the feature `default`"),
            (
                "[dependencies.a]\nversion = '=1.2.3'",
                "[dependencies]\na = '1'",
                "its dependency `a` is required as `=1.2.3`, and was `1`",
            ),
            (
                "[dependencies.a]",
                "[dependencies]\na = '1'",
                "its dependency `a` is required as not there, and was `1`",
            ),
            (
                "[dependencies.a]\nversion = '1'\nfeatures = ['evil']",
                "[dependencies]\na = '1'",
                "its dependency `a` has the feature `evil`",
            ),
            (
                "[dependencies.a]\nversion = '1'\ndefault-features = false",
                dependency,
                "its dependency `a` lacks the feature `x`",
            ),
            (
                "[dependencies.a]\nversion = '1'\nfeatures = ['x']",
                dependency,
                "its dependency `a` has the default features",
            ),
            (
                "[dependencies.a]\nversion = '1'\ndefault-features = false",
                "[dependencies]\na = '1'",
                "its dependency `a` lacks the default features",
            ),
            (
                "[dependencies.a]\nversion = '1'\nregistry-index = 'https://evil.example/'",
                "[dependencies]\na = '1'",
                "its dependency `a` comes from the registry `https://evil.example/`",
            ),
            (
                "[dependencies.a]\nversion = '1'\ngit = 'https://evil.example/'",
                "[dependencies]\na = '1'",
                "its dependency `a` has the key `git`",
            ),
            (
                "[dependencies.a]\nversion = '1'",
                "[target.'cfg(windows)'.dependencies]\na = '1'",
                "it has the dependency `a`",
            ),
            (
                "[dependencies.a]\nversion = '1'",
                "[dependencies]\na = { workspace = true, features = ['safe'] }",
                "its dependency `a` lacks the feature `safe`",
            ),
            (
                "!cargo-features = ['x']\n[package]\nname = 'dep'\nversion = '1.0.0'",
                "",
                "it has the cargo feature `x`",
            ),
        ] {
            assert_eq!(notes(packaged, original), [expected], "{packaged}\n{original}");
        }
    }

    #[test]
    fn an_original_that_cannot_be_read_needs_a_look_and_a_missing_one_is_noted() {
        let generated =
            "# THIS FILE IS AUTOMATICALLY GENERATED BY CARGO\n[package]\nname = 'dep'\nversion = '1.0.0'\n";
        let plain = "[package]\nname = 'dep'\nversion = '1.0.0'\n";
        for (sample, expected) in [
            (package(plain), None),
            (package(generated), Some(Weight::Note)),
            (package(generated).file("Cargo.toml.orig", b"[package"), Some(Weight::Review)),
            (package(generated).file("Cargo.toml.orig", b"\xff"), Some(Weight::Review)),
            (package(generated).file("Cargo.toml.orig", &vec![b'#'; 5 << 20]), Some(Weight::Review)),
        ] {
            let judgment = case(sample).judged();
            let found = judgment.findings.iter().find(|finding| finding.id == ID);
            assert_eq!(found.map(|finding| finding.weight), expected, "{:?}", ids(&judgment));
        }
    }
}
