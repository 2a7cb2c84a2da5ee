//! What is known besides the packages themselves: advisories, and reviews.

use std::path::Path;

use provenance_build::Lockfile;
use provenance_build::manifest::Pin;

use crate::advisory::Database;
use crate::cargo::Member;
use crate::collect::{advisories, audits, needs};
use crate::model::{Clock, Date, Evidence, Surroundings};
use crate::policy::Policy;
use crate::report::Report;
use crate::report::progress::Progress;
use crate::vet::{Demands, Reviews};

/// What was reviewed of what is in use, by the policy and `supply-chain/` in the folder `root`.
pub fn reviews(policy: &Policy, root: &Path, now: Clock, report: &mut Report) -> Evidence<Reviews> {
    let (reviews, notes) = audits::read(policy, root, now);
    let news = notes.into_iter().filter(|note| !report.not_checked.contains(note)).collect::<Vec<_>>();
    report.not_checked.extend(news);
    reviews
}

/// Which reviews are required of the packages of a lockfile.
pub fn demands(reviews: &Reviews, lockfile: &Lockfile, members: &[Member]) -> Evidence<Demands> {
    let demands = needs::tree(lockfile, members).and_then(|(tree, ids)| reviews.demands(&tree, &ids));
    demands.map_or_else(Evidence::Unavailable, Evidence::Known)
}

/// The same, whether or not cargo-vet would take the policies that ask for them.
pub fn demanded(reviews: &Reviews, lockfile: &Lockfile, members: &[Member]) -> Evidence<Demands> {
    let demands = needs::tree(lockfile, members).and_then(|(tree, ids)| reviews.demanded(&tree, &ids));
    demands.map_or_else(Evidence::Unavailable, Evidence::Known)
}

/// The advisory databases that the policy names, fetched anew where that is due. What a person should know of them goes into
/// the report. None that is missing, too old, or older than what one of `pins` knew decides anything.
pub fn databases(
    surroundings: &Surroundings,
    policy: &Policy,
    root: &Path,
    pins: &[Pin],
    report: &mut Report,
    progress: &dyn Progress,
) -> Evidence<Vec<Database>> {
    let vetted = pins.iter().filter_map(|pin| pin.vetted.as_ref());
    let dates = vetted.filter_map(|vetted| Date::parse(vetted.advisories.as_deref()?));
    // A day of grace for time zones. Nobody can have known what was published later: such a line would only keep everything
    // from being decided.
    let today = Date::of_seconds(surroundings.clock.0);
    let (known, ahead): (Vec<_>, Vec<_>) = dates.partition(|date| *date <= today.plus_days(1));
    if let Some(ahead) = ahead.iter().max() {
        let odd = format!("a pin that claims to know advisories of {ahead}, which is yet to come");
        report.not_checked.push(format!("whether the databases are older than before, for {odd}"));
    }
    let known = known.into_iter().max();
    let (advisories, notes) = advisories::freshen(surroundings, policy, root, known, progress);
    report.not_checked.extend(notes);
    if advisories.copies.is_empty() {
        report.not_checked.push("advisories: the policy names no database".to_owned());
        return Evidence::Absent;
    }
    let mut faults = advisories.faults();
    if faults.is_empty() {
        faults.extend(advisories.rolled_back(known));
    }
    if !faults.is_empty() {
        return Evidence::Unavailable(faults.join("; "));
    }
    Evidence::Known(advisories.into_databases())
}
