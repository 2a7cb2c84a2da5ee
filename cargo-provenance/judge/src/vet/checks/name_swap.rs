//! `name-swap`: a name that has the words of a known name in another order.

use super::look_alike;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;
use crate::vet::names::Likeness;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "name-swap",
    group: Group::Names,
    needs: Needs::History,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A young crate whose name has the words of a known name in another order.

`if-cfg` (2023) is cfg-if the other way round.
Known are the packages that are pinned, the workspace's members, packages with advisories, some hundred well-known ones, and what
`[names] known` lists. Younger than 90 days it is refused, younger than a year a person has to look at it, later it is silent: the
age is what tells a look-alike from a namesake. If the name is the one you meant, list it in `[names] known`.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    look_alike::judge(dossier, ground, Likeness::Swap, |other| {
        format!("has the words of `{other}` in another order")
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_age_of_the_look_alike_decides() {
        super::look_alike::tests::check(super::CHECK.id, "json-serde", "serde_json");
    }
}
