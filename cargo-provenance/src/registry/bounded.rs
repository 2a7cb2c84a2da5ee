//! Reads a file of the cargo home into memory: a regular file of bounded size, once.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Bytes of one file of an index: the largest of crates.io has about 5 MB.
pub(super) const INDEX_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of one `.crate`: crates.io accepts 10 MiB unless its team allows more; other registries have other limits.
pub(super) const ARCHIVE_BYTES: u64 = 256 * 1024 * 1024;

/// Reads `path`, following links: what the bytes are worth is decided by their hash.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Asked before opening, because opening a named pipe would wait for somebody to write to it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = vec![];
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let what = format!("it is larger than {} MiB", limit / 1024 / 1024);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_bounded_size_are_read() {
        let directory = tempfile::tempdir().expect("temp");
        let file = directory.path().join("file");
        fs::write(&file, b"12345").expect("write");
        assert_eq!(read(&file, 5).expect("fits"), b"12345");
        assert_eq!(read(&file, 4).expect_err("too large").kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(directory.path(), 4).expect_err("a folder").kind(), io::ErrorKind::InvalidInput);
    }
}
