//! `pubtime-unknown`: a registry that does not say when a version was published.

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
    // As the policy names registries: the id of `Cargo.lock`, unless it is crates.io's.
    let registry = if source.is_crates_io() { "crates-io" } else { source.as_str() };
    vec![Observation::new(format!("the registry does not say when `{name}` was published")).help(format!(
        "if this registry never does, list it in `Provenance.toml` as {{ name = \"{registry}\", pubtime = \"absent\" }}"
    ))]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use provenance_build::{PackageId, Source};

    use super::super::samples::{Case, ids, release};
    use crate::model::{Clock, Evidence};
    use crate::policy::Policy;
    use crate::vet::{Cooldown, Dossier, Ground, Names, Way, catalogue};

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

    #[test]
    fn the_line_that_helps_is_one_that_the_policy_takes() {
        let id = PackageId {
            source: Source::parse("sparse+https://registry.example/index/"),
            ..crate::samples::id("dep")
        };
        let mut undated = release("1.0.0", 90);
        undated.published = None;
        let judged = |text: &str| {
            let text = format!("version = 1\n{text}");
            let policy = Policy::parse(text.as_bytes(), Path::new("p"), catalogue()).expect("a policy");
            let releases = [undated.clone()];
            let dossier = Dossier {
                history: Evidence::Known(&releases),
                release: Evidence::Known(&releases[0]),
                ..Dossier::new(&id, Way::Named)
            };
            let databases = Evidence::Absent;
            let ground = Ground {
                policy: &policy,
                databases,
                audits: Evidence::Absent,
                index_of: &|_| None,
                names: &Names::default(),
                cooldown: &Cooldown::default(),
                now: Clock(0),
                judged_by: None,
            };
            super::judge(&dossier, &ground)
        };
        let help = judged("").remove(0).help.remove(0);
        let line = format!("{{{}", help.split('{').nth(1).expect("a line"));
        assert!(judged(&format!("[sources]\nregistries = [{line}]\n")).is_empty(), "{help}");
    }
}
