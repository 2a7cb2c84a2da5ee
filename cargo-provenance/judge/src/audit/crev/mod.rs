//! Reviews that were signed with crev: proofs, each a YAML text with an Ed25519 signature over its bytes, that name the package by
//! a digest of its contents.
//!
//! - [`Proofs::read`] takes the bytes of a proof file and whose reviews are wanted, and keeps what that key signed: [`Review`]s,
//!   and what of them could not be read. What others signed is passed over, and so are reviews of single files and statements of
//!   trust in people: whose reviews count is for the policy to say, never for the people whose reviews count.
//! - [`latest`] leaves of several reviews of the same version the newest.
//! - [`Digest::of_files`] is crev's digest of a package's contents.
//!
//! The format is that of `crev-data` 0.27 and of the proofs that were published since 2019; there is no specification.

mod armor;
mod digest;
mod instant;
mod read;
mod review;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
mod yaml;

pub use digest::Digest;
pub use instant::Instant;
pub use read::{Loss, PROOFS, Proofs, Unread};
pub use review::{Notice, Reach, Review, Subject, latest};

/// The registry that reviews of crates name as the source.
pub const CRATES_IO: &str = "https://crates.io";

/// Bytes of a body: what crev itself reads at most (`MAX_PROOF_BODY_LENGTH`).
const BODY_BYTES: usize = 32_000;
