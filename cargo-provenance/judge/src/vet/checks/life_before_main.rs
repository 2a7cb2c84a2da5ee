//! `life-before-main`: code that runs before `main`.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::{Kind, Role, Sight};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "life-before-main",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Code that runs before `main`, without being called.

That is `#[ctor]`, and what lies in sections such as `.init_array` or `.CRT$XCU`. Whoever links the package runs it, whether it is used or not. Three of 980 measured packages have such code; `ctor` itself is one.
Read what it does before you accept it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let weigh = |sight: &Sight, seen: Observation| match sight.role {
        Role::Tests => seen.at(Level::Note),
        Role::BuildTime | Role::Package => seen,
    };
    told(dossier, &[Kind::LifeBeforeMain], "has", weigh)
}

#[cfg(test)]
mod tests {
    use super::super::samples::seen;
    use crate::finding::Weight;

    #[test]
    fn code_that_nobody_calls_is_seen() {
        for (source, is_seen) in [
            ("#[ctor] fn f() {}", true),
            ("#[ctor::ctor(unsafe)] fn f() {}", true),
            ("#[::ctor::ctor] fn f() {}", true),
            ("use ctor::ctor as init; #[init] fn f() {}", true),
            ("use ctor::{self, ctor /* a */ as init}; #[init] fn f() {}", true),
            ("let x = self.ctor as usize;", false),
            ("#[cfg_attr(unix, ctor::ctor)] fn f() {}", true),
            ("#[used] #[link_section = \".init_array\"] static F: fn() = f;", true),
            ("#[unsafe(link_section = \".CRT$XCU\")] static F: fn() = f;", true),
            (
                "#[cfg_attr(target_os = \"macos\", link_section = \"__DATA,__mod_init_func\")] static F: u8 = 0;",
                true,
            ),
            ("core::arch::global_asm!(\".section .init_array\", \".quad f\");", true),
            ("#[link_section = \".rodata\"] static F: u8 = 0;", false),
            ("#[derive(ctor)] struct S;", false),
            ("#[wasm_bindgen(constructor)] fn f() {}", false),
            ("const NAME: &str = \".init_array\";", false),
        ] {
            let expected = is_seen.then_some((Weight::Review, "src/lib.rs".to_owned()));
            let found = seen("life-before-main", &[("src/lib.rs", source.as_bytes())]);
            assert_eq!(found, Vec::from_iter(expected), "{source}");
        }
    }
}
