//! `internal-name`: a package under a name that belongs to the team, from somewhere else.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "internal-name",
    group: Group::Names,
    needs: Needs::Identity,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A package under a name that is the team's own, from a registry that is not.

Whoever learns the name of an internal package can publish it on crates.io, and a dependency that lacks its `registry` key takes
the outsider's (dependency confusion, 2021; mysten-metrics and sui-execution-cut, 2026; bitcoin-internals, 2023). A name is the
team's where `[names] internal` lists it, as a pattern such as `\"acme-*\"` that must not come from crates.io, or as
`{ name = \"acme-*\", registry = \"corp\" }` that comes from nowhere else; where a member of the workspace bears it; and
where what is at hand of another registry of the repository's cargo configuration has a package of that name with other bytes.
No registry is asked for names. Correct the dependency's `registry` key; if both are meant, make an exception.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let id = dossier.id;
    let Some(source) = id.source.as_ref().filter(|source| !source.is_git()) else { return vec![] };
    let mut seen = vec![];
    let internal = ground.policy.internal().iter().filter(|at| at.value.covers(&id.name));
    for at in internal.filter(|at| at.value.is_foreign(source, ground.index_of)).take(1) {
        let what = format!("`{}` comes from `{source}`, and the name is the team's own", id.short());
        seen.push(Observation::new(what).note(at.value.origin()).line(Some(at.line), "internal name"));
    }
    if seen.is_empty() && ground.names.is_member(&id.name) {
        let what =
            format!("`{}` comes from `{source}`, and a member of the workspace is called so", id.short());
        seen.push(Observation::new(what));
    }
    if let (true, Some(other)) = (seen.is_empty(), dossier.elsewhere.first()) {
        let what = format!(
            "`{}` comes from `{source}`, and registry `{other}` has another package of that name",
            id.short()
        );
        seen.push(Observation::new(what));
    }
    let help = "if the team's own was meant, name its registry or its path in `Cargo.toml`";
    seen.into_iter().map(|seen| seen.help(help)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, release};
    use crate::vet::Names;

    fn is_found(policy: &str, source: Option<&str>, change: impl FnOnce(&mut Case)) -> bool {
        let mut case = Case::new(policy, "1.0.0", vec![release("1.0.0", 900)]);
        source.into_iter().for_each(|source| case.from(source));
        case.rename("acme-core");
        change(&mut case);
        case.whole("internal-name").is_some()
    }

    #[test]
    fn a_name_of_the_teams_own_from_somewhere_else_is_denied() {
        let corp = Some("sparse+https://corp/");
        for (policy, source, expected) in [
            ("", None, false),
            ("[names]\ninternal = [\"acme_*\"]\n", None, true),
            ("[names]\ninternal = [\"acme_*\"]\n", corp, false),
            ("[names]\ninternal = [\"other-*\"]\n", None, false),
            (
                "[names]\ninternal = [{ name = \"acme-*\", registry = \"sparse+https://corp/\" }]\n",
                corp,
                false,
            ),
            (
                "[names]\ninternal = [{ name = \"acme-*\", registry = \"sparse+https://corp/\" }]\n",
                None,
                true,
            ),
            // A registry that the repository does not name is none that anything could come from.
            ("[names]\ninternal = [{ name = \"acme-*\", registry = \"corp\" }]\n", corp, true),
        ] {
            assert_eq!(is_found(policy, source, |_| {}), expected, "{policy} {source:?}");
        }
        assert!(is_found("", None, |case| case.names.own(["acme_core"])));
        assert!(is_found("", None, |case| case.elsewhere = vec!["corp".to_owned()]));
        let unpublished = |case: &mut Case| {
            case.unpublished();
            case.names = Names::default();
            case.names.own(["acme_core"]);
        };
        assert!(!is_found("", None, unpublished));
    }
}
