//! Reviews of others and of the team itself, in cargo-vet's files: what they say, what they prove, what is still to review.
//!
//! A [`Store`] is a `supply-chain/` folder: what is required ([`Config`]), what the team says ([`Set`]) and what it took over
//! ([`Imports`]). A set that somebody publishes is [`Published`], in criteria of its own, until it is translated into those of
//! the store. Pure: bytes and dates are handed in, nothing is opened or asked.

mod criteria;
mod entry;
mod error;
mod import;
mod read;
mod resolve;
mod suggest;
mod tree;
mod version;
mod write;

pub use criteria::{Criteria, CriteriaError, CriteriaSet, MAX_CRITERIA, SAFE_TO_DEPLOY, SAFE_TO_RUN};
pub use entry::{
    Account, Audit, AuditKind, Bar, ByName, Config, Criterion, Exemption, Import, Imports, Policy, PolicyFor,
    Publication, Publisher, Set, Store, StoreVersion, Trust, Unpublished, Wildcard,
};
pub use error::AuditError;
pub use import::{inert, translate};
pub use read::{FILE_BYTES, Loss, Published};
pub use resolve::{
    Against, AuditRef, Circumstances, Conclusion, Conflict, Gap, Grade, KNOWN_VERSION, Link, Mode, Strict,
    Verdict, Verdicts, Void, Why, resolve,
};
pub use suggest::Review;
pub use tree::{Origin, Tree, TreeError, TreePackage};
pub use version::{Requirement, VetVersion};

#[cfg(test)]
mod tests;
