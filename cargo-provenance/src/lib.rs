//! The library behind `cargo provenance`. Not an interface for other programs: it follows the binary's needs.

pub mod finding;
pub mod model;
pub mod policy;
pub mod report;
