//! Releases of one package among each other: their age, their semver lines, and which of them would pass.

use provenance_build::PackageName;

use super::check::Needs;
use super::dossier::{Dossier, Way};
use super::engine::{Ground, Judgment, judge_alone};
use super::reviews::Known;
use crate::model::{Clock, DependencyKind, Evidence, Release};
use crate::policy::Level;

/// Seconds of a day.
pub const DAY: u64 = 86_400;

/// Releases within so many seconds count as one where a release is compared with what was there before: whoever publishes
/// twice, a decoy and then the payload, gains nothing by it.
const AT_ONCE: u64 = 7 * DAY;

/// A suspicion refuses a release that is younger than this, in days.
const REFUSED_DAYS: u64 = 90;

/// A person must look at a suspicious release that is younger than this, in days.
const REVIEWED_DAYS: u64 = 365;

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

/// The release before another one in its semver line, which that is compared with: the highest that is lower, and not
/// published within the same week where there is such a one. Prereleases only where it is one itself.
pub fn before<'d>(releases: &'d [Release], release: &Release) -> Option<&'d Release> {
    nearest(releases, release, |one, other| line(one) == line(other))
}

/// The same among the versions that `counts`, given the release's own as the second.
pub fn nearest<'d>(
    releases: &'d [Release],
    release: &Release,
    counts: impl Fn(&semver::Version, &semver::Version) -> bool,
) -> Option<&'d Release> {
    let own = parsed(release)?;
    let lower = releases.iter().filter_map(|other| Some((parsed(other)?, other)));
    let mut lower = lower
        .filter(|(version, _)| *version < own && counts(version, &own))
        .filter(|(version, _)| version.pre.is_empty() || !own.pre.is_empty())
        .collect::<Vec<_>>();
    lower.sort_by(|(one, _), (other, _)| other.cmp(one));
    let is_older = |other: &Release| match (other.published, release.published) {
        (Some(other), Some(own)) => other.saturating_add(AT_ONCE) <= own,
        _ => true,
    };
    let older = lower.iter().find(|(_, other)| is_older(other));
    older.or(lower.last()).map(|(_, other)| *other)
}

/// The packages that a release cannot do without and that the one before it could, each once.
pub fn newly_needed<'r>(release: &'r Release, before: &Release) -> Vec<&'r PackageName> {
    let mut names = needed(release).filter(|name| !before.needs(name)).collect::<Vec<_>>();
    names.sort_unstable();
    names.dedup();
    names
}

/// The packages that a release cannot do without.
pub fn needed(release: &Release) -> impl Iterator<Item = &PackageName> {
    let counts = |it: &&crate::model::Dependency| !it.optional && it.kind != DependencyKind::Dev;
    release.dependencies.iter().filter(counts).map(|dependency| &dependency.package)
}

/// How long nothing of a package had been published when a release was, in seconds; `None` for the first, and where the
/// registry has no times.
pub fn silence(releases: &[Release], release: &Release) -> Option<u64> {
    let own = release.published?;
    let times = releases.iter().filter(|other| other.version != release.version);
    let times = times.filter_map(|other| other.published).filter(|at| at.saturating_add(AT_ONCE) <= own);
    times.max().map(|latest| own - latest)
}

/// What a suspicion that rests on how a release came about weighs at its age. Takeovers are found within hours, malicious
/// crates before their first birthday: what has stood for a year is only noted, and refused is what is younger than 90 days.
pub fn weighs(level: Level, release: &Release, now: Clock) -> Level {
    match release.age_days(now) {
        None => level,
        Some(days) if days < REFUSED_DAYS => level,
        Some(_) if !has_stood(release, now) => level.min(Level::Review),
        Some(_) => level.min(Level::Note),
    }
}

/// Whether a release was published a year ago or earlier.
pub fn has_stood(release: &Release, now: Clock) -> bool {
    release.age_days(now).is_some_and(|days| days >= REVIEWED_DAYS)
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
        // What it would pull in is looked up once it is tried.
        let release = Evidence::Known(self.release);
        let bytes = Known { checksum: Some(self.release.checksum), tree: None };
        let other = Dossier { id: &id, bytes, release, births: None, twins: &[], ..dossier.clone() };
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
    // A named package may go back across a major version, since its requirement follows the command.
    let is_within = |other: &Other<'_>| other.same_line || dossier.way == Way::Named;
    passing_among(others(dossier).into_iter().filter(is_within), dossier, ground)
}

/// The same, of whichever semver line.
pub fn passing_anywhere<'d>(dossier: &Dossier<'d>, ground: &Ground<'_>) -> impl Iterator<Item = &'d Release> {
    passing_among(others(dossier).into_iter(), dossier, ground)
}

fn passing_among<'d>(
    others: impl Iterator<Item = Other<'d>>,
    dossier: &Dossier<'d>,
    ground: &Ground<'_>,
) -> impl Iterator<Item = &'d Release> {
    let is_blind = matches!(ground.databases, Evidence::Unavailable(_));
    let passes = move |judgment: Judgment| judgment.admits() || (is_blind && !judgment.refuses());
    others.filter(move |other| passes(other.judgment(dossier, ground))).map(|other| other.release)
}

#[cfg(test)]
mod tests {
    use provenance_build::{Checksum, Version};

    use super::*;

    fn history(releases: &[(&str, Option<u64>)]) -> Vec<Release> {
        let release = |(version, days): &(&str, Option<u64>)| Release {
            version: Version::parse(version).expect("a version"),
            checksum: Checksum::from_bytes([0; 32]),
            yanked: false,
            published: days.map(|days| days * DAY),
            dependencies: vec![],
            features: vec![],
            links: None,
        };
        releases.iter().map(release).collect()
    }

    #[test]
    fn a_release_is_compared_with_the_one_before_it_in_its_line() {
        let all = history(&[
            ("0.9.0", Some(1)),
            ("1.0.0", Some(10)),
            ("1.1.0-rc.1", Some(20)),
            ("1.1.0", Some(100)),
            ("1.1.1", Some(103)),
            ("1.1.2", Some(106)),
            ("1.2.0", None),
            ("2.0.0", Some(30)),
            ("2.0.1", Some(31)),
        ]);
        for (version, expected) in [
            ("0.9.0", None),
            ("1.0.0", None),
            ("1.1.0-rc.1", Some("1.0.0")),
            ("1.1.0", Some("1.0.0")),
            // A decoy and the payload some days later are one.
            ("1.1.1", Some("1.0.0")),
            ("1.1.2", Some("1.0.0")),
            ("1.2.0", Some("1.1.2")),
            // Nothing of the line is older, so that the first of it has to do.
            ("2.0.1", Some("2.0.0")),
        ] {
            let own = all.iter().find(|it| it.version.as_str() == version).expect("listed");
            assert_eq!(before(&all, own).map(|it| it.version.as_str()), expected, "{version}");
        }
    }

    #[test]
    fn silence_is_measured_over_every_line_and_across_a_double_release() {
        let all =
            history(&[("1.0.0", Some(0)), ("2.0.0", Some(1_000)), ("1.0.1", Some(1_005)), ("2.0.1", None)]);
        let of = |index: usize| silence(&all, &all[index]).map(|seconds| seconds / DAY);
        assert_eq!([of(0), of(1), of(2), of(3)], [None, Some(1_000), Some(1_005), None]);
    }
}
