//! `archive-reserved-name`: a file that cargo writes itself.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. The archive's reader finds it, in the one pass that finds all of them.
pub(super) const CHECK: Check = Check {
    id: "archive-reserved-name",
    group: Group::Archive,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
A file that cargo writes itself.

`.cargo-ok` and `.cargo-checksum.json` at the root steer what cargo believes about the directory (CVE-2022-36113).

Nobody can wave it through: use another version, and tell the registry.",
    judge: |dossier, _| dossier.faults_of("archive-reserved-name"),
};
