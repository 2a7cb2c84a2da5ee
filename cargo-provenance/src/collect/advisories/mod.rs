//! The advisory databases that the policy names, from disk.
//!
//! A fetched database is read with the digest that it had when it was fetched, so that one that was changed or lost files
//! since is not taken for a whole one. A directory that the policy names is taken as it is.

mod bundled;
mod files;
mod refresh;
mod state;

use std::path::{Path, PathBuf};

use provenance_build::PackageId;

use crate::advisory::{self, Database, Hits};
use crate::model::{Date, Evidence, Surroundings};
use crate::policy::{Origin, Policy};
use crate::store::Generations;

pub use bundled::{Files, take_in};
pub use files::read_directory;
pub use refresh::{Error, Refreshed, Rollback, freshen, refresh};
pub use state::State;

const DAY: u64 = 86_400;

/// The databases of a workspace.
#[derive(Clone, Debug)]
pub struct Advisories {
    /// One for each that the policy names, in its order.
    pub copies: Vec<Copy>,
}

/// A database as it lies on this machine.
#[derive(Clone, Debug)]
pub struct Copy {
    /// What the policy says of it.
    pub setting: crate::policy::Database,
    /// The line of the policy that names it; 0 by default.
    pub line: u32,
    /// The directory that was read, or that it would be fetched to.
    pub directory: PathBuf,
    /// Where it was fetched from and when. `None` for a directory of the policy's.
    pub state: Option<State>,
    /// The advisories; `Absent` before it was ever fetched.
    pub database: Evidence<Database>,
    /// How old it is in seconds: since it was fetched, else since its newest advisory.
    pub age: Option<u64>,
}

impl Advisories {
    /// Reads what lies there of the databases that the policy at `root` names. Nothing is fetched.
    pub fn read(surroundings: &Surroundings, policy: &Policy, root: &Path) -> Self {
        let copies = policy.databases().into_iter().map(|at| {
            let directory = match &at.value.origin {
                Origin::Path(path) => root.join(path),
                Origin::Url(url) => generations(&surroundings.cargo_home, url).folder().to_owned(),
            };
            let mut copy = Copy::unread(at.value, at.line, directory);
            copy.read_again(surroundings);
            copy
        });
        Self { copies: copies.collect() }
    }

    /// The database in a directory, in place of those of a policy, held to the age that policies have by default.
    pub fn of_directory(surroundings: &Surroundings, directory: &Path) -> Self {
        let policy = crate::policy::Database::of_directory(directory);
        let mut copy = Copy::unread(policy, 0, directory.to_owned());
        copy.read_again(surroundings);
        Self { copies: vec![copy] }
    }

    /// What tells whether anything of them changed since, without reading a single advisory.
    pub fn stamp(&self, surroundings: &Surroundings) -> Vec<String> {
        let stamp = |copy: &Copy| match &copy.setting.origin {
            Origin::Path(_) => files::stamp(&copy.directory),
            Origin::Url(url) => {
                let state = State::read(&generations(&surroundings.cargo_home, url), url);
                format!("{state:?}")
            }
        };
        self.copies.iter().map(stamp).collect()
    }

    /// Lets time pass: how old they are by another clock.
    pub fn grow(&mut self, surroundings: &Surroundings) {
        self.copies.iter_mut().for_each(|copy| copy.grow(surroundings));
    }

    /// What is known of a package. Look at [`Advisories::faults`] too: only without any is nothing found a good sign.
    pub fn hits(&self, package: &PackageId) -> Hits {
        advisory::hits(self.databases(), package)
    }

    /// The databases that could be read.
    pub fn databases(&self) -> impl Iterator<Item = &Database> {
        self.copies.iter().filter_map(|copy| copy.database.known())
    }

    /// The same, on their own.
    pub fn into_databases(self) -> Vec<Database> {
        let known = self.copies.into_iter().filter_map(|copy| match copy.database {
            Evidence::Known(database) => Some(database),
            Evidence::Absent | Evidence::Unavailable(_) => None,
        });
        known.collect()
    }

    /// The date of the newest advisory: what a pin records.
    pub fn newest(&self) -> Option<Date> {
        advisory::newest(self.databases())
    }

    /// Why nothing can be decided with these databases, a line each; none if all are there and young enough.
    pub fn faults(&self) -> Vec<String> {
        self.copies.iter().filter_map(Copy::fault).collect()
    }

