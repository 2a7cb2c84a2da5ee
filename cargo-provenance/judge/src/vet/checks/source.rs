//! `source`: where packages may come from.

use crate::policy::{Firmness, Level, SourceRuling};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "source",
    group: Group::Source,
    needs: Needs::Identity,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 1,
    docs: "\
A package from a registry or a git repository that the policy does not list.

Nothing is trusted because of where it lies: a dependency that a manifest takes from another registry is how names that are
internal somewhere else get in. Registries are named as the repository's own cargo configuration or `Cargo.lock` name them;
what a machine's configuration calls a registry decides nothing. If you trust the source, add it to `[sources]`.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let Some(source) = &dossier.id.source else { return vec![] };
    let SourceRuling::Unlisted(line) = ground.policy.source(source, ground.index_of) else { return vec![] };
    let list = if source.is_git() { "git" } else { "registries" };
    let named = if source.is_git() { source.url() } else { source.as_str() };
    let name = dossier.id.short();
    vec![
        Observation::new(format!("`{name}` comes from `{source}`, which the policy does not list"))
            .help(format!("if you trust it, add \"{named}\" to `[sources] {list}` in `Provenance.toml`"))
            .line(line, "the sources that are trusted stand here"),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, release};

    #[test]
    fn a_source_that_is_not_listed_is_refused() {
        let git = format!("git+https://h/r?rev=aaaaaaa#{}", "a".repeat(40));
        for (policy, source, refused) in [
            ("", "sparse+https://h/i/", true),
            ("[sources]\nregistries = [\"sparse+https://h/i/\"]\n", "sparse+https://h/i/", false),
            ("", git.as_str(), true),
            ("[sources]\ngit = [\"https://h/r\"]\n", git.as_str(), false),
        ] {
            let mut case = Case::new(policy, "1.0.0", vec![release("0.9.0", 900), release("1.0.0", 90)]);
            case.from(source);
            assert_eq!(ids(&case.judged()), if refused { &["source"][..] } else { &[] }, "{policy} {source}");
        }
    }
}
