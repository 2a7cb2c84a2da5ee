//! `checksum-changed`: bytes that are not those that were published.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. Proving the package finds it.
pub(super) const CHECK: Check = Check {
    id: "checksum-changed",
    group: Group::Manifest,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
Bytes that are not those that were published.

The registry's index, `Cargo.lock`, the pin and the file must have one SHA-256. crates.io never replaces a version; where another registry, a mirror or a cache does, what was looked at is not what is built.

Nobody can wave it through: find out which of the copies was changed, and by whom.",
    judge: |dossier, _| dossier.faults_of("checksum-changed"),
};
