//! The cached archives of the locked packages: what they are, and whether they prove the pins.

use provenance_build::observe::Seen;
use provenance_build::threads;

use crate::report::progress::Progress;
use crate::store::sha256_of;

/// Which archives are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// Those that cargo would unpack, because no directory is there.
    Needed,
}

/// Hashes archives and enters them into what was seen. An archive that cannot be read is an error: cargo could.
pub fn hash(seen: &mut Seen, which: Which, progress: &dyn Progress) -> Result<(), provenance_build::Error> {
    let mut wanted = Vec::new();
    for (at, located) in seen.located.iter().enumerate() {
        if which == Which::All || located.directories.is_empty() {
            wanted.extend(located.archives.iter().map(|archive| (at, archive.clone())));
        }
    }
    progress.begin("Verifying", wanted.len());
    let hashes = threads::map(&wanted, |(_, archive)| {
        let hash = sha256_of(archive).map_err(|source| provenance_build::Error::io("read", archive, source));
        progress.tick();
        hash
    });
    progress.end();
    for ((at, archive), hash) in wanted.into_iter().zip(hashes) {
        seen.observation.sources[at].archives.push((archive, hash?));
    }
    Ok(())
}
