//! `extension-mismatch`: programs with the name of a picture.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::Kind;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "extension-mismatch",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A program, an archive or code for a linker under a name that claims text, a picture or a font.

Nobody gives a program the name `logo.png` by accident: the payload of the xz backdoor lay in files that claimed to be test
data. None of 2,069 measured packages has such a file. Read what includes or unpacks it before you think of an exception.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    told(dossier, &[Kind::Mismatch], "is not what its name claims but", |_, seen| seen)
}

#[cfg(test)]
mod tests {
    use super::super::samples::seen;
    use crate::finding::Weight;

    #[test]
    fn a_program_under_a_harmless_name_is_refused() {
        let elf: &[u8] = b"\x7fELF";
        for (path, content, is_seen) in [
            ("logo.png", elf, true),
            ("data/notes.TXT", elf, true),
            ("font.woff2", b"!<arch>\n", true),
            ("data.json", b"\x1f\x8b\x08", true),
            ("logo.png", b"\x89PNG", false),
            ("tool.bin", elf, false),
            ("tool", elf, false),
        ] {
            let expected = is_seen.then_some((Weight::Denial, path.to_owned()));
            assert_eq!(seen("extension-mismatch", &[(path, content)]), Vec::from_iter(expected), "{path}");
        }
    }
}
