//! The SHA-512 of cached archives. `Cargo.lock` has their SHA-256; only an archive that has it is believed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use provenance_build::{Checksum, threads};

use crate::report::progress::Progress;
use crate::store::digests_of;

/// The SHA-512 of the first archive of each package that has the package's SHA-256. What cannot be read is not at hand.
pub(super) fn sha512(
    wanted: &[(usize, Checksum, &[PathBuf])],
    progress: &dyn Progress,
) -> BTreeMap<usize, String> {
    progress.begin("Hashing", wanted.len());
    let found = threads::map(wanted, |(index, checksum, archives)| {
        let digests = archives.iter().filter_map(|archive| digests_of(archive).ok());
        let mut right = digests.filter(|(sha256, _)| sha256 == checksum);
        let found = right.next().map(|(_, sha512)| (*index, sha512));
        progress.tick();
        found
    });
    progress.end();
    found.into_iter().flatten().collect()
}
