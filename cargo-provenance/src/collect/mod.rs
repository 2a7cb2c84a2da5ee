//! Gathering what the judging needs from the edges.

mod releases;

pub use releases::releases;
