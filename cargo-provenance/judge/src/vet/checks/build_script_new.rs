//! `build-script-new`: a build script that the version before had not.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-script-new",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A build script that the version before it had not.

It runs on every machine that builds, from this version on. The build scripts of envlogger, serd and their siblings (2023-08)
came after a first version that held nothing. Of 922 updates 12 brought one.

Read it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    of_code::new_since(dossier, |code| !code.build_scripts.is_empty(), ("has a build script", "had none"))
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
        let (with, without) = ("build = true", "build = false");
        assert_eq!(found(Some(without), with), ["build-script-new"]);
        assert_eq!(found(Some(with), with), [""; 0]);
        assert_eq!(found(Some(with), without), [""; 0]);
        assert_eq!(found(None, with), [""; 0]);
    }
}
