//! `archive-mode`: files with setuid, setgid or sticky bits.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. The archive's reader finds it, in the one pass that finds all of them.
pub(super) const CHECK: Check = Check {
    id: "archive-mode",
    group: Group::Archive,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
Files with setuid, setgid or sticky bits.

Cargo masks modes when it unpacks, other tools do not (CVE-2023-38497). Files that others may write are noted: a few published packages have them.

Nobody can wave it through: use another version, and tell the registry.",
    judge: |dossier, _| dossier.faults_of("archive-mode"),
};
