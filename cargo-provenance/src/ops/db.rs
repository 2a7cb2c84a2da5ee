//! `db`: fetches the advisory databases and who published what, and tells what is there of the databases.

mod publishers;

use crate::advisory::{Database, Odd};
use crate::collect::advisories::{self, Advisories, Copy, ago};
use crate::collect::gate;
use crate::model::{Date, Evidence, Network, Surroundings};
use crate::policy::Origin;
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};

pub use crate::collect::advisories::Rollback;

/// Fetches every database that the policy names by a URL, and asks who published what, where that matters.
///
/// # Errors
///
/// A policy that is not acceptable, no network, a database that cannot be fetched or is none.
pub fn update(
    surroundings: &Surroundings,
    rollback: Rollback,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut report = Report::new("db update");
    let (root, policy) = gate::policy_in_force(surroundings)?;
    let databases = policy.databases();
    let urls = databases.iter().filter_map(|at| match &at.value.origin {
        Origin::Url(url) => Some(url),
        Origin::Path(_) => None,
    });
    if surroundings.network == Network::Forbidden && urls.clone().next().is_some() {
        return Err(Failure::new(Kind::Undecided, "advisory databases cannot be updated offline")
            .help("run it again with the network; `cargo provenance db status` tells how old they are"));
    }
    for url in urls {
        let done = advisories::refresh(surroundings, url, rollback, surroundings.clock, progress)?;
        let now = &done.now;
        let change = match &done.before {
            Some(before) if before.digest == now.digest => "unchanged".to_owned(),
            Some(before) => format!("before: the newest of {}", before.newest),
            None => "fetched for the first time".to_owned(),
        };
        report.step(
            "Updated",
            format!(
                "`{url}` to commit {}, the newest advisory of {} ({change})",
                short(&now.commit),
                now.newest
            ),
        );
    }
    let mut report = publishers::update(report, surroundings, &policy, &root, progress)?;
    let advisories = Advisories::read(surroundings, &policy, &root);
    conclude(&mut report, &advisories);
    Ok(report)
}

/// Tells which databases are there, how old they are, and what in them cannot be read.
///
/// # Errors
///
/// A policy that is not acceptable.
pub fn status(surroundings: &Surroundings) -> Result<Report, Failure> {
    let mut report = Report::new("db status");
    let (root, policy) = gate::policy_in_force(surroundings)?;
    let advisories = Advisories::read(surroundings, &policy, &root);
    for copy in &advisories.copies {
        describe(&mut report, copy, Date::of_seconds(surroundings.clock.0));
    }
    conclude(&mut report, &advisories);
    Ok(report)
}

fn describe(report: &mut Report, copy: &Copy, today: Date) {
    let name = copy.name();
    let state = match &copy.state {
        Some(state) => {
            let fetched = copy.age.map_or_else(|| "at a time that is still to come".to_owned(), ago);
            format!("commit {}, fetched {fetched}", short(&state.commit))
        }
        None => match copy.setting.origin {
            Origin::Path(_) => "a directory, taken as it is".to_owned(),
            Origin::Url(_) => "not there".to_owned(),
        },
    };
    report.step("Database", format!("`{name}`: {state}"));
    report.detail("Directory", copy.directory.display().to_string());
    let Evidence::Known(database) = &copy.database else { return };
    let counts = database.counts();
    let newest = match database.newest() {
        Some(date) => format!("the newest of {date}, {}", ago_days(today.days_since(date))),
        None => "none with a date".to_owned(),
    };
    report.step("Advisories", format!("{}, {newest}", counts.advisories));
    let besides = [
        (counts.withdrawn, "withdrawn"),
        (counts.language, "about the language itself"),
        (counts.foreign, "about packages of other registries"),
    ];
    for (number, what) in besides.into_iter().filter(|(number, _)| *number > 0) {
        report.detail("Besides", format!("{number} {what}, compared with no package"));
    }
    report.detail("Digest", database.digest());
    for Odd { path, packages, why } in database.odd() {
        let packages = packages.iter().map(|package| format!("`{package}`")).collect::<Vec<_>>().join(", ");
        let about = match packages.is_empty() {
            true => String::new(),
            false => format!("; nothing can be decided about {packages}"),
        };
        report.step("Unreadable", format!("`{path}` {why}{about}"));
    }
    for remark in database.remarks() {
        report.step("Odd", format!("`{}`: {}", remark.path, remark.what));
    }
}

/// Counts, what is not there, and the last line.
fn conclude(report: &mut Report, advisories: &Advisories) {
    let sum = |number: fn(&Database) -> usize| advisories.databases().map(number).sum::<usize>();
    let known = sum(|database| database.counts().advisories);
    let unreadable = sum(|database| database.odd().len());
    report.count("databases", advisories.copies.len());
    report.count("advisories", known);
    report.count("withdrawn", sum(|database| database.counts().withdrawn));
    report.count("language", sum(|database| database.counts().language));
    report.count("unreadable", unreadable);
    report.count("odd", sum(|database| database.remarks().len()));
    if unreadable > 0 {
        let files = plural(unreadable, "file");
        report.not_checked.push(format!(
            "{files} of the databases, which cannot be read: see `cargo provenance db status`"
        ));
    }
    let faults = advisories.faults();
    let faulty = advisories.copies.iter().filter(|copy| copy.fault().is_some());
    let fetchable = report.command != "db update"
        && faulty.map(|copy| &copy.setting.origin).any(|origin| matches!(origin, Origin::Url(_)));
    let newest = match advisories.newest() {
        Some(date) => format!(", the newest of {date}"),
        None => String::new(),
    };
    let known = plural(known, "advisory");
    let databases = plural(advisories.copies.len(), "database");
    report.conclusion = match (&faults[..], advisories.copies.len()) {
        ([], 0) => "the policy names no advisory database".to_owned(),
        ([], _) => format!("{known} in {databases}{newest}"),
        ([first, ..], _) if fetchable => format!("{first}; run `cargo provenance db update`"),
        ([first, ..], _) => first.clone(),
    };
    if !faults.is_empty() {
        report.outcome = Outcome::Undecided;
        report.not_checked.extend(faults.into_iter().skip(1));
    }
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

fn ago_days(days: i64) -> String {
    match days {
        ..=0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}
