//! The packages that `vet` is asked about: which version, from where, and what of it is at hand.

use std::path::Path;

use provenance_build::manifest::Pin;
use provenance_build::{Checksum, LockedPackage, Manifest, PackageName, Source, Version};

use super::super::vetting::Vetting;
use super::missing::{Asked, Missing};
use super::{
    Contents, Evidence, Failure, Judgment, Options, Place, Progress, Proven, Publishers, Record, Report,
    Surroundings, Target, listed, locked,
};
use crate::collect::entrants::Entrant;
use crate::collect::indices::{self, Reply, When};
use crate::collect::records::Circumstances;
use crate::index::Entries;
use crate::model::{DependencyKind, Network, Release};
use crate::policy::At;
use crate::registry::{self, Refusal, proof};
use crate::report::failure::Kind;
use crate::store::sha256_of;
use crate::survey::Sources;
use crate::vet::{Way, release};

/// A package to vet.
pub(in crate::ops) struct Subject {
    /// The package, with the checksum that the index or the file gives it.
    pub(in crate::ops) package: LockedPackage,
    /// The file that it is, if it is one.
    pub(super) file: Option<std::path::PathBuf>,
    /// What the index says of the file, if it says something else.
    otherwise: Option<Checksum>,
}

/// All that is wanted, and what is not there to be judged.
pub(in crate::ops) fn all(
    surroundings: &Surroundings,
    place: &Place,
    registry: (&Source, Option<&str>),
    options: &Options,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(Vec<Subject>, Vec<Missing>), Failure> {
    let (source, _) = registry;
    let publishers = Publishers::of(&place.situation.configuration, &place.situation.cargo_home)?;
    let (mut subjects, mut missing) = (vec![], vec![]);
    for target in &options.targets {
        let (name, version) = match target {
            Target::File(file) => {
                subjects.push(of_file(file, source)?);
                continue;
            }
            Target::Crate(name, version) => (name, version),
        };
        let index_of = |name: &str| place.situation.index_of(name);
        let mut internal = place.policy.internal().iter().filter(|at| at.value.covers(name));
        if let Some(At { value, line }) = internal.find(|at| at.value.is_foreign(source, index_of)) {
            let at = place.policy.place(*line, "internal name");
            missing.push(Missing::Internal(name.clone(), value.origin(), at));
            continue;
        }
        let ask = |when| indices::ask(&place.situation, registry, name, when, surroundings.network, progress);
        let lists = |entries: &Evidence<Entries>| match (entries, version) {
            (Evidence::Known(entries), Some(version)) => entries.get(version).is_some(),
            (Evidence::Known(entries), None) => !entries.versions.is_empty(),
            (Evidence::Absent | Evidence::Unavailable(_), _) => false,
        };
        let mut reply = ask(When::Daily)?;
        let mut entries = publishers.entries(source, name)?;
        // Asked about within a day, and not there all the same.
        if reply == Reply::Cached(vec![]) && !lists(&entries) {
            reply = ask(When::Always)?;
            entries = publishers.entries(source, name)?;
        }
        let (notes, asked) = match reply {
            // A package of which every version was yanked is none for cargo; the index has its lines all the same.
            Reply::Missing if entries.known().is_some_and(|entries| !entries.versions.is_empty()) => {
                (vec![], Asked::Now)
            }
            Reply::Missing => {
                missing.push(Missing::Crate(name.clone()));
                continue;
            }
            Reply::Renamed(other) => {
                missing.push(Missing::Renamed(name.clone(), other));
                continue;
            }
            Reply::Cached(notes) if notes.is_empty() => (notes, Asked::Now),
            Reply::Cached(notes) => (notes, Asked::Before),
        };
        let asked = if surroundings.network == Network::Forbidden { Asked::Before } else { asked };
        report.not_checked.extend(notes);
        let unknown = |why: &str| Missing::Unknown(name.clone(), why.to_owned());
        match entries {
            Evidence::Known(entries) => {
                let newest = newest(&entries.versions);
                let Some(wanted) = version.clone().or_else(|| newest.clone()) else {
                    missing.push(unknown("its index lists no version that can be read"));
                    continue;
                };
                if matches!(entries.release(&wanted), Evidence::Absent) {
                    missing.push(Missing::Version(name.clone(), wanted, newest, asked));
                    continue;
                }
                let checksum = entries.get(&wanted).map(|release| release.checksum);
                let package = locked(name, &wanted, source, checksum);
                subjects.push(Subject { package, file: None, otherwise: None });
            }
            Evidence::Absent => missing.push(Missing::Crate(name.clone())),
            Evidence::Unavailable(why) => missing.push(unknown(&why)),
        }
    }
    Ok((subjects, missing))
}

/// The newest version that was not yanked, prereleases last; yanked ones only where there is nothing else.
fn newest(releases: &[Release]) -> Option<Version> {
    let parsed = releases.iter().filter_map(|release| Some((release::parsed(release)?, release)));
    let key = |(version, release): &(semver::Version, &Release)| {
        (!release.yanked, version.pre.is_empty(), version.clone())
    };
    parsed.max_by_key(key).map(|(_, release)| release.version.clone())
}

fn of_file(file: &Path, source: &Source) -> Result<Subject, Failure> {
    let shown = file.display();
    let stem = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".crate"));
    let Some((name, version)) = stem.and_then(split) else {
        return Err(Failure::new(Kind::Usage, format!("`{shown}` is not called `NAME-VERSION.crate`"))
            .help("give the file the name that its package has"));
    };
    if !file.is_file() {
        return Err(Failure::new(Kind::Usage, format!("there is no file `{shown}`")));
    }
    let checksum = sha256_of(file).map_err(|error| {
        Failure::new(Kind::Undecided, format!("could not read `{shown}`")).caused_by(&error)
    })?;
    let package = locked(&name, &version, source, Some(checksum));
    Ok(Subject { package, file: Some(file.to_owned()), otherwise: None })
}

