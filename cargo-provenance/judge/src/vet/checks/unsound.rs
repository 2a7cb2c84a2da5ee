//! `unsound`: a version whose safe interface can break memory safety.

use super::advisories::{PARTS, of_kind};
use crate::advisory::Kind;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check.
pub(super) const CHECK: Check = Check {
    id: "unsound",
    group: Group::Advisories,
    needs: Needs::Advisories,
    level: Level::Review,
    firmness: Firmness::Free,
    parameters: PARTS,
    since: 1,
    docs: "\
A version whose safe interface can break memory safety.

Whether that can happen depends on how it is used, which a person has to judge: accept it by the advisory's id, or move to a version that is not
affected. `direct` and `transitive` set levels for each of the two.",
    judge: |dossier, ground| of_kind(Kind::Unsound, dossier, ground),
};
