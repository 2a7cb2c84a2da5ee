//! A folder that holds one of several generations of a directory: the one that its state file names.
//!
//! A directory cannot replace another one in a single step, a file can. So a new generation is moved in beside the old
//! one, and then the state file is replaced: a kill at any moment leaves the old generation in force or the new one.
//! Readers take no lock, so the generation before stays until the next one comes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use fs4::{FileExt, TryLockError};

use super::{Error, atomic};

/// The file that names the generation in force, and what else its owner wants to know of it.
const STATE: &str = "state.json";

/// The file that is locked while a generation comes in. It is never removed, so that everybody locks the same one.
const LOCK: &str = "lock";

/// Bytes of a state file: ten times what is written.
const STATE_BYTES: u64 = 16 * 1024;

/// A folder with generations.
#[derive(Clone, Debug)]
pub struct Generations {
    folder: PathBuf,
}

/// Held while a generation comes in; released when dropped.
#[derive(Debug)]
pub struct Incoming<'g> {
    generations: &'g Generations,
    lock: File,
}

impl Generations {
    /// Those in `folder`, which need not exist.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The bytes of the state file, if there is one.
    pub fn state(&self) -> Result<Option<Vec<u8>>, Error> {
        let path = self.folder.join(STATE);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("inspect", &path)(error)),
            Ok(metadata) if !metadata.is_file() => {
                return Err(Error::Unsuitable { path, why: "is not a regular file" });
            }
            Ok(_) => {}
        }
        let mut bytes = vec![];
        let read = File::open(&path).and_then(|file| file.take(STATE_BYTES + 1).read_to_end(&mut bytes));
        read.map_err(Error::io("read", &path))?;
        if bytes.len() as u64 > STATE_BYTES {
            return Err(Error::Unsuitable { path, why: "is too large" });
        }
        Ok(Some(bytes))
    }

    /// The directory of a generation.
    pub fn directory(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes the folder and waits until nobody else brings a generation in. `waiting` is called once if that takes time.
    pub fn begin(&self, waiting: impl FnOnce()) -> Result<Incoming<'_>, Error> {
        fs::create_dir_all(&self.folder).map_err(Error::io("create", &self.folder))?;
        let path = self.folder.join(LOCK);
        atomic::suitable(&path)?;
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let lock = opened.map_err(Error::io("open", &path))?;
        match FileExt::try_lock(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                FileExt::lock(&lock).map_err(Error::io("lock", &path))?;
            }
            // As cargo does it: without locks, nobody is excluded.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
        }
        Ok(Incoming { generations: self, lock })
    }
}

impl Incoming<'_> {
    /// Moves `directory`, which lies on the same file system, in as generation `name`. It is not in force yet.
    pub fn take(&self, directory: &Path, name: &str) -> Result<(), Error> {
        let target = self.generations.directory(name);
        if fs::symlink_metadata(&target).is_ok() {
            // A generation of this name that was never in force, or is damaged.
            remove(&target)?;
        }
        fs::rename(directory, &target).map_err(Error::io("rename", directory))?;
        atomic::sync_directory(&self.generations.folder)
    }

    /// Writes the files of generation `name`, by their paths in it, which lead nowhere else. It is not in force yet.
    pub fn write(&self, name: &str, files: &[(&str, &[u8])]) -> Result<(), Error> {
        let target = self.generations.directory(name);
        if fs::symlink_metadata(&target).is_ok() {
            remove(&target)?;
        }
        fs::create_dir(&target).map_err(Error::io("create", &target))?;
        for (path, bytes) in files {
            let file = target.join(path);
            let is_inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
            if !is_inside {
                return Err(Error::Unsuitable { path: file, why: "leads out of its folder" });
            }
            let folder = file.parent().unwrap_or(&target);
            fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
            fs::write(&file, bytes).map_err(Error::io("write", &file))?;
        }
        atomic::sync_directory(&self.generations.folder)
    }

    /// Replaces the state file: from here on, what it names is in force.
    pub fn put_in_force(&self, state: &[u8]) -> Result<(), Error> {
        atomic::write_atomic(&self.generations.folder.join(STATE), state)
    }

    /// Removes everything but the generations of these names: older ones, and what a kill left behind.
    pub fn sweep(&self, keep: &[&str]) {
        let Ok(entries) = fs::read_dir(&self.generations.folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let kept = [STATE, LOCK].iter().chain(keep).any(|keep| name == *keep);
            if !kept {
                // What cannot be removed now takes room, and is met again by the next sweep.
                let _ = remove(&entry.path());
            }
        }
    }
}

