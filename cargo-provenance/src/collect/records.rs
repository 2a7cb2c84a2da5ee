//! What is known of packages before anything of them is fetched: who publishes them, what the index says, how they come in.

use provenance_build::{LockedPackage, PackageId, Source, Version, threads};

use super::publishers::Publishers;
use crate::archive::{Archive, License};
use crate::model::{Evidence, Release};
use crate::vet::{Dossier, Way};

/// How a package of the lockfile comes in.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// How it comes in.
    pub way: Way,
    /// Whether a first-party package depends on it directly.
    pub direct: bool,
    /// The version of the same package that it takes the place of.
    pub replaces: Option<Version>,
    /// Another source that the same version was pinned from.
    pub pinned_from: Option<Source>,
    /// The check set that judged its pin.
    pub judged_by: Option<u32>,
}

/// What is known of one package.
#[derive(Clone, Debug)]
pub struct Record {
    /// Name, version and source.
    pub id: PackageId,
    /// How it comes in.
    pub circumstances: Circumstances,
    /// Every release that its registry's index lists.
    pub history: Evidence<Vec<Release>>,
    /// What the index says of this version.
    pub release: Evidence<Release>,
}

/// What of a package was fetched and is at hand for a moment.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// Its archive, if it has one.
    pub archive: Option<&'a Archive>,
    /// What it says about its license.
    pub license: &'a License,
}

impl Circumstances {
    /// Those of a package that comes in this way, of which nothing else is known.
    pub fn of(way: Way) -> Self {
        Self { way, direct: false, replaces: None, pinned_from: None, judged_by: None }
    }
}

/// Looks packages up, in parallel.
pub fn look_up(
    packages: &[(&LockedPackage, Circumstances)],
    publishers: &Publishers<'_>,
) -> Result<Vec<Record>, provenance_build::Error> {
    let looked_up = threads::map(packages, |(package, circumstances)| {
        let (id, circumstances) = (package.id.clone(), circumstances.clone());
        let entries = match &id.source {
            Some(source) if !source.is_git() => publishers.entries(source, package)?,
            _ => Evidence::Absent,
        };
        let release = match &entries {
            Evidence::Known(entries) => entries.release(&id.version),
            Evidence::Absent => Evidence::Absent,
            Evidence::Unavailable(why) => Evidence::Unavailable(why.clone()),
        };
        // A registry that has no such package at all lists none of its versions.
        let history = match entries {
            Evidence::Absent if id.source.as_ref().is_some_and(|source| !source.is_git()) => Evidence::Known(vec![]),
            entries => entries.map(|entries| entries.versions),
        };
        Ok(Record { id, circumstances, history, release })
    });
    looked_up.into_iter().collect()
}

impl Record {
    /// The dossier as far as it can be filled in before anything is fetched.
    pub fn dossier(&self) -> Dossier<'_> {
        let Circumstances { way, direct, replaces, pinned_from, .. } = &self.circumstances;
        Dossier {
            direct: *direct,
            replaces: replaces.as_ref(),
            pinned_from: pinned_from.as_ref(),
            history: self.history.as_ref().map(Vec::as_slice),
            release: self.release.as_ref(),
            ..Dossier::new(&self.id, *way)
        }
    }
}
