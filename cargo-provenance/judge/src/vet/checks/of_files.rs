//! What checks on contents share: findings about what was seen in files, by file.

use std::collections::BTreeMap;

use crate::survey::content::{Kind, Role, Sight};
use crate::vet::check::Observation;
use crate::vet::dossier::Dossier;

/// So many files are told of one by one. Where there are more, those of a folder are told of together: nobody accepts a
/// thousand files one by one.
const ONE_BY_ONE: usize = 8;

/// One observation for each file, or folder of many, in which something of these kinds was seen. `weigh` says what it is
/// worth; what it treats alike is told together.
pub(super) fn told(
    dossier: &Dossier<'_>,
    kinds: &[Kind],
    verb: &str,
    weigh: impl Fn(&Sight, Observation) -> Observation,
) -> Vec<Observation> {
    let content = dossier.survey.known().map(|survey| &survey.content);
    let sights = content.iter().flat_map(|content| &content.sights);
    let sights = sights.filter(|sight| kinds.contains(&sight.kind)).collect::<Vec<_>>();
    let id = dossier.id.short();
    if sights.len() <= ONE_BY_ONE {
        let one = |sight: &&Sight| {
            let tests = if sight.role == Role::Tests { " (test code)" } else { "" };
            let message = format!("`{id}`: `{}`{tests} {verb} {}", place(sight), sight.what);
            let seen = Observation::new(message).on(sight.path.clone());
            let seen = match sight.more {
                0 => seen,
                1 => seen.note("once more in the same file"),
                more => seen.note(format!("and {more} times more in the same file")),
            };
            weigh(sight, seen)
        };
        return sights.iter().map(one).collect();
    }
    let mut folders: BTreeMap<&str, Vec<(Observation, Vec<&Sight>)>> = BTreeMap::new();
    for sight in sights {
        let folder = folders.entry(sight.path.rsplit_once('/').map_or("", |(folder, _)| folder)).or_default();
        let seen = weigh(sight, Observation::default());
        match folder.iter_mut().find(|(alike, _)| *alike == seen) {
            Some((_, sights)) => sights.push(sight),
            None => folder.push((seen, vec![sight])),
        }
    }
    let of_folder = |folder: &str, seen: Observation, sights: Vec<&Sight>| {
        let [first, ..] = sights[..] else { return seen };
        if sights.len() == 1 {
            let message = format!("`{id}`: `{}` {verb} {}", place(first), first.what);
            return Observation { message, subject: Some(first.path.clone()), ..seen };
        }
        let within = if folder.is_empty() { String::new() } else { format!(" in `{folder}`") };
        let message = format!("`{id}`: each of {} files{within} {verb} {}", sights.len(), first.what);
        let files = sights.iter().map(|sight| format!("`{}`: {}", place(sight), sight.what));
        let all = if folder.is_empty() { "*".to_owned() } else { format!("{folder}/*") };
        Observation { message, subject: Some(all), ..seen }.listing(&files.collect::<Vec<_>>())
    };
    let told = folders
        .into_iter()
        .flat_map(|(folder, alike)| alike.into_iter().map(move |(seen, sights)| (folder, seen, sights)));
    told.map(|(folder, seen, sights)| of_folder(folder, seen, sights)).collect()
}

fn place(sight: &Sight) -> String {
    if sight.line == 0 { sight.path.clone() } else { format!("{}:{}", sight.path, sight.line) }
}
