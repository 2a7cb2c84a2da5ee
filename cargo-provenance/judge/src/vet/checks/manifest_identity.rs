//! `manifest-identity`: a package that is not what it says it is.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. Proving the package finds it.
pub(super) const CHECK: Check = Check {
    id: "manifest-identity",
    group: Group::Manifest,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 1,
    docs: "\
A package that is not what it says it is.

The packaged `Cargo.toml` must have the name and the version that the file, the lockfile and the index have.

Nobody can wave it through: find out which of the copies was changed, and by whom.",
    judge: |dossier, _| dossier.faults_of("manifest-identity"),
};
