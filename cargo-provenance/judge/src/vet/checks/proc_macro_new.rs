//! `proc-macro-new`: a library that has become a procedural macro.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "proc-macro-new",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A library that has become a procedural macro, which runs inside the compiler of whoever uses it.

A package hardly ever changes its kind: what was a library runs with the rights of whoever builds, from this version on.

Read it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    of_code::new_since(dossier, |code| code.proc_macro, ("is a procedural macro", "was none"))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, packed, release};

    fn found(before: Option<&str>, now: &str) -> Vec<&'static str> {
        let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
        let sample = |rest| packed(rest).file("build.rs", b"fn main() {}");
        case.archive(sample(now));
        if let Some(before) = before {
            case.before("0.9.0", sample(before));
        }
        ids(&case.judged())
    }

    #[test]
    fn only_what_was_not_there_is_new() {
        let (with, without) = ("build = false\n[lib]\nproc-macro = true", "build = false");
        assert_eq!(found(Some(without), with), ["proc-macro-new"]);
        assert_eq!(found(Some(with), with), [""; 0]);
        assert_eq!(found(Some(with), without), [""; 0]);
        assert_eq!(found(None, with), [""; 0]);
    }
}
