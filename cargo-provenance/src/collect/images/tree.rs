//! Walks folders for regular files. Links are never followed, devices and pipes never opened, views of the kernel left alone.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::limits::FILES;
use crate::processes::{self, Identity, PROC};

/// A regular file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The path.
    pub path: PathBuf,
    /// Which file it was when it was found.
    pub identity: Identity,
    /// Whether it was named, and not merely lay in a folder.
    pub is_named: bool,
}

/// What was found below some paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The regular files, by path, each once whatever its number of names.
    pub files: Vec<Found>,
    /// What cannot be looked at, and why.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Links, which are not followed.
    pub links: usize,
    /// Devices, pipes and sockets, which hold nothing.
    pub special: usize,
    /// Further names of files that were found already.
    pub again: usize,
    /// File systems that hold views of the kernel: `/proc`, `/sys`.
    pub views: usize,
}

/// Finds the files at and below `paths`.
pub fn find(paths: &[PathBuf]) -> Tree {
    let mut walk = Walk {
        tree: Tree::default(),
        seen: BTreeSet::new(),
        folders: BTreeSet::new(),
        views: processes::pseudo_devices(Path::new(PROC)),
    };
    for path in paths {
        // What the user names may be a link; what lies below it may not.
        match fs::canonicalize(path).and_then(|whole| Ok((fs::metadata(&whole)?, whole))) {
            Ok((metadata, _)) => walk.entry(path.clone(), &metadata, true),
            Err(error) => walk.unreadable(path.clone(), &error),
        }
    }
    walk.tree.files.sort_by(|one, other| one.path.cmp(&other.path));
    walk.tree
}

impl Found {
    /// Opens it, if it is still the same file.
    pub(super) fn open(&self) -> io::Result<File> {
        self.identity.open(&self.path)
    }
}

struct Walk {
    tree: Tree,
    /// By everything that is known of them: some file systems number their files as they like.
    seen: BTreeSet<Identity>,
    folders: BTreeSet<(u64, u64)>,
    views: BTreeSet<u64>,
}

impl Walk {
    fn entry(&mut self, path: PathBuf, metadata: &Metadata, is_named: bool) {
        let mut folders = vec![];
        self.take(path, metadata, is_named, &mut folders);
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unreadable(folder, &error);
                    continue;
                }
            };
            for entry in entries {
                let inspected =
                    entry.and_then(|entry| Ok((fs::symlink_metadata(entry.path())?, entry.path())));
                match inspected {
                    Ok((metadata, path)) => self.take(path, &metadata, false, &mut folders),
                    // It is gone, and with it what it held.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => self.unreadable(folder.clone(), &error),
                }
            }
        }
    }

    fn take(&mut self, path: PathBuf, metadata: &Metadata, is_named: bool, folders: &mut Vec<PathBuf>) {
        let identity = Identity::of(metadata);
        let place = (identity.device, identity.inode);
        let kind = metadata.file_type();
        let has_place = identity.inode != 0;
        if kind.is_symlink() {
            self.tree.links += 1;
        } else if self.views.contains(&identity.device) {
            self.tree.views += usize::from(kind.is_dir());
        } else if kind.is_dir() {
            // A folder that is mounted below itself, or named twice.
            if !has_place || self.folders.insert(place) {
                folders.push(path);
            }
        } else if !kind.is_file() && is_named {
            let why = "it is a device, a pipe or a socket";
            self.tree.unreadable.push((path, why.to_owned()));
        } else if !kind.is_file() {
            self.tree.special += 1;
        } else if self.tree.files.len() >= FILES {
            let why = format!("there are more than {FILES} files");
            if self.tree.unreadable.last().is_none_or(|(_, last)| *last != why) {
                self.tree.unreadable.push((path, why));
            }
        } else if has_place && !self.seen.insert(identity) {
            self.tree.again += 1;
        } else {
            self.tree.files.push(Found { path, identity, is_named });
        }
    }

    fn unreadable(&mut self, path: PathBuf, error: &io::Error) {
        self.tree.unreadable.push((path, error.to_string()));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn links_are_not_followed_and_files_with_two_names_are_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
        fs::create_dir_all(root.join("a/b")).expect("folders");
        fs::create_dir(&outside).expect("a folder");
        fs::write(outside.join("secret"), "x").expect("a file");
        fs::write(root.join("a/file"), "x").expect("a file");
        fs::hard_link(root.join("a/file"), root.join("a/b/twin")).expect("a link");
        symlink("..", root.join("a/b/loop")).expect("a link");
        symlink(outside.join("secret"), root.join("escape")).expect("a link");
        symlink("/dev/zero", root.join("endless")).expect("a link");
        let _socket = UnixListener::bind(root.join("socket")).expect("a socket");
        let tree = find(&[root.clone(), root.join("a"), root.join("nothing")]);
        assert_eq!(tree.files.len(), 1, "{tree:?}");
        assert_eq!((tree.links, tree.special, tree.again), (3, 1, 1));
        assert_eq!(tree.unreadable.len(), 1);
        assert_eq!(tree.unreadable[0].0, root.join("nothing"));
        // What is named may be a link.
        symlink(&outside, folder.path().join("named")).expect("a link");
        assert_eq!(find(&[folder.path().join("named")]).files.len(), 1);
    }

    #[test]
    fn a_file_that_was_swapped_is_not_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("file"), "x").expect("a file");
        let tree = find(&[folder.path().to_owned()]);
        fs::write(folder.path().join("other"), "x").expect("a file");
        fs::rename(folder.path().join("other"), folder.path().join("file")).expect("renamed");
        assert!(tree.files[0].open().is_err());
    }

    #[test]
    fn what_is_named_and_no_file_is_not_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket");
        let _socket = UnixListener::bind(&socket).expect("a socket");
        let tree = find(&[socket, PathBuf::from("/dev/null")]);
        assert_eq!((tree.unreadable.len(), tree.special), (2, 0), "{tree:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn views_of_the_kernel_are_left_alone() {
        let tree = find(&[PathBuf::from("/proc"), PathBuf::from("/sys")]);
        assert!(tree.files.is_empty() && tree.views >= 1, "{tree:?}");
    }
}
