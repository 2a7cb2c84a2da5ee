//! How much there is to read in packages, and in what changed between two versions.
//!
//! All archives are proven at once. Those that are compared are kept until both are at hand, and no longer: the archives of a
//! whole graph do not fit into memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use provenance_build::{LockedPackage, PackageId};

use crate::archive::Archive;
use crate::collect::entrants;
use crate::collect::records::Contents;
use crate::model::Surroundings;
use crate::ops::diff;
use crate::ops::vet::Place;
use crate::report::failure::Failure;
use crate::report::files::{FileDiff, Risk};
use crate::report::plural;
use crate::report::progress::Progress;
use crate::report::reviews::ReviewSize;
use crate::vet::Judgment;

/// What is to be read: places in the list of packages, of the older version if there is one, and of the newer one.
pub(super) type Reading = (Option<usize>, usize);

/// Archives that are compared with others which are not at hand yet, and what is known already.
#[derive(Default)]
struct State {
    kept: BTreeMap<usize, Archive>,
    sizes: BTreeMap<Reading, ReviewSize>,
}

/// How much each reading takes; nothing is known of those whose archives are not to be had.
pub(super) fn of(
    surroundings: &Surroundings,
    mut place: Place,
    packages: Vec<LockedPackage>,
    readings: &BTreeSet<Reading>,
    progress: &dyn Progress,
) -> Result<BTreeMap<Reading, ReviewSize>, Failure> {
    // In an order in which the versions of a crate come together.
    let mut wanted = (0..packages.len()).collect::<Vec<_>>();
    let id = |place: usize| -> &PackageId { &packages[place].id };
    wanted.sort_by(|a, b| (&id(*a).name, *a).cmp(&(&id(*b).name, *b)));
    let state = Mutex::new(State::default());
    let keep = |number: usize, contents: Contents<'_>| {
        if let (Some(archive), Some(place)) = (contents.archive, wanted.get(number)) {
            arrived(*place, archive, readings, &state);
        }
        Judgment::default()
    };
    place.situation.lockfile.packages = packages.clone();
    let _ = entrants::prove(&place.situation, surroundings.network, &wanted, &keep, progress)?;
    Ok(state.into_inner().unwrap_or_else(PoisonError::into_inner).sizes)
}

/// Measures what can be measured now that an archive is here.
fn arrived(at: usize, archive: &Archive, readings: &BTreeSet<Reading>, state: &Mutex<State>) {
    let ready = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.kept.insert(at, archive.clone());
        let mine = readings.iter().filter(|(from, to)| *from == Some(at) || *to == at);
        let both = mine.filter_map(|reading| {
            let old = reading.0.map(|from| state.kept.get(&from).cloned());
            match old {
                Some(None) => None,
                old => Some((*reading, old.flatten(), state.kept.get(&reading.1)?.clone())),
            }
        });
        both.collect::<Vec<_>>()
    };
    let measured = ready.iter().map(|(reading, old, new)| match old {
        Some(old) => (*reading, changed(&diff::changes(old, new).list)),
        None => (*reading, whole(new)),
    });
    let measured = measured.collect::<Vec<_>>();
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.sizes.extend(measured);
    let State { kept, sizes } = &mut *state;
    kept.retain(|place, _| {
        let mut mine = readings.iter().filter(|(from, to)| from == &Some(*place) || to == place);
        mine.any(|reading| !sizes.contains_key(reading))
    });
}

/// How much a version takes.
fn whole(archive: &Archive) -> ReviewSize {
    let risk = diff::risks(archive.file("Cargo.toml"));
    let files = archive.files().map(|file| {
        let lines = memchr::memchr_iter(b'\n', file.content).count();
        (risk(file.path, file.content), lines)
    });
    size(files, "")
}

/// How much a difference takes.
fn changed(files: &[FileDiff]) -> ReviewSize {
    size(files.iter().map(|file| (file.risk, file.added + file.removed)), " changed")
}

fn size(files: impl Iterator<Item = (Risk, usize)>, changed: &str) -> ReviewSize {
    let mut size = ReviewSize::default();
    let mut risky = BTreeMap::<Risk, usize>::new();
    for (risk, lines) in files {
        if risk != Risk::Generated {
            size.lines += lines;
        }
        if matches!(risk, Risk::BuildScript | Risk::ProcMacro | Risk::Unsafe | Risk::Binary) {
            // A program has no lines, and is to be looked at all the same.
            size.risky += lines.max(1);
            *risky.entry(risk).or_default() += 1;
        }
    }
    size.lines = size.lines.max(size.risky);
    let why = risky.into_iter().map(|(risk, number)| match risk {
        Risk::BuildScript => format!("build script{changed}"),
        Risk::ProcMacro => format!("procedural macro{changed}"),
        Risk::Unsafe if changed.is_empty() => format!("{} with `unsafe`", plural(number, "file")),
        Risk::Unsafe => format!("{} with more `unsafe`", plural(number, "file")),
        _ => plural(number, "program or archive"),
    });
    size.why = why.collect();
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_it_risky_is_said() {
        let files = [
            (Risk::BuildScript, 10),
            (Risk::Unsafe, 5),
            (Risk::Unsafe, 6),
            (Risk::Source, 100),
            (Risk::Generated, 900),
        ];
        let whole = size(files.into_iter(), "");
        assert_eq!((whole.lines, whole.risky), (121, 21));
        assert_eq!(whole.why, ["build script", "2 files with `unsafe`"]);
        assert_eq!(
            size(files.into_iter(), " changed").why,
            ["build script changed", "2 files with more `unsafe`"]
        );
        // Nobody is told that there is nothing to read.
        assert_eq!(size([(Risk::Binary, 0)].into_iter(), "").lines, 1);
    }
}
