//! `source-not-utf8`: sources that are no text.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::{Kind, Role};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "source-not-utf8",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A Rust source, or a build script, that is not UTF-8; one with a NUL is up for review.

The compiler refuses the first, so that only something else can read it: none of 980 measured packages has one outside of its
own tests, where it is noted. Tools that show sources stop at a NUL or call the file binary. Look at the bytes.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    told(dossier, &[Kind::NotUtf8, Kind::Nul], "has", |sight, seen| match (sight.kind, sight.role) {
        (_, Role::Tests) => seen.at(Level::Note),
        (Kind::Nul, _) => seen.at(Level::Review),
        _ => seen,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::seen_in;
    use crate::finding::Weight;

    #[test]
    fn a_source_that_is_no_text_is_refused() {
        let odd: &[u8] = b"fn f() {}\n// \xff";
        for (path, content, expected) in [
            ("src/a.rs", odd, Some(Weight::Denial)),
            ("make", odd, Some(Weight::Denial)),
            ("tests/a.rs", odd, Some(Weight::Note)),
            ("src/a.rs", b"// \0", Some(Weight::Review)),
            ("src/a.rs", "// é".as_bytes(), None),
            ("a.bin", odd, None),
        ] {
            let found = seen_in("source-not-utf8", "build = 'make'", &[(path, content)]);
            assert_eq!(found.first().map(|(weight, _)| *weight), expected, "{path}");
        }
    }
}
