//! `archive-name`: names that no file system agrees on.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. The archive's reader finds it, in the one pass that finds all of them.
pub(super) const CHECK: Check = Check {
    id: "archive-name",
    group: Group::Archive,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
Names that no file system agrees on.

Control characters, backslashes, names of Windows devices, bytes that are not UTF-8: they show as something else than they are, or lie somewhere else on another system. A trailing dot is noted.

Nobody can wave it through: use another version, and tell the registry.",
    judge: |dossier, _| dossier.faults_of("archive-name"),
};
