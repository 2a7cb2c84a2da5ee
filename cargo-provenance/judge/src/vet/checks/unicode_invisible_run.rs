//! `unicode-invisible-run`: characters that nobody sees.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::{Kind, Role};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "unicode-invisible-run",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Four or more characters in a row that nobody sees, outside of comments.

These are joiners, variation selectors, tags and soft hyphens. In a build script they are refused.

The payloads of the GlassWorm campaign (2025) were strings of variation selectors, thousands in a row, that an honest-looking
function decoded. One such character alone belongs to an emoji, and a few tags spell the flag of a region, which does not count.
Print the string escaped, and see what reads it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    told(dossier, &[Kind::InvisibleRun], "has", |sight, seen| match sight.role {
        Role::BuildTime => seen.at(Level::Deny),
        Role::Package => seen,
        Role::Tests => seen.at(Level::Note),
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::seen;
    use crate::finding::Weight;

    #[test]
    fn what_nobody_sees_is_seen_outside_of_comments() {
        let payload = "\u{e0101}\u{e0102}\u{e0103}\u{e0104}";
        for (path, source, expected) in [
            ("src/lib.rs", format!("const X: &str = \"{payload}\";"), Some(Weight::Review)),
            ("build.rs", format!("const X: &str = \"{payload}\";"), Some(Weight::Denial)),
            ("tests/a.rs", format!("const X: &str = \"{payload}\";"), Some(Weight::Note)),
            ("src/lib.rs", format!("// {payload}"), None),
            ("src/lib.rs", "const X: &str = \"\\u{200b}\\u{200b}\\u{200b}\\u{200b}\";".to_owned(), None),
            ("run.sh", format!("echo {payload}"), Some(Weight::Review)),
        ] {
            let found = seen("unicode-invisible-run", &[(path, source.as_bytes())]);
            assert_eq!(found.first().map(|(weight, _)| *weight), expected, "{path} {source:?}");
        }
    }
}
