//! Puts archives that have passed into cargo's cache, under cargo's own lock. Nothing is unpacked: cargo does that when it
//! builds.

#![expect(clippy::disallowed_methods, reason = "this layer moves files")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs4::{FileExt, TryLockError};
use provenance_build::Checksum;
use sha2::{Digest as _, Sha256};

use super::{Error, atomic};

/// The lock under which cargo downloads (`CacheLocker` in `util/cache_lock.rs`).
const LOCK: &str = ".package-cache";

/// How long to wait for another cargo: it holds the lock while it resolves and downloads.
const PATIENCE: Duration = Duration::from_secs(300);

const PAUSE: Duration = Duration::from_millis(50);

/// An archive on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Where it lies.
    pub from: PathBuf,
    /// Where cargo will look for it.
    pub to: PathBuf,
}

/// Moves archives into the cache of `cargo_home`. One that appeared there meanwhile is never overwritten: it must have the
/// same bytes. `wait` is called once if another cargo is at work.
pub fn admit(cargo_home: &Path, arrivals: &[Arrival], wait: &dyn Fn(&Path)) -> Result<(), Error> {
    if arrivals.is_empty() {
        return Ok(());
    }
    let _lock = lock(&cargo_home.join(LOCK), PATIENCE, wait)?;
    for arrival in arrivals {
        place(arrival)?;
    }
    Ok(())
}

/// Takes cargo's lock. Where the file system knows no locks, cargo goes on without too.
fn lock(path: &Path, patience: Duration, wait: &dyn Fn(&Path)) -> Result<File, Error> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let file = file.map_err(Error::io("open", path))?;
    let mut waited = Duration::ZERO;
    loop {
        match FileExt::try_lock(&file) {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
        }
        if waited.is_zero() {
            wait(path);
        }
        if waited >= patience {
            return Err(Error::Waited { lock: path.to_owned(), seconds: patience.as_secs() });
        }
        std::thread::sleep(PAUSE);
        waited += PAUSE;
    }
}

fn place(arrival: &Arrival) -> Result<(), Error> {
    let Arrival { from, to } = arrival;
    match fs::metadata(to) {
        // Cargo takes an empty file for a download that was interrupted.
        Ok(there) if there.is_file() && there.len() == 0 => {}
        Ok(_) => return same(from, to),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io("inspect", to)(error)),
    }
    let folder = atomic::folder(to);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => copy(from, to),
        moved => moved.map_err(Error::io("create", to)),
    }
}

/// The cache may lie on another file system than the cargo home.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let bytes = fs::read(from).map_err(Error::io("read", from))?;
    atomic::stage(to, &bytes)?.persist(to).map_err(|error| Error::io("create", to)(error.error))?;
    Ok(())
}

/// Whether two files hold the same archive.
fn same(from: &Path, to: &Path) -> Result<(), Error> {
    let hash = |path: &Path| sha256_of(path).map_err(Error::io("read", path));
    let (ours, theirs) = (hash(from)?, hash(to)?);
    if ours == theirs {
        return Ok(());
    }
    Err(Error::Occupied { path: to.to_owned(), theirs: theirs.to_string(), ours: ours.to_string() })
}

/// SHA-256 of a file's bytes, whatever its size.
pub fn sha256_of(file: &Path) -> io::Result<Checksum> {
    let mut file = File::open(file)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Checksum::from_bytes(hasher.finalize().into())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    struct Case(tempfile::TempDir);

    impl Case {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("temp"))
        }

        fn arrival(&self, name: &str, bytes: &[u8]) -> Arrival {
            let from = self.0.path().join("scratch").join(name);
            fs::create_dir_all(from.parent().expect("inside")).expect("created");
            fs::write(&from, bytes).expect("written");
            Arrival { from, to: self.0.path().join("registry/cache/host-0").join(name) }
        }

        fn admit(&self, arrivals: &[Arrival]) -> Result<(), Error> {
            admit(self.0.path(), arrivals, &|_| ())
        }
    }

    #[test]
    fn archives_get_to_where_cargo_looks_for_them() {
        let case = Case::new();
        let arrivals = [case.arrival("a-1.0.0.crate", b"one"), case.arrival("b-1.0.0.crate", b"two")];
        case.admit(&arrivals).expect("admitted");
        for (arrival, bytes) in arrivals.iter().zip([b"one", b"two"]) {
            assert_eq!(fs::read(&arrival.to).expect("there"), bytes);
            assert!(!arrival.from.exists());
        }
    }

    #[test]
    fn what_appeared_meanwhile_is_never_overwritten() {
        let case = Case::new();
        let arrival = case.arrival("a-1.0.0.crate", b"one");
        fs::create_dir_all(arrival.to.parent().expect("inside")).expect("created");
        fs::write(&arrival.to, b"one").expect("written");
        case.admit(std::slice::from_ref(&arrival)).expect("the same bytes");
        fs::write(&arrival.to, b"evil").expect("written");
        let error = case.admit(std::slice::from_ref(&arrival)).expect_err("refused");
        let Error::Occupied { theirs, ours, .. } = &error else { panic!("{error:?}") };
        assert_ne!(theirs, ours);
        assert_eq!(fs::read(&arrival.to).expect("there"), b"evil");
        // What cargo itself takes for an interrupted download.
        fs::write(&arrival.to, b"").expect("written");
        case.admit(std::slice::from_ref(&arrival)).expect("admitted");
        assert_eq!(fs::read(&arrival.to).expect("there"), b"one");
    }

    #[test]
    fn another_cargo_is_waited_for_and_named() {
        let case = Case::new();
        let path = case.0.path().join(LOCK);
        let held = File::create(&path).expect("created");
        FileExt::lock(&held).expect("locked");
        let told = Cell::new(0);
        let wait = |lock: &Path| {
            assert_eq!(lock, path);
            told.set(told.get() + 1);
        };
        let error = lock(&path, PAUSE * 2, &wait).expect_err("held");
        assert!(error.to_string().contains(".package-cache"), "{error}");
        assert_eq!(told.get(), 1);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(PAUSE);
                drop(held);
            });
            lock(&path, PATIENCE, &|_| ()).expect("free in the end");
        });
    }

    #[test]
    fn a_copy_is_as_good_as_a_move() {
        let case = Case::new();
        let arrival = case.arrival("a-1.0.0.crate", b"one");
        let folder = arrival.to.parent().expect("inside");
        fs::create_dir_all(folder).expect("created");
        copy(&arrival.from, &arrival.to).expect("copied");
        assert_eq!(fs::read(&arrival.to).expect("there"), b"one");
        assert_eq!(fs::read_dir(folder).expect("list").count(), 1);
    }

    #[test]
    fn an_archive_is_not_put_where_a_directory_is() {
        let case = Case::new();
        let arrival = case.arrival("a-1.0.0.crate", b"one");
        fs::create_dir_all(&arrival.to).expect("created");
        case.admit(std::slice::from_ref(&arrival)).expect_err("refused");
        assert!(arrival.from.exists());
    }
}
