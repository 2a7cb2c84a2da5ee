//! `build-write-outside-out-dir`: build-time code that writes outside `OUT_DIR`.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-write-outside-out-dir",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that writes to an absolute path, a temporary folder, or somebody's home.

Cargo gives a build script a folder, `OUT_DIR`. A file elsewhere outlives the build: a program that is started later,
or a change to what somebody else runs.

Read what is written, and who reads it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen =
        of_code::at_build_time(dossier, &[What::OutsideWrite], "writes to a place that is not its own");
    of_code::with(seen, "read the file that is named; what it needs from elsewhere should be in the package")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn an_absolute_path_is_told_from_a_relative_one() {
        scripts(
            CHECK.id,
            Some(Weight::Review),
            &[
                r#"fn main() { std::fs::write("/etc/profile.d/x.sh", "x"); }"#,
                r#"fn main() { let p = "/tmp/x"; std::fs::write(p, "x"); }"#,
                r#"use std::fs::File; fn main() { File::create(std::env::temp_dir().join("x")); }"#,
                r#"fn main() { std::fs::File::create(Path::new("C:\\x")); }"#,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[
                r#"fn main() { let p = out.join("/x.rs"); std::fs::write(p, "x"); }"#,
                r#"fn main() { std::fs::write(out.join("x.rs"), "x"); }"#,
                r#"fn main() { std::fs::read("/etc/os-release"); }"#,
            ],
        );
    }
}
