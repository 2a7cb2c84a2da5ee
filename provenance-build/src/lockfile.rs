//! Strict reader of `Cargo.lock`, formats 3 and 4.

use std::path::Path;

use crate::digest::Checksum;
use crate::error::Error;
use crate::name::PackageId;

/// A `Cargo.lock` that was read without a doubt left.
#[derive(Clone, Debug)]
pub struct Lockfile {
    /// The format: 3 or 4.
    pub version: u8,
    /// The packages in file order, which is cargo's: by name, version, source.
    pub packages: Vec<LockedPackage>,
}

/// One `[[package]]` of `Cargo.lock`.
#[derive(Clone, Debug)]
pub struct LockedPackage {
    /// Name, version and source.
    pub id: PackageId,
    /// SHA-256 of the `.crate`; every registry package has one, nothing else does.
    pub checksum: Option<Checksum>,
    /// The dependencies as written: `name`, `name version` or `name version (source)`.
    pub dependencies: Vec<String>,
    /// The line of `[[package]]`, counted from 1.
    pub line: u32,
}

impl Lockfile {
    /// Reads the bytes of a lockfile; `file` is for messages only.
    pub fn parse(bytes: &[u8], file: &Path) -> Result<Self, Error> {
        let _ = (bytes, file);
        todo!()
    }
}
