//! `native-executable`: programs and shared libraries.

use super::of_files::told;
use crate::model::Evidence;
use crate::policy::{Firmness, Level};
use crate::survey::content::{Kind, Sight};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "native-executable",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A program or a shared library.

ELF, Windows and Mach-O are known by their first bytes. One is refused where the version before had none in that place.

Nobody can read what it does. `serde_derive` 1.0.172 (2023) shipped one that ran in every build, and versions of a typosquat of
`postgres` (2023) brought an installer along. A few packages have some for their tests. Build it from its sources, or accept it
where you trust who compiled it.

A package is compared with the version that it replaces. One that comes in anew is compared with the newest older version of
its semver line that was not yanked, or with a yanked one if there is no other, but only until it is 90 days old: what was new
longer ago has been seen by others. Packages of git repositories and directories are not compared, nor are pins that stay. Where
a comparison is due and cannot be made, the package is left open.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    told(dossier, &[Kind::Executable], "is", |sight, seen| weigh(dossier, sight, seen))
}

fn weigh(dossier: &Dossier<'_>, sight: &Sight, seen: Observation) -> Observation {
    match &dossier.previous {
        Evidence::Absent => seen,
        Evidence::Known(previous) => {
            let mut known = previous.survey.content.of_kind(Kind::Executable);
            if known.any(|known| known.path == sight.path) {
                return seen.note(format!("`{}` has one there, too", previous.version));
            }
            seen.at(Level::Deny).note(format!("`{}` has none there", previous.version))
        }
        Evidence::Unavailable(why) => seen.undecided(why),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, of_check, release, seen, with};
    use provenance_build::Version;

    use super::*;
    use crate::finding::Weight;

    #[test]
    fn a_program_is_up_for_review_wherever_it_lies() {
        let found = seen("native-executable", &[("tests/a.exe", b"\xcf\xfa\xed\xfe"), ("x", b"\x7fELF")]);
        let expected = ["tests/a.exe", "x"].map(|path| (Weight::Review, path.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn one_that_is_new_is_refused_and_one_that_may_be_new_leaves_the_package_open() {
        let program: &[u8] = b"\x7fELF";
        let judged = |policy: &str, files: &[(&str, &[u8])], before| {
            let mut case = Case::new(policy, "1.0.0", vec![release("1.0.0", 900)]);
            case.archive(with("", files));
            case.before = before;
            let judgment = case.judged();
            let weight = of_check("native-executable", &judgment).first().map(|(weight, _)| *weight);
            (weight, judgment.open.iter().flat_map(|open| open.checks.clone()).collect::<Vec<_>>())
        };
        let before = |path: &str| {
            Evidence::Known((
                Version::parse("0.9.0").expect("a version"),
                with("", &[(path, program)]).build(),
            ))
        };
        let files: &[(&str, &[u8])] = &[("bin/x", program)];
        assert_eq!(judged("", files, before("bin/x")), (Some(Weight::Review), vec![]));
        assert_eq!(judged("", files, before("bin/y")), (Some(Weight::Denial), vec![]));
        let unknown = || Evidence::Unavailable("it is not at hand".to_owned());
        assert_eq!(judged("", files, unknown()), (Some(Weight::Review), vec!["native-executable"]));
        assert_eq!(judged("", &[], unknown()), (None, vec![]));
        let set = "[checks]\nnative-executable = \"note\"\n";
        assert_eq!(judged(set, files, unknown()), (Some(Weight::Note), vec![]));
        assert_eq!(judged(set, files, before("bin/y")), (Some(Weight::Note), vec![]));
    }
}
