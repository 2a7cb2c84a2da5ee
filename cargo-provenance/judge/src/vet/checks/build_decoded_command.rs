//! `build-decoded-command`: build-time code that decodes bytes and acts.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-decoded-command",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code that turns bytes into text, and then acts.

That is a row of bytes, `^` or an offset over it, a text that is made of it, and in the same file something that starts a
program, opens a connection or writes a file.

That is how a command is hidden from everybody who searches the source for it. No honest build script of 4,500 packages does it.

Work out what the bytes become before you build it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::at_build_time(
        dossier,
        &[What::Decoding],
        "turns bytes into text, and starts or writes something",
    );
    of_code::with(seen, "read the file that is named; what it needs from elsewhere should be in the package")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn a_decoder_is_told_from_a_table() {
        scripts(
            CHECK.id,
            Some(Weight::Review),
            &[
                "fn main() { let b = [1u8, 2, 3, 4, 5, 6, 7, 8, 9]; let s = String::from_utf8(b.iter().map(|x| x ^ 0x55).collect()); std::process::Command::new(s); }",
                r#"fn main() { let b = b"abcdefghijkl"; let s: String = b.iter().map(|x| x.wrapping_sub(3) as char).collect(); std::fs::write(s, "x"); }"#,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[
                r#"fn main() { let b = [1u8, 2, 3, 4, 5, 6, 7, 8, 9]; std::process::Command::new("rustc"); }"#,
                r#"fn main() { let s = String::from_utf8(x); std::process::Command::new("rustc"); let y = a ^ b; }"#,
            ],
        );
    }
}
