//! `include-executable`: sources that include a program.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::{Kind, Role};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "include-executable",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A source that includes a program, a library or object code.

`include_bytes!`, `include_str!`, `include!` and `#[path]` are followed.

A program that is written to the disk and run is how a payload travels inside of a package. None of 2,069 measured packages
has one. Where only the package's own tests include it, it deserves a look. If the package is made for just that, a copy of
the program from its own publisher can be compared; then let an exception of the policy say so.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    told(dossier, &[Kind::IncludesExecutable], "has", |sight, seen| match sight.role {
        Role::Tests => seen.at(Level::Review),
        Role::BuildTime | Role::Package => seen,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::seen;
    use crate::finding::Weight;

    #[test]
    fn a_program_in_a_source_is_refused_however_it_is_included() {
        let lib = |text: &str| format!("static X: &[u8] = {text};\n");
        for (source, weight) in [
            ("include_bytes!(\"../bin/tool\")", Some(Weight::Denial)),
            ("include_bytes! { \"./../bin/tool\", }", Some(Weight::Denial)),
            ("include_str!(r\"../bin/tool\")", Some(Weight::Denial)),
            ("include!(\"\\x2e./bin/tool\")", Some(Weight::Denial)),
            ("core::include_bytes /* no */ !(\"../bin/tool\")", Some(Weight::Denial)),
            (
                "include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/bin/\", \"tool\"))",
                Some(Weight::Denial),
            ),
            ("1; #[path = \"../bin/tool\"] mod x", Some(Weight::Denial)),
            ("1; #[cfg(test)] mod tests { const X: &[u8] = include_bytes!(\"../../bin/tool\"); }", None),
            ("1; #[cfg(test)] fn x() { include_bytes!(\"../bin/tool\"); }", Some(Weight::Review)),
            ("1; #[cfg(not(test))] fn x() { include_bytes!(\"../bin/tool\"); }", Some(Weight::Denial)),
            ("1; // include_bytes!(\"../bin/tool\")", None),
            ("include_bytes!(\"../bin/other\")", None),
        ] {
            let source = lib(source);
            let files: &[(&str, &[u8])] = &[("bin/tool", b"\x7fELF"), ("src/lib.rs", source.as_bytes())];
            let expected = weight.map(|weight| (weight, "src/lib.rs".to_owned()));
            assert_eq!(seen("include-executable", files), Vec::from_iter(expected), "{source}");
        }
    }
}
