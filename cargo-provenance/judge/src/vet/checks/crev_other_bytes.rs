//! `crev-other-bytes`: a package whose contents are others than those that were reviewed under its name and version.

use crate::audit::crev::Digest;
use crate::model::Evidence;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "crev-other-bytes",
    group: Group::Audits,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 3,
    docs: "\
A package that is not what was reviewed with crev under its name and version.

A review that is signed with crev says by a digest what contents it is about. These are others: the registry gave out something else than
the reviewer saw, or the reviewer's copy was not clean, as a folder is in which somebody built. Such a review proves nothing, and
whoever relies on it should know why. Compare both, ask the reviewer; where their copy was the cause, `exclude` in
`[audits.crev.NAME]` says that their reviews do not count for this crate.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let id = dossier.id;
    let Some(reviews) = ground.audits.known() else { return vec![] };
    let claims = reviews.claims(id);
    if claims.is_empty() {
        return vec![];
    }
    let digest = match &dossier.archive {
        Evidence::Known(archive) => Digest::of_files(archive.files().map(|file| (file.path, file.content))),
        // Without the archive nothing tells what the registry gave out.
        Evidence::Absent | Evidence::Unavailable(_) => None,
    };
    let seen = claims.into_iter().filter(|(_, claim)| Some(claim.digest) != digest).map(|(name, claim)| {
        let what = match digest {
            Some(_) => format!("`{}` is not what `{name}` reviewed", id.short()),
            None => format!("`{}` cannot be compared with what `{name}` reviewed", id.short()),
        };
        let seen = Observation::new(what).on(claim.digest.to_string());
        let seen = seen.note(format!("reviewed: {} ({})", claim.digest, claim.place));
        let seen = digest.iter().fold(seen, |seen, digest| seen.note(format!("here: {digest}")));
        seen.help(format!(
            "compare both; where the reviewer's copy was not clean, `exclude = [\"{}\"]` in `[audits.crev.{name}]`",
            id.name
        ))
    });
    seen.collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, library, release};
    use crate::archive;
    use crate::audit::crev::Digest;
    use crate::audit::crev::samples::{Reviewer, digest};
    use crate::finding::Weight;
    use crate::vet::waiver;

    const POLICY: &str =
        "[audits]\nrequired = 'all'\n[audits.crev.kp]\npath = 'crev'\ncriteria = 'safe-to-deploy'\n";

    const SOURCE: &str = "pub fn f() {}\n";

    fn case(reviewed: Digest) -> Case {
        let signer = Reviewer::new(1);
        let policy = format!("{POLICY}id = '{}'\n", signer.id());
        let mut case = Case::new(&policy, "1.0.0", vec![release("1.0.0", 900)]);
        let body = signer.body("1.0.0", reviewed, "2026-01-01T00:00:00Z", "positive", "");
        case.signed(&signer.proof(&body));
        case
    }

    #[test]
    fn a_review_of_other_contents_is_no_ground_for_a_pin() {
        let bytes = library(SOURCE).build();
        let archive = archive::read(&bytes, &crate::samples::id("dep")).expect("an archive");
        let real = Digest::of_files(archive.files().map(|file| (file.path, file.content))).expect("a digest");
        let mut same = case(real);
        same.archive(library(SOURCE));
        let judgment = same.judged();
        assert!(!ids(&judgment).contains(&"crev-other-bytes"), "{judgment:#?}");
        assert!(!ids(&judgment).contains(&"not-audited"), "{judgment:#?}");
        assert_eq!(judgment.proof.map(|proof| proof.from), Some(vec!["kp".to_owned()]));
        let mut other = case(digest("anything"));
        other.archive(library(SOURCE));
        let judgment = other.judged();
        let finding = judgment.findings.iter().find(|it| it.id == "crev-other-bytes").expect("a finding");
        assert_eq!(finding.weight, Weight::Denial);
        assert!(!waiver::may_be_waived(finding));
        assert!(finding.notes.contains(&format!("here: {real}")), "{finding:#?}");
        assert!(!judgment.admits());
    }
}
