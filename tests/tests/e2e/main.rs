//! End-to-end tests: attacks, failures and flows, against the real binary and the real cargo.
//!
//! An attack is first seen to succeed against plain cargo, then to be refused by `verify` and by the build, and once it
//! is undone the workspace builds again and nothing evil is left in it.

mod accepting;
mod add;
mod advice;
mod advisories;
mod arrayref;
mod between;
mod buildtime;
mod check;
mod checks;
mod ci;
mod commands;
mod config;
mod content;
mod data;
mod db;
mod deploy;
mod distrust;
mod entering;
mod explain;
mod extends;
mod fetching;
mod fix;
mod flows;
mod foundation;
mod git;
mod guard;
mod guarded;
mod history;
mod holding;
mod init;
mod input;
mod interruption;
mod lockfile;
mod members;
mod merge;
mod messages;
mod names;
mod poison;
mod registry;
mod remap;
mod reports;
mod repository;
mod roots;
mod signing;
mod since;
mod sources;
mod strict;
mod takeover;
mod targets;
mod trees;
mod vendor;
mod vendoring;
mod vet;
