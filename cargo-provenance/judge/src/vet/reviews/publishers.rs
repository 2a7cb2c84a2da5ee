//! Whether the name of whoever published a release says anything for it.
//!
//! An account can be taken over, and a taken-over account is trusted as much as before. So the name counts only for a release that
//! is like the one before it in all that an attacker needs to change: who published it, what it depends on, what of it runs
//! at build time. And only for the very release that is judged: what an earlier one on the way to it brought in, nobody looks at
//! here, so that a review of what changed since proves nothing on top of a name.

use std::collections::BTreeSet;

use provenance_build::{PackageName, Version};

use crate::audit::{Account, Circumstances, Publication, Publisher, VetVersion};
use crate::model::{Date, DependencyKind, Evidence, Release};
use crate::survey::Survey;
use crate::vet::dossier::{Dossier, Previous};
use crate::vet::release;

/// Days by which two sources may differ about a publication: they may count them in different time zones.
const GRACE: i64 = 1;

/// What of a package is at hand when it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// What is known before anything is fetched. What runs at build time is taken to be as before: whoever relies on that
    /// judges the contents afterwards, which is what `publisher-not-enough` is for.
    Beforehand,
    /// Its files, and those of the version before it.
    Contents,
}

/// What is known of a release, and what speaks against the name of its publisher, a line each.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) circumstances: Circumstances,
    pub(super) doubts: Vec<String>,
}

/// What is known of the release that a dossier is about, by the rows that say who published what of its crate.
pub(super) fn known(rows: &[Publication], dossier: &Dossier<'_>, look: Look) -> Known {
    let mut known = Known::default();
    if dossier.is_vouched && look == Look::Beforehand {
        return pinned(rows, dossier.id.version.as_str());
    }
    let Some(release) = dossier.listed() else {
        known.doubts.push("what its registry lists of it is not at hand".to_owned());
        return known;
    };
    let Some(before) = before(dossier.releases(), release) else {
        known.doubts.push("no version came before it, with which it could be compared".to_owned());
        return known;
    };
    known.publisher(rows, release, before);
    known.dependencies(release, before);
    known.build_code(dossier, before, look);
    known
}

/// The release that another one is compared with before its publisher's name counts: the nearest lower version of whichever semver
/// line. Those of one week count as one, so that a decoy changes nothing. What was withdrawn counts too: whoever can
/// publish can withdraw, and would choose what is compared.
pub fn before<'d>(releases: &'d [Release], release: &Release) -> Option<&'d Release> {
    release::nearest(releases, release, |_, _| true)
}

/// What a pin remembers: these bytes were judged when their publisher's name was taken for them. That rows contradict each other
/// by now is not in the pin.
fn pinned(rows: &[Publication], version: &str) -> Known {
    match publication(rows, version) {
        Ok(_) => Known {
            circumstances: Circumstances {
                is_same_publisher: Some(true),
                has_new_build_code: Some(false),
                has_new_dependency: Some(false),
            },
            doubts: vec![],
        },
        Err(why) => Known { doubts: vec![why], ..Known::default() },
    }
}

impl Known {
    fn publisher(&mut self, rows: &[Publication], release: &Release, before: &Release) {
        match (published(rows, release), published(rows, before)) {
            (Ok(own), Ok(earlier)) => {
                let is_same = own.publisher == earlier.publisher;
                self.circumstances.is_same_publisher = Some(is_same);
                if !is_same {
                    let (own, earlier) = (shown(own), shown(earlier));
                    self.doubts.push(format!("{own} published it, and {earlier} {}", before.version));
                }
            }
            (own, earlier) => self.doubts.extend([own, earlier].into_iter().filter_map(Result::err)),
        }
    }

    fn dependencies(&mut self, release: &Release, before: &Release) {
        let (own, earlier) = (reachable(release), reachable(before));
        let new = own.difference(&earlier).map(|name| format!("`{name}`")).collect::<Vec<_>>();
        self.circumstances.has_new_dependency = Some(!new.is_empty());
        if !new.is_empty() {
            self.doubts.push(format!("{} did not depend on {}", before.version, new.join(", ")));
        }
    }

