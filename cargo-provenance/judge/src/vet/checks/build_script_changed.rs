//! `build-script-changed`: build-time code that is not what it was.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::report::plural;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-script-changed",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A build script or a procedural macro that is not what it was in the version before.

One in fifteen updates changes it. The finding names the files, and how many lines came and went, so that a review of an
update reads these lines and nothing else.",
    judge,
};

/// The changed lines that are quoted.
const LINES: usize = 6;

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let (Some(code), Some(previous)) = (of_code::code(dossier), dossier.previous.known()) else {
        return vec![];
    };
    // What is all new is said by others.
    if previous.survey.code.build_files.is_empty() || code.build_files.is_empty() {
        return vec![];
    }
    let changes = code.changes_since(&previous.survey.code);
    if changes.is_empty() {
        return vec![];
    }
    let notes = changes.iter().map(|change| match change.lines {
        Some((came, went)) => format!("`{}`: {} added, {went} removed", change.path, plural(came, "line")),
        None => format!("`{}` is another file", change.path),
    });
    let (name, version) = (dossier.id.short(), previous.version);
    let what = format!("what `{name}` runs at build time is not what {version} ran");
    let seen = Observation::new(what).listing(&notes.collect::<Vec<_>>());
    let lines = changes.iter().flat_map(|change| &change.shown).take(LINES);
    vec![lines.fold(seen, Observation::note)]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, packed, release};

    fn found(before: &[(&str, &str)], now: &[(&str, &str)]) -> Option<Vec<String>> {
        let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
        let sample = |files: &[(&str, &str)]| {
            files.iter().fold(packed(""), |sample, (path, text)| sample.file(path, text.as_bytes()))
        };
        case.archive(sample(now));
        case.before("0.9.0", sample(before));
        let mut findings = case.judged().findings.into_iter();
        findings.find(|finding| finding.id == "build-script-changed").map(|finding| finding.notes)
    }

    #[test]
    fn the_changed_lines_are_quoted() {
        let old = ("build.rs", "mod a;\nfn main() {}\n");
        let new = ("build.rs", "mod a;\nfn main() { a::b() }\n");
        assert_eq!(found(&[old], &[old]), None);
        assert_eq!(found(&[old, ("src/x.rs", "a")], &[old, ("src/x.rs", "b")]), None);
        assert_eq!(found(&[], &[new]), None);
        assert_eq!(
            found(&[old], &[new]).expect("a finding"),
            ["`build.rs`: 1 line added, 1 removed", "- fn main() {}", "+ fn main() { a::b() }"]
        );
        // A module of it is a part of it.
        let notes = found(&[old, ("a.rs", "x")], &[old, ("a.rs", "x\ny")]).expect("a finding");
        assert!(notes[0].starts_with("`a.rs`"), "{notes:?}");
    }
}
