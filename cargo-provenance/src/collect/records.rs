//! What is known of packages before anything of them is fetched: who publishes them, what the index says, how they come in.

use std::collections::{BTreeMap, BTreeSet};

use provenance_build::manifest::Pin;
use provenance_build::{
    Checksum, LockedPackage, Lockfile, Manifest, PackageId, PackageName, Source, Version, threads,
};

use super::publishers::Publishers;
use crate::advisory::{self, Database, Hit, Kind};
use crate::archive::{Archive, License};
use crate::graph::{Graph, GraphError};
use crate::model::{Clock, Evidence, Release};
use crate::survey::{Sources, Survey};
use crate::vet::reviews::Known;
use crate::vet::{self, Asked, Birth, Demand, Dossier, Way, release};

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
    /// SHA-256 of its archive, if whatever named it says so.
    pub checksum: Option<Checksum>,
    /// How it comes in.
    pub circumstances: Circumstances,
    /// Every release that its registry's index lists.
    pub history: Evidence<Vec<Release>>,
    /// What the index says of this version.
    pub release: Evidence<Release>,
    /// The advisories that concern the version which it replaces, and not this one.
    pub mends: Vec<String>,
    /// Which versions of it the members of the workspace ask for.
    pub asked: Vec<Asked>,
    /// When the packages were first published that it needs and the version before it did not, as far as they were found.
    pub births: Vec<Birth>,
    /// Which reviews are required of it.
    pub demand: Evidence<Demand>,
    /// Whether it comes in with a change that is judged, although a pin names it: the change may have brought the pin, too.
    pub comes_anew: bool,
    /// The other versions of the same package in the lockfile.
    pub twins: Vec<Version>,
    /// The other registries in use that list a package of this name with other bytes.
    pub elsewhere: Vec<String>,
}

/// What of a package was fetched and is at hand for a moment.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// Its archive, if it has one.
    pub archive: Option<&'a Archive>,
    /// Its files.
    pub sources: &'a Evidence<Sources<'a>>,
    /// The version that it is compared with.
    pub previous: &'a Evidence<Before>,
    /// What it says about its license.
    pub license: &'a License,
}

/// A version that another one is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// Which one.
    pub version: Version,
    /// What its files hold.
    pub survey: Survey,
}

/// Days during which what is new in a version may have been seen by nobody yet: longer than any malicious publication on
/// crates.io went unnoticed, but four of 39.
const NOVEL_DAYS: u64 = 90;

/// How the packages of a lockfile come in, in its order, as `Cargo.lock` and the pins tell it: those whose pins cover them
/// stay, the others come in by `way`.
pub fn circumstances(
    lockfile: &Lockfile,
    manifest: Option<&Manifest>,
    is_first_party: impl Fn(&LockedPackage) -> bool,
    way: Way,
) -> Result<Vec<Circumstances>, GraphError> {
    let graph = Graph::of(lockfile)?;
    let pins = manifest.map(|manifest| manifest.packages.as_slice()).unwrap_or_default();
    let locked = lockfile.packages.iter().map(|package| &package.id).collect::<BTreeSet<_>>();
    let mut gone: BTreeMap<(&PackageName, Option<&Source>), Vec<&Version>> = BTreeMap::new();
    for pin in pins.iter().filter(|pin| !locked.contains(&pin.id())) {
        gone.entry((&pin.name, pin.source())).or_default().push(&pin.version);
    }
    let one = |(index, package): (usize, &LockedPackage)| {
        let id = &package.id;
        let pin =
            manifest.and_then(|manifest| manifest.pin_for(id)).filter(|pin| pin.checksum == package.checksum);
        let twins = pins.iter().filter(|twin| twin.name == id.name && twin.version == id.version);
        let elsewhere = twins.filter(|twin| !locked.contains(&twin.id())).find_map(Pin::source);
        let replaces = match gone.get(&(&id.name, id.source.as_ref())).map(Vec::as_slice) {
            Some([only]) if pin.is_none() => Some((*only).clone()),
            _ => None,
        };
        Circumstances {
            way: if pin.is_some() { Way::Kept } else { way },
            direct: graph.dependents(index).iter().any(|at| is_first_party(&lockfile.packages[*at])),
            replaces,
            pinned_from: elsewhere.filter(|_| pin.is_none()).cloned(),
            judged_by: pin.and_then(|pin| pin.vetted.as_ref()).map(|vetted| vetted.checks),
        }
    };
    Ok(lockfile.packages.iter().enumerate().map(one).collect())
}