    /// Why nothing can be decided because a pin knew a newer advisory, of the date `known`: somebody put older databases here.
    pub fn rolled_back(&self, known: Option<Date>) -> Option<String> {
        let known = known.filter(|known| !self.copies.is_empty() && self.newest() < Some(*known))?;
        let newest = match self.newest() {
            Some(newest) => format!("is of {newest}"),
            None => "has no date".to_owned(),
        };
        Some(format!(
            "the newest advisory at hand {newest}, and a pin was compared with one of {known}: an older state of a database \
             hides what was found since"
        ))
    }
}

impl Copy {
    /// The name for messages.
    pub fn name(&self) -> &str {
        self.setting.origin.as_str()
    }

    /// Why nothing can be decided with this database: a lowercase fragment that names it.
    pub fn fault(&self) -> Option<String> {
        let name = self.name();
        match &self.database {
            Evidence::Absent => Some(format!("the advisory database `{name}` was never fetched")),
            Evidence::Unavailable(why) => Some(format!("the advisory database `{name}` {why}")),
            Evidence::Known(_) => {
                let max_age = self.setting.max_age?;
                let (what, none) = match &self.state {
                    Some(_) => ("was fetched", "was fetched at a time that is still to come"),
                    None => ("has its newest advisory from", "has no advisory that can be read"),
                };
                match self.age.map(|age| (age <= max_age.seconds, ago(age))) {
                    Some((true, _)) => None,
                    Some((false, ago)) => Some(format!(
                        "the advisory database `{name}` {what} {ago}, and at most {max_age} are allowed"
                    )),
                    None => Some(format!("the advisory database `{name}` {none}")),
                }
            }
        }
    }
}

impl Copy {
    fn unread(setting: crate::policy::Database, line: u32, directory: PathBuf) -> Self {
        Self { setting, line, directory, state: None, database: Evidence::Absent, age: None }
    }

    /// How old it is by now.
    fn grow(&mut self, surroundings: &Surroundings) {
        let today = Date::of_seconds(surroundings.clock.0);
        self.age = match (&self.setting.origin, &self.state) {
            (Origin::Url(_), state) => state.as_ref().and_then(|state| state.age(surroundings.clock)),
            // An advisory of today counts from its midnight, in whatever zone that was.
            (Origin::Path(_), _) => {
                let newest = self.database.known().and_then(Database::newest);
                let days = newest.and_then(|newest| u64::try_from(today.days_since(newest).max(0)).ok());
                days.map(|days| days * DAY)
            }
        };
    }

    /// Reads it as it lies there now.
    fn read_again(&mut self, surroundings: &Surroundings) {
        let today = Date::of_seconds(surroundings.clock.0);
        match &self.setting.origin {
            Origin::Path(_) => {
                self.database = match read_directory(&self.directory, today) {
                    Ok(database) => Evidence::Known(database),
                    Err(why) => Evidence::Unavailable(why),
                };
            }
            Origin::Url(url) => {
                let generations = generations(&surroundings.cargo_home, url);
                let state = State::read(&generations, url);
                self.database = match &state {
                    Ok(None) => Evidence::Absent,
                    Ok(Some(state)) => {
                        self.directory = generations.directory(&state.directory);
                        match read_directory(&self.directory, today) {
                            Ok(database) if database.digest() == state.digest => Evidence::Known(database),
                            Ok(_) => Evidence::Unavailable("was changed since it was fetched".to_owned()),
                            Err(why) => Evidence::Unavailable(why),
                        }
                    }
                    Err(why) => Evidence::Unavailable(why.clone()),
                };
                self.state = state.ok().flatten();
            }
        }
        self.grow(surroundings);
    }
}

/// Where the generations of a fetched database lie: `<cargo home>/provenance/advisory-db/<name>-<hash of the URL>`.
pub fn generations(cargo_home: &Path, url: &str) -> Generations {
    let last = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let last = last.strip_suffix(".git").unwrap_or(last);
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name = last.chars().filter(plain).take(40).collect::<String>();
    let hash = &blake3::hash(url.as_bytes()).to_hex()[..16];
    Generations::new(cargo_home.join("provenance").join("advisory-db").join(format!("{name}-{hash}")))
}

/// How long ago, for screens: `3 hours ago`, `12 days ago`.
pub fn ago(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..3_600 => return "less than an hour ago".to_owned(),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / DAY, "day"),
    };
    format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
