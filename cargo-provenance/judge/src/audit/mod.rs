//! Reviews of others and of the team itself, in cargo-vet's files: what they say, what they prove, what is still to review.
//!
//! - A [`Store`] is a `supply-chain/` folder: what is required ([`Config`]), what the team says ([`Set`]) and what it took over
//!   ([`Imports`]). [`Store::read`] takes the bytes of its files; [`Store::config_text`] and its two sisters give them back as
//!   cargo-vet writes them, and [`Store::formatting`] says where a file is not so. Whoever adds an entry pushes it into the
//!   list of its crate and writes the text: the writer sorts.
//! - [`Bindings`] say which bytes the team's reviews are of, in a file of our own beside those three, and who signed that.
//! - What crates.io says of who published what is kept as [`Publications`], and read from its [`Answer`].
//! - What somebody else publishes is [`Published`], with its [`Loss`]es, in criteria of its own; [`translate`] puts it into those
//!   of the store, ready for [`Imports::sets`].
//! - [`compare`] tells two states of a published set apart, [`aggregate`] puts several together.
//! - What reviewers signed with crev, whose proofs name the bytes that were reviewed, is in [`crev`].
//! - A [`Tree`] is what `cargo metadata --all-features` says of the workspace.
//! - [`resolve`] judges the tree by the store: [`Verdicts`], for each package the chain of [`Link`]s that proves each criterion,
//!   the [`Conflict`]s, or the [`Gap`], whose [`Gap::reviews`] would close it. [`Mode::VetCompatible`] is cargo-vet's own
//!   judgment, error for error; [`Mode::Strict`] refuses all that cargo-vet refuses, and what it overlooks.
//!
//! Pure: bytes, dates and what is known of publications are handed in, nothing is opened or asked.

mod aggregate;
mod bindings;
mod compare;
pub mod crev;
mod criteria;
mod entry;
mod error;
mod import;
mod loose;
mod publications;
mod read;
mod resolve;
mod suggest;
mod tree;
mod version;
mod write;

pub use aggregate::{AggregateError, aggregate};
pub use bindings::{AUDIT_NAMESPACE, BINDINGS, Binding, Bindings, Bytes};
pub use compare::{Change, Effect, compare, kept, size};
pub use criteria::{Criteria, CriteriaError, CriteriaSet, MAX_CRITERIA, SAFE_TO_DEPLOY, SAFE_TO_RUN};
pub use entry::{
    Account, Audit, AuditKind, Bar, ByName, Config, Criterion, Exemption, Import, Imports, Policy, PolicyFor,
    Publication, Publisher, Set, Store, StoreVersion, Trust, Unpublished, Wildcard,
};
pub use error::AuditError;
pub use import::{inert, translate};
pub use publications::{ANSWER_BYTES, Answer, Publications};
pub use read::{FILE_BYTES, Loss, Published};
pub use resolve::{
    Against, AuditRef, Cause, Circumstances, Conclusion, Conflict, Demand, Derivation, Gap, Grade,
    KNOWN_VERSION, Link, Mode, Strict, Verdict, Verdicts, Void, Why, derivation, furthest_end, policy_faults,
    resolve,
};
pub use suggest::Review;
pub use tree::{Origin, Tree, TreeError, TreePackage};
pub use version::{Requirement, VetVersion};

#[cfg(test)]
mod tests;