/// Looks packages of a lockfile up, in parallel.
pub fn look_up(
    lockfile: &Lockfile,
    packages: &[(&LockedPackage, Circumstances)],
    publishers: &Publishers<'_>,
    databases: &Evidence<&[Database]>,
) -> Result<Vec<Record>, provenance_build::Error> {
    let looked_up = threads::map(packages, |(package, circumstances)| {
        let (id, checksum, circumstances) = (package.id.clone(), package.checksum, circumstances.clone());
        let entries = match &id.source {
            Some(source) if !source.is_git() => publishers.entries(source, &id.name)?,
            _ => Evidence::Absent,
        };
        let release = match &entries {
            Evidence::Known(entries) => entries.release(&id.version),
            Evidence::Absent => Evidence::Absent,
            Evidence::Unavailable(why) => Evidence::Unavailable(why.clone()),
        };
        // A registry that has no such package at all lists none of its versions.
        let history = match entries {
            Evidence::Absent if id.source.as_ref().is_some_and(|source| !source.is_git()) => {
                Evidence::Known(vec![])
            }
            entries => entries.map(|entries| entries.versions),
        };
        let mends = mended(&id, &circumstances, databases);
        let births = births(lockfile, package, publishers, &history, &release)?;
        let elsewhere = match (&id.source, &release) {
            (Some(source), Evidence::Known(release)) => publishers.elsewhere(source, &id.name, release)?,
            _ => vec![],
        };
        let same = lockfile.packages.iter().filter(|other| other.id.name == id.name);
        let twins = same.map(|other| other.id.version.clone()).filter(|version| *version != id.version);
        let twins = twins.collect();
        let (asked, demand) = (vec![], Evidence::Absent);
        Ok(Record {
            id,
            checksum,
            circumstances,
            history,
            release,
            mends,
            asked,
            births,
            demand,
            comes_anew: false,
            twins,
            elsewhere,
        })
    });
    looked_up.into_iter().collect()
}

/// When the packages were first published that a package needs and the version before it did not. One that the lockfile does
/// not have is looked up in the index of the same registry, if that is at hand, and left out otherwise.
fn births(
    lockfile: &Lockfile,
    package: &LockedPackage,
    publishers: &Publishers<'_>,
    history: &Evidence<Vec<Release>>,
    release: &Evidence<Release>,
) -> Result<Vec<Birth>, provenance_build::Error> {
    let (Some(history), Some(release), Some(own)) = (history.known(), release.known(), &package.id.source)
    else {
        return Ok(vec![]);
    };
    let Some(before) = release::before(history, release) else { return Ok(vec![]) };
    let mut births = vec![];
    for name in release::newly_needed(release, before) {
        let is_it = |reference: &String| reference.split(' ').next() == Some(name.as_str());
        let locked = lockfile.packages.iter().filter(|other| other.id.name == *name);
        let mut sources = locked.map(|other| other.id.source.as_ref()).collect::<BTreeSet<_>>();
        if !package.dependencies.iter().any(is_it) {
            sources.clear();
        }
        let is_locked = !sources.is_empty();
        if !is_locked {
            sources.insert(Some(own));
        }
        let mut at = Evidence::Absent;
        // Of several the youngest counts.
        for source in sources.into_iter().flatten().filter(|source| !source.is_git()) {
            match publishers.entries(source, name)? {
                Evidence::Known(entries) => {
                    let first = entries.versions.iter().filter_map(|release| release.published).min();
                    at = first.max(at.known().copied()).map_or(Evidence::Absent, Evidence::Known);
                }
                Evidence::Absent => {}
                Evidence::Unavailable(why) => {
                    at = Evidence::Unavailable(why);
                    break;
                }
            }
        }
        if is_locked || at.unavailable().is_none() {
            births.push(Birth { name: name.clone(), at });
        }
    }
    Ok(births)
}

/// The advisories that concern the version which a package replaces, and not its own.
fn mended(id: &PackageId, circumstances: &Circumstances, databases: &Evidence<&[Database]>) -> Vec<String> {
    let (Some(before), Some(databases)) = (&circumstances.replaces, databases.known()) else { return vec![] };
    let before = PackageId { version: before.clone(), ..id.clone() };
    let hits = advisory::hits(*databases, &before).hits;
    let serious = |hit: &&Hit| matches!(hit.kind, Kind::Malicious | Kind::Unsound | Kind::Vulnerability);
    hits.iter()
        .filter(serious)
        .filter(|hit| advisory::is_fix(hit, &id.version))
        .map(|hit| hit.id.clone())
        .collect()
}

