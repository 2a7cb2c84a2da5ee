//! Gathers from disk, from cargo and from git what the use cases judge.

pub mod advisories;
pub mod archives;
pub mod audits;
pub mod bundle;
pub mod cooldown;
pub mod dir_hash;
pub mod entrants;
pub mod gate;
pub mod images;
pub mod indices;
pub mod needs;
pub mod opened;
pub mod proofs;
pub mod publishers;
pub mod records;
pub mod sets;
pub mod situation;
pub mod vet_store;
