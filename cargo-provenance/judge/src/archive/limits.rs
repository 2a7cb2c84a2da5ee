//! Budgets for an archive that may be hostile, each with the source of its number.

/// How much an archive may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes after decompression.
    pub(super) unpacked: usize,
    /// Headers, extension headers included.
    pub(super) headers: usize,
    /// Unpacked bytes per packed byte, judged above `ratio_floor` unpacked bytes.
    pub(super) ratio: usize,
    /// Unpacked bytes up to which any ratio is fine.
    pub(super) ratio_floor: usize,
    /// Bytes of a path: `PATH_MAX` of Linux, which nothing longer can be created under.
    pub(super) path: usize,
    /// Bytes of one component of a path: `NAME_MAX` of every common file system.
    pub(super) component: usize,
    /// Bytes of the packaged `Cargo.toml`: the largest of 529 measured ones has under 100 KB.
    pub(super) manifest: usize,
    /// Faults that are kept: enough to understand an archive, few enough to read.
    pub(super) faults: usize,
}

impl Limits {
    /// The largest of 2,069 measured packages unpacks to 168 MB, has 12,559 entries and a ratio of 29.9; crates.io
    /// itself stops at 512 MiB.
    pub(super) const DEFAULT: Self = Self {
        unpacked: 512 * 1024 * 1024,
        headers: 20_000,
        ratio: 100,
        ratio_floor: 10 * 1024 * 1024,
        path: 4_096,
        component: 255,
        manifest: 4 * 1024 * 1024,
        faults: 32,
    };
}
