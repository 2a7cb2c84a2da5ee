//! `archive-case-collision`: two paths that are one where case does not matter.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. The archive's reader finds it, in the one pass that finds all of them.
pub(super) const CHECK: Check = Check {
    id: "archive-case-collision",
    group: Group::Archive,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
Two paths that are one where case does not matter.

Which of the two a build reads depends on the file system, so that what was reviewed on one machine is not what another compiles. No package of crates.io has such paths.

Nobody can wave it through: use another version, and tell the registry.",
    judge: |dossier, _| dossier.faults_of("archive-case-collision"),
};
