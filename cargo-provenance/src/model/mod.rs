//! The domain's plain values: where we stand and what the user allowed.

mod date;
mod surroundings;

pub use date::Date;
pub use surroundings::{Clock, Network, Surroundings};
