//! End-to-end tests: attacks, failures and flows, against the real binary and the real cargo.

mod foundation;