impl Record {
    /// A record of which nothing was looked up.
    pub fn named(id: &PackageId, circumstances: Circumstances) -> Self {
        let unknown = || "it was not looked up".to_owned();
        Self {
            id: id.clone(),
            checksum: None,
            circumstances,
            history: Evidence::Unavailable(unknown()),
            release: Evidence::Unavailable(unknown()),
            mends: vec![],
            asked: vec![],
            births: vec![],
            demand: Evidence::Absent,
            comes_anew: false,
            twins: vec![],
            elsewhere: vec![],
        }
    }

    /// What the index says of another version.
    fn listed(&self, version: &Version) -> Option<&Release> {
        self.history.known()?.iter().find(|release| release.version == *version)
    }

    /// The version that this one is compared with: the one that it replaces. For a package that comes in anew the newest older one of
    /// its semver line, while it is young; a yanked one only where there is no other, since takeovers yank what was there.
    pub fn before(&self, now: Clock) -> Option<LockedPackage> {
        if self.circumstances.way == Way::Kept {
            return None;
        }
        let replaced = self.circumstances.replaces.as_ref().and_then(|version| self.listed(version));
        let is_young = || {
            let age = self.release.known().and_then(|release| release.age_days(now));
            age.is_none_or(|days| days < NOVEL_DAYS)
        };
        let older = || {
            let own = semver::Version::parse(self.id.version.as_str()).ok()?;
            let all = self.history.known()?.iter().filter_map(|it| Some((release::parsed(it)?, it)));
            let older =
                all.filter(|(version, _)| *version < own && release::line(version) == release::line(&own));
            older
                .max_by_key(|(version, it)| (!it.yanked, version.pre.is_empty(), version.clone()))
                .map(|(_, it)| it)
        };
        Some(self.locked_as(replaced.or_else(|| is_young().then(older)?)?))
    }

    /// The version that this one is compared with before the name of its publisher counts.
    pub fn published_before(&self) -> Option<LockedPackage> {
        let release = self.release.known()?;
        vet::before(self.history.known()?, release).map(|before| self.locked_as(before))
    }

    fn locked_as(&self, release: &Release) -> LockedPackage {
        LockedPackage {
            id: PackageId { version: release.version.clone(), ..self.id.clone() },
            checksum: Some(release.checksum),
            dependencies: vec![],
            line: 0,
        }
    }

    /// Whether a version cannot do without a package. One that the index does not list may need anything.
    pub fn needs(&self, version: &Version, name: &PackageName) -> bool {
        self.listed(version).is_none_or(|release| release.needs(name))
    }

    /// Whether a version was withdrawn.
    pub fn is_yanked(&self, version: &Version) -> bool {
        self.listed(version).is_some_and(|release| release.yanked)
    }

    /// The package as a lockfile would name it.
    pub fn to_locked(&self) -> LockedPackage {
        let checksum = self.release.known().map(|release| release.checksum);
        LockedPackage { id: self.id.clone(), checksum, dependencies: vec![], line: 0 }
    }

    /// What is known of another release of the package, as it would come in, in the place of this one.
    pub fn replaced_by(&self, release: &Release, databases: &Evidence<&[Database]>) -> Self {
        let id = PackageId { version: release.version.clone(), ..self.id.clone() };
        let circumstances = Circumstances {
            way: Way::Pulled,
            direct: self.circumstances.direct,
            replaces: Some(self.id.version.clone()),
            pinned_from: None,
            judged_by: None,
        };
        let mends = mended(&id, &circumstances, databases);
        Self {
            id,
            checksum: Some(release.checksum),
            circumstances,
            release: Evidence::Known(release.clone()),
            mends,
            asked: vec![],
            // What it needs anew is looked up once it would enter.
            births: vec![],
            comes_anew: true,
            ..self.clone()
        }
    }

    /// The dossier as far as it can be filled in before anything is fetched.
    pub fn dossier(&self) -> Dossier<'_> {
        let Circumstances { way, direct, replaces, pinned_from, .. } = &self.circumstances;
        Dossier {
            bytes: Known { checksum: self.checksum, tree: None },
            direct: *direct,
            asked: &self.asked,
            replaces: replaces.as_ref(),
            pinned_from: pinned_from.as_ref(),
            history: self.history.as_ref().map(Vec::as_slice),
            release: self.release.as_ref(),
            mends: &self.mends,
            births: Some(&self.births),
            demand: self.demand.as_ref(),
            comes_anew: self.comes_anew,
            twins: &self.twins,
            elsewhere: &self.elsewhere,
            ..Dossier::new(&self.id, *way)
        }
    }
}
