//! How two published versions of a package differ.
//!
//! The archives are taken from cargo's cache, or fetched into a scratch home that is gone afterwards, and proven against the
//! index like every other one. Nothing is unpacked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use provenance_build::{LockedPackage, PackageName, Source, Version};

use super::super::vet::missing::Missing;
use super::super::vet::{self, Place, Target, subject};
use super::View;
use super::comparison::{self, Item, Pair};
use super::risk::Roles;
use crate::archive::Archive;
use crate::collect::entrants;
use crate::collect::situation::resolved;
use crate::finding::{Finding, Weight};
use crate::model::Surroundings;
use crate::registry::{Refusal, Verdict};
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Files, Outcome, Report, plural};
use crate::vet::Judgment;

/// What is to be compared.
pub(super) struct Asked<'a> {
    pub(super) name: &'a PackageName,
    /// The older version; all of the newer one is meant where there is none.
    pub(super) from: Option<&'a Version>,
    pub(super) to: Option<&'a Version>,
    pub(super) registry: Option<&'a str>,
}

/// What there is of the versions that are asked for.
pub(super) struct Gathered {
    /// What was noticed, and the outcome where an archive is not at hand.
    pub(super) report: Report,
    /// The older version, if one is named, and the newer one.
    pub(super) packages: Vec<LockedPackage>,
    /// Their archives; nothing unless all are at hand.
    pub(super) archives: Option<Vec<Archive>>,
}

/// Compares two versions.
pub(super) fn run(
    surroundings: &Surroundings,
    asked: &Asked<'_>,
    view: &View,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let Gathered { mut report, packages, archives } = gather(surroundings, asked, progress)?;
    let Some(archives) = archives else { return Ok(report) };
    let [older, newer] = &packages[..] else { return Err(not_at_hand(asked.name)) };
    report.files = files(&packages, &archives, view)?;
    let (added, removed) = report.files.lines();
    let files = report.files.list.len();
    for (name, value) in [("files", files), ("added", added), ("removed", removed)] {
        report.count(name, value);
    }
    let what = format!("{} and v{}", older.id.short(), newer.id.version);
    let differ = if files == 1 { "differs" } else { "differ" };
    report.conclusion = match files {
        0 if view.paths.is_empty() => format!("{what} have the same files"),
        0 => format!("{what} do not differ in what was named"),
        _ => {
            let files = plural(files, "file");
            format!("{files} of {what} {differ}: {} added, {removed} removed", plural(added, "line"))
        }
    };
    Ok(report)
}

/// The files of the last archive that differ from those of the one before, all of them where there is none.
pub(super) fn files(packages: &[LockedPackage], archives: &[Archive], view: &View) -> Result<Files, Failure> {
    let before = |package: &LockedPackage| format!("{}/", package.id.file_stem());
    let mut roles = Roles::default();
    archives.iter().for_each(|archive| roles.add(archive.file("Cargo.toml")));
    match (packages, archives) {
        ([package], [new]) => {
            let name = before(package);
            Ok(comparison::compare(pairs(None, new), &roles, (&name, &name), view))
        }
        ([older, newer], [old, new]) => {
            let names = (before(older), before(newer));
            Ok(comparison::compare(pairs(Some(old), new), &roles, (&names.0, &names.1), view))
        }
        _ => Err(Failure::new(Kind::Undecided, "the versions are not at hand")),
    }
}

/// Finds the versions, and gets their archives.
pub(super) fn gather(
    surroundings: &Surroundings,
    asked: &Asked<'_>,
    progress: &dyn Progress,
) -> Result<Gathered, Failure> {
    let surroundings = &resolved(surroundings)?;
    let mut report = Report::new("diff");
    let mut place = Place::open(surroundings)?;
    let source = entrants::source(&place.situation.configuration, asked.registry)?;
    let pinned = pinned(&place, asked, &source)?;
    let target = |version: Option<&Version>| Target::Crate(asked.name.clone(), version.cloned());
    let older = asked.from.map(|from| target(Some(from)));
    let newer = target(pinned.as_ref().map(|(version, _)| version));
    let wanted =
        vet::Options { targets: older.into_iter().chain([newer]).collect(), ..vet::Options::default() };
    let registry = (&source, asked.registry);
    let (subjects, missing) = subject::all(surroundings, &place, registry, &wanted, &mut report, progress)?;
    if let Some(missing) = missing.first() {
        return Err(absent(missing, source.display_name()));
    }
    if subjects.len() != wanted.targets.len() {
        return Err(not_at_hand(asked.name));
    }
    place.situation.lockfile.packages = subjects.into_iter().map(|subject| subject.package).collect();
    // The bytes of the pin are meant, also where the index has changed its mind.
    if let Some((_, Some(checksum))) = pinned
        && let Some(newer) = place.situation.lockfile.packages.last_mut()
    {
        newer.checksum = Some(checksum);
    }

    let packages = &place.situation.lockfile.packages;
    match &packages[..] {
        [older, newer] => {
            report.step("Comparing", format!("{} with v{}", older.id.short(), newer.id.version))
        }
        _ => report.step("Reading", packages.iter().map(|package| package.id.short()).collect::<String>()),
    }
    let archives = packages.iter().map(|_| OnceLock::<Archive>::new()).collect::<Vec<_>>();
    let keep = |number: usize, contents: crate::collect::records::Contents<'_>| {
        if let Some(archive) = contents.archive {
            let _ = archives[number].set(archive.clone());
        }
        Judgment::default()
    };
    let places = (0..packages.len()).collect::<Vec<_>>();
    let entrants = entrants::prove(&place.situation, surroundings.network, &places, &keep, progress)?;
    for (package, proven) in packages.iter().zip(&entrants.proven) {
        let refusals = proven.as_ref().err().map(Vec::as_slice).unwrap_or_default();
        report.findings.extend(refusals.iter().map(|refusal| refused(&package.id, refusal)));
    }
    let archives = archives.into_iter().map(OnceLock::into_inner).collect::<Option<Vec<_>>>();
    if archives.is_none() {
        let refusals = entrants.proven.iter().filter_map(|proven| proven.as_ref().err()).flatten();
        let is_refused = refusals.clone().any(|refusal| refusal.verdict == Verdict::Refused);
        report.outcome = if is_refused { Outcome::Refused } else { Outcome::Undecided };
        report.conclusion = match is_refused {
            true => format!("to compare them: {}", report.tally()),
            false => "they could not be compared".to_owned(),
        };
    }
    Ok(Gathered { report, packages: place.situation.lockfile.packages, archives })
}

