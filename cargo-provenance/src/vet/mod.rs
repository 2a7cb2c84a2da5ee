//! Judging packages: pure functions of what was gathered, the policy and the time.

pub mod entry;