impl Drop for Incoming<'_> {
    fn drop(&mut self) {
        let _ = FileExt::unlock(&self.lock);
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    let metadata = fs::symlink_metadata(path).map_err(Error::io("inspect", path))?;
    let removed = if metadata.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(Error::io("remove", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(folder: &Path, text: &str) -> PathBuf {
        let directory = folder.join("arrival");
        fs::create_dir_all(&directory).expect("created");
        fs::write(directory.join("file"), text).expect("written");
        directory
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("listed").flatten();
        let mut names =
            entries.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect::<Vec<_>>();
        names.sort();
        names
    }

    #[test]
    fn the_state_names_the_old_generation_until_it_names_the_new_one() {
        let scratch = tempfile::tempdir().expect("temp");
        let generations = Generations::new(scratch.path().join("a/b"));
        assert_eq!(generations.state().expect("readable"), None);
        for (name, keep, left) in
            [("1", &["1"][..], "1"), ("2", &["1", "2"], "1,2"), ("3", &["2", "3"], "2,3")]
        {
            let incoming = generations.begin(|| panic!("nobody else")).expect("free");
            let before = generations.state().expect("readable");
            incoming.take(&arrival(scratch.path(), name), name).expect("moved");
            assert_eq!(generations.state().expect("readable"), before);
            incoming.put_in_force(name.as_bytes()).expect("written");
            assert_eq!(generations.state().expect("readable").as_deref(), Some(name.as_bytes()));
            assert_eq!(fs::read_to_string(generations.directory(name).join("file")).expect("there"), name);
            incoming.sweep(keep);
            assert_eq!(names(generations.folder()).join(","), format!("{left},lock,state.json"));
        }
    }

    #[test]
    fn what_a_kill_left_behind_is_swept_and_does_not_hinder() {
        let scratch = tempfile::tempdir().expect("temp");
        let generations = Generations::new(scratch.path().join("g"));
        arrival(&generations.directory("1"), "half");
        arrival(&generations.directory(".provenance-fetch-x"), "half");
        let incoming = generations.begin(|| ()).expect("free");
        incoming.take(&arrival(scratch.path(), "whole"), "1").expect("moved");
        incoming.put_in_force(b"1").expect("written");
        incoming.sweep(&["1"]);
        assert_eq!(names(generations.folder()).join(","), "1,lock,state.json");
        assert_eq!(names(&generations.directory("1")), ["file"]);
    }

    #[test]
    fn one_waits_for_the_other() {
        let scratch = tempfile::tempdir().expect("temp");
        let generations = Generations::new(scratch.path().join("g"));
        let first = generations.begin(|| ()).expect("free");
        std::thread::scope(|scope| {
            let (told, hear) = std::sync::mpsc::channel();
            let generations = &generations;
            let second = scope.spawn(move || {
                let _incoming = generations.begin(|| told.send(()).expect("heard")).expect("free at last");
                generations.state().expect("readable")
            });
            hear.recv().expect("the second waits");
            first.put_in_force(b"first").expect("written");
            drop(first);
            assert_eq!(second.join().expect("no panic").as_deref(), Some(&b"first"[..]));
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_state_that_is_a_link_is_refused() {
        let scratch = tempfile::tempdir().expect("temp");
        let generations = Generations::new(scratch.path().to_owned());
        std::os::unix::fs::symlink("/etc/hostname", scratch.path().join(STATE)).expect("link");
        assert!(matches!(generations.state(), Err(Error::Unsuitable { .. })));
    }
}
