//! `malicious`: a package that an advisory calls malicious.

use super::advisories::of_kind;
use crate::advisory::Kind;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check.
pub(super) const CHECK: Check = Check {
    id: "malicious",
    group: Group::Advisories,
    needs: Needs::Advisories,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
A package that an advisory calls malicious.

The database marks it by category, by the deletion it expects, or in its words. Nobody can wave it through. If it was ever built here, treat the
machine's secrets as stolen: rotate them, and look at what the build could reach.",
    judge: |dossier, ground| of_kind(Kind::Malicious, dossier, ground),
};
