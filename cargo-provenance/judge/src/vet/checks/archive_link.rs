//! `archive-link`: a symbolic or hard link.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. The archive's reader finds it, in the one pass that finds all of them.
pub(super) const CHECK: Check = Check {
    id: "archive-link",
    group: Group::Archive,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
A symbolic or hard link.

Cargo before 1.96 unpacks links, and one that leaves the package overwrites the sources of a sibling (CVE-2026-5223; CVE-2022-36113 was the same with `.cargo-ok`). `cargo package` writes none.

Nobody can wave it through: use another version, and tell the registry.",
    judge: |dossier, _| dossier.faults_of("archive-link"),
};
