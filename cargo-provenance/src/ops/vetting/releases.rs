//! The other releases of a package: which of them could take its place, as far as can be told before anything is fetched.

use provenance_build::{PackageName, Version};

use super::Vetting;
use crate::collect::records::Record;
use crate::model::Release;
use crate::vet::{Way, release};

impl Vetting<'_> {
    /// The newer releases of a package, the oldest first, each as it would come in: those that cargo takes for the present one,
    /// and those that it does not. What was yanked is left out.
    pub fn newer(&self, record: &Record) -> (Vec<Record>, Vec<Record>) {
        let dossier = record.dossier();
        let own = semver::Version::parse(record.id.version.as_str()).ok();
        let newer = release::others(&dossier).into_iter().rev();
        let newer = newer.filter(|other| !other.release.yanked && Some(&other.version) > own.as_ref());
        let (same, other): (Vec<_>, Vec<_>) = newer.partition(|other| other.same_line);
        let known = |all: Vec<release::Other<'_>>| {
            all.iter().map(|other| record.replaced_by(other.release, &self.databases)).collect()
        };
        (known(same), known(other))
    }

    /// The versions that a package could have instead, the best one first: the newest that passes, never one below what it
    /// replaces, and in the end that one itself. Those that do not depend on `without` at all come before the others.
    pub fn candidates(&self, record: &Record, without: Option<&PackageName>) -> Vec<Version> {
        let (dossier, ground) = (record.dossier(), self.ground(record));
        let number = |version: &Version| semver::Version::parse(version.as_str()).ok();
        let line = |version: &Version| number(version).map(|version| release::line(&version));
        let locked = record.circumstances.replaces.as_ref();
        // Another requirement than those that are there may ask for another semver line, and only a named package has none.
        let reachable =
            |locked: &&Version| dossier.way == Way::Named || line(locked) == line(&record.id.version);
        let above =
            |release: &&Release| locked.is_none_or(|locked| number(&release.version) > number(locked));
        let needs = |release: &&Release| without.is_some_and(|name| release.needs(name));
        let passing = release::passing(&dossier, &ground).filter(above);
        let (with, without): (Vec<_>, Vec<_>) = passing.partition(needs);
        // What needs it is worth a try only where nothing does without: an older requirement may ask for another version.
        let chosen = if without.is_empty() { with } else { without };
        chosen
            .into_iter()
            .map(|release| release.version.clone())
            .chain(locked.filter(reachable).cloned())
            .collect()
    }

    /// The versions of a package, of whichever semver line, that would pass as far as can be told before anything is fetched;
    /// `None` where nobody knows which there are.
    pub fn passing_anywhere(&self, record: &Record) -> Option<Vec<Version>> {
        record.history.known()?;
        let (dossier, ground) = (record.dossier(), self.ground(record));
        let versions = release::passing_anywhere(&dossier, &ground).map(|release| release.version.clone());
        Some(versions.collect())
    }
}
