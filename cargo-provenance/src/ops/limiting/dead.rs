//! Which packages cannot come in whatever versions cargo takes: what none of whose versions passes, and what in no version that
//! does can do without such a one. A search among their versions would take minutes and come to nothing. Pure.

use std::collections::BTreeSet;

use provenance_build::{PackageName, Version};

use super::super::entering::Naming;
use super::super::vetting::Vetting;
use super::Entering;
use super::change::Change;
use super::resolver::Resolver;

/// The places of those among `entrants` in the lockfile. Where something is not known, none is taken for one.
pub(super) fn among<R: Resolver>(
    resolver: &R,
    vetting: &Vetting<'_>,
    change: &Change,
    entrants: &[Entering],
) -> BTreeSet<usize> {
    let mut dead = BTreeSet::<usize>::new();
    // Upward from what is refused itself.
    let mut open = entrants.iter().filter(|it| it.vetted.judgment.refuses()).collect::<Vec<_>>();
    while let Some(entering) = open.pop() {
        let index = entering.entry.index;
        let names = names(change, entrants, &dead);
        if dead.contains(&index) || !is_dead(resolver, vetting, entering, &names) {
            continue;
        }
        dead.insert(index);
        let dependents = change.graph.dependents(index);
        open.extend(entrants.iter().filter(|other| dependents.contains(&other.entry.index)));
    }
    dead
}

/// The names of which nothing that is locked may stay.
fn names<'c>(
    change: &'c Change,
    entrants: &'c [Entering],
    dead: &BTreeSet<usize>,
) -> BTreeSet<&'c PackageName> {
    let dead_names = entrants.iter().filter(|it| dead.contains(&it.entry.index)).map(|it| &it.entry.id.name);
    let lives = |name: &PackageName| {
        let mut locked = change.lockfile.packages.iter().enumerate();
        locked.any(|(index, package)| package.id.name == *name && !dead.contains(&index))
    };
    dead_names.filter(|name| !lives(name)).collect()
}

fn is_dead<R: Resolver>(
    resolver: &R,
    vetting: &Vetting<'_>,
    entering: &Entering,
    dead: &BTreeSet<&PackageName>,
) -> bool {
    let Entering { entry, record, vetted, .. } = entering;
    // What is locked may stay as it is, where nobody needs it for more.
    if entry.replaces.is_some() || entry.asked_before.is_some() {
        return false;
    }
    let is_refused = vetted.judgment.refuses();
    let needs_dead = |version: &Version| dead.iter().any(|name| record.needs(version, name));
    if !is_refused && !needs_dead(&entry.id.version) {
        return false;
    }
    let is_fixed = entry.direct && matches!(resolver.naming(entry.id.name.as_str()), Naming::Version(_));
    // Another version is not expected to be better where a person must decide.
    if is_fixed || (is_refused && !entering.is_curable()) {
        return true;
    }
    vetting.passing_anywhere(record).is_some_and(|versions| versions.iter().all(needs_dead))
}