/// `NAME-VERSION`: a name has no full stop, so that only one hyphen can be meant.
fn split(stem: &str) -> Option<(PackageName, Version)> {
    stem.match_indices('-')
        .find_map(|(at, _)| Some((PackageName::parse(&stem[..at])?, Version::parse(&stem[at + 1..])?)))
}

/// What to say of the packages that subjects would pull in. Nobody knows those of a file that no index lists.
pub(super) fn dependencies(records: &[Record]) -> Option<String> {
    let can_have = |record: &&Record| {
        listed(record).is_none_or(|release| {
            release.dependencies.iter().any(|dependency| dependency.kind != DependencyKind::Dev)
        })
    };
    let subjects = records.iter().filter(can_have).map(|record| record.id.short()).collect::<Vec<_>>();
    let (first, more) = subjects.split_first()?;
    let more = match more.len() {
        0 => String::new(),
        number => format!(" and {number} more"),
    };
    Some(format!("the dependencies of {first}{more}: `add` judges all that would come in"))
}

/// How a subject would come in.
pub(super) fn circumstances(subject: &Subject, manifest: Option<&Manifest>) -> Circumstances {
    let id = &subject.package.id;
    let line = |version: &Version| semver::Version::parse(version.as_str()).ok().map(|it| release::line(&it));
    let pins = manifest.map(|manifest| manifest.packages.as_slice()).unwrap_or_default();
    let others = pins.iter().filter(|pin| pin.name == id.name && pin.version != id.version);
    let others =
        others.filter(|pin| pin.source() == id.source.as_ref() && line(&pin.version) == line(&id.version));
    let replaces = match others.collect::<Vec<_>>()[..] {
        [only] => Some(only.version.clone()),
        _ => None,
    };
    let elsewhere =
        |pin: &&Pin| pin.name == id.name && pin.version == id.version && pin.source() != id.source.as_ref();
    let pinned_from = pins.iter().find(elsewhere).and_then(Pin::source).cloned();
    Circumstances { way: Way::Named, direct: true, replaces, pinned_from, judged_by: None }
}

impl Subject {
    /// Whether its archive is to be taken from cargo.
    pub(super) fn is_fetched(&self) -> bool {
        self.file.is_none() && self.package.checksum.is_some()
    }

    /// The command that would add it, with a blank behind it.
    pub(super) fn adding(&self, registry: Option<&str>) -> String {
        let id = &self.package.id;
        let registry = registry.map(|name| format!("--registry {name} ")).unwrap_or_default();
        format!("cargo provenance add {}@{} {registry}", id.name, id.version)
    }

