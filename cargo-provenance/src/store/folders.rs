//! Folders for files that a transaction creates.

#![expect(clippy::disallowed_methods, reason = "this layer makes and removes folders")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Error, atomic};

/// Folders that were made for new files. When this is dropped, those that are still empty are removed again, so that a
/// transaction that failed leaves nothing behind.
#[derive(Debug, Default)]
pub struct Folders {
    made: Vec<PathBuf>,
}

impl Folders {
    /// Makes the folders that `file` lacks, from the first one that exists downward.
    pub fn make_for(&mut self, file: &Path) -> Result<(), Error> {
        let lacking = file.ancestors().skip(1).take_while(|folder| !folder.exists()).collect::<Vec<_>>();
        for folder in lacking.into_iter().rev() {
            match fs::create_dir(folder) {
                Ok(()) => self.made.push(folder.to_owned()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io("create", folder)(error)),
            }
            atomic::sync_directory(atomic::folder(folder))?;
        }
        Ok(())
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        for folder in self.made.iter().rev() {
            // A folder with something in it cannot be removed this way, which is what is wanted.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_stay_empty_go_away() {
        let scratch = tempfile::tempdir().expect("temp");
        let (used, unused) = (scratch.path().join("a/b/file"), scratch.path().join("c/d/file"));
        let mut folders = Folders::default();
        folders.make_for(&used).expect("made");
        folders.make_for(&unused).expect("made");
        fs::write(&used, b"x").expect("written");
        drop(folders);
        assert!(used.exists());
        assert!(!scratch.path().join("c").exists());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let scratch = tempfile::tempdir().expect("temp");
        let file = scratch.path().join("file");
        fs::write(&file, b"x").expect("written");
        let error = Folders::default().make_for(&file.join("below/x")).expect_err("impossible");
        assert!(error.to_string().contains("below"), "{error}");
    }
}
