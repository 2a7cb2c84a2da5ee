//! `db`: fetches the advisory databases, the imported sets of audits and who published what, and tells what is there of them.

mod bundle;
mod import;
mod publishers;
mod sets;

use std::path::Path;

use crate::advisory::{Database, Odd};
use crate::collect::advisories::{self, Advisories, Copy, ago};
use crate::collect::gate;
use crate::collect::sets::Source;
use crate::model::{Date, Evidence, Network, Surroundings};
use crate::net::Client;
use crate::policy::{AuditImport, Origin, Policy};
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};

pub use self::bundle::pack;
pub use self::import::{Add, add};
pub use self::sets::Consent;
pub use crate::collect::advisories::Rollback;

use self::sets::Ground;

/// What `db update` is to do.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Whether a database or a set may be replaced by one that knows less.
    pub rollback: Rollback,
    /// The imports that are updated, and nothing else; everything where there is none.
    pub only: &'a [String],
    /// The file that takes the place of the network.
    pub bundle: Option<&'a Path>,
    /// Whether sets are taken over.
    pub consent: Consent<'a>,
}

/// Fetches every database and every set of audits that the policy names by a URL, and asks who published what, where that matters.
///
/// # Errors
///
/// A policy that is not acceptable, no network, a database that cannot be fetched or is none.
pub fn update(
    surroundings: &Surroundings,
    options: &Options<'_>,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut report = Report::new("db update");
    let (root, policy) = gate::policy_in_force(surroundings)?;
    let imports = fetched(&policy, options.only)?;
    let databases = policy.databases();
    let urls = databases.iter().filter_map(|at| match &at.value.origin {
        Origin::Url(url) => Some(url),
        Origin::Path(_) => None,
    });
    let urls = if options.only.is_empty() { urls.collect() } else { vec![] };
    let bundle = options.bundle.map(|file| bundle::open(file, &mut report)).transpose()?;
    if surroundings.network == Network::Forbidden
        && bundle.is_none()
        && !(urls.is_empty() && imports.is_empty())
    {
        let what = if urls.is_empty() { "imported audits" } else { "advisory databases" };
        let by = surroundings.offline_by.as_deref().unwrap_or_default();
        return Err(Failure::new(Kind::Undecided, format!("{what} cannot be updated offline"))
            .help(format!("run it again without {by}; `cargo provenance db status` tells how old they are"))
            .help("or bring a file that `cargo provenance db bundle` wrote, with `--bundle FILE`"));
    }
    for url in urls {
        let done = match &bundle {
            None => advisories::refresh(surroundings, url, options.rollback, surroundings.clock, progress)?,
            Some(bundle) => match bundle.database(url) {
                Some((state, files)) => advisories::take_in(surroundings, state, &files, options.rollback)?,
                None => {
                    report.not_checked.push(format!("`{url}`, of which the bundle has nothing"));
                    continue;
                }
            },
        };
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
    if options.only.is_empty() {
        let advisories = Advisories::read(surroundings, &policy, &root);
        conclude(&mut report, &advisories);
    }
    if !imports.is_empty() {
        let client = Client::new(surroundings)?;
        let source = bundle.as_ref().map_or(Source::Web(&client), Source::Bundle);
        let ground = Ground::of(&root, surroundings, options.rollback == Rollback::Allowed)?;
        report = sets::update(report, &ground, (&policy, &imports), source, options.consent, progress)?;
    }
    let is_shown_only = matches!(options.consent, Consent::Refused);
    if is_shown_only
        || bundle.is_some()
        || !options.only.is_empty()
        || surroundings.network == Network::Forbidden
    {
        return Ok(report);
    }
    // What was taken over may trust somebody, and stands in a policy that is another one by now.
    let (_, policy) = gate::policy_in_force(surroundings)?;
    publishers::update(report, surroundings, &policy, &root, progress)
}

/// The imports that are fetched, with the lines that name them: all, or those of these names.
fn fetched<'p>(policy: &'p Policy, only: &[String]) -> Result<Vec<(u32, &'p AuditImport)>, Failure> {
    let all = policy.audits().into_iter().flat_map(|rules| &rules.imports);
    let all = all.filter(|at| !at.value.urls.is_empty()).map(|at| (at.line, &at.value));
    for name in only {
        let imports = policy.audits().into_iter().flat_map(|rules| &rules.imports);
        if let Some(at) = imports.into_iter().find(|at| at.value.name == *name && at.value.urls.is_empty()) {
            let what = format!("`{name}` has no `url` that it could be updated from");
            let help =
                format!("write one into `[audits.import.{name}]`, which is line {} of the policy", at.line);
            return Err(Failure::new(Kind::Usage, what).help(help));
        }
        if !all.clone().any(|(_, import)| import.name == *name) {
            let what = format!("the policy has no import `{name}` with a `url`");
            let names = all.map(|(_, import)| import.name.clone()).collect::<Vec<_>>().join(", ");
            return Err(Failure::new(Kind::Usage, what).help(match names.is_empty() {
                true => "add one with `cargo provenance db import NAME URL`".to_owned(),
                false => format!("it has: {names}"),
            }));
        }
    }
    Ok(all.filter(|(_, import)| only.is_empty() || only.contains(&import.name)).collect())
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
    sets::status(&mut report, &policy, &root, Date::of_seconds(surroundings.clock.0));
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
