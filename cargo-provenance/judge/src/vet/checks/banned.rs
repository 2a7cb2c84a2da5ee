//! `banned`: a package that the policy does not want.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "banned",
    group: Group::Source,
    needs: Needs::Identity,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A package that the policy bans.

Each `[[ban]]` names a package, `versions` where only some are meant, the reason, and what to use `instead`.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let id = dossier.id;
    let version = semver::Version::parse(id.version.as_str()).ok();
    let bans = ground.policy.bans().iter().filter(|at| {
        let names = at.value.package == id.name;
        // A version that cannot be compared is not shown to be outside the ban.
        let matches = at.value.versions.as_ref().zip(version.as_ref()).is_none_or(|(versions, version)| {
            // A prerelease belongs to the versions around it: the requirement's own rule would let it slip through.
            let mut plain = version.clone();
            plain.pre = semver::Prerelease::EMPTY;
            versions.matches(version) || versions.matches(&plain)
        });
        names && matches
    });
    bans.map(|at| {
        let seen = Observation::new(format!("`{}` is banned: {}", id.short(), at.value.reason));
        let seen = seen.line(Some(at.line), "banned here");
        match &at.value.instead {
            Some(instead) => seen.help(format!("use `{instead}` instead")),
            None => seen,
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, release};

    #[test]
    fn a_ban_covers_its_versions() {
        let ban = |rest: &str| format!("[[ban]]\npackage = \"dep\"\nreason = \"no C\"\n{rest}");
        for (policy, version, banned) in [
            (ban(""), "1.0.0", true),
            (ban("versions = \"<1.2\""), "1.1.0", true),
            (ban("versions = \"<1.2\""), "1.1.0-rc.1", true),
            (ban("versions = \"<1.2\""), "1.2.0", false),
            (ban("").replace("dep", "other"), "1.0.0", false),
        ] {
            let case = Case::new(&policy, version, vec![release("0.1.0", 900), release(version, 90)]);
            assert_eq!(ids(&case.judged()), if banned { &["banned"][..] } else { &[] }, "{policy} {version}");
        }
    }
}
