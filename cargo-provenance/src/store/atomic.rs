//! Replaces one file so that a reader, or a crash, sees the old bytes or the new ones.

use std::path::Path;

use super::Error;

/// Replaces or creates `path`: temporary file beside it, fsync, rename, fsync of the directory. The permissions of an
/// existing file are kept; a symbolic link is refused.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let _ = (path, bytes);
    todo!()
}
