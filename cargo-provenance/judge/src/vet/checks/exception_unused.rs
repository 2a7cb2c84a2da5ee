//! `exception-unused`: an exception that nothing needs.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. It is about the policy and not about a package: `waiver::Exceptions` judges it.
pub(super) const CHECK: Check = Check {
    id: "exception-unused",
    group: Group::Policy,
    needs: Needs::Identity,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
An exception in the policy that no finding needs any more.

It would let the next such finding pass unseen. Remove it.",
    judge: |_, _| vec![],
};
