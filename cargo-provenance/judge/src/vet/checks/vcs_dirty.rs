//! `vcs-dirty`: a package with changes that its commit does not hold.

use crate::archive::Vcs;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "vcs-dirty",
    group: Group::Manifest,
    needs: Needs::Archive,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A package that was made from files which its commit does not hold.

`cargo publish --allow-dirty` writes that into `.cargo_vcs_info.json`; 64 of 4,038 packages have it. Often it is a generated
file or a version number that a script wrote. Whoever reviews the repository does not see it: compare the package with the
commit that it names.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(archive) = dossier.archive.known() else { return vec![] };
    let Vcs::Commit { id, dirty: true, .. } = archive.vcs() else { return vec![] };
    vec![
        Observation::new(format!("`{}` was made with changes that are in no commit", dossier.id.short()))
            .note(format!("the commit below them is `{id}`")),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, package, release};

    #[test]
    fn changes_outside_the_commit_are_noted() {
        for (dirty, expected) in
            [("", &[][..]), (",\"dirty\":false", &[]), (",\"dirty\":true", &["vcs-dirty"])]
        {
            let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
            let text = format!("{{\"git\":{{\"sha1\":\"{}\"{dirty}}}}}", "a".repeat(40));
            let manifest = "[package]\nname = 'dep'\nversion = '1.0.0'\n";
            case.archive(package(manifest).file(".cargo_vcs_info.json", text.as_bytes()));
            let judgment = case.judged();
            assert_eq!(ids(&judgment), expected, "{dirty}");
            assert!(judgment.admits());
        }
    }
}
