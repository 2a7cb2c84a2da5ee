//! Budgets for files that may be hostile, each with the source of its number.

/// Bytes of one program: twice the largest Rust programs with their debugging information.
pub(super) const IMAGE_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Bytes from which a program is looked into alone, so that memory does not grow with the number of processors.
pub(super) const LARGE: u64 = 64 * 1024 * 1024;

/// Bytes of a file that is opened as an archive: the layers of the largest container images have a third of that.
pub(super) const ARCHIVE_BYTES: u64 = 32 * 1024 * 1024 * 1024;

/// How many times its size an archive may unpack to. Programs are packed to a quarter, empty disk images to a hundredth.
pub(super) const RATIO: u64 = 200;

/// Bytes that anything may unpack to.
pub(super) const SLACK: u64 = 64 * 1024 * 1024;

/// Files in one archive, those in archives in it included.
pub(super) const ENTRIES: usize = 2_000_000;

/// Archives in archives, with their packing: a package in a folder of a layer of an image takes seven.
pub(super) const DEPTH: usize = 8;

/// Bytes of the name of a file in an archive: `PATH_MAX` of Linux.
pub(super) const NAME: u64 = 4_096;

/// Bytes of an extended header: names and times take a few hundred, extended attributes some thousand.
pub(super) const EXTENDED: u64 = 1024 * 1024;

/// Files of one scan: ten times a large root file system.
pub(super) const FILES: usize = 10_000_000;
