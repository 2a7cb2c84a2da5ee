//! Budgets for everything that is read from outside, each with the reason for its number.

/// Bytes of one TOML file (`Cargo.lock`, `Provenance.lock`, `Cargo.toml`, cargo configuration): a 10,000-package
/// `Cargo.lock` has about 4 MB and its manifest 6 MB; four times that is still read in a blink.
pub const TEXT_BYTES: u64 = 32 * 1024 * 1024;

/// Packages in one lockfile: thirty times the largest published workspace.
pub const PACKAGES: usize = 50_000;

/// Files of one package or checkout: the largest of 2,069 measured packages has 12,559; git checkouts hold whole
/// repositories, so this is far above.
pub const TREE_FILES: usize = 400_000;

/// Directory depth of one package: the deepest of 428 measured packages has 15 levels; each level costs a stack frame.
pub const TREE_DEPTH: usize = 128;

/// Files that cargo configuration may `include`, directly and indirectly: cargo itself has no bound but cycles.
pub const CONFIG_INCLUDES: usize = 64;
