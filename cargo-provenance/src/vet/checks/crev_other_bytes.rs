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
