//! `registry-changed`: a version that was pinned from another source.

use provenance_build::Source;

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "registry-changed",
    group: Group::Manifest,
    needs: Needs::Identity,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A version that comes from another registry or repository than the pin it takes the place of.

The same name and version from somewhere else is another package. It is what dependency confusion looks like, and what
moving to a mirror by hand looks like. Mirrors belong into cargo's source replacement, which leaves `Cargo.lock` as it is.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(before) = dossier.pinned_from else { return vec![] };
    // Another commit of the same repository is another version of it, whatever number its manifest bears.
    let same = |now: &Source| before.is_git() && now.is_git() && before.url() == now.url();
    if dossier.id.source.as_ref().is_some_and(same) {
        return vec![];
    }
    let now = dossier.id.source.as_ref().map_or("a directory".to_owned(), |source| format!("`{source}`"));
    let name = dossier.id.short();
    vec![
        Observation::new(format!("`{name}` was pinned from `{before}`, and comes from {now} now"))
            .help("find out who changed it; if it is meant, accept it in the policy for a while"),
    ]
}

#[cfg(test)]
mod tests {
    use provenance_build::Source;

    use super::super::samples::{Case, ids, release};

    #[test]
    fn another_source_of_the_same_version_is_denied() {
        let mut case = Case::new("", "1.0.0", vec![release("0.9.0", 900), release("1.0.0", 90)]);
        assert!(ids(&case.judged()).is_empty());
        case.pinned_from = Source::parse("sparse+https://h/i/");
        assert_eq!(ids(&case.judged()), ["registry-changed"]);
        assert!(case.judged().refuses());
    }

    #[test]
    fn another_repository_is_denied_and_another_commit_is_an_update() {
        let policy = "[sources]\ngit = [\"https://h/r\"]\n";
        for (before, denied) in [
            (format!("git+https://h/r#{}", "b".repeat(40)), false),
            (format!("git+https://h/r?branch=x#{}", "b".repeat(40)), false),
            (format!("git+https://h/r-fork#{}", "a".repeat(40)), true),
            ("sparse+https://h/r".to_owned(), true),
        ] {
            let mut case = Case::new(policy, "1.0.0", vec![]);
            case.from(&format!("git+https://h/r?rev=aaaaaaa#{}", "a".repeat(40)));
            case.pinned_from = Source::parse(&before);
            assert_eq!(ids(&case.judged()), if denied { &["registry-changed"][..] } else { &[] }, "{before}");
        }
    }

    #[test]
    fn a_directory_in_the_place_of_a_registry_is_denied_too() {
        let mut case = Case::new("", "1.0.0", vec![]);
        case.unpublished();
        assert!(ids(&case.judged()).is_empty());
        case.pinned_from = Source::parse(provenance_build::name::CRATES_IO);
        let judgment = case.judged();
        assert_eq!(ids(&judgment), ["registry-changed"]);
        assert!(judgment.findings[0].message.contains("comes from a directory now"), "{judgment:?}");
    }
}
