//! `build-dlopen`: build-time code that loads a library.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-dlopen",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that loads a library while it runs.

What is in that library runs with the rights of whoever builds, and no source of it is in the package. Of 4,500
packages only two macros name it, in code that they generate.

Find out where the library comes from.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::at_build_time(dossier, &[What::Dlopen], "loads a library while it runs");
    of_code::with(seen, "read the file that is named; what it needs from elsewhere should be in the package")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn a_loader_is_told_from_a_word() {
        scripts(
            CHECK.id,
            Some(Weight::Review),
            &[r#"fn main() { libloading::Library::new("x.so"); }"#, "fn main() { unsafe { dlopen(p, 1) }; }"],
        );
        scripts(CHECK.id, None, &[r#"fn main() { println!("dlopen"); }"#, "fn main() { let dlopen = 1; }"]);
    }
}
