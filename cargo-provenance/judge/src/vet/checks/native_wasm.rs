//! `native-wasm`: WebAssembly modules.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::{Kind, Role};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "native-wasm",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A WebAssembly module that is used at build time; any other one is noted.

A procedural macro or build script that runs a module does what nobody can read in its sources. A package counts where it is
a procedural macro, or where its build script names the file or any `.wasm`. Rebuild the module from its sources, or accept it
where you trust who compiled it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    told(dossier, &[Kind::Wasm], "is", |sight, seen| match sight.role {
        Role::BuildTime => seen,
        Role::Package | Role::Tests => seen.at(Level::Note),
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{seen, seen_in};
    use crate::finding::Weight;

    #[test]
    fn a_module_that_is_used_at_build_time_is_up_for_review() {
        let module: (&str, &[u8]) = ("bin/x.wasm", b"\0asm\x01\0\0\0");
        let weight = |found: Vec<(Weight, String)>| found.first().map(|(weight, _)| *weight);
        assert_eq!(weight(seen("native-wasm", &[module])), Some(Weight::Note));
        assert_eq!(
            weight(seen_in("native-wasm", "[lib]\nproc-macro = true", &[module])),
            Some(Weight::Review)
        );
        for (script, expected) in [
            ("fs::read(\"bin/x.wasm\")", Weight::Review),
            ("read(name + \".wasm\")", Weight::Review),
            ("fn main() {}", Weight::Note),
        ] {
            let found = seen("native-wasm", &[module, ("build.rs", script.as_bytes())]);
            assert_eq!(weight(found), Some(expected), "{script}");
        }
        assert_eq!(seen("native-wasm", &[("x.wasm", b"(module)")]), []);
    }
}
