//! Puts a package directory back from a verified archive.

use std::path::Path;

use provenance_build::Checksum;

use super::Error;
use crate::archive::Archive;

/// How the directory comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As cargo unpacks it below `registry/src/HOST-HASH/`, with `.cargo-ok`.
    Registry,
    /// As `cargo vendor` writes it, with `.cargo-checksum.json` for an archive of this checksum.
    Vendored(Checksum),
}

/// Replaces `directory` by what `archive` holds. It must lie below `base`: the cargo home's `registry/src`, or the
/// vendor directory.
pub fn restore(base: &Path, directory: &Path, archive: &Archive, form: Form) -> Result<(), Error> {
    let _ = (base, directory, archive, form);
    todo!()
}
