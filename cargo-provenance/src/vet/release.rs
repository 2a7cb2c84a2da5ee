//! Releases of one package among each other: their age, their semver lines, and which of them would pass.

use super::check::Needs;
use super::dossier::{Dossier, Way};
use super::engine::{Ground, judge_alone};
use crate::model::{Clock, Evidence, Release};

/// Seconds of a day.
pub const DAY: u64 = 86_400;

/// How long ago something was, for screens: `today`, `1 day ago`, `12 days ago`.
pub fn ago(published: u64, now: Clock) -> String {
    match now.0.saturating_sub(published) / DAY {
        0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

/// The version of a release, if it can be compared.
pub fn parsed(release: &Release) -> Option<semver::Version> {
    semver::Version::parse(release.version.as_str()).ok()
}

/// What two versions share when cargo takes one for the other: the first number that is not zero.
pub fn line(version: &semver::Version) -> (u64, u64, u64) {
    match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    }
}

/// The releases that would pass in the place of the dossier's own, as far as can be told without fetching them; those of
/// the same semver line first, newest first. Prereleases only where it is one itself.
pub fn passing<'d>(dossier: &Dossier<'d>, ground: &Ground<'_>) -> impl Iterator<Item = &'d Release> {
    let own = semver::Version::parse(dossier.id.version.as_str()).ok();
    let mut candidates = vec![];
    for release in dossier.releases().iter().filter(|release| release.version != dossier.id.version) {
        let (Some(version), Some(own)) = (parsed(release), &own) else { continue };
        let same_line = line(&version) == line(own);
        // A named package may go back across a major version, since its requirement follows the command.
        if (same_line || dossier.way == Way::Named) && (version.pre.is_empty() || !own.pre.is_empty()) {
            candidates.push((same_line, version, release));
        }
    }
    candidates.sort_by(|a, b| (b.0, &b.1).cmp(&(a.0, &a.1)));
    candidates.into_iter().map(|(_, _, release)| release).filter(move |release| {
        let id = provenance_build::PackageId { version: release.version.clone(), ..dossier.id.clone() };
        let other = Dossier { id: &id, release: Evidence::Known(release), ..dossier.clone() };
        judge_alone(&other, ground, Needs::BEFORE_FETCHING).admits()
    })
}