    /// A file is nobody's until an index at hand lists its bytes. What the index says of others says nothing about it.
    pub(super) fn compare_with_index(&mut self, record: &mut Record, report: &mut Report) {
        if self.file.is_none() {
            return;
        }
        let published = listed(record).map(|release| release.checksum);
        if published.is_some() && published == self.package.checksum {
            return;
        }
        self.otherwise = published;
        record.history = Evidence::Absent;
        record.release = Evidence::Absent;
        let why = match published {
            None => "no index at hand lists this version of it",
            Some(_) => "the index lists other bytes",
        };
        let name = self.package.id.short();
        report.not_checked.push(format!("age and index record of {name}: {why}"));
    }

    /// Reads a file, which is whatever it is.
    pub(super) fn prove_file(&self, file: &Path, inspect: &dyn Fn(Contents<'_>) -> Judgment) -> Proven {
        let unasked = Evidence::Unavailable("a file has no index".to_owned());
        registry::prove(&self.package, &[file.to_owned()], &unasked).map(|proof| Entrant {
            path: None,
            checksum: Some(proof.checksum),
            tree: proof.tree,
            vendor_tree: proof.vendor_tree,
            build_time: proof.build_time,
            judgment: inspect(Contents {
                archive: Some(&proof.contents),
                sources: &Evidence::Known(Sources::of_archive(&proof.contents)),
                previous: &Evidence::Absent,
                license: &proof.license,
            }),
            license: proof.license,
            releases: Evidence::Absent,
        })
    }

    /// What is said of a file that is not what its registry published.
    pub(super) fn said(&self, vetting: &Vetting<'_>, record: &Record) -> Judgment {
        let (Some(published), Some(found)) = (self.otherwise, self.package.checksum) else {
            return Judgment::default();
        };
        let source = self.package.id.source.as_ref().map(Source::display_name).unwrap_or_default();
        vetting.of_refusals(
            record,
            &[Refusal {
                check: "checksum-changed",
                verdict: proof::Verdict::Refused,
                what: format!("the file is {found}, and {source} published {published}"),
                help: "if it was never meant to come from there, name its registry with `--registry`"
                    .to_owned(),
            }],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_has_one_meaning() {
        for (stem, expected) in [
            ("serde-1.0.228", Some(("serde", "1.0.228"))),
            ("a-b-1.0.0-rc.1", Some(("a-b", "1.0.0-rc.1"))),
            ("sha-1-0.10.1", Some(("sha-1", "0.10.1"))),
            ("x-1.0.0-2.0.0", Some(("x", "1.0.0-2.0.0"))),
            ("wasi-0.11.0+wasi-snapshot", Some(("wasi", "0.11.0+wasi-snapshot"))),
            ("serde", None),
            ("serde-1", None),
            ("-1.0.0", None),
            ("../x-1.0.0", None),
        ] {
            let found = split(stem);
            let found = found.as_ref().map(|(name, version)| (name.as_str(), version.as_str()));
            assert_eq!(found, expected, "{stem}");
        }
    }

    #[test]
    fn the_newest_is_neither_yanked_nor_a_prerelease() {
        let release = |version: &str, yanked: bool| Release {
            version: Version::parse(version).expect("a version"),
            checksum: Checksum::from_bytes([0; 32]),
            yanked,
            published: None,
            dependencies: vec![],
            features: vec![],
            links: None,
        };
        for (releases, expected) in [
            (vec![("1.0.0", false), ("1.10.0", false), ("1.9.0", false)], Some("1.10.0")),
            (vec![("1.0.0", false), ("2.0.0-rc.1", false), ("1.1.0", true)], Some("1.0.0")),
            (vec![("1.0.0", true), ("2.0.0-rc.1", false)], Some("2.0.0-rc.1")),
            (vec![("1.0.0", true), ("1.1.0", true)], Some("1.1.0")),
            (vec![], None),
        ] {
            let releases = releases.iter().map(|(version, yanked)| release(version, *yanked));
            let found = newest(&releases.collect::<Vec<_>>());
            assert_eq!(found.as_ref().map(Version::as_str), expected);
        }
    }
}
