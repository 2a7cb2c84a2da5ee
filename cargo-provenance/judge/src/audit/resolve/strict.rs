//! What strict judgment asks for beyond cargo-vet.

use std::collections::BTreeMap;

use super::Link;
use crate::audit::{TreePackage, VetVersion};

/// What strict judgment has to know.
#[derive(Clone, Debug, Default)]
pub struct Strict {
    /// Days that a publication must be old before its publisher's name says anything for it.
    pub min_age: i64,
    /// What is known of publications, by crate and version. What is not known speaks against.
    pub circumstances: BTreeMap<(String, VetVersion), Circumstances>,
    /// Packages outside the workspace that are the team's own, by name.
    pub own: Vec<String>,
}

/// What has to be known of a publication before the name of its publisher says anything for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Whether it was published by whoever published the versions before.
    pub is_same_publisher: Option<bool>,
    /// Whether it runs code at build time that the version before did not.
    pub has_new_build_code: Option<bool>,
    /// Whether it depends on something that the version before did not.
    pub has_new_dependency: Option<bool>,
}

/// An entry that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Void {
    /// The entry.
    pub link: Link,
    /// The version that it would have spoken for.
    pub version: VetVersion,
    /// Why it does not.
    pub why: Why,
}

/// Why an entry does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Why {
    /// A violation speaks against its version, for all that it certifies.
    Banned,
    /// Nothing is to be taken over for this crate.
    Excluded,
    /// Nobody is trusted for more than a year ahead.
    EndsTooLate,
    /// The version runs code at build time that the one before did not.
    NewBuildCode,
    /// The version depends on something that the one before did not.
    NewDependency,
    /// It is not known who published before, or what the version brought in.
    NotKnown,
    /// Somebody else published the versions before.
    OtherPublisher,
    /// It was published too short a time ago, or is said to have been in the future.
    TooYoung,
}

impl Strict {
    pub(super) fn is_own(&self, package: &TreePackage) -> bool {
        package.is_member || self.own.contains(&package.name)
    }

    /// Why the name of a publisher says nothing for a version of this age, if so.
    pub(super) fn doubt(&self, krate: &str, version: &VetVersion, age: i64) -> Option<Why> {
        if age < self.min_age.max(0) {
            return Some(Why::TooYoung);
        }
        let known = self.circumstances.get(&(krate.to_owned(), version.clone()));
        let known = known.copied().unwrap_or_default();
        match (known.is_same_publisher, known.has_new_build_code, known.has_new_dependency) {
            (Some(false), _, _) => Some(Why::OtherPublisher),
            (_, Some(true), _) => Some(Why::NewBuildCode),
            (_, _, Some(true)) => Some(Why::NewDependency),
            (Some(true), Some(false), Some(false)) => None,
            _ => Some(Why::NotKnown),
        }
    }
}
