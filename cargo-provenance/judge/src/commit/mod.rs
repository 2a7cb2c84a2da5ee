//! Commits and tags as their bytes are: who committed, when, and who vouches for it.
//!
//! Pure: raw objects, signers and times go in, a ruling comes out; `git` fetches the bytes, under names that were
//! computed anew. Everything here was written by whoever made the commit, and counts for nothing until a signature holds.

mod id;
mod judge;
mod object;
mod pattern;
mod pgp;
mod signature;
mod signers;
mod tree;

pub use id::Id;
pub use judge::{Asked, By, Fault, Ruling, Signed, Trusted, When, judge};
pub use object::{Commit, Links, OBJECT_BYTES, Person, Tag, links, parse, parse_tag};
pub use pattern::matches;
pub use pgp::{Answer, read_status};
pub use signature::{NAMESPACE, Signature, SshSignature};
pub use signers::{Key, SIGNERS_BYTES, Signers, SignersError, Standing};
pub use tree::Entry;
