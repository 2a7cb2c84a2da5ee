//! `review-of-other-bytes`: a version of which a reviewer saw other bytes.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "review-of-other-bytes",
    group: Group::Audits,
    needs: Needs::Audits,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 3,
    docs: "\
A version of which a reviewer saw other bytes.

`certify` records in `supply-chain/bindings.toml` which `.crate` and which tree a review is of. A package that comes under the same name and
version with other bytes is another one: a registry, a mirror or an index replaced what was published, or whoever reviewed it was shown
something else. The review does not count, and the package is refused, whatever else vouches for it.

Nobody can wave it through. Find out which of the two is right. Where it is the new one, review that: remove the old review from `audits.toml`
and `bindings.toml`, and certify again.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let Some(reviews) = ground.audits.known() else { return vec![] };
    let id = dossier.id;
    let seen = reviews.of_other_bytes(id, &dossier.bytes).into_iter().map(|it| {
        Observation::new(format!("`{}` is not what {} reviewed", id.short(), it.who.join(" and ")))
            .note(format!("{} ({})", it.what, it.place))
            .help("find out which of the two is right, and who changed it")
            .help("where it is this one, remove the review and its binding from `supply-chain/`, and review it anew")
    });
    seen.collect()
}

#[cfg(test)]
mod tests {
    use provenance_build::{Checksum, TreeDigest};

    use super::super::samples::{Case, ids, release};
    use crate::finding::Weight;
    use crate::vet::reviews::Known;

    #[test]
    fn a_version_that_was_published_anew_under_a_reviewed_name_is_refused() {
        let review = "[[audits.dep]]\nwho = 'Ann'\ncriteria = 'safe-to-deploy'\nversion = '1.0.0'\n";
        let digest = |byte: &str| byte.repeat(32);
        let binding = format!(
            "version = 1\n[[bindings.dep]]\nwho = 'Ann'\ncriteria = 'safe-to-deploy'\nversion = '1.0.0'\n\
             checksum = 'sha256:{}'\ntree = 'b3:{}'\non = '2026-11-20'\n",
            digest("01"),
            digest("02")
        );
        let known = |checksum: u8, tree: Option<u8>| Known {
            checksum: Some(Checksum::from_bytes([checksum; 32])),
            tree: tree.map(|tree| TreeDigest::from_bytes([tree; 32])),
        };
        for (bytes, found) in [
            (Known::default(), false),
            (known(1, None), false),
            (known(1, Some(2)), false),
            (known(9, None), true),
            (known(9, Some(2)), true),
            (known(1, Some(9)), true),
        ] {
            let mut case = Case::new("[audits]\nrequired = 'all'", "1.0.0", vec![release("1.0.0", 900)]);
            case.reviewed(review, "");
            case.bound(&binding);
            case.bytes = bytes;
            let judgment = case.judged();
            assert_eq!(ids(&judgment).contains(&"review-of-other-bytes"), found, "{bytes:?}");
            assert_eq!(ids(&judgment).contains(&"not-audited"), found, "{bytes:?}");
            assert_eq!(judgment.proof.is_none(), found);
            if let Some(finding) = judgment.findings.iter().find(|it| it.id == "review-of-other-bytes") {
                assert_eq!(finding.weight, Weight::Denial);
                assert!(finding.notes[0].contains("supply-chain/bindings.toml:2"), "{finding:#?}");
                assert!(!crate::vet::waiver::may_be_waived(finding));
            }
        }
    }
}
