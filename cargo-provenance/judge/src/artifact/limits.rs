//! Budgets for sections that may be hostile, each with the source of its number.

/// Bytes of a section after decompression: the cap that cargo-auditable's documentation gives its readers.
pub(super) const INFLATED: usize = 8 * 1024 * 1024;

/// Packages of one list: as many as the kernel lets a lockfile have.
pub(super) const PACKAGES: usize = provenance_build::limits::PACKAGES;

/// Programs in one universal file: Apple has shipped at most five, and a Java class, which begins with the same four bytes, has a
/// version of 45 or more in that place.
pub(super) const PARTS: usize = 30;

/// Zero bytes behind the data: sections are padded to the alignment of a PE file or a page.
pub(super) const PADDING: usize = 64 * 1024;

/// Keys of one section: as many distinct keys as a policy could reasonably hold.
pub(super) const KEYS: usize = 1_000;

/// Bytes of a word that tells a source.
pub(super) const WORD: usize = 128;
