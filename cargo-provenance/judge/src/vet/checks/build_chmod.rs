//! `build-chmod`: build-time code that changes permissions.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-chmod",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that changes the permissions of a file.

A file that is to be run needs it: it is the step between a download and its start. One of 4,500 packages does it.

Read what becomes of the file.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::at_build_time(dossier, &[What::Chmod], "changes the permissions of a file");
    of_code::with(seen, "read the file that is named; what it needs from elsewhere should be in the package")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn permissions_are_told_from_a_word() {
        scripts(
            CHECK.id,
            Some(Weight::Review),
            &[
                r#"fn main() { std::fs::set_permissions("x", p); }"#,
                "fn main() { p.set_mode(0o755); }",
                r#"fn main() { std::process::Command::new("chmod"); }"#,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[
                "fn main() { let set_permissions = 1; }",
                r#"// set_permissions("x")
fn main() {}"#,
            ],
        );
    }
}
