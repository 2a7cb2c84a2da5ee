//! Reads what cargo has already fetched: its index cache and its archives. No network, no process.

pub mod index;
pub mod proof;

pub use index::{Entries, Index, IndexEntry};
pub use proof::{Proof, Refusal, prove};
