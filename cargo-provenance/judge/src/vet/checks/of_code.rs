//! Observations about what a package's code does: one for each file, so that accepting one says nothing of another.

use crate::model::Evidence;
use crate::policy::Level;
use crate::survey::{Code, Part, Sighting, What};
use crate::vet::check::Observation;
use crate::vet::dossier::Dossier;

/// The sightings of one kind in one file, or in a whole package, that are shown.
const SHOWN: usize = 3;

/// What the code of the package can do.
pub(super) fn code<'d>(dossier: &Dossier<'d>) -> Option<&'d Code> {
    dossier.survey.known().map(|survey| &survey.code)
}

/// What the code has that the version before had not. `is` and `was` say it of the two.
pub(super) fn new_since(
    dossier: &Dossier<'_>,
    has: fn(&Code) -> bool,
    (is, was): (&str, &str),
) -> Vec<Observation> {
    if !code(dossier).is_some_and(has) {
        return vec![];
    }
    let name = dossier.id.short();
    match &dossier.previous {
        Evidence::Known(previous) if !has(&previous.survey.code) => {
            let what = format!("`{name}` {is}, and {} {was}", previous.version);
            vec![Observation::new(what).help("read what it does before you accept it")]
        }
        Evidence::Unavailable(why) => {
            let what = format!("`{name}` {is}, and whether that is new is not known");
            vec![Observation::new(what).at(Level::Note).undecided(why)]
        }
        Evidence::Absent | Evidence::Known(_) => vec![],
    }
}

/// What one of `kinds` was seen in at build time; `does` says what that code does.
pub(super) fn at_build_time(dossier: &Dossier<'_>, kinds: &[What], does: &str) -> Vec<Observation> {
    let part = code(dossier).map(|code| &code.build_time);
    let part = part.map(|part| in_each_file(dossier, part, kinds, "the build-time code", does));
    part.unwrap_or_default()
}

/// The same of any part of the code.
pub(super) fn in_each_file(
    dossier: &Dossier<'_>,
    part: &Part,
    kinds: &[What],
    who: &str,
    does: &str,
) -> Vec<Observation> {
    let name = dossier.id.short();
    let mut sightings = kinds.iter().flat_map(|kind| part.all(*kind)).collect::<Vec<_>>();
    sightings.sort_by_key(|seen| (&seen.file, seen.line));
    sightings.dedup_by_key(|seen| (&seen.file, seen.line));
    let mut seen = sightings
        .chunk_by(|a, b| a.file == b.file)
        .map(|of_file| {
            let seen = Observation::new(format!("{who} of `{name}` {does}: `{}`", of_file[0].file));
            of_file.iter().take(SHOWN).fold(seen.on(&of_file[0].file), |seen, it| seen.note(line(it)))
        })
        .collect::<Vec<_>>();
    let more = kinds.iter().map(|kind| part.more(*kind)).max().unwrap_or(0);
    if more > 0 {
        seen.push(Observation::new(format!("{who} of `{name}` {does}: {more} more files")).on("more"));
    }
    seen
}

/// An observation about several things that code does together, which is what gives it away.
pub(super) fn together(dossier: &Dossier<'_>, does: &str, ingredients: &[&[What]]) -> Vec<Observation> {
    let Some(part) = code(dossier).map(|code| &code.run_time) else { return vec![] };
    let first = |kinds: &&[What]| kinds.iter().find_map(|kind| part.all(*kind).next());
    let Some(seen) = ingredients.iter().map(first).collect::<Option<Vec<_>>>() else { return vec![] };
    let observation = Observation::new(format!("`{}` {does}", dossier.id.short()));
    vec![seen.into_iter().fold(observation, |observation, it| observation.note(place(it)))]
}

/// The same, whatever it leads to.
pub(super) fn leads(seen: Vec<Observation>, level: Level, help: &str) -> Vec<Observation> {
    seen.into_iter().map(|seen| seen.at(level).help(help)).collect()
}

/// What to do next.
pub(super) fn with(seen: Vec<Observation>, help: &str) -> Vec<Observation> {
    seen.into_iter().map(|seen| seen.help(help)).collect()
}

fn line(seen: &Sighting) -> String {
    format!("line {}: {}", seen.line, seen.excerpt)
}

/// Where something stands, for notes.
pub(super) fn place(seen: &Sighting) -> String {
    format!("`{}` line {}: {}", seen.file, seen.line, seen.excerpt)
}
