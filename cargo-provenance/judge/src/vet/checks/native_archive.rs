//! `native-archive`: object files and archives of them.

use super::of_files::told;
use crate::policy::{Firmness, Level};
use crate::survey::content::Kind;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "native-archive",
    group: Group::Content,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Compiled code for a linker: object files, archives of them, LLVM bitcode, compiled Rust libraries.

They are known by their first bytes, and by `.a`, `.lib`, `.o`, `.obj`, `.rlib` and `.rmeta` where they are no text.

Nobody can read what it does. `rands` (2025) linked a payload that it brought along. Four of 1,122 measured packages have
some, for assembly (`ring`, `rustix` 0.37). Import libraries, which only name what the libraries of Windows have, are taken
apart: one without any code in it is noted. Accept the others where you trust who compiled them.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    told(dossier, &[Kind::Object, Kind::Import], "is", |sight, seen| match sight.kind {
        Kind::Import => seen.at(Level::Note),
        _ => seen,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::seen;
    use crate::finding::Weight;

    #[test]
    fn code_for_a_linker_is_up_for_review() {
        let archive: &[u8] = b"!<arch>\n";
        assert_eq!(seen("native-archive", &[("lib/x", archive)]), [(Weight::Review, "lib/x".to_owned())]);
        let import = [archive, format!("{:<48}{:<10}`\n", "x", 4).as_bytes(), b"\0\0\xff\xff"].concat();
        assert_eq!(seen("native-archive", &[("x.lib", &import)]), [(Weight::Note, "x.lib".to_owned())]);
        assert_eq!(seen("native-archive", &[("x.obj", b"v 0 0 0")]), []);
    }

    #[test]
    fn a_folder_of_many_is_told_of_once_and_what_weighs_less_apart() {
        let import =
            [&b"!<arch>\n"[..], format!("{:<48}{:<10}`\n", "x", 4).as_bytes(), b"\0\0\xff\xff"].concat();
        let names = (0..20).map(|number| format!("lib/{number}.a")).collect::<Vec<_>>();
        let mut files = names.iter().map(|name| (name.as_str(), &b"!<arch>\n"[..])).collect::<Vec<_>>();
        files.extend([("lib/x.lib", &*import), ("other/x.a", b"!<arch>\n")]);
        let expected = [
            (Weight::Review, "lib/*".to_owned()),
            (Weight::Note, "lib/x.lib".to_owned()),
            (Weight::Review, "other/x.a".to_owned()),
        ];
        assert_eq!(seen("native-archive", &files), expected);
    }
}
