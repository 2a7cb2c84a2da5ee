//! Reads what cargo has already fetched: its index caches and its archives. No network, no process.

mod bounded;
mod cache;
mod excerpt;
pub mod index;
pub mod proof;

pub use cache::{Entries, Odd, OddKind, parse_cache, parse_lines};
#[cfg(test)]
pub(crate) use cache::{line, write_cache};
pub use excerpt::Dependencies;
pub use index::{Excerpt, Index, local_entries};
pub use proof::{Proof, Refusal, Verdict, prove};
