//! `archive-header-mismatch`: headers of one entry that contradict each other.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. The archive's reader finds it, in the one pass that finds all of them.
pub(super) const CHECK: Check = Check {
    id: "archive-header-mismatch",
    group: Group::Archive,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
Headers of one entry that contradict each other.

A PAX record that renames or cuts an entry, a sparse file, or a record that nothing writes: readers disagree about what such an entry is, so that two tools see two packages.

Nobody can wave it through: use another version, and tell the registry.",
    judge: |dossier, _| dossier.faults_of("archive-header-mismatch"),
};
