//! `archive-bomb`: an archive that unpacks to more than any package does.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. The archive's reader finds it, in the one pass that finds all of them.
pub(super) const CHECK: Check = Check {
    id: "archive-bomb",
    group: Group::Archive,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
An archive that unpacks to more than any package does.

More than 512 MiB or 20,000 entries, or more than 100 times its own size (from 10 MiB on). The largest of 2,069 packages of crates.io has 168 MB, 12,559 entries and a ratio of 30. Cargo 1.95 unpacks whatever it is given (CVE-2022-36114).

Nobody can wave it through: use another version, and tell the registry.",
    judge: |dossier, _| dossier.faults_of("archive-bomb"),
};
