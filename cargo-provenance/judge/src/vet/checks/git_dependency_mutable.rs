//! `git-dependency-mutable`: a git dependency that names no commit.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::{Dossier, Way};
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
A git dependency that names no commit.

A branch or a tag can be moved to other commits, as the tags of tj-actions were in March 2025, and cargo takes either for a
`rev` too. The pin holds the commit all the same, but the next `update` takes whatever the name points at then. Give the
dependency a `rev` with the commit's hash, or with at least its first seven digits.",
    judge,
};

/// Digits that name a commit: what git itself abbreviates to.
const SHORTEST: usize = 7;

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(source) = dossier.id.source.as_ref().filter(|source| source.is_git()) else { return vec![] };
    let query = source.as_str().split_once('?').map_or("", |(_, query)| query);
    let commit = source.commit().unwrap_or_default();
    let follows = match query.split_once('#').map_or(query, |(query, _)| query).split_once('=') {
        // Whatever else cargo accepts here is a name, even one that looks like a hash.
        Some(("rev", at)) if at.len() >= SHORTEST && commit.starts_with(&at.to_ascii_lowercase()) => {
            return vec![];
        }
        Some((kind @ ("branch" | "rev" | "tag"), at)) => format!("{kind} `{at}`"),
        _ => "the default branch".to_owned(),
    };
    let name = dossier.id.short();
    let help = match dossier.way {
        Way::Named => format!("name the commit: `--rev {commit}`"),
        Way::Kept | Way::Locked | Way::Pulled => {
            format!("name the commit in `Cargo.toml`: `rev = \"{commit}\"`")
        }
    };
    vec![Observation::new(format!("`{name}` follows {follows} of `{}`", source.url())).help(help)]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids};

    #[test]
    fn only_a_commit_is_fixed() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (query, refused) in [
            ("", true),
            ("?branch=main", true),
            ("?tag=v1", true),
            ("?rev=v1", true),
            ("?rev=refs/heads/main", true),
            ("?rev=", true),
            ("?rev=012345", true),
            ("?rev=deadbeef", true),
            ("?branch=0123456789", true),
            ("?rev=0123456", false),
            ("?rev=0123456789ABCDEF", false),
            ("?rev=0123456789abcdef0123456789abcdef01234567", false),
        ] {
            let mut case = Case::new("[sources]\ngit = [\"https://h/r\"]\n", "1.0.0", vec![]);
            case.from(&format!("git+https://h/r{query}#{commit}"));
            let expected = if refused { &["git-dependency-mutable"][..] } else { &[] };
            assert_eq!(ids(&case.judged()), expected, "{query}");
        }
    }
}
