<<<<<<< HEAD
//! Gathering what the judging needs from the edges.

mod releases;

pub use releases::releases;
=======
//! Gathers from disk, from cargo and from git what the use cases judge.

pub mod archives;
pub mod gate;
>>>>>>> c2
