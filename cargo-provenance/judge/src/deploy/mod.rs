//! Whether an artifact may be used: what was attested of it, by whom, against a policy that the operator wrote.
//!
//! Pure: the policy, the bundles' bytes, the artifact's digests and the time go in, a judgment comes out. The order is that of
//! SLSA 1.2, "Verifying artifacts": whoever signed, the subject, the kind of statement, what the key may vouch for, and only then
//! what it says. Everything that counts, counts for the artifact: no statement and no line of a bundle ever counts against it, so
//! that nobody gains by taking one away, and nobody by adding one that no trusted key signed.

pub mod evidence;
mod expected;
mod judge;
mod policy;
mod read;
pub mod summary;

pub use self::evidence::{Claim, Evidence, Ignored, Spot};
pub use self::expected::Expected;
pub use self::judge::{Judgment, Met, Missing, Step, judge};
pub use self::policy::{Artifact, DeployPolicy, Grant, Required};

#[cfg(test)]
mod tests;
