//! `unicode-bidi`: text that is shown in another order than it is compiled.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::Kind;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "unicode-bidi",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A control character that changes the direction of text.

Sources, build scripts of any name, manifests, C files and shell scripts are looked at.

With it, code looks like a comment and a comment like code (CVE-2021-42574, \"Trojan Source\"). None of 2,069 measured packages
has one. There is no reason for it in a source: whoever needs the character in a string can escape it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    told(dossier, &[Kind::Bidi], "has", |_, seen| seen)
}

#[cfg(test)]
mod tests {
    use super::super::samples::seen_in;
    use crate::finding::Weight;

    #[test]
    fn a_control_of_direction_is_refused_in_whatever_is_compiled_or_run() {
        let text = "// \u{202e} x".as_bytes();
        for (path, content, is_seen) in [
            ("src/lib.rs", text, true),
            ("a.toml", text, true),
            ("c/a.H", text, true),
            ("run.sh", text, true),
            ("make", text, true),
            ("README.md", text, false),
            ("src/lib.rs", "// \u{200f} é".as_bytes(), false),
        ] {
            let expected = is_seen.then_some((Weight::Denial, path.to_owned()));
            let found = seen_in("unicode-bidi", "build = 'make'", &[(path, content)]);
            assert_eq!(found, Vec::from_iter(expected), "{path}");
        }
    }

    #[test]
    fn what_cargo_begins_with_is_found_however_the_manifest_writes_it() {
        let text = "// \u{202e} x".as_bytes();
        for (manifest, path) in [
            ("build = './make.txt'", "make.txt"),
            ("build = 'a/../make.txt'", "make.txt"),
            ("build = 'a\\.\\make.txt'", "a/make.txt"),
            ("build = 'MAKE.txt'", "make.txt"),
            ("build = ['.//make.txt']", "make.txt"),
            ("[lib]\npath = './x.txt'", "x.txt"),
            ("[lib]\npath = 'src/../X.txt'", "x.txt"),
            ("[lib]\npath = 'src/lib.txt'", "src/lib.txt"),
        ] {
            let found = seen_in("unicode-bidi", manifest, &[(path, text)]);
            assert_eq!(found, [(Weight::Denial, path.to_owned())], "{manifest}");
        }
    }

    #[test]
    fn a_file_of_another_name_that_is_included_is_a_source() {
        let text = "// \u{2066} x".as_bytes();
        let files: &[(&str, &[u8])] = &[("src/lib.rs", b"include!(\"gen.in\");"), ("src/gen.in", text)];
        let found = seen_in("unicode-bidi", "", files);
        assert_eq!(found, [(Weight::Denial, "src/gen.in".to_owned())]);
    }
}
