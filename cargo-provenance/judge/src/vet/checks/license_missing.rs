//! `license-missing`: a package that says nothing about its license.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "license-missing",
    group: Group::License,
    needs: Needs::License,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A package with neither `license` nor `license-file`.

crates.io demands one of the two since 2015, so that it is a package of a git repository, a directory or another registry.
Without a license nobody may use it. Ask its authors, or, where it is your own, write the license into its manifest; then
accept what is left. `license` does not judge such a package: there is nothing to judge.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(license) = dossier.license.known() else { return vec![] };
    if license.expression.is_some() || license.file.is_some() {
        return vec![];
    }
    let message = format!("`{}` says nothing about its license", dossier.id.short());
    let seen = Observation::new(message);
    vec![match dossier.id.source {
        Some(_) => seen.help("ask its authors for one; where it is your own, write it into its `Cargo.toml`"),
        None => seen.help(format!(
            "if it is the team's own, run `cargo provenance pin --own {}=REASON`, or list its directory in `own` of \
             `Provenance.toml`: then nothing is asked of it",
            dossier.id.name
        )),
    }]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, release};

    #[test]
    fn only_a_package_that_says_nothing_needs_a_look() {
        for (expression, file, expected) in [
            (None, None, &["license-missing"][..]),
            (Some(""), None, &["license-missing"]),
            (Some(" "), Some(""), &["license-missing"]),
            (None, Some("LICENSE"), &[]),
            (Some("MIT"), None, &[]),
        ] {
            let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
            case.license(expression, file);
            assert_eq!(ids(&case.judged()), expected, "{expression:?} {file:?}");
        }
    }

    #[test]
    fn a_list_of_licenses_does_not_judge_it_a_second_time() {
        let mut case = Case::new("[licenses]\nallow = [\"MIT\"]\n", "1.0.0", vec![release("1.0.0", 900)]);
        case.license(None, None);
        assert_eq!(ids(&case.judged()), ["license-missing"]);
    }
}
