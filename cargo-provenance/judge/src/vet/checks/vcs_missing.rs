//! `vcs-missing`: a package that does not say which commit it was made from.

use crate::archive::Vcs;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// When the first cargo came out that wrote the commit down: 1.30, on 2018-10-25.
const WRITTEN_SINCE: u64 = 1_540_425_600;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "vcs-missing",
    group: Group::Manifest,
    needs: Needs::Archive,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A package that names no commit in `.cargo_vcs_info.json`.

Cargo writes that file since 1.30 when it packages a git checkout. Three packages in a hundred lack it: made outside of a
repository, from one that is not git, or by another tool. Without a commit there is nothing to compare the package with, so
that only what it holds itself can be reviewed. Older packages are not told of.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(archive) = dossier.archive.known() else { return vec![] };
    let name = dossier.id.short();
    match archive.vcs() {
        Vcs::Commit { .. } => vec![],
        Vcs::Missing => {
            let published = dossier.listed().and_then(|release| release.published);
            let is_old = published.is_some_and(|at| at < WRITTEN_SINCE);
            let seen = Observation::new(format!("`{name}` does not say which commit it was made from"));
            if is_old { vec![] } else { vec![seen] }
        }
        Vcs::Unreadable(why) => {
            let seen = Observation::new(format!("the `.cargo_vcs_info.json` of `{name}` names no commit"));
            vec![seen.note(why)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, package, release};
    use crate::vet::Judgment;

    const ID: &str = "vcs-missing";

    fn judged(vcs: Option<&str>, days_ago: u64) -> Judgment {
        let mut case = Case::new("", "1.0.0", vec![release("1.0.0", days_ago)]);
        let sample = package("[package]\nname = 'dep'\nversion = '1.0.0'\n");
        case.archive(match vcs {
            Some(text) => sample.file(".cargo_vcs_info.json", text.as_bytes()),
            None => sample,
        });
        case.judged()
    }

    #[test]
    fn a_package_without_a_commit_is_noted_unless_it_is_older_than_the_file() {
        for (vcs, days_ago, noted) in [
            (None, 900, true),
            (None, 3_600, false),
            (Some("{\"git\":{\"sha1\":\"main\"}}"), 900, true),
            (Some("{\"git\":{\"sha1\":\"main\"}}"), 3_600, true),
            (Some("{\"git\":{\"sha1\":\"0123456789012345678901234567890123456789\"}}"), 900, false),
        ] {
            let judgment = judged(vcs, days_ago);
            assert_eq!(ids(&judgment), if noted { &[ID][..] } else { &[] }, "{vcs:?} {days_ago}");
            assert!(judgment.admits());
        }
    }
}
