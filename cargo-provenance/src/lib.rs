//! The library behind `cargo provenance`. Not an interface for other programs: it follows the binary's needs.

pub mod archive;
pub mod collect;
pub mod finding;
pub mod model;
pub mod policy;
pub mod registry;
pub mod report;
pub mod store;
