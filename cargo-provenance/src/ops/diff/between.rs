//! How two published versions of a package differ.
//!
//! The archives are taken from cargo's cache, or fetched into a scratch home that is gone afterwards, and proven against the
//! index like every other one. Nothing is unpacked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use provenance_build::{PackageName, Source, Version};

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
use crate::report::{Outcome, Report, plural};
use crate::vet::Judgment;

/// What is to be compared.
pub(super) struct Asked<'a> {
    pub(super) name: &'a PackageName,
    pub(super) from: &'a Version,
    pub(super) to: Option<&'a Version>,
    pub(super) registry: Option<&'a str>,
}

/// Compares two versions.
pub(super) fn run(
    surroundings: &Surroundings,
    asked: &Asked<'_>,
    view: &View,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let surroundings = &resolved(surroundings)?;
    let mut report = Report::new("diff");
    let mut place = Place::open(surroundings)?;
    let source = entrants::source(&place.situation.configuration, asked.registry)?;
    let pinned = pinned(&place, asked, &source)?;
    let target = |version: Option<&Version>| Target::Crate(asked.name.clone(), version.cloned());
    let wanted = vet::Options {
        targets: vec![target(Some(asked.from)), target(pinned.as_ref().map(|(version, _)| version))],
        ..vet::Options::default()
    };
    let registry = (&source, asked.registry);
    let (subjects, missing) = subject::all(surroundings, &place, registry, &wanted, &mut report, progress)?;
    if let Some(missing) = missing.first() {
        return Err(absent(missing, source.display_name()));
    }
    place.situation.lockfile.packages = subjects.into_iter().map(|subject| subject.package).collect();
    // The bytes of the pin are meant, also where the index has changed its mind.
    if let Some((_, Some(checksum))) = pinned
        && let Some(newer) = place.situation.lockfile.packages.get_mut(1)
    {
        newer.checksum = Some(checksum);
    }

    let packages = &place.situation.lockfile.packages;
    let [older, newer] = &packages[..] else {
        return Err(Failure::new(
            Kind::Undecided,
            format!("two versions of `{}` are not at hand", asked.name),
        ));
    };
    report.step("Comparing", format!("{} with v{}", older.id.short(), newer.id.version));
    let archives = [const { OnceLock::<Archive>::new() }; 2];
    let keep = |number: usize, contents: crate::collect::records::Contents<'_>| {
        if let Some(archive) = contents.archive {
            let _ = archives[number].set(archive.clone());
        }
        Judgment::default()
    };
    let entrants = entrants::prove(&place.situation, surroundings.network, &[0, 1], &keep, progress)?;
    for (package, proven) in packages.iter().zip(&entrants.proven) {
        let refusals = proven.as_ref().err().map(Vec::as_slice).unwrap_or_default();
        report.findings.extend(refusals.iter().map(|refusal| refused(&package.id, refusal)));
    }
    let [old, new] = &archives;
    let (Some(old), Some(new)) = (old.get(), new.get()) else {
        let refusals = entrants.proven.iter().filter_map(|proven| proven.as_ref().err()).flatten();
        let is_refused = refusals.clone().any(|refusal| refusal.verdict == Verdict::Refused);
        report.outcome = if is_refused { Outcome::Refused } else { Outcome::Undecided };
        report.conclusion = match is_refused {
            true => format!("to compare them: {}", report.tally()),
            false => "they could not be compared".to_owned(),
        };
        return Ok(report);
    };

    let mut roles = Roles::default();
    roles.add(old.file("Cargo.toml"));
    roles.add(new.file("Cargo.toml"));
    let before = |id: &provenance_build::PackageId| format!("{}/", id.file_stem());
    let names = (before(&older.id), before(&newer.id));
    report.files = comparison::compare(pairs(old, new), &roles, (&names.0, &names.1), view);
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
                asked.name, asked.from
            );
            Err(Failure::new(Kind::Usage, what).help(help))
        }
    }
}

/// Every path of the two archives.
fn pairs<'a>(old: &'a Archive, new: &'a Archive) -> Vec<Pair<'a>> {
    let mut pairs = BTreeMap::<&str, (Option<Item<'a>>, Option<Item<'a>>)>::new();
    for file in old.files() {
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
