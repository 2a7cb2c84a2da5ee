//! `manifest-duplicate`: a second manifest where case does not matter.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. The archive's reader finds it.
pub(super) const CHECK: Check = Check {
    id: "manifest-duplicate",
    group: Group::Manifest,
    needs: Needs::Faults,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 2,
    docs: "\
A manifest at the package root whose name differs from `Cargo.toml` in case only.

On macOS and Windows it is the file that cargo reads, or it takes the place of the one that was reviewed. crates.io refuses
such uploads, cargo unpacks them; another registry may serve them. None of 4,038 packages has one.

Nobody can wave it through: use another version, and tell the registry.",
    judge: |dossier, _| dossier.faults_of("manifest-duplicate"),
};

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, packed, release};

    #[test]
    fn a_manifest_in_another_case_is_denied_whatever_the_policy_accepts() {
        let exception = "[[exception]]\ncheck = \"license\"\npackage = \"dep\"\nreason = \"r\"\nexpires = \"2027-01-01\"\n";
        let mut case = Case::new(exception, "1.0.0", vec![release("1.0.0", 900)]);
        case.archive(packed("").file("cargo.toml", b"[package]\n"));
        assert_eq!(ids(&case.judged()), ["archive-case-collision", "manifest-duplicate"]);
    }
}
