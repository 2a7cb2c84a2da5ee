//! Reads what cargo has already fetched: its index caches and its archives. No network, no process.

mod bounded;
pub mod index;
pub mod proof;

pub use index::{Excerpt, Index, local_entries};
pub use proof::{Proof, Refusal, Verdict, prove};