    fn build_code(&mut self, dossier: &Dossier<'_>, before: &Release, look: Look) {
        if look == Look::Beforehand {
            self.circumstances.has_new_build_code = Some(false);
            return;
        }
        let Some(survey) = dossier.survey.known() else {
            self.doubts.push("its files are not at hand".to_owned());
            return;
        };
        let own = at_build_time(survey);
        if own == [None, None] {
            self.circumstances.has_new_build_code = Some(false);
            return;
        }
        match earlier(dossier, before) {
            Ok(Previous { version, survey }) => {
                let new = own
                    .iter()
                    .zip(at_build_time(survey))
                    .filter(|(own, earlier)| earlier.is_none() && own.is_some());
                let new = new.filter_map(|(own, _)| *own).collect::<Vec<_>>();
                self.circumstances.has_new_build_code = Some(!new.is_empty());
                self.doubts.extend(new.iter().map(|what| format!("it has {what}, and {version} had none")));
            }
            Err(why) => self.doubts.push(why),
        }
    }
}

/// The version that the contents were compared with. One that is higher says nothing of what is new.
fn earlier<'d>(dossier: &Dossier<'d>, before: &Release) -> Result<Previous<'d>, String> {
    let of = |why: &str| format!("what {} ran at build time is not known: {why}", before.version);
    let previous = match &dossier.previous {
        Evidence::Known(previous) => previous,
        Evidence::Absent => return Err(of("it was not compared with")),
        Evidence::Unavailable(why) => return Err(of(why)),
    };
    let number = |version: &Version| semver::Version::parse(version.as_str()).ok();
    match (number(previous.version), number(&dossier.id.version)) {
        (Some(earlier), Some(own)) if earlier < own => Ok(*previous),
        _ => Err(of(&format!("{} is no earlier version", previous.version))),
    }
}

/// What of a package's code runs while other packages compile.
fn at_build_time(survey: &Survey) -> [Option<&'static str>; 2] {
    let code = &survey.code;
    [
        (!code.build_scripts.is_empty()).then_some("a build script"),
        code.proc_macro.then_some("a procedural macro"),
    ]
}

/// Every package that a release can pull in: optional ones too, which a default feature may turn on.
fn reachable(release: &Release) -> BTreeSet<&PackageName> {
    let counts = release.dependencies.iter().filter(|it| it.kind != DependencyKind::Dev);
    counts.map(|dependency| &dependency.package).collect()
}

/// Who published a release, by a row that its registry's index does not contradict.
fn published<'p>(rows: &'p [Publication], release: &Release) -> Result<&'p Publication, String> {
    let row = publication(rows, release.version.as_str())?;
    match release.published.map(Date::of_seconds) {
        Some(day) if day.days_since(row.when).abs() > GRACE => {
            Err(format!("{} is said to be of {}, and the index says {day}", release.version, row.when))
        }
        _ => Ok(row),
    }
}

/// Who published a version, where all that is said of it agrees.
fn publication<'p>(rows: &'p [Publication], version: &str) -> Result<&'p Publication, String> {
    let is_it = |row: &&Publication| row.version.git.is_none() && row.version.semver.to_string() == version;
    let mut of_version = rows.iter().filter(is_it);
    let Some(first) = of_version.next() else {
        return Err(format!(
            "who published {version} is not known; `cargo provenance db update` asks crates.io"
        ));
    };
    match of_version.find(|row| contradict(first, row)) {
        Some(other) => {
            let (first, other) = (shown(first), shown(other));
            Err(format!(
                "two entries contradict each other about who published {version} and when: {first}, {other}"
            ))
        }
        None => Ok(first),
    }
}

/// Whether two rows about one version cannot both be right.
pub fn contradict(one: &Publication, other: &Publication) -> bool {
    one.publisher != other.publisher || one.when.days_since(other.when).abs() > GRACE
}

/// The versions about which rows contradict each other.
pub(super) fn contradicted(rows: &[Publication]) -> BTreeSet<&VetVersion> {
    let mut first = std::collections::BTreeMap::new();
    let mut odd = BTreeSet::new();
    for row in rows {
        let known = first.entry(&row.version).or_insert(row);
        if contradict(known, row) {
            odd.insert(&row.version);
        }
    }
    odd
}

/// A publisher, for people.
fn shown(publication: &Publication) -> String {
    match (&publication.publisher, &publication.account) {
        (Publisher::Trusted(name), _) => format!("`{name}`"),
        (Publisher::User(id), Some(Account { login, .. })) => format!("`{login}` (user {id})"),
        (Publisher::User(id), None) => format!("user {id}"),
    }
}
