//! `source-long-line`: lines that nobody reads to their end.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::{Kind, Role};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "source-long-line",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A line of more than 5,000 bytes in a source.

One with more than 20,000 that are neither strings nor numbers is up for review.

Code that stands a thousand columns to the right of the rest is seen by nobody. Generated tables have long lines, too: they are
strings and numbers, which are not counted for review. Two of a thousand packages are left. Let `rustfmt` break the line, and
read it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    told(dossier, &[Kind::LongLine, Kind::LongestLine], "has", |sight, seen| match (sight.kind, sight.role) {
        (Kind::LongestLine, Role::BuildTime | Role::Package) => seen.at(Level::Review),
        _ => seen,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::seen;
    use crate::finding::Weight;

    #[test]
    fn a_line_is_long_by_what_is_no_data() {
        let blanks = |number| format!("fn f() {{}}{}evil();\n", " ".repeat(number));
        let numbers = format!("const X: &[u32] = &[{}];", "100000, ".repeat(5_000));
        for (source, expected) in [
            (blanks(4_900), None),
            (blanks(5_100), Some(Weight::Note)),
            (blanks(20_100), Some(Weight::Review)),
            (format!("\n\n{}\n", numbers), Some(Weight::Note)),
            (format!("\n{numbers}{}\n", blanks(20_100)), Some(Weight::Review)),
            ("short\n".repeat(10_000), None),
        ] {
            let found = seen("source-long-line", &[("src/lib.rs", source.as_bytes())]);
            assert_eq!(found.first().map(|(weight, _)| *weight), expected, "{}", source.len());
        }
        assert_eq!(seen("source-long-line", &[("a.txt", blanks(30_000).as_bytes())]), []);
    }
}
