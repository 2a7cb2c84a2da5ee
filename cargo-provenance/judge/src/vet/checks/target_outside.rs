//! `target-outside`: code that is compiled as the package and is not hashed with it.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. It is found where the package is proven.
pub(super) const CHECK: Check = Check {
    id: "target-outside",
    group: Group::Manifest,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 2,
    docs: "\
Code that is compiled as the package and is not hashed with it.

A library, a program or a build script whose `path` leads out of the package (out of the checkout, for a git repository's), into
`.git`, or, for a path package, into its `target` folder. Whatever lies there would be compiled, and no pin would notice that it changed.

Nobody can wave it through. Move the file into the package, or use another version.",
    judge: |dossier, _| dossier.faults_of("target-outside"),
};

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, packed, release};

    #[test]
    fn a_target_outside_of_the_archive_is_denied_whatever_the_pin_says() {
        for manifest in
            ["[lib]\npath = '../../x.rs'", "build = '/x.rs'", "[[bin]]\nname = 'x'\npath = '.git/x.rs'"]
        {
            let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
            case.archive(packed(manifest));
            assert_eq!(ids(&case.judged()), ["target-outside"], "{manifest}");
        }
    }
}
