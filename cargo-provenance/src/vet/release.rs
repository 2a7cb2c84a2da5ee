//! Releases of one package among each other: their age, their semver lines, and which of them would pass.

use super::check::Needs;
use super::dossier::{Dossier, Way};
use super::engine::{Ground, Judgment, judge_alone};
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

/// Another release than the one that is judged.
pub struct Other<'d> {
    /// The release.
    pub release: &'d Release,
    /// Its version, comparable.
    pub version: semver::Version,
    /// Whether cargo takes it for the other one.
    pub same_line: bool,
}

impl Other<'_> {
    /// What would be said of it in the place of the dossier's own, as far as can be told without fetching it.
    pub fn judgment(&self, dossier: &Dossier<'_>, ground: &Ground<'_>) -> Judgment {
        let id = provenance_build::PackageId { version: self.release.version.clone(), ..dossier.id.clone() };
        let other = Dossier { id: &id, release: Evidence::Known(self.release), ..dossier.clone() };
        judge_alone(&other, ground, Needs::BEFORE_FETCHING)
    }
}

/// The other releases; those of the same semver line first, newest first. Prereleases only where it is one itself.
pub fn others<'d>(dossier: &Dossier<'d>) -> Vec<Other<'d>> {
    let Ok(own) = semver::Version::parse(dossier.id.version.as_str()) else { return vec![] };
    let others = dossier.releases().iter().filter(|release| release.version != dossier.id.version);
    let others = others.filter_map(|release| {
        let version = parsed(release).filter(|version| version.pre.is_empty() || !own.pre.is_empty())?;
        Some(Other { release, same_line: line(&version) == line(&own), version })
    });
    let mut others = others.collect::<Vec<_>>();
    others.sort_by(|a, b| (b.same_line, &b.version).cmp(&(a.same_line, &a.version)));
    others
}

/// The releases that would pass in the place of the dossier's own, in the order of [`others`]. Where no advisory database can be
/// read, nothing speaks for one release or another, and whoever asks knows that the answer stays open.
pub fn passing<'d>(dossier: &Dossier<'d>, ground: &Ground<'_>) -> impl Iterator<Item = &'d Release> {
    let is_blind = matches!(ground.databases, Evidence::Unavailable(_));
    let passes = move |judgment: Judgment| judgment.admits() || (is_blind && !judgment.refuses());
    // A named package may go back across a major version, since its requirement follows the command.
    let others = others(dossier).into_iter().filter(|other| other.same_line || dossier.way == Way::Named);
    others.filter(move |other| passes(other.judgment(dossier, ground))).map(|other| other.release)
}
