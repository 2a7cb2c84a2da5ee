//! `exception-expired`: an exception whose end has come.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs};

/// The check. It is about the policy and not about a package: `waiver::Exceptions` judges it.
pub(super) const CHECK: Check = Check {
    id: "exception-expired",
    group: Group::Policy,
    needs: Needs::Identity,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
An exception in the policy whose last day is over.

What a team lives with, it lives with for a while. Remove the exception, or decide again: a new reason and a new end.",
    judge: |_, _| vec![],
};
