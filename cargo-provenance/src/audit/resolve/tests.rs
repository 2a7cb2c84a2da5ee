//! Verdicts of small stores.
