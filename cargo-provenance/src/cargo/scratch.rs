//! Scratch folders below the cargo home: private, and gone when dropped.
//!
//! A lock holds each of them, which ends with its process however that ends. What nobody holds was left behind by a
//! command that was killed, and the next command sweeps it away at once: it may hold links to credentials.

#![expect(clippy::disallowed_methods, reason = "scratch folders are made and removed here")]

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use tempfile::TempDir;

use super::error::Error;
use crate::model::Clock;

/// What a scratch folder is for; its name begins with this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A cargo home.
    Home,
    /// A shadow workspace.
    Shadow,
}

/// The folder below the cargo home that holds all of them.
const FOLDER: &str = "provenance";

/// In a scratch folder: the file whose lock says that somebody is at work.
const HELD: &str = ".held";

/// Beside the scratch folders: locked shared by who makes one, exclusively by who sweeps, so that nobody sweeps away a
/// folder that is not held yet.
const GATE: &str = ".lock";

/// Beside the scratch folders: where cargo keeps what rustc said of itself, so that it asks once and not in every run.
const BUILD: &str = "build";

/// Seconds after which a folder is abandoned for certain, on file systems that know no locks.
const STALE: u64 = 86_400;

/// A scratch folder; gone when dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    directory: TempDir,
    // Dropped after the directory, so that nobody else begins to remove it.
    _held: File,
}

impl Scratch {
    /// Makes one below `cargo_home`, after sweeping away those that were abandoned.
    pub(super) fn make(cargo_home: &Path, purpose: Purpose, now: Clock) -> Result<Self, Error> {
        sweep(cargo_home, now);
        let folder = cargo_home.join(FOLDER);
        let build = folder.join(BUILD);
        fs::create_dir_all(&build).map_err(|source| Error::file("create", &build, source))?;
        let gate = folder.join(GATE);
        let gate_file = open(&gate).map_err(|source| Error::file("open", &gate, source))?;
        // Where the file system knows no locks, nobody sweeps by them either.
        let _ = FileExt::lock_shared(&gate_file);
        let prefix = format!("{}{}-", purpose.prefix(), now.0);
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o700));
        }
        let directory = builder
            .tempdir_in(&folder)
            .map_err(|source| Error::file("create a directory in", &folder, source))?;
        let held = directory.path().join(HELD);
        let file = open(&held).map_err(|source| Error::file("create", &held, source))?;
        let _ = FileExt::try_lock(&file);
        Ok(Self { directory, _held: file })
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Removes it, and says so if that fails.
    pub(super) fn close(self) -> Result<(), Error> {
        let path = self.path().to_owned();
        self.directory.close().map_err(|source| Error::file("remove", &path, source))
    }
}

/// The build directory that cargo runs in scratch folders share.
pub(super) fn build_directory(cargo_home: &Path) -> PathBuf {
    cargo_home.join(FOLDER).join(BUILD)
}

/// Removes the scratch folders that killed commands left below `cargo_home`.
pub fn sweep(cargo_home: &Path, now: Clock) {
    let folder = cargo_home.join(FOLDER);
    // Not there: nothing was ever made. Locked: somebody makes or sweeps just now, and the next command tries again.
    let Ok(gate) = OpenOptions::new().read(true).write(true).open(folder.join(GATE)) else { return };
    if matches!(FileExt::try_lock(&gate), Err(TryLockError::WouldBlock)) {
        return;
    }
    for entry in fs::read_dir(&folder).into_iter().flatten().filter_map(io::Result::ok) {
        if is_abandoned(&entry, now) {
            // Nothing depends on it: what cannot be removed now is tried again next time. A cargo that outlived the
            // command may still be writing there; it finds no credentials any more.
            for name in super::home::CREDENTIALS {
                let _ = fs::remove_file(entry.path().join(name));
            }
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Purpose {
    fn prefix(self) -> &'static str {
        match self {
            Self::Home => "home-",
            Self::Shadow => "shadow-",
        }
    }
}

fn is_abandoned(entry: &DirEntry, now: Clock) -> bool {
    let name = entry.file_name();
    let begun =
        |purpose: Purpose| name.to_str()?.strip_prefix(purpose.prefix())?.split('-').next()?.parse().ok();
    let begun: Option<u64> = begun(Purpose::Home).or_else(|| begun(Purpose::Shadow));
    let Some(begun) = begun.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())) else {
        return false;
    };
    let stale = begun.saturating_add(STALE) < now.0;
    match OpenOptions::new().read(true).write(true).open(entry.path().join(HELD)) {
        Ok(file) => match FileExt::try_lock(&file) {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(_)) => stale,
        },
        Err(error) => error.kind() == io::ErrorKind::NotFound || stale,
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_holds_is_swept_away_at_once() {
        let home = tempfile::tempdir().expect("a scratch directory");
        let folder = home.path().join(FOLDER);
        let held = Scratch::make(home.path(), Purpose::Home, Clock(1_000)).expect("made");
        // A killed process runs no destructors, but the system drops its locks.
        let killed = Scratch::make(home.path(), Purpose::Shadow, Clock(1_000)).expect("made");
        let left = killed.directory.keep();
        drop(killed._held);
        fs::write(left.join("file"), "").expect("written");
        for name in ["home-1000-abc", "shadow-x", "other", "home-1000"] {
            fs::create_dir_all(folder.join(name)).expect("a directory");
        }
        fs::write(folder.join("home-1-file"), "").expect("written");

        sweep(home.path(), Clock(1_000));
        assert!(held.path().exists() && !left.exists());
        let there = ["home-1000-abc", "shadow-x", "other", "home-1000", "home-1-file", BUILD, GATE]
            .map(|name| folder.join(name).exists());
        assert_eq!(there, [false, true, true, false, true, true, true]);
        let path = held.path().to_owned();
        held.close().expect("removed");
        assert!(!path.exists());
    }

    #[test]
    fn nothing_is_swept_while_another_command_makes_its_folder() {
        let home = tempfile::tempdir().expect("a scratch directory");
        drop(Scratch::make(home.path(), Purpose::Home, Clock(0)).expect("made"));
        let half_made = home.path().join(FOLDER).join("home-0-abc");
        fs::create_dir(&half_made).expect("a directory");
        let gate = open(&home.path().join(FOLDER).join(GATE)).expect("there");
        FileExt::lock_shared(&gate).expect("locked");
        sweep(home.path(), Clock(0));
        assert!(half_made.exists());
        drop(gate);
        sweep(home.path(), Clock(0));
        assert!(!half_made.exists());
    }

    #[cfg(unix)]
    #[test]
    fn sweeping_follows_no_link() {
        let (home, outside) = (tempfile::tempdir().expect("temp"), tempfile::tempdir().expect("temp"));
        drop(Scratch::make(home.path(), Purpose::Home, Clock(0)).expect("made"));
        let folder = home.path().join(FOLDER);
        fs::write(outside.path().join("precious"), "").expect("written");
        std::os::unix::fs::symlink(outside.path(), folder.join("home-0-link")).expect("a link");
        fs::create_dir(folder.join("home-0-dir")).expect("a directory");
        std::os::unix::fs::symlink(outside.path(), folder.join("home-0-dir/git")).expect("a link");
        sweep(home.path(), Clock(0));
        assert!(outside.path().join("precious").exists() && !folder.join("home-0-dir").exists());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_look_into_it() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().expect("a scratch directory");
        let made = Scratch::make(home.path(), Purpose::Home, Clock(0)).expect("made");
        let mode = fs::metadata(made.path()).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
