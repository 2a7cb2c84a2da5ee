//! The library behind `cargo provenance`. Not an interface for other programs: it follows the binary's needs.

pub mod cargo;
pub mod finding;
pub mod model;
pub mod report;
