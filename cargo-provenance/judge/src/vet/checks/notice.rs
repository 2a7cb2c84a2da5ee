//! `notice`: a package about which a database has something else to say.

use super::advisories::{PARTS, of_kind};
use crate::advisory::Kind;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check.
pub(super) const CHECK: Check = Check {
    id: "notice",
    group: Group::Advisories,
    needs: Needs::Advisories,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: PARTS,
    since: 1,
    docs: "\
A package about which a database has something else to say.

Read the advisory. `direct` and `transitive` set levels for each of the two.",
    judge: |dossier, ground| of_kind(Kind::Notice, dossier, ground),
};
