//! Removes what cargo can download again.

use std::fs;
use std::path::Path;

use super::Error;

/// Removes a file below `base`. That it is gone already is no error.
pub fn remove_file(base: &Path, file: &Path) -> Result<(), Error> {
    let folder = file.parent().unwrap_or(base);
    let (Ok(real), Ok(base)) = (fs::canonicalize(folder), fs::canonicalize(base)) else { return Ok(()) };
    if !real.starts_with(&base) {
        return Err(Error::Unsuitable {
            path: file.to_owned(),
            why: "lies outside the folder that may be cleaned",
        });
    }
    match fs::remove_file(file) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", file)(fault)),
        _ => Ok(()),
    }
}

/// Removes a directory with everything in it; it must lie below `base`, and links in it are not followed.
pub fn remove_directory(base: &Path, directory: &Path) -> Result<(), Error> {
    let unsuitable = |why| Error::Unsuitable { path: directory.to_owned(), why };
    let real = fs::canonicalize(directory).map_err(Error::io("find", directory))?;
    let base = fs::canonicalize(base).map_err(Error::io("find", base))?;
    if real == base || !real.starts_with(&base) {
        return Err(unsuitable("lies outside the folder that may be cleaned"));
    }
    if fs::symlink_metadata(directory).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(unsuitable("is a symbolic link"));
    }
    fs::remove_dir_all(&real).map_err(Error::io("remove", directory))
}
