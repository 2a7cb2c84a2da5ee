//! `exec-script`: scripts that can be run.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::Kind;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "exec-script",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A file with the executable bit that begins with `#!`.

Six of a hundred packages have one, for their maintainers. Nothing runs it when the package is compiled, unless a build
script does: `build-exec` looks for that. It is noted so that a script that only a new version has is seen.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    told(dossier, &[Kind::Script], "is a script for", |_, seen| seen)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, of_check, release, with};
    use crate::finding::Weight;

    #[test]
    fn only_a_file_that_can_be_run_is_a_script() {
        let script: &[u8] = b"#!/bin/sh\n";
        let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
        let sample = with("", &[("plain.sh", script)]);
        let sample = sample.program("ci/run.sh", script).program("src/a.rs", b"#![no_std]\n");
        case.archive(sample);
        assert_eq!(of_check("exec-script", &case.judged()), [(Weight::Note, "ci/run.sh".to_owned())]);
    }
}
