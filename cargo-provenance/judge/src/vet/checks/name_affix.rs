//! `name-affix`: a name that is a known one with a word more.

use super::look_alike;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;
use crate::vet::names::Likeness;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "name-affix",
    group: Group::Names,
    needs: Needs::History,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A young crate whose name is a known one with a word more, such as `-rs` or `-official`.

tracing-check and finch-rust (2025 and 2026) look as if they belonged to what they are named after.
Known are the packages that are pinned, the workspace's members, packages with advisories, some hundred well-known ones, and what
`[names] known` lists. Younger than 90 days it is refused, younger than a year a person has to look at it, later it is silent: the
age is what tells a look-alike from a namesake. If the name is the one you meant, list it in `[names] known`.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    look_alike::judge(dossier, ground, Likeness::Affix, |other| format!("is `{other}` with a word more"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_age_of_the_look_alike_decides() {
        super::look_alike::tests::check(super::CHECK.id, "tokio-official", "tokio");
    }
}
