//! `unmaintained`: a package that nobody maintains any more.

use super::advisories::{PARTS, of_kind};
use crate::advisory::Kind;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check.
pub(super) const CHECK: Check = Check {
    id: "unmaintained",
    group: Group::Advisories,
    needs: Needs::Advisories,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: PARTS,
    since: 1,
    docs: "\
A package that nobody maintains any more.

Nothing is wrong with it yet, and nobody will mend it when something is. Plan its replacement. `direct` and `transitive` set levels for each of the
two.",
    judge: |dossier, ground| of_kind(Kind::Unmaintained, dossier, ground),
};
