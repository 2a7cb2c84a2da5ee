//! `build-exec-downloader`: build-time code that starts a downloader or a shell.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-exec-downloader",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that starts a program which downloads, or which runs whatever it is told.

`curl`, `wget`, a shell, `powershell`, `python` and their like are looked for.

It is how the build scripts of microsoftsystem64 and pretty-changelog-logger (2026-04) fetched their loader without a
crate for the network. Honest packages do it to run `./configure` or to fetch a prebuilt library: jemalloc-sys
and v8.

Read what is started, and with what. Accept it for the file that is named; another file, or another version, is asked
about again.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::at_build_time(
        dossier,
        &[What::Downloader],
        "starts a program that downloads or that runs what it is told",
    );
    of_code::with(seen, "read the file that is named; what it needs from elsewhere should be in the package")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn a_shell_is_told_from_a_compiler() {
        scripts(
            CHECK.id,
            Some(Weight::Review),
            &[
                r#"use std::process::Command; fn main() { Command::new("curl").arg("http://x.invalid"); }"#,
                r#"fn main() { std::process::Command::new("/bin/sh"); }"#,
                r#"const P: &str = "powershell.exe"; fn main() { std::process::Command::new(P); }"#,
                r#"use std::process::{self as p}; fn main() { p::Command::new(concat!("cu", "rl")); }"#,
                r#"use super::*; fn main() { Command::new("wget"); }"#,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[
                r#"fn main() { std::process::Command::new("rustc"); }"#,
                r#"use clap::Command; fn main() { Command::new("curl"); }"#,
                r#"fn main() { println!("curl"); }"#,
                r#"struct Command; use super::*; fn main() { Command::new("sh"); }"#,
            ],
        );
    }
}
