//! `include-outside`: sources that read files from outside of their package.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::{Kind, Role, Sight};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "include-outside",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A source that includes a file from outside of its package.

That is `include_str!`, `include_bytes!`, `include!` or `#[path]` with an absolute path, or one that leads out of the package.

What is compiled is then not what was pinned, and `~/.ssh/id_rsa` is only some folders above an unpacked package. A published
package cannot have such a file with it, so that honest ones only do this in code for their own tests, which is noted. In a
git repository, what lies in the same commit is pinned too; text from there that is only shown (`include_str!`) is fine.
`concat!` with `CARGO_MANIFEST_DIR` or `OUT_DIR` is followed. Read the source before you accept it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let weigh = |sight: &Sight, seen: Observation| match sight.role {
        Role::Tests => seen.at(Level::Note),
        Role::BuildTime | Role::Package => seen,
    };
    told(dossier, &[Kind::IncludesOutside], "has", weigh)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{seen, seen_in};
    use crate::finding::Weight;

    #[test]
    fn a_path_that_leaves_the_package_is_seen() {
        for (source, weight) in [
            ("include_str!(\"../../other/x\");", Some(Weight::Review)),
            ("include_bytes!(\"/etc/passwd\");", Some(Weight::Review)),
            ("include_bytes!(\"C:\\\\x\");", Some(Weight::Review)),
            ("include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../x.rs\"));", Some(Weight::Review)),
            ("include!(concat!(env!(\"OUT_DIR\"), \"/../../x.rs\"));", Some(Weight::Review)),
            ("#[path = \"../../x.rs\"] mod x;", Some(Weight::Review)),
            ("#[cfg_attr(unix, path = \"../../x.rs\")] mod x;", Some(Weight::Review)),
            ("#[cfg(test)] mod tests { include_str!(\"../../x\"); }", Some(Weight::Note)),
            ("#[cfg(test)] mod tests { } include_str!(\"../../x\");", Some(Weight::Review)),
            // Inline modules have folders of their own.
            ("mod a { mod b { #[path = \"../../../x.rs\"] mod x; } }", None),
            ("mod a { } #[path = \"../../x.rs\"] mod x;", Some(Weight::Review)),
            ("#[utoipa::path(path = \"../../x\")] fn f() {}", None),
            ("include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));", None),
            ("include_str!(\"../README.md\");", None),
            ("include_str!($path);", None),
            ("\"include_str!(\\\"../../x\\\")\";", None),
        ] {
            let expected = weight.map(|weight| (weight, "src/lib.rs".to_owned()));
            let found = seen("include-outside", &[("src/lib.rs", source.as_bytes())]);
            assert_eq!(found, Vec::from_iter(expected), "{source}");
        }
    }

    #[test]
    fn what_only_tests_compile_is_noted_until_something_else_does() {
        let evil: &[u8] = b"include_str!(\"../../../../x\");";
        let mut files: Vec<(&str, &[u8])> = vec![("tests/a/evil.rs", evil)];
        let weight = |files: &[(&str, &[u8])]| {
            let found = seen("include-outside", files);
            assert_eq!(found.len(), 1, "{found:?}");
            found[0].0
        };
        assert_eq!(weight(&files), Weight::Note);
        files.push(("src/lib.rs", b"#[path = \"../tests/a/evil.rs\"] mod evil;"));
        assert_eq!(weight(&files), Weight::Review);
        // A module in a file of its own.
        let evil: (&str, &[u8]) = ("src/a/evil.rs", evil);
        let lib = |text: &'static str| ("src/lib.rs", text.as_bytes());
        assert_eq!(weight(&[evil, lib("mod a { #[cfg(test)] mod evil; }")]), Weight::Note);
        assert_eq!(weight(&[evil, lib("mod a { #[cfg(test)] mod evil; mod evil; }")]), Weight::Review);
        assert_eq!(
            weight(&[evil, lib("mod a { #[cfg(test)] mod evil; } include!(\"a/evil.rs\");")]),
            Weight::Review
        );
        assert_eq!(weight(&[evil, lib("#[cfg(test)] mod evil;")]), Weight::Review);
        // A library that lies where others have their tests.
        let files: &[(&str, &[u8])] = &[("tests/lib.rs", b"include_str!(\"../../x\");")];
        assert_eq!(seen_in("include-outside", "[lib]\npath = 'tests/lib.rs'", files)[0].0, Weight::Review);
        let files: &[(&str, &[u8])] = &[("tests/build.rs", b"include_str!(\"../../x\");")];
        assert_eq!(seen_in("include-outside", "build = './tests/build.rs'", files)[0].0, Weight::Review);
    }
}
