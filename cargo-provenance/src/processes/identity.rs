//! Which file it is, whatever its name.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// `O_NONBLOCK` (`fcntl.h`), which is another number on some processors; of no effect for regular files.
#[cfg(unix)]
const NONBLOCK: i32 = if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
    0x80
} else if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
    0x4000
} else if cfg!(any(target_os = "linux", target_os = "android")) {
    0x800
} else {
    // The BSDs, and macOS.
    0x4
};

/// A file as the operating system tells it from others, and whether it was written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The device; 0 where the system has none.
    pub device: u64,
    /// The inode; 0 where the system has none.
    pub inode: u64,
    /// Its length.
    pub bytes: u64,
    /// Names that it has on its file system; 1 where the system does not tell.
    pub links: u64,
    /// When its content and its properties changed, in nanoseconds since 1970.
    changed: (i128, i128),
}

impl Identity {
    /// Of a file that was inspected.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            links: metadata.nlink(),
            changed: (
                nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
                nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            ),
        }
    }

    /// Of a file that was inspected.
    #[cfg(not(unix))]
    pub fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|it| it.duration_since(std::time::UNIX_EPOCH).ok());
        let changed = since.map_or(0, |since| since.as_nanos() as i128);
        Self { device: 0, inode: 0, bytes: metadata.len(), links: 1, changed: (changed, 0) }
    }

    /// Whether both are one file, written to or not.
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Whether a file that was inspected twice may hold something else than before.
    pub fn was_written(&self, now: &Self) -> bool {
        (self.bytes, self.changed.0) != (now.bytes, now.changed.0)
    }

    /// Opens a file and sees that it is this one: between the two, another may have taken its place.
    ///
    /// # Errors
    ///
    /// What the operating system says, and that it is another file.
    #[expect(clippy::disallowed_methods, reason = "it only reads, and no other way opens without waiting")]
    pub fn open(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true);
        // A pipe that took its place would be waited for, for ever.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, NONBLOCK);
        let file = options.open(path)?;
        let metadata = file.metadata()?;
        match metadata.is_file() && self.is_same_file(&Self::of(&metadata)) {
            true => Ok(file),
            false => Err(io::Error::other("another file took its place while it was looked at")),
        }
    }
}
