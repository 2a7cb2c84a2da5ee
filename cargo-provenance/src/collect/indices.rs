//! How old cargo's copies of the registries' indices are, and bringing them up to date.
//!
//! Cargo keeps a file for each package and writes it only when it changed, and asks only for what it resolves anew. So what
//! was asked is written down here, package by package; a file that cargo wrote is as young as that.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use provenance_build::{LockedPackage, PackageName, Source};
use serde::{Deserialize, Serialize};

use super::advisories::ago;
use super::publishers::Publishers;
use super::situation::Situation;
use crate::cargo::{self, ScratchHome};
use crate::model::{Clock, Network};
use crate::report::failure::{Explain, Failure, Kind};
use crate::report::progress::Progress;
use crate::store;

/// Seconds after which an index is asked again.
const PATIENCE: u64 = 86_400;

/// Seconds after which nobody needs to know when a package was asked for.
const FORGOTTEN: u64 = 400 * 86_400;

/// Bytes of one record: 28 of each of the 200,000 packages of crates.io.
const RECORD_BYTES: u64 = 16 * 1024 * 1024;

const VERSION: u32 = 1;

/// When the packages of one index were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Record {
    version: u32,
    index: String,
    /// In seconds since the Unix epoch, by the package's name.
    asked: BTreeMap<String, u64>,
}

/// Which packages the indices are asked about again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// All of them: something enters, and may have been yanked a minute ago.
    Always,
    /// Those that were last asked about more than a day ago.
    Daily,
}

/// Asks the indices again about `packages`. Returns what a person should know of it, a line each: where the network may not
/// be used, or the registries are out of reach, what is at hand is used as it is.
pub fn freshen(
    situation: &Situation,
    packages: &[&LockedPackage],
    when: When,
    network: Network,
    progress: &dyn Progress,
) -> Result<Vec<String>, provenance_build::Error> {
    let publishers = Publishers::of(&situation.configuration, &situation.cargo_home)?;
    let asked = asked(situation, &publishers, packages)?;
    let is_due = |asked: &&Asked<'_>| when == When::Always || asked.age.is_none_or(|age| age > PATIENCE);
    let due = asked.iter().filter(is_due).map(|asked| asked.package).collect::<Vec<_>>();
    let oldest = asked.iter().filter_map(|asked| asked.age).max();
    let told = oldest.map(|age| {
        format!("what changed since the registries were last asked about some packages, {}", ago(age))
    });
    if due.is_empty() {
        return Ok(vec![]);
    }
    if network == Network::Forbidden {
        return Ok(told.into_iter().collect());
    }
    match refresh(situation, &publishers, &due, progress) {
        Ok(()) => Ok(vec![]),
        Err(error) => Ok(failed(error, told)),
    }
}

/// What came of asking about one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// What cargo has cached is all that can be known. What a person should know of it, a line each.
    Cached(Vec<String>),
    /// The registry has no such package.
    Missing,
    /// The registry has it under this name.
    Renamed(PackageName),
}

/// Asks the index of `source`, which `registry` names for cargo, about one package of which no version is known yet.
pub fn ask(
    situation: &Situation,
    (source, registry): (&Source, Option<&str>),
    name: &PackageName,
    when: When,
    network: Network,
    progress: &dyn Progress,
) -> Result<Reply, provenance_build::Error> {
    let publishers = Publishers::of(&situation.configuration, &situation.cargo_home)?;
    let Some(index) = publishers.index_of(source)? else { return Ok(Reply::Cached(vec![])) };
    let record = read(&situation.cargo_home, &index);
    let at = record.asked.get(name.as_str()).copied().max(publishers.written_at(&index, name));
    let age = at.and_then(|at| age(at, situation.clock));
    if when == When::Daily && age.is_some_and(|age| age <= PATIENCE) {
        return Ok(Reply::Cached(vec![]));
    }
    let told =
        age.map(|age| format!("what changed since the registry was asked about `{name}`, {}", ago(age)));
    if network == Network::Forbidden {
        return Ok(Reply::Cached(told.into_iter().collect()));
    }
    let asked = || {
        let home = ScratchHome::make(&situation.cargo_home, situation.cargo.directory(), situation.clock)?;
        let (manifest, lockfile) = home.errand(&[])?;
        let cargo = situation.cargo.with_lockfile(Some(&lockfile)).hiding(home.path());
        match cargo.ask_index(&manifest, name.as_str(), registry, progress) {
            Err(error) if error.is_missing_package() => return Ok(Reply::Missing),
            Ok(said) => match translated(&said.lines) {
                Some(other) if other != *name => return Ok(Reply::Renamed(other)),
                _ => {}
            },
            Err(error) => return Err(error.into()),
        }
        note(situation, BTreeMap::from([(index, vec![name])]))?;
        Ok::<_, Error>(Reply::Cached(vec![]))
    };
    Ok(asked().unwrap_or_else(|error| Reply::Cached(failed(error, told))))
}

