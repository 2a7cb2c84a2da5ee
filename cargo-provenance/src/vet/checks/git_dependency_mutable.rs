//! `git-dependency-mutable`: a git dependency that names no commit.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "git-dependency-mutable",
    group: Group::Manifest,
    needs: Needs::Identity,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A git dependency that follows a branch or a tag.

Both can be moved to other commits, as the tags of tj-actions were in March 2025. The pin holds the commit all the same, but
the next `update` takes whatever the name points at then. Give the dependency a `rev`.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(source) = dossier.id.source.as_ref().filter(|source| source.is_git()) else { return vec![] };
    let query = source.as_str().split_once('?').map_or("", |(_, query)| query);
    if query.starts_with("rev=") {
        return vec![];
    }
    let name = dossier.id.short();
    let follows = match query.split_once('#').map_or(query, |(query, _)| query).split_once('=') {
        Some((kind @ ("branch" | "tag"), at)) => format!("{kind} `{at}`"),
        _ => "the default branch".to_owned(),
    };
    let commit = source.commit().unwrap_or_default();
    vec![
        Observation::new(format!("`{name}` follows {follows} of `{}`", source.url()))
            .help(format!("name the commit in `Cargo.toml`: `rev = \"{commit}\"`")),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids};

    #[test]
    fn only_a_rev_is_fixed() {
        for (query, refused) in [("", true), ("?branch=main", true), ("?tag=v1", true), ("?rev=abc", false)] {
            let mut case = Case::new("[sources]\ngit = [\"https://h/r\"]\n", "1.0.0", vec![]);
            case.from(&format!("git+https://h/r{query}#{}", "a".repeat(40)));
            let expected = if refused { &["git-dependency-mutable"][..] } else { &[] };
            assert_eq!(ids(&case.judged()), expected, "{query}");
        }
    }
}
