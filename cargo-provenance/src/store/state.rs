//! The folder at the workspace root that holds the lock and the journal while a command writes.
//!
//! It lies beside the files that are written, so that it is on the same file system and goes where the workspace goes,
//! and it ignores itself, so that git never shows it. When nothing is under way it is gone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::journal::Journal;
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
    let is_bare = || fs::symlink_metadata(Journal::place(root)).is_err_and(|error| is_absence(&error));
    let is_new = match fs::create_dir(&directory) {
        Ok(()) => true,
        // Whoever was killed before the mark left it without. Where no journal lies, nobody can be led astray by one.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            check(root)? && !is_ours(root) && is_bare()
        }
        Err(error) => return Err(Error::io("create", &directory)(error)),
    };
    if is_new {
        match mark(&directory) {
            // A command that has just ended took the folder, still empty, for its own.
            Err(error) if !is_absence(&error) => return Err(Error::io("mark", &directory)(error)),
            _ => {}
        }
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

fn is_absence(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_whose_maker_was_killed_before_the_mark_is_taken() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir(root.path().join(DIRECTORY)).expect("created");
        assert!(!is_ours(root.path()));
        create(root.path()).expect("taken");
        assert!(is_ours(root.path()));
    }

    #[test]
    fn a_folder_that_comes_with_a_journal_is_never_taken_for_ours() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir(root.path().join(DIRECTORY)).expect("created");
        fs::write(Journal::place(root.path()), "{}").expect("written");
        create(root.path()).expect("there");
        assert!(!is_ours(root.path()));
    }
}
