//! The SHA-512 of cached archives. `Cargo.lock` has their SHA-256; only an archive that has it is believed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use provenance_build::{Checksum, threads};

use crate::collect::opened::{self, Wanted};
use crate::report::progress::Progress;

/// The SHA-512 of the first archive of each package that has the package's SHA-256. What cannot be read is not at hand.
pub(super) fn sha512(
    wanted: &[(usize, Checksum, &[PathBuf])],
    progress: &dyn Progress,
) -> BTreeMap<usize, String> {
    progress.begin("Hashing", wanted.len());
    let found = threads::map(wanted, |(index, checksum, archives)| {
        let digests = archives.iter().filter_map(|it| opened::digests(it, Wanted::Sha256And512).ok());
        let mut right = digests.filter(|digests| digests.get("sha256") == Some(&*checksum.hex()));
        let found = right.next().and_then(|digests| Some((*index, digests.get("sha512")?.to_owned())));
        progress.tick();
        found
    });
    progress.end();
    found.into_iter().flatten().collect()
}
