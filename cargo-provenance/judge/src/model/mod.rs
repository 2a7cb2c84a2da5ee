//! The domain's plain values: where we stand, what the user allowed, what is known.

mod date;
mod evidence;
mod harmful;
mod license;
mod lines;
mod openpgp;
mod release;
mod review;
mod surroundings;
mod timestamp;
mod web;
mod whereabouts;

pub use date::Date;
pub use evidence::Evidence;
pub use harmful::is_harmful;
pub use license::{LicenseExpression, LicenseName};
pub use lines::{Fate, Lines, Stretch, differing};
pub use openpgp::OpenPgpKey;
pub use release::{Dependency, DependencyKind, Release};
pub use review::{Level as ReviewLevel, Rating};
pub use surroundings::{Clock, Network, Surroundings, Transport};
pub use timestamp::Timestamp;
pub use web::{WebAddress, WebAddressError};
pub use whereabouts::{Spot, Whereabouts};

/// What the program is called in what it writes.
pub const TOOL: &str = "cargo-provenance";