/// The name that cargo takes for the one it was given (`ops/cargo_add` of cargo 1.95).
fn translated(lines: &[String]) -> Option<PackageName> {
    let line = lines.iter().find_map(|line| line.strip_prefix("warning: translating `"))?;
    PackageName::parse(line.split_once("` to `")?.1.strip_suffix('`')?)
}

/// Asks the registries about names that may be a package's there, if they were not asked within a day. Returns a line about
/// those that nobody could be asked about, so that what is found does not depend on what this machine happened to fetch.
pub fn ask_names(
    situation: &Situation,
    registries: &[(Source, Option<String>)],
    names: &[&PackageName],
    network: Network,
    progress: &dyn Progress,
) -> Result<Vec<String>, provenance_build::Error> {
    let publishers = Publishers::of(&situation.configuration, &situation.cargo_home)?;
    let mut unasked = vec![];
    for name in names {
        let mut is_asked = true;
        for (source, registry) in registries {
            let Some(index) = publishers.index_of(source)? else { continue };
            let is_fresh = || {
                let asked = read(&situation.cargo_home, &index).asked.get(name.as_str()).copied();
                let at = asked.max(publishers.written_at(&index, name));
                at.and_then(|at| age(at, situation.clock)).is_some_and(|age| age <= PATIENCE)
            };
            let mut is_answered = is_fresh();
            if !is_answered && network == Network::Allowed {
                let registry = (source, registry.as_deref());
                let reply = ask(situation, registry, name, When::Daily, network, progress)?;
                is_answered = match reply {
                    // An answer, too. What cannot be written down is asked again.
                    Reply::Missing | Reply::Renamed(_) => {
                        let _ = note(situation, BTreeMap::from([(index.clone(), vec![*name])]));
                        true
                    }
                    Reply::Cached(_) => is_fresh(),
                };
            }
            is_asked &= is_answered;
        }
        if !is_asked {
            unasked.push(format!("`{name}`"));
        }
    }
    let told = format!("whether a registry knows the name of {}: none could be asked", unasked.join(", "));
    Ok((!unasked.is_empty()).then_some(told).into_iter().collect())
}

/// What to say of a registry that could not be asked.
fn failed(error: Error, told: Option<String>) -> Vec<String> {
    // What cargo was asked with holds places of no meaning to people; what it answered does not.
    let is_answer = matches!(error, Error::Cargo(cargo::Error::Failed { .. }));
    let Failure { message, causes, .. } = Failure::from(error);
    let told_by = std::iter::once(message).filter(|_| !is_answer);
    let why = told_by.chain(causes).collect::<Vec<_>>().join(": ");
    let why = why.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let failed = format!("what the registry says now, since it could not be asked: {why}");
    std::iter::once(failed).chain(told).collect()
}

/// Asks the indices about all of `packages`, and writes down that they were asked.
fn refresh(
    situation: &Situation,
    publishers: &Publishers<'_>,
    packages: &[&LockedPackage],
    progress: &dyn Progress,
) -> Result<(), Error> {
    let cargo = publishers.cargo_for(situation, packages)?;
    let home = ScratchHome::make(&situation.cargo_home, cargo.directory(), situation.clock)?;
    let (manifest, lockfile) = home.errand(packages)?;
    // In the user's own home, since it is the user's copy that is wanted up to date.
    let asking = cargo.with_lockfile(Some(&lockfile)).hiding(home.path());
    match asking.refresh_index(&manifest, progress) {
        // Cargo asks first and resolves then: what cannot be resolved, because it was yanked, was asked for all the same.
        Err(error) if error.kind() == Kind::Undecided => return Err(error.into()),
        Ok(_) | Err(_) => {}
    }
    let mut asked = BTreeMap::<String, Vec<&PackageName>>::new();
    for package in packages {
        if let Some(index) = index_of(publishers, package)? {
            asked.entry(index).or_default().push(&package.id.name);
        }
    }
    note(situation, asked)
}

/// A package of a registry.
struct Asked<'p> {
    package: &'p LockedPackage,
    /// How long ago the registry was asked about it, in seconds; `None` where that is not known, or lies ahead.
    age: Option<u64>,
}

