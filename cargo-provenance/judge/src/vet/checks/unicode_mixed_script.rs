//! `unicode-mixed-script`: identifiers in two alphabets.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::{Kind, Role, Sight};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "unicode-mixed-script",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
An identifier with Latin letters and ones that look like them: Cyrillic, Armenian or Greek.

Two functions that look the same can then do different things (CVE-2021-42694). Greek letters that no Latin one resembles do not
count, so that mathematics can be written as it is; in code for tests it is noted. See which other identifier it resembles.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let weigh = |sight: &Sight, seen: Observation| match sight.role {
        Role::Tests => seen.at(Level::Note),
        Role::BuildTime | Role::Package => seen,
    };
    told(dossier, &[Kind::MixedScript], "has", weigh)
}

#[cfg(test)]
mod tests {
    use super::super::samples::seen;
    use crate::finding::Weight;

    #[test]
    fn an_identifier_that_looks_like_another_is_seen() {
        for (source, expected) in [
            ("fn is_v\u{430}lid() {}", Some(Weight::Review)),
            ("fn r#is_v\u{430}lid() {}", Some(Weight::Review)),
            ("#[cfg(test)] mod tests { fn v\u{430}lid() {} }", Some(Weight::Note)),
            ("const X: &str = \"v\u{430}lid\"; // v\u{430}lid", None),
            ("let \u{394}x = 1;", None),
        ] {
            let found = seen("unicode-mixed-script", &[("src/lib.rs", source.as_bytes())]);
            assert_eq!(found.first().map(|(weight, _)| *weight), expected, "{source:?}");
        }
    }
}
