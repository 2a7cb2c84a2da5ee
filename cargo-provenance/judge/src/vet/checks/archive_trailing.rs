//! `archive-trailing`: bytes after the end.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. The archive's reader finds it, in the one pass that finds all of them.
pub(super) const CHECK: Check = Check {
    id: "archive-trailing",
    group: Group::Archive,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
Bytes after the end.

A second gzip member or data after the end of the archive is invisible to cargo and visible to other readers.

Nobody can wave it through: use another version, and tell the registry.",
    judge: |dossier, _| dossier.faults_of("archive-trailing"),
};
