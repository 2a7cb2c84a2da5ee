//! Replaces one file so that a reader, or a crash, sees the old bytes or the new ones.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use super::Error;

/// How the names of temporary files begin; what a crash leaves behind is recognized by it.
pub(super) const PREFIX: &str = ".provenance-tmp-";

/// Replaces or creates `path`: temporary file beside it, fsync, rename, fsync of the directory. The permissions of an
/// existing file are kept. A symbolic link is refused: replacing it would not change what it points to.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    suitable(path)?;
    let staged = stage(path, bytes)?;
    staged.persist(path).map_err(|error| Error::io("replace", path)(error.error))?;
    sync_directory(folder(path))
}

/// The same for a file of the tool's own, with the folders that it needs.
pub fn keep(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = folder(path);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    write_atomic(path, bytes)
}

/// Replaces or creates a file that can be run, with the folders that it needs.
pub fn write_program(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    suitable(path)?;
    let folder = folder(path);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut builder = Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    let mut file = builder.tempfile_in(folder).map_err(Error::io("write to", folder))?;
    let written = file.as_file_mut().write_all(bytes).and_then(|()| file.as_file().sync_all());
    written.map_err(Error::io("write", path))?;
    file.persist(path).map_err(|error| Error::io("replace", path)(error.error))?;
    sync_directory(folder)
}

/// Creates a file that only its owner can read, with the folders that it needs. What is there already stays as it is.
pub fn create_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = folder(path);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    // Files of the `tempfile` crate are private by default.
    let mut file =
        Builder::new().prefix(PREFIX).tempfile_in(folder).map_err(Error::io("write to", folder))?;
    let written = file.as_file_mut().write_all(bytes).and_then(|()| file.as_file().sync_all());
    written.map_err(Error::io("write", path))?;
    file.persist_noclobber(path).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => Error::Unsuitable { path: path.to_owned(), why: "exists already" },
        _ => Error::io("create", path)(error.error),
    })?;
    sync_directory(folder)
}

/// What lies at `path`: the bytes of a regular file, or nothing.
pub(super) fn current(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    suitable(path)?;
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

/// Refuses to replace what is not a regular file.
pub(super) fn suitable(path: &Path) -> Result<(), Error> {
    let why = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => return Ok(()),
        Ok(metadata) if metadata.is_symlink() => "is a symbolic link",
        Ok(_) => "is not a regular file",
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("inspect", path)(error)),
    };
    Err(Error::Unsuitable { path: path.to_owned(), why })
}

/// Writes `bytes` to a new file beside `path`, on disk when this returns. It vanishes when dropped.
pub(super) fn stage(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, Error> {
    let directory = folder(path);
    let mut file = builder().tempfile_in(directory).map_err(Error::io("write to", directory))?;
    write_through(file.as_file_mut(), path, bytes).map_err(Error::io("write", path))?;
    Ok(file)
}

/// Writes and syncs, with the permissions of the file at `path` if there is one.
pub(super) fn write_through(file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    if let Ok(metadata) = fs::metadata(path) {
        file.set_permissions(metadata.permissions())?;
    }
    file.sync_all()
}

/// Makes the names in a directory durable. Windows has no such operation and needs none.
pub(super) fn sync_directory(directory: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(Error::io("sync", directory))?;
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}

/// The directory that holds `path`.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

// New files are readable like any other that the user creates; the default of the `tempfile` crate is private.
fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names = fs::read_dir(directory)
            .expect("list")
            .map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8"))
            .collect::<Vec<_>>();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_created_and_replaced_and_nothing_else_is_left() {
        let directory = tempfile::tempdir().expect("temp");
        let file = directory.path().join("file");
        for bytes in [&b"one"[..], b"two", b""] {
            write_atomic(&file, bytes).expect("written");
            assert_eq!(fs::read(&file).expect("read"), bytes);
        }
        assert_eq!(names(directory.path()), ["file"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_kept_and_new_files_are_not_private() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("temp");
        let file = directory.path().join("file");
        let mode = || fs::metadata(&file).expect("there").permissions().mode() & 0o777;
        write_atomic(&file, b"one").expect("written");
        fs::write(directory.path().join("plain"), b"").expect("write");
        let plain = fs::metadata(directory.path().join("plain")).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(), plain);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("chmod");
        write_atomic(&file, b"two").expect("written");
        assert_eq!(mode(), 0o640);
    }

    #[test]
    fn a_private_file_is_private_and_overwrites_nothing() {
        let directory = tempfile::tempdir().expect("temp");
        let file = directory.path().join("folder/secret");
        create_private(&file, b"one").expect("created");
        assert!(matches!(create_private(&file, b"two"), Err(Error::Unsuitable { .. })));
        assert_eq!(fs::read(&file).expect("read"), b"one");
        assert_eq!(names(&directory.path().join("folder")), ["secret"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
            let link = directory.path().join("link");
            std::os::unix::fs::symlink(directory.path().join("nowhere"), &link).expect("link");
            assert!(matches!(create_private(&link, b"x"), Err(Error::Unsuitable { .. })));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_neither_followed_nor_replaced() {
        let directory = tempfile::tempdir().expect("temp");
        let (victim, link) = (directory.path().join("victim"), directory.path().join("link"));
        fs::write(&victim, b"precious").expect("write");
        std::os::unix::fs::symlink(&victim, &link).expect("link");
        assert!(matches!(write_atomic(&link, b"x"), Err(Error::Unsuitable { .. })));
        assert_eq!(fs::read(&victim).expect("read"), b"precious");
    }

    #[test]
    fn an_impossible_place_is_named() {
        let directory = tempfile::tempdir().expect("temp");
        let file = directory.path().join("file");
        fs::write(&file, b"").expect("write");
        for path in [file.join("below"), directory.path().join("missing/file")] {
            let error = write_atomic(&path, b"x").expect_err("impossible").to_string();
            assert!(error.contains(&*directory.path().to_string_lossy()), "{error}");
        }
        assert!(matches!(write_atomic(directory.path(), b"x"), Err(Error::Unsuitable { .. })));
    }
}
