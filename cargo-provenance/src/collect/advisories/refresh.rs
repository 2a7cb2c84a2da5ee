//! Fetches databases anew, and puts them in force once they are seen to be databases.

use std::path::Path;

use provenance_build::tree::Content;

use super::{Advisories, Copy, DAY, State, ago, files, generations};
use crate::git::{self, GitError};
use crate::model::{Clock, Date, Network, Surroundings};
use crate::policy::{Origin, Policy};
use crate::report::failure::{Explain, Failure};
use crate::report::progress::Progress;
use crate::store;

/// Whether a database may be replaced by one that knows less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollback {
    /// The user said so.
    Allowed,
    /// It is refused.
    Refused,
}

/// What became of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// What was in force before.
    pub before: Option<State>,
    /// What is in force now.
    pub now: State,
}

/// Why a database was not put in force; the one before stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It could not be fetched.
    #[error(transparent)]
    Git(#[from] GitError),
    /// It could not be written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It is no advisory database.
    #[error("`{url}` {why}")]
    Unsuitable {
        /// Where it was fetched from.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// It knows less than what is there.
    #[error(
        "the newest advisory of `{url}` is of {fetched}, and the copy that is there knows one of {present}"
    )]
    Older {
        /// Where it was fetched from.
        url: String,
        /// The newest advisory that was fetched.
        fetched: Date,
        /// The newest advisory that is known already.
        present: Date,
    },
}

impl Explain for Error {
    fn help(&self) -> Vec<String> {
        match self {
            Self::Git(error) => error.help(),
            Self::Store(error) => Explain::help(error),
            Self::Unsuitable { .. } => {
                vec!["name an advisory database in `[advisories] databases` of Provenance.toml".to_owned()]
            }
            Self::Older { .. } => vec![
                "an older state of a database hides what was found since; where that is meant, run \
                 `cargo provenance db update --allow-rollback`"
                    .to_owned(),
            ],
        }
    }
}

/// Fetches the database at `url`, unless another command has done so after `since`.
pub fn refresh(
    surroundings: &Surroundings,
    url: &str,
    rollback: Rollback,
    since: Clock,
    progress: &dyn Progress,
) -> Result<Refreshed, Error> {
    let generations = generations(&surroundings.cargo_home, url);
    let waiting = || progress.status("Blocking", &format!("another command fetches `{url}`"));
    let incoming = generations.begin(waiting)?;
    // A damaged state is as good as none: what it stood for is not used either.
    let before = State::read(&generations, url).ok().flatten();
    if let Some(state) = &before
        && state.fetched > since.0
        && state.age(surroundings.clock).is_some()
    {
        return Ok(Refreshed { now: state.clone(), before });
    }
    progress.status("Updating", &format!("advisory database `{url}`"));
    let unsuitable = |why: String| Error::Unsuitable { url: url.to_owned(), why };
    let fetched = git::fetch(url, generations.folder()).map_err(|error| match error {
        GitError::Unacceptable { path, what, .. } => unsuitable(format!("cannot be used: `{path}` {what}")),
        GitError::Incomplete { commit, .. } => {
            unsuitable(format!("did not send the whole of commit `{commit}`"))
        }
        other => Error::Git(other),
    })?;
    if let Some(link) =
        fetched.export.tree().entries().iter().find(|it| matches!(it.content, Content::Link(_)))
    {
        return Err(unsuitable(format!("cannot be used: `{}` is a symbolic link", link.path)));
    }
    let today = Date::of_seconds(surroundings.clock.0);
    let directory = fetched.export.directory();
    let database = files::read_directory(&directory, today).map_err(unsuitable)?;
    let Some(newest) = database.newest().filter(|_| database.counts().advisories > 0) else {
        return Err(unsuitable("has no advisory that can be read".to_owned()));
    };
    if let Some(present) = before.as_ref().and_then(|state| Date::parse(&state.newest))
        && newest < present
        && rollback == Rollback::Refused
    {
        return Err(Error::Older { url: url.to_owned(), fetched: newest, present });
    }
    let mut state = State::new(url, &fetched, &database, surroundings.clock);
    let same = before.as_ref().filter(|before| {
        let there = || files::read_directory(&generations.directory(&before.directory), today);
        before.digest == state.digest && there().is_ok_and(|there| there.digest() == state.digest)
    });
    match same {
        Some(before) => state.directory.clone_from(&before.directory),
        None => incoming.take(&directory, &state.directory)?,
    }
    incoming.put_in_force(&state.to_bytes())?;
    let older = before.as_ref().map(|before| before.directory.as_str());
    incoming.sweep(&[Some(state.directory.as_str()), older].into_iter().flatten().collect::<Vec<_>>());
    Ok(Refreshed { before, now: state })
}

/// The databases that the policy at `root` names, fetched anew where that is due and the network may be used; and what
/// a person should know of it, a line each. It is due after a day, and where they do not reach `known`, the newest
/// advisory that some pin knew. A database that cannot be fetched is used as it is: [`Advisories::faults`] says whether it
/// still may be.
pub fn freshen(
    surroundings: &Surroundings,
    policy: &Policy,
    root: &Path,
    known: Option<Date>,
    progress: &dyn Progress,
) -> (Advisories, Vec<String>) {
    let mut advisories = Advisories::read(surroundings, policy, root);
    let behind = known.is_some() && advisories.newest() < known;
    let mut notes = vec![];
    for copy in &mut advisories.copies {
        let Origin::Url(url) = copy.setting.origin.clone() else { continue };
        if copy.is_young() && !behind {
            continue;
        }
        if surroundings.network == Network::Forbidden {
            // A file of the repository may be what says so.
            let by =
                surroundings.offline_by.as_ref().map(|by| format!("; offline by {by}")).unwrap_or_default();
            let told = copy.told_age().or_else(|| copy.fault().filter(|_| !by.is_empty()));
            notes.extend(told.map(|told| told + &by));
            continue;
        }
        // What is damaged is fetched anew however young it is, unless another command does so meanwhile.
        let patience = if behind || copy.database.known().is_none() { 0 } else { copy.patience() };
        let since = Clock(surroundings.clock.0.saturating_sub(patience));
        match refresh(surroundings, &url, Rollback::Refused, since, progress) {
            Ok(_) => copy.read_again(surroundings),
            Err(error) => {
                let Failure { message, causes, .. } = Failure::from(error);
                let why = std::iter::once(message).chain(causes).collect::<Vec<_>>().join(": ");
                notes.push(format!("the advisory database `{url}` was not updated: {why}"));
                notes.extend(copy.told_age());
            }
        }
    }
    (advisories, notes)
}

impl Copy {
    /// Seconds after which a fetched database is fetched anew: a day, or what the policy allows if that is less.
    fn patience(&self) -> u64 {
        self.setting.max_age.map_or(DAY, |age| age.seconds.min(DAY))
    }

    /// Whether it is there and needs no update yet.
    fn is_young(&self) -> bool {
        self.database.known().is_some() && self.age.is_some_and(|age| age <= self.patience())
    }

    fn told_age(&self) -> Option<String> {
        let age = self.database.known().and(self.age)?;
        Some(format!("advisories that are newer than the copy of `{}`, fetched {}", self.name(), ago(age)))
    }
}
