//! Directories of packages as a transaction knows them: by a digest over every byte in them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use provenance_build::tree::{self, Content, Entry, Layout, Tree};
use provenance_build::{TreeDigest, threads};

use super::{Error, atomic};

/// What `cargo vendor` writes beside a package's own files, and what the kernel's digest of the package leaves out.
const LIST: &str = ".cargo-checksum.json";

/// What lies in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The digest that pins are compared with: that of the package of a directory source.
    pub package: TreeDigest,
    /// The digest over every file, cargo's list of checksums included.
    pub whole: TreeDigest,
}

/// Reads what lies in `directory`; nothing where there is none. What no package can hold (a link, a device) is an error:
/// it has no digest, and so nobody could tell whether it is still the same.
pub fn contents(directory: &Path) -> Result<Option<Contents>, Error> {
    match fs::symlink_metadata(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("inspect", directory)(error)),
        Ok(_) => {}
    }
    let tree = read(directory)?;
    let package = tree.digest();
    let list = directory.join(LIST);
    let mut entries = tree.entries().to_vec();
    match fs::symlink_metadata(&list) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io("inspect", &list)(error)),
        Ok(metadata) if !metadata.is_file() => {
            return Err(Error::Unsuitable { path: list, why: "is not a regular file" });
        }
        Ok(_) => {
            let hash = hash(&list).map_err(Error::io("read", &list))?;
            entries.push(Entry { path: LIST.to_owned(), content: Content::File(hash) });
        }
    }
    let whole = Tree::new(entries).map_err(|_| unacceptable(directory))?.digest();
    Ok(Some(Contents { package, whole }))
}

/// Copies the package directory `from`, complete and on disk when this returns. `to` must not exist.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let tree = read(from)?;
    let list = fs::symlink_metadata(from.join(LIST)).is_ok().then_some(LIST);
    let files = tree.entries().iter().map(|entry| entry.path.as_str()).chain(list).collect::<Vec<_>>();
    let mut folders = vec![to.to_owned()];
    fs::create_dir(to).map_err(Error::io("create", to))?;
    for file in &files {
        for (end, _) in file.match_indices('/') {
            let folder = to.join(&file[..end]);
            match fs::create_dir(&folder) {
                Ok(()) => folders.push(folder),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io("create", &folder)(error)),
            }
        }
    }
    // Each file waits for the disk; several that wait at once wait together.
    let copied = threads::map(&files, |file| {
        let (from, to) = (from.join(file), to.join(file));
        copy_file(&from, &to).map_err(Error::io("write", &to))
    });
    copied.into_iter().collect::<Result<(), Error>>()?;
    folders.iter().rev().try_for_each(|folder| atomic::sync_directory(folder))?;
    atomic::sync_directory(atomic::folder(to))
}

/// Removes whatever lies at `path`, with all that is in it; the standard library removes links, not what they lead to.
pub(super) fn discard(path: &Path) -> Result<(), Error> {
    let removed = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
    removed.map_err(Error::io("remove", path))
}

fn read(directory: &Path) -> Result<Tree, Error> {
    match tree::read(directory, Layout::Directory) {
        Ok(Ok(tree)) => Ok(tree),
        Ok(Err(odd)) if odd.path == "." => Err(unacceptable(directory)),
        Ok(Err(odd)) => Err(unacceptable(&directory.join(odd.path))),
        Err(error) => Err(Error::io("read", directory)(io::Error::other(error))),
    }
}

fn unacceptable(path: &Path) -> Error {
    Error::Unsuitable { path: path.to_owned(), why: "is nothing that a package directory can be or hold" }
}

fn hash(file: &Path) -> io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(file)?)?;
    Ok(*hasher.finalize().as_bytes())
}

// The directory is new and ours, so that nothing in it can be a link.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        options.mode(source.metadata()?.permissions().mode() & 0o777);
    }
    let mut target = options.open(to)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("temp");
        for (path, text) in files {
            let path = directory.path().join(path);
            fs::create_dir_all(atomic::folder(&path)).expect("create");
            fs::write(path, text).expect("write");
        }
        directory
    }

    const FILES: [(&str, &str); 4] =
        [(LIST, "{}"), ("Cargo.toml", "[package]"), ("src/deep/er.rs", ""), ("src/lib.rs", "//! x")];

    #[test]
    fn every_byte_counts_and_only_the_list_is_no_part_of_the_package() {
        let known = contents(package(&FILES).path()).expect("readable").expect("there");
        for at in 0..FILES.len() {
            let mut files = FILES;
            files[at].1 = "edited";
            let edited = contents(package(&files).path()).expect("readable").expect("there");
            assert_ne!(known.whole, edited.whole, "{}", files[at].0);
            assert_eq!(known.package == edited.package, at == 0, "{}", files[at].0);
        }
        let without = contents(package(&FILES[1..]).path()).expect("readable").expect("there");
        assert_eq!(without.package, without.whole);
        assert_eq!(known.package, without.package);
        assert_eq!(contents(&package(&[]).path().join("none")).expect("readable"), None);
    }

    #[test]
    fn a_copy_is_the_same() {
        let (from, beside) = (package(&FILES), tempfile::tempdir().expect("temp"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(from.path().join("src/lib.rs"), fs::Permissions::from_mode(0o555))
                .expect("chmod");
        }
        let to = beside.path().join("copy");
        copy(from.path(), &to).expect("copied");
        assert_eq!(contents(&to).expect("readable"), contents(from.path()).expect("readable"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &str| fs::metadata(to.join(path)).expect("there").permissions().mode() & 0o111;
            assert_eq!([mode("src/lib.rs") != 0, mode("Cargo.toml") != 0], [true, false]);
        }
        assert!(copy(from.path(), &to).is_err(), "nothing is copied over");
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_digest_is_named() {
        let directory = package(&FILES);
        std::os::unix::fs::symlink("/etc/passwd", directory.path().join("src/link")).expect("link");
        let error = contents(directory.path()).expect_err("refused").to_string();
        assert!(error.contains("src/link"), "{error}");
        let link = directory.path().join("src/link");
        assert!(matches!(contents(&link), Err(Error::Unsuitable { .. })));
        discard(&link).expect("removed");
        assert!(Path::new("/etc/passwd").exists() && contents(directory.path()).is_ok());
    }
}