fn asked<'p>(
    situation: &Situation,
    publishers: &Publishers<'_>,
    packages: &[&'p LockedPackage],
) -> Result<Vec<Asked<'p>>, provenance_build::Error> {
    let mut records = BTreeMap::<String, Record>::new();
    let mut all = vec![];
    for package in packages {
        let Some(index) = index_of(publishers, package)? else { continue };
        let record = match records.get(&index) {
            Some(record) => record,
            None => records.entry(index.clone()).or_insert_with(|| read(&situation.cargo_home, &index)),
        };
        let name = &package.id.name;
        let asked = record.asked.get(name.as_str()).copied();
        let at = asked.max(publishers.written_at(&index, name));
        all.push(Asked { package, age: at.and_then(|at| age(at, situation.clock)) });
    }
    Ok(all)
}

fn index_of(
    publishers: &Publishers<'_>,
    package: &LockedPackage,
) -> Result<Option<String>, provenance_build::Error> {
    match &package.id.source {
        Some(source) if !source.is_git() => publishers.index_of(source),
        _ => Ok(None),
    }
}

/// A clock that is a little ahead of a file's is no reason for doubt; a time far ahead is none at all.
fn age(at: u64, now: Clock) -> Option<u64> {
    (at <= now.0.saturating_add(PATIENCE)).then(|| now.0.saturating_sub(at))
}

/// Writes down which packages of which indices were asked for just now.
fn note(situation: &Situation, asked: BTreeMap<String, Vec<&PackageName>>) -> Result<(), Error> {
    for (index, names) in asked {
        let mut record = read(&situation.cargo_home, &index);
        let now = situation.clock;
        record.asked.retain(|_, at| age(*at, now).is_some_and(|age| age < FORGOTTEN));
        record.asked.extend(names.into_iter().map(|name| (name.to_string(), now.0)));
        // Another command may write at the same time: what one of them loses is asked for once more.
        store::keep(&file(&situation.cargo_home, &index), &record.to_bytes())?;
    }
    Ok(())
}

/// What is written down of an index. What cannot be read says nothing, so that everything is asked for.
fn read(cargo_home: &Path, index: &str) -> Record {
    let mut bytes = vec![];
    let opened = File::open(file(cargo_home, index));
    let read = opened.and_then(|file| file.take(RECORD_BYTES).read_to_end(&mut bytes));
    let record = read.ok().and_then(|_| serde_json::from_slice::<Record>(&bytes).ok());
    let fitting = record.filter(|record| record.version == VERSION && record.index == index);
    fitting.unwrap_or_else(|| Record { version: VERSION, index: index.to_owned(), asked: BTreeMap::new() })
}

fn file(cargo_home: &Path, index: &str) -> PathBuf {
    let hash = &blake3::hash(index.as_bytes()).to_hex()[..16];
    cargo_home.join("provenance").join("index").join(format!("{hash}.json"))
}

impl Record {
    fn to_bytes(&self) -> Vec<u8> {
        // Strings and numbers have a text.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// Why an index could not be asked.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Cargo(#[from] cargo::Error),
    #[error(transparent)]
    Kernel(#[from] provenance_build::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Explain for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_cannot_be_read_says_nothing() {
        let home = tempfile::tempdir().expect("temp");
        let index = "https://h/index/";
        let mut written = read(home.path(), index);
        written.asked.insert("serde".to_owned(), 7);
        store::keep(&file(home.path(), index), &written.to_bytes()).expect("written");
        assert_eq!(read(home.path(), index), written);
        assert!(read(home.path(), "https://other/").asked.is_empty());
        for damaged in [&b""[..], b"{", b"[]", &[b'9'; 100]] {
            store::keep(&file(home.path(), index), damaged).expect("written");
            assert!(read(home.path(), index).asked.is_empty());
        }
        // Another index under this file's name.
        let other = Record { index: "https://other/".to_owned(), ..written };
        store::keep(&file(home.path(), index), &other.to_bytes()).expect("written");
        assert!(read(home.path(), index).asked.is_empty());
    }

    #[test]
    fn cargo_says_what_a_package_is_called() {
        let lines = |line: &str| [line.to_owned(), "warning: aborting add due to dry run".to_owned()];
        let called = |line: &str| translated(&lines(line)).map(|name| name.to_string());
        assert_eq!(called("warning: translating `Serde` to `serde`").as_deref(), Some("serde"));
        assert_eq!(called("warning: translating `a` to `../b`"), None);
        assert_eq!(called("      Adding serde v1.0.0 to dependencies"), None);
    }

    #[test]
    fn a_time_far_ahead_is_no_time() {
        let now = Clock(1_000_000);
        for (at, expected) in [
            (1_000_000, Some(0)),
            (1_000_100, Some(0)),
            (999_000, Some(1_000)),
            (1_000_000 + PATIENCE + 1, None),
            (u64::MAX, None),
        ] {
            assert_eq!(age(at, now), expected, "{at}");
        }
    }
}
