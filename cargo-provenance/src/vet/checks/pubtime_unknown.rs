//! `pubtime-unknown`: a registry that does not say when a version was published.

use provenance_build::Source;

use crate::policy::{Firmness, Level, Pubtime, SourceRuling};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "pubtime-unknown",
    group: Group::History,
    needs: Needs::History,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 1,
    docs: "\
A version of which the registry does not say when it was published.

Without a time no age can be judged, and an attacker who controls an index would leave it out. All of 36,617 versions of
crates.io have one. For a registry that never has them, say so once in the policy:
`registries = [{ name = \"corp\", pubtime = \"absent\" }]`.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let (Some(release), Some(source)) = (dossier.listed(), &dossier.id.source) else { return vec![] };
    let expected = match ground.policy.source(source, ground.index_of) {
        SourceRuling::Listed(pubtime) => pubtime == Pubtime::Expected,
        SourceRuling::Unlisted(_) => true,
    };
    if release.published.is_some() || !expected {
        return vec![];
    }
    let name = dossier.id.short();
    let registry = dossier.id.source.as_ref().map(Source::display_name).unwrap_or_default();
    vec![Observation::new(format!("the registry does not say when `{name}` was published")).help(format!(
        "if this registry never does, list it in `Provenance.toml` as {{ name = \"{registry}\", pubtime = \"absent\" }}"
    ))]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, release};

    #[test]
    fn a_version_without_a_time_is_reviewed_unless_the_registry_never_has_them() {
        for (policy, expected) in [
            ("", &["pubtime-unknown"][..]),
            ("[checks]\npubtime-unknown = \"allow\"\n", &[]),
            ("[sources]\nregistries = [{ name = \"crates-io\", pubtime = \"absent\" }]\n", &[]),
        ] {
            let mut undated = release("1.0.0", 90);
            undated.published = None;
            let case = Case::new(policy, "1.0.0", vec![undated]);
            assert_eq!(ids(&case.judged()), expected, "{policy}");
        }
    }
}