fn not_at_hand(name: &PackageName) -> Failure {
    Failure::new(Kind::Undecided, format!("the versions of `{name}` are not at hand"))
}

/// The version to compare with, and the checksum of its pin: the one that was asked for, or the one that is pinned.
type Wanted = (Version, Option<provenance_build::Checksum>);

fn pinned(place: &Place, asked: &Asked<'_>, source: &Source) -> Result<Option<Wanted>, Failure> {
    let pins = place.manifest.iter().flat_map(|manifest| &manifest.packages);
    let pins = pins.filter(|pin| pin.name == *asked.name && pin.source() == Some(source)).collect::<Vec<_>>();
    if let Some(to) = asked.to {
        let pin = pins.iter().find(|pin| pin.version == *to);
        return Ok(Some((to.clone(), pin.and_then(|pin| pin.checksum))));
    }
    match pins[..] {
        [] => Ok(None),
        [pin] => Ok(Some((pin.version.clone(), pin.checksum))),
        _ => {
            let versions = pins.iter().map(|pin| format!("`{}`", pin.version)).collect::<Vec<_>>().join(", ");
            let what = format!("several versions of `{}` are pinned: {versions}", asked.name);
            let help = format!(
                "name the one to compare with: `cargo provenance diff {} {} TO`",
                asked.name,
                asked.from.map(ToString::to_string).unwrap_or_default()
            );
            Err(Failure::new(Kind::Usage, what).help(help))
        }
    }
}

/// Every path of the archives.
pub(super) fn pairs<'a>(old: Option<&'a Archive>, new: &'a Archive) -> Vec<Pair<'a>> {
    let mut pairs = BTreeMap::<&str, (Option<Item<'a>>, Option<Item<'a>>)>::new();
    for file in old.into_iter().flat_map(Archive::files) {
        pairs.entry(file.path).or_default().0 =
            Some(Item { bytes: Cow::Borrowed(file.content), executable: file.executable });
    }
    for file in new.files() {
        pairs.entry(file.path).or_default().1 =
            Some(Item { bytes: Cow::Borrowed(file.content), executable: file.executable });
    }
    pairs.into_iter().map(|(path, (old, new))| Pair { path: path.to_owned(), old, new }).collect()
}

/// Why a version cannot be compared.
fn refused(id: &provenance_build::PackageId, refusal: &Refusal) -> Finding {
    let message = format!("`{}` cannot be compared: {}", id.short(), refusal.what);
    Finding::new(refusal.check, Weight::Denial, message).about(id.clone()).help(refusal.help.clone())
}

/// Why a version is not there to be looked at.
pub(in crate::ops) fn absent(missing: &Missing, registry: &str) -> Failure {
    let (what, help) = match missing {
        Missing::Crate(name) => {
            (format!("{registry} has no crate `{name}`"), "check the spelling of its name".to_owned())
        }
        Missing::Internal(name, why, _) => (
            format!("`{name}` is the team's own name, and {registry} was not asked for it: {why}"),
            "name the registry that has it with `--registry`".to_owned(),
        ),
        Missing::Renamed(name, other) => {
            (format!("{registry} has no crate `{name}`"), format!("its name is `{other}`"))
        }
        Missing::Unknown(name, why) => (
            format!("nothing is known of `{name}`: {why}"),
            format!("see whether `cargo info {name}` finds it in {registry}"),
        ),
        Missing::Version(name, version, newest, _) => (
            format!("{registry} has no version `{version}` of `{name}`"),
            match newest {
                Some(newest) => format!("the newest one is `{newest}`"),
                None => "it lists none that can be read".to_owned(),
            },
        ),
    };
    Failure::new(Kind::Undecided, what).help(help)
}
