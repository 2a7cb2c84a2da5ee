//! The use cases, one file each. Each takes the surroundings and its own options, shows signs of life through
//! [`Progress`](crate::report::progress::Progress), and returns a report. None prints.

pub mod add;
mod asking;
pub mod attest;
pub mod build;
pub mod check;
pub mod db;
pub mod diff;
pub mod entering;
mod exceptions;
pub mod explain;
pub mod fix;
mod folding;
mod gating;
pub mod guarding;
mod history;
pub mod init;
mod interruption;
pub mod key;
mod limiting;
pub mod pin;
mod pinning;
mod proving;
pub mod remove;
mod repair;
pub mod sbom;
pub mod scan;
pub mod sign;
pub mod signing;
pub mod source;
pub mod update;
mod vendoring;
pub mod verify;
pub mod verify_artifact;
pub mod vet;
mod vetting;
pub mod whereabouts;
