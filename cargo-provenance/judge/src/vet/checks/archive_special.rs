//! `archive-special`: an entry that is not a regular file.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. The archive's reader finds it, in the one pass that finds all of them.
pub(super) const CHECK: Check = Check {
    id: "archive-special",
    group: Group::Archive,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
An entry that is not a regular file.

Devices, pipes and directories: `cargo package` writes none of them.

Nobody can wave it through: use another version, and tell the registry.",
    judge: |dossier, _| dossier.faults_of("archive-special"),
};
