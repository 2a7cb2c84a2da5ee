//! `not-audited`: a package that nobody reviewed, where the policy requires reviews.

use crate::audit::VetVersion;
use crate::policy::{Firmness, Level, Required};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::{Dossier, Way};
use crate::vet::engine::Ground;
use crate::vet::reviews::{Look, Standing};

/// Reviews that are proposed for one package.
const SHOWN: usize = 3;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "not-audited",
    group: Group::Audits,
    needs: Needs::Audits,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A package that nobody reviewed, where the policy requires it.

`[audits] required` says of what: `all`, `new` (what is not pinned yet), or `none`, which is the default. A chain of reviews must lead to the
version, for the criteria of `[audits] criteria`, or where those are not set for what cargo-vet would require of it: a review of the whole
version, or one of an earlier version and of what changed since. Exemptions in `supply-chain/config.toml` count. A review of another version,
and one by an auditor whom the import's filters leave out do not. The name of a trusted publisher counts where the release is older than
`publisher-age`, depends on nothing that the version before it did not depend on, and was published by whoever published that; what it
brings in at build time is for `publisher-not-enough` to say.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let id = dossier.id;
    let Some(reviews) = ground.audits.known() else { return vec![] };
    let required = reviews.required();
    if !is_required(required.value, dossier) {
        return vec![];
    }
    let Standing::Open(missing) = reviews.given(dossier, Look::Beforehand).standing else { return vec![] };
    let demand = dossier.demand.known().copied().cloned().unwrap_or_else(|| reviews.strictest());
    let what = format!("`{}` was not reviewed for `{}`", id.short(), demand.line());
    let mut seen = Observation::new(what).line(Some(required.line), "required here").listing(&missing.why);
    seen = demand.why.iter().fold(seen, Observation::note);
    if let Some((version, gap)) = &missing.gap {
        let wanted = gap.reviews(version, |_| true).into_iter().take(SHOWN).map(|review| match review.from {
            None => format!("a review of {} would do", review.to),
            Some(from) => format!("a review of what changed from {from} to {} would do", review.to),
        });
        seen = wanted.fold(seen, Observation::note);
    }
    if dossier.way == Way::Kept
        && dossier.history.unavailable().is_some()
        && reviews.trusts_for(id.name.as_str())
    {
        seen = seen.help(
            "where its publisher is trusted: `cargo provenance pin --recheck` looks at what it brings in",
        );
    }
    // A review of a commit says which.
    let version = VetVersion::of(id).map_or_else(|| id.version.to_string(), |version| version.to_string());
    let id = format!("{} {version}{}", id.name, reviews.flags(&demand));
    vec![
        seen.help(format!(
            "review it, then run `cargo provenance certify {id}`; `suggest` says what is cheapest"
        ))
        .help("or import the reviews of somebody who did, in `[audits]` of `Provenance.toml`"),
    ]
}

/// Whether somebody must vouch for a package.
pub(super) fn is_required(required: Required, dossier: &Dossier<'_>) -> bool {
    match required {
        Required::All => true,
        Required::New => dossier.way != Way::Kept || dossier.comes_anew,
        Required::None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, release};
    use crate::vet::Way;

    const FULL: &str = "[[audits.dep]]\ncriteria = 'safe-to-deploy'\nversion = '1.0.0'\n";

    #[test]
    fn only_a_review_of_this_very_version_counts() {
        let delta = format!("{FULL}[[audits.dep]]\ncriteria = 'safe-to-deploy'\ndelta = '1.0.0 -> 1.1.0'\n");
        let weaker = FULL.replace("deploy", "run");
        for (policy, audits, version, way, found) in [
            ("required = 'all'", FULL, "1.0.0", Way::Kept, false),
            ("required = 'all'", FULL, "1.1.0", Way::Kept, true),
            ("required = 'all'", FULL, "1.0.1", Way::Named, true),
            ("required = 'all'", &*delta, "1.1.0", Way::Kept, false),
            ("required = 'all'", &*weaker, "1.0.0", Way::Kept, true),
            ("required = 'all'\ncriteria = 'safe-to-run'", &*weaker, "1.0.0", Way::Kept, false),
            ("required = 'new'", "", "1.0.0", Way::Kept, false),
            ("required = 'new'", "", "1.0.0", Way::Locked, true),
            ("required = 'none'", "", "1.0.0", Way::Named, false),
        ] {
            let mut case = Case::new(&format!("[audits]\n{policy}"), version, vec![release(version, 900)]);
            case.way = way;
            case.reviewed(audits, "");
            assert_eq!(
                ids(&case.judged()).contains(&"not-audited"),
                found,
                "{policy} {audits} {version} {way:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_leaves_the_package_open() {
        let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
        case.reviewed("[[audits.other]]\ncriteria = 'unknown'\nversion = '1.0.0'\n", "");
        let judgment = case.judged();
        assert_eq!(judgment.open.len(), 1, "{judgment:#?}");
        assert_eq!(judgment.open[0].checks, ["audit-violation", "not-audited", "review-of-other-bytes"]);
        assert!(!judgment.admits());
    }
}
