//! `code-unread`: code that cannot be read whole.

use super::of_code;
use crate::policy::{Firmness, Level};
use crate::survey::What;
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "code-unread",
    group: Group::BuildTime,
    needs: Needs::Survey,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
Code that the checks of build time and run time cannot read whole.

It brings in a file whose name is only known once a macro is expanded, it gives `include!` another name, or it has more
modules, longer imports or longer arguments than are read. What stands there is seen by no other check: nothing found
is no sign that nothing is there.

Read the line that is named, and the file that it leads to.",
    judge,
};

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let does = "cannot be read whole";
    let mut seen = of_code::at_build_time(dossier, &[What::Unread], does);
    if let Some(code) = of_code::code(dossier) {
        let later = of_code::in_each_file(dossier, &code.run_time, &[What::Unread], "the code", does);
        seen.extend(later);
    }
    of_code::with(seen, "read the file that is named, and what it brings in")
}

#[cfg(test)]
mod tests {
    use super::super::samples::{libraries, scripts};
    use super::*;
    use crate::finding::Weight;

    #[test]
    fn what_cannot_be_read_is_no_pass() {
        let hidden =
            ["use core::include as i; i!(\"x.txt\");", "macro_rules! m { ($p:expr) => { include!($p); } }"];
        scripts(CHECK.id, Some(Weight::Review), &hidden);
        libraries(CHECK.id, Some(Weight::Review), &hidden);
        let plain = ["include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));", "mod a; fn f() {}"];
        scripts(CHECK.id, None, &plain);
        libraries(CHECK.id, None, &plain);
    }
}
