//! `build-encoded-url`: build-time code that hides an address.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "build-encoded-url",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Build-time code with a text that decodes to an address, a path of a program, or a command.

Nobody who means well writes an address in base64. The build script of proc-macro1, which arrayref 0.3.10 pulled in
(2026-08-20), put its URL together from pieces of base64. Base64 of either alphabet, padded or not, hexadecimal,
single characters and bytes, and texts that are written backwards are decoded; pieces that stand near each other are
joined, before and after. None of 4,500 packages has one.

Do not build it. Use another version, and tell the registry.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let seen = of_code::at_build_time(dossier, &[What::EncodedUrl], "hides an address or a command");
    of_code::with(seen, "do not build it; look for another version, and tell the registry")
}

#[cfg(test)]
mod tests {
    use super::super::samples::scripts;
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn what_is_hidden_is_told_from_a_word() {
        scripts(
            CHECK.id,
            Some(Weight::Denial),
            &[
                r#"fn main() { let a = "aHR0cHM6Ly9ldmlsLmludmFsaWQ="; }"#,
                r#"const P: [&str; 3] = ["aHR0cHM6", "Ly9ldmls", "LmludmFsaWQ"];"#,
                r#"const A: &str = "aHR0"; const B: &str = "cHM6Ly9l"; const C: &str = "dmlsLmludmFsaWQ";"#,
                r#"fn main() { let a = concat!("aHR0cHM6", "Ly9ldmls"); }"#,
                r#"fn main() { let a = b"68747470733a2f2f6576696c"; }"#,
                "fn main() { let a = ['h', 't', 't', 'p', ':', '/', '/', 'x']; }",
                "fn main() { let a = [104, 116, 116, 112, 58, 47, 47, 120]; }",
                r#"fn main() { let a = "dilavni.live//:sptth"; }"#,
                r##"fn main() { m!(cr#"x"); "aHR0cHM6Ly9ldmlsLmludmFsaWQ"; m!("#); }"##,
            ],
        );
        scripts(
            CHECK.id,
            None,
            &[
                r#"fn main() { let a = "https://example.invalid"; }"#,
                r#"const T: [&str; 4] = ["x86_64", "aarch64", "riscv64", "wasm32"];"#,
                r#"fn main() { let key = "3c6e0b8a9c15224a8228b9a98ca1531d"; }"#,
                "fn main() { let a = [1, 2, 3, 4, 5, 6, 7, 8]; }",
                "// aHR0cHM6Ly9ldmlsLmludmFsaWQ=\nfn main() {}",
            ],
        );
    }
}
