//! The releases of a package, from its registry's index to the judge.

use crate::model::Evidence;
use crate::registry::{Entries, IndexEntry};
use crate::vet::entry::Release;

/// What the judge needs of an index.
pub fn releases(entries: &Evidence<Entries>) -> Evidence<Vec<Release>> {
    match entries {
        Evidence::Absent => Evidence::Absent,
        Evidence::Known(entries) => Evidence::Known(entries.versions.iter().map(release).collect()),
        Evidence::Unavailable(why) => Evidence::Unavailable(why.clone()),
    }
}

fn release(entry: &IndexEntry) -> Release {
    Release { version: entry.version.clone(), published: entry.published, yanked: entry.yanked }
}
