//! The folder at the workspace root that holds the lock and the journal while a command writes.
//!
//! It lies beside the files that are written, so that it is on the same file system and goes where the workspace goes,
//! and it ignores itself, so that git never shows it. When nothing is under way it is gone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{DIRECTORY, Error};

const IGNORE: &str = ".gitignore";

/// The path of a file in the folder of the workspace at `root`.
pub(super) fn file(root: &Path, name: &str) -> PathBuf {
    root.join(DIRECTORY).join(name)
}

/// Makes the folder, or takes the one that is there. A link is refused: a repository could bring one that leads out
/// of the workspace.
pub(super) fn create(root: &Path) -> Result<(), Error> {
    let directory = root.join(DIRECTORY);
    match fs::create_dir(&directory) {
        Ok(()) => match mark(&directory) {
            // A command that has just ended took the folder, still empty, for its own.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("mark", &directory)(error));
            }
            _ => {}
        },
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Error::io("create", &directory)(error)),
    }
    check(root)?;
    let ignore = directory.join(IGNORE);
    match OpenOptions::new().write(true).create_new(true).open(&ignore) {
        Ok(mut file) => file.write_all(b"*\n").map_err(Error::io("write", &ignore)),
        // Not found: removed, as above.
        Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {
            Ok(())
        }
        Err(error) => Err(Error::io("write", &ignore)(error)),
    }
}

/// Marks the folder as one that a command made. Git knows no sticky bit, so a repository cannot bring a folder that has
/// it, with a journal of its own.
#[cfg(unix)]
fn mark(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o1700))
}

#[cfg(not(unix))]
fn mark(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether a command made the folder. Systems without the mark trust any folder.
#[cfg(unix)]
pub(super) fn is_ours(root: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::symlink_metadata(root.join(DIRECTORY))
        .is_ok_and(|metadata| metadata.permissions().mode() & 0o1000 != 0)
}

#[cfg(not(unix))]
pub(super) fn is_ours(_: &Path) -> bool {
    true
}

/// Writes a new file in the folder. What bears its name is removed first, so that a link is never followed.
pub(super) fn put(root: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = file(root, name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &path)(error));
        }
        _ => {}
    }
    let created = OpenOptions::new().write(true).create_new(true).open(&path);
    created.and_then(|mut file| file.write_all(bytes)).map_err(Error::io("write", &path))
}

/// Whether the folder is there; an error if something else bears its name.
pub(super) fn check(root: &Path) -> Result<bool, Error> {
    let directory = root.join(DIRECTORY);
    match fs::symlink_metadata(&directory) {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => Err(Error::Unsuitable { path: directory, why: "is not a directory" }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("inspect", &directory)(error)),
    }
}

/// Removes the folder if nothing but its ignore file is left in it.
pub(super) fn remove_if_empty(root: &Path) {
    let directory = root.join(DIRECTORY);
    let Ok(listed) = fs::read_dir(&directory) else { return };
    let empty = listed.flatten().all(|entry| entry.file_name() == IGNORE);
    if empty {
        // Whatever hinders this, such as a command that begins just now, is no harm.
        let _ = fs::remove_file(directory.join(IGNORE));
        let _ = fs::remove_dir(directory);
    }
}
