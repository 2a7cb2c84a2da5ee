//! Databases on their way to a machine that cannot fetch them.

use std::fs;
use std::path::Path;

use super::refresh::Error;
use super::{Copy, Refreshed, Rollback, State, files, generations};
use crate::advisory::{FILE_BYTES, FILES};
use crate::model::{Date, Surroundings};

/// Folders in folders: a database has two.
const DEPTH: usize = 4;

/// Files by their paths in a database.
pub type Files = Vec<(String, Vec<u8>)>;

impl Copy {
    /// The files of a database that was fetched, by their paths in it, and its state; nothing for one that was not.
    ///
    /// # Errors
    ///
    /// Why they cannot be read: a fragment that reads after the database's name.
    pub fn packed(&self) -> Result<Option<(&State, Files)>, String> {
        let (Some(state), Some(_)) = (&self.state, self.database.known()) else { return Ok(None) };
        let mut found = vec![];
        for folder in ["crates", "rust"] {
            let directory = self.directory.join(folder);
            if directory.is_dir() {
                gather(&directory, folder, DEPTH, &mut found)?;
            }
        }
        Ok(Some((state, found)))
    }
}

/// Puts a database in force as another machine had it, unless it knows less than the one that is there.
pub fn take_in(
    surroundings: &Surroundings,
    fetched: &State,
    content: &[(&str, &[u8])],
    rollback: Rollback,
) -> Result<Refreshed, Error> {
    let url = &fetched.url;
    let unsuitable = |why: &str| Error::Unsuitable { url: url.clone(), why: why.to_owned() };
    let generations = generations(&surroundings.cargo_home, url);
    let incoming = generations.begin(|| ())?;
    let before = State::read(&generations, url).ok().flatten();
    let Some(state) = fetched.arrived(surroundings.clock) else {
        return Err(unsuitable("is of a state in the bundle that this version does not know"));
    };
    if let Some(before) =
        before.as_ref().filter(|before| before.digest == state.digest && before.fetched >= state.fetched)
    {
        return Ok(Refreshed { now: before.clone(), before: Some(before.clone()) });
    }
    incoming.write(&state.directory, content)?;
    let today = Date::of_seconds(surroundings.clock.0);
    let database = files::read_directory(&generations.directory(&state.directory), today);
    let database = database.map_err(|why| unsuitable(&why))?;
    let newest = database.newest().filter(|_| database.digest() == state.digest);
    let Some(newest) = newest else {
        return Err(unsuitable("is not in the bundle as it was fetched"));
    };
    if let Some(present) = before.as_ref().and_then(|state| Date::parse(&state.newest))
        && newest < present
        && rollback == Rollback::Refused
    {
        return Err(Error::Older { url: url.clone(), fetched: newest, present });
    }
    incoming.put_in_force(&state.to_bytes())?;
    let older = before.as_ref().map(|before| before.directory.as_str());
    incoming.sweep(&[Some(state.directory.as_str()), older].into_iter().flatten().collect::<Vec<_>>());
    Ok(Refreshed { before, now: state })
}

fn gather(folder: &Path, shown: &str, depth: usize, found: &mut Files) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot be packed: `{shown}` cannot be read: {error}");
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else {
            return Err(format!("cannot be packed: `{shown}` holds a name that is no text"));
        };
        let (path, shown) = (entry.path(), format!("{shown}/{name}"));
        let metadata = fs::symlink_metadata(&path).map_err(failed)?;
        if metadata.is_dir() && depth > 0 {
            gather(&path, &shown, depth - 1, found)?;
        } else if metadata.is_file() && metadata.len() <= FILE_BYTES && found.len() < FILES {
            found.push((shown, fs::read(&path).map_err(failed)?));
        } else {
            return Err(format!("cannot be packed: `{shown}` is too large, too deep, or one too many"));
        }
    }
    Ok(())
}
