//! `source-encoded-blob`: encoded data in sources.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::{Kind, Role};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "source-encoded-blob",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Encoded data in a source.

That is 512 characters in the alphabet of base64, 128 escaped bytes in one string, or an array of 512 bytes.

Payloads travel encoded, and so do tables of characters and test vectors: three of a hundred packages have some. In code that
runs at build time hardly any has, and there it is up for review: decode it, and see what is done with it.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    told(dossier, &[Kind::Blob], "has", |sight, seen| match sight.role {
        Role::BuildTime => seen.at(Level::Review),
        Role::Package | Role::Tests => seen,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::seen;
    use crate::finding::Weight;

    #[test]
    fn encoded_data_is_seen_in_every_form() {
        let base64 = "QUJD".repeat(128);
        let lines = "QUJD".repeat(16) + "\\\n    ";
        let pieces = format!("\"{}\", ", "QUJD".repeat(20)).repeat(7);
        let bytes = "0x41, 66, b'C', 0b1, 0o7, 1_u8, ".repeat(100);
        let words = "\"abandon\", \"ability\", ".repeat(100);
        let numbers = "1000, 2000, ".repeat(400);
        for (source, is_seen) in [
            (format!("const X: &str = \"{base64}\";"), true),
            (format!("const X: &str = r#\"data:image/png;base64,{base64}\"#;"), true),
            (format!("const X: &str = \"{}\";", lines.repeat(9)), true),
            (format!("const X: &[&str] = &[{pieces}];"), true),
            (format!("const X: &[u8] = b\"{}\";", "\\x41".repeat(128)), true),
            (format!("const X: &[u8] = &[{bytes}];"), true),
            (format!("const X: &str = \"{}\";", &base64[1..]), false),
            (format!("// {base64}"), false),
            (format!("const X: &[&str] = &[{words}];"), false),
            (format!("const X: &[u16] = &[{numbers}];"), false),
        ] {
            let expected = |path: &str, weight| Vec::from_iter(is_seen.then_some((weight, path.to_owned())));
            let found = |path: &str| seen("source-encoded-blob", &[(path, source.as_bytes())]);
            assert_eq!(found("src/lib.rs"), expected("src/lib.rs", Weight::Note), "{source}");
            assert_eq!(found("build.rs"), expected("build.rs", Weight::Review), "{source}");
        }
    }
}
