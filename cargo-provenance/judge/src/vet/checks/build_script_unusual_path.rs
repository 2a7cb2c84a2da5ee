//! `build-script-unusual-path`: a build script that is not `build.rs`.

use crate::archive::{Build, normal, printable};
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-script-unusual-path",
    group: Group::Manifest,
    needs: Needs::Archive,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A build script that is not the `build.rs` at the package root.

It runs on every machine that builds the package, and whoever looks for `build.rs` misses it. 10 of 4,038 packages have
their script elsewhere. Read the file that is named.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(archive) = dossier.archive.known() else { return vec![] };
    let Build::Scripts(scripts) = &archive.declared().build else { return vec![] };
    let unusual = scripts.iter().filter(|script| normal(script) != "build.rs");
    let unusual = unusual.map(|script| format!("`{}`", printable(script.as_bytes()))).collect::<Vec<_>>();
    if unusual.is_empty() {
        return vec![];
    }
    let name = dossier.id.short();
    vec![Observation::new(format!("the build script of `{name}` is {}", unusual.join(", ")))]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, packed, release};
    use super::*;

    #[test]
    fn only_another_script_is_noted() {
        for (manifest, expected) in [
            ("", None),
            ("build = false", None),
            ("build = true", None),
            ("build = './build.rs'", None),
            ("build = 'src/build.rs'", Some("`src/build.rs`")),
            ("build = ['build.rs', 'b.rs', 'c.rs']", Some("`b.rs`, `c.rs`")),
            ("metabuild = ['m']", Some("`m`")),
        ] {
            let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
            case.archive(packed(manifest));
            let judgment = case.judged();
            let message = judgment.findings.first().map(|finding| finding.message.clone());
            let expected = expected.map(|what| format!("the build script of `dep v1.0.0` is {what}"));
            assert_eq!(message, expected, "{manifest} {:?}", ids(&judgment));
            assert!(judgment.admits());
        }
    }

    #[test]
    fn paths_are_compared_as_cargo_writes_them() {
        for (path, expected) in [
            ("./a//b.rs", "a/b.rs"),
            ("x\\..\\b.rs", "b.rs"),
            ("../b.rs", "../b.rs"),
            ("../../b.rs", "../../b.rs"),
        ] {
            assert_eq!(normal(path), expected);
        }
    }
}
