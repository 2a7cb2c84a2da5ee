//! `manifest-orig-mismatch`: a packaged manifest that does not follow from the author's.

use crate::archive::{Build, Declared, Field, Origin, Original, Requirement, printable};
use crate::model::DependencyKind;
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
by. A dependency, a build script, a `links`, a name, a version or a procedural macro that only the second one has was put
in after that, where nobody who reads the repository sees it. It happened in none of 3,700 packages. What a workspace
provides (`workspace = true`) cannot be compared. A package whose manifest cargo made, and that has no original, is noted.

Compare the package with its repository. Use another version, and tell the registry.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(archive) = dossier.archive.known() else { return vec![] };
    let name = dossier.id.short();
    let seen = match archive.original() {
        Original::Known(original) => {
            let differences = differences(archive.declared(), &original);
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

/// What `packaged` has that `cargo package` cannot have made of `original`.
fn differences(packaged: &Declared, original: &Declared) -> Vec<String> {
    let mut differences = vec![];
    for (key, packaged, original) in
        [("name", &packaged.name, &original.name), ("version", &packaged.version, &original.version)]
    {
        let (Field::Given(packaged), Field::Given(_) | Field::Absent) = (packaged, original) else {
            continue;
        };
        // Old cargos let a space into a version.
        match original {
            Field::Given(original) if original.trim() == packaged.trim() => {}
            Field::Given(original) => differences.push(format!(
                "its {key} is `{}`, and was `{}`",
                printable(packaged.as_bytes()),
                printable(original.as_bytes())
            )),
            _ => differences
                .push(format!("its {key} is `{}`, and it had none", printable(packaged.as_bytes()))),
        }
    }
    if packaged.links.is_some() && packaged.links != original.links {
        let links = printable(packaged.links.as_deref().unwrap_or_default().as_bytes());
        differences.push(format!("it links `{links}`"));
    }
    if packaged.proc_macro && !original.proc_macro {
        differences.push("it is a procedural macro".to_owned());
    }
    let allowed = scripts(&original.build);
    for script in scripts(&packaged.build).iter().filter(|script| !allowed.contains(script)) {
        differences.push(format!("it has the build script `{}`", printable(script.as_bytes())));
    }
    for added in packaged.dependencies.iter().filter(|it| it.kind != DependencyKind::Dev) {
        if !original.dependencies.iter().any(|it| becomes(it, added)) {
            let kind = if added.kind == DependencyKind::Build { "build-dependency" } else { "dependency" };
            let optional = if added.optional { "optional " } else { "" };
            differences
                .push(format!("it has the {optional}{kind} `{}`", printable(added.package.as_bytes())));
        }
    }
    differences
}

/// Whether `cargo package` can have made `packaged` of `original`.
fn becomes(original: &Requirement, packaged: &Requirement) -> bool {
    let same = |it: &Requirement| (it.key.clone(), it.kind, it.optional);
    same(original) == same(packaged)
        && (original.package == packaged.package || original.origin == Origin::Inherited)
}

/// The build scripts that a manifest can mean, as cargo writes their paths.
fn scripts(build: &Build) -> Vec<String> {
    match build {
        Build::Default | Build::On => vec!["build.rs".to_owned()],
        Build::Off => vec![],
        Build::Scripts(scripts) => {
            scripts.iter().map(|script| super::build_script_unusual_path::normal(script)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, package, release};
    use crate::archive::samples::Sample;
    use crate::finding::Weight;

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
            ("", "[dependencies]\na = '1'\n[features]\nx = []"),
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
