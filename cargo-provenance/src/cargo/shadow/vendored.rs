//! What `cargo vendor` makes of the packages that a shadow's lockfile names, in a scratch folder of the shadow.

use std::path::{Path, PathBuf};

use provenance_build::PackageId;
use tempfile::TempDir;

use super::{CargoCommand, Error, Shadow};
use crate::report::progress::Progress;

/// Vendored packages, unproven. Gone when dropped, at the latest with the shadow.
#[derive(Debug)]
pub struct Vendored {
    scratch: TempDir,
}

impl Shadow {
    /// Lets `cargo`, which works in the shadow, vendor what the lockfile of `manifest` names. The directories of the
    /// repository that stand in for registries there do not in the shadow, so that the packages come from where they are
    /// published, or from the mirrors that are configured.
    pub fn vendor(
        &self,
        cargo: &CargoCommand,
        manifest: &Path,
        progress: &dyn Progress,
    ) -> Result<Vendored, Error> {
        let scratch = tempfile::Builder::new().prefix(".vendored-").tempdir_in(&self.top);
        let scratch = scratch.map_err(|source| Error::file("create a directory in", &self.top, source))?;
        progress.status("Vendoring", "what Cargo.lock names");
        cargo.vendor(manifest, scratch.path(), progress)?;
        Ok(Vendored { scratch })
    }
}

impl Vendored {
    /// Where a package lies, if the lockfile names it.
    pub fn package(&self, id: &PackageId) -> PathBuf {
        self.scratch.path().join(id.file_stem())
    }
}
