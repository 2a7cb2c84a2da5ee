//! The use cases, one file each. Each takes the surroundings and its own options, shows signs of life through
//! [`Progress`](crate::report::progress::Progress), and returns a report. None prints.

pub mod add;
pub mod diff;
mod gating;
pub mod init;
pub mod pin;
mod pinning;
mod repair;
mod vendoring;
pub mod verify;
