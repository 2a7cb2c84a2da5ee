//! A whole database, and what several of them say of a package.

use std::collections::BTreeMap;

use provenance_build::PackageId;

use super::parse::{Outcome, Parsed, Record, directory};
use super::{Coverage, Hit, Hits, Kind, Odd, coverage};
use crate::model::Date;

/// Days that an advisory may be dated ahead: time zones, and a clock that is a little slow.
const DAYS_AHEAD: i64 = 2;

/// The advisories of one database.
#[derive(Clone, Debug, Default)]
pub struct Database {
    records: BTreeMap<String, Vec<Record>>,
    odd: Vec<Odd>,
    remarks: Vec<Remark>,
    newest: Option<Date>,
    counts: Counts,
    digest: String,
}

/// How many advisories of which kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those of packages, withdrawn ones left out.
    pub advisories: usize,
    /// Those that were withdrawn.
    pub withdrawn: usize,
    /// Those of the language itself (`rust/`): no package is compared with them.
    pub language: usize,
    /// Those of packages of other registries, which are not compared either.
    pub foreign: usize,
}

/// Something odd about a file that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The file, relative to the database.
    pub path: String,
    /// What is odd: a lowercase fragment.
    pub what: String,
}

impl Database {
    /// Puts a database together: the files of `crates`, and the number of those in `rust`. `today` bounds what counts as
    /// the newest advisory: one that is dated ahead would hide for ever that a database grows old.
    pub fn assemble(files: Vec<Parsed>, language: usize, today: Date) -> Self {
        let mut database = Self { counts: Counts { language, ..Counts::default() }, ..Self::default() };
        let mut files = files;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let mut hasher = blake3::Hasher::new();
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        for Parsed { path, hash, outcome } in files {
            hasher.update(format!("{hash}  {path}\n").as_bytes());
            match outcome {
                Outcome::Draft => database.remark(&path, "is a draft without an id, and not used".to_owned()),
                Outcome::Odd(odd) => database.odd.push(odd),
                Outcome::Read(record) => {
                    if let Some(other) = ids.insert(record.hit.id.clone(), path.clone()) {
                        database.remark(&path, format!("has the same id as `{other}`"));
                    }
                    database.insert(&path, *record, today);
                }
            }
        }
        database.digest = format!("b3:{}", hasher.finalize());
        database
    }

    /// What is known of a package: the advisories that affect it, and the files that cannot be read.
    pub fn hits(&self, package: &PackageId) -> Hits {
        let name = package.name.as_str();
        let mut hits: Vec<Hit> = vec![];
        for record in self.records.get(name).into_iter().flatten() {
            let hit = &record.hit;
            if !hit.affects(&package.version) {
                continue;
            }
            match hits.iter_mut().find(|other| other.id == hit.id) {
                Some(other) => other.remarks.push("more than one file has its id".to_owned()),
                None => hits.push(hit.clone()),
            }
        }
        let names_it = |odd: &&Odd| odd.packages.iter().any(|package| package == name);
        Hits { hits, unreadable: self.odd.iter().filter(names_it).cloned().collect() }
    }

    /// The advisories about any version of a package, those of malice first.
    pub fn about(&self, package: &str) -> Vec<&Hit> {
        let mut hits = self.records.get(package).into_iter().flatten().map(|record| &record.hit);
        let mut hits = hits.by_ref().collect::<Vec<_>>();
        hits.sort_by_key(|hit| (hit.kind, &hit.id));
        hits
    }

    /// The advisories of this id, or that are called so elsewhere, with the packages that they are about.
    pub fn named(&self, id: &str) -> Vec<(&str, &Hit)> {
        let records =
            self.records.iter().flat_map(|(package, records)| records.iter().map(move |it| (package, it)));
        let is_it = |hit: &Hit| {
            std::iter::once(&hit.id).chain(&hit.aliases).any(|name| name.eq_ignore_ascii_case(id))
        };
        let named = records.filter(|(_, record)| is_it(&record.hit));
        named.map(|(package, record)| (package.as_str(), &record.hit)).collect()
    }

    /// The packages that have advisories and are none that were made to do harm.
    pub fn honest(&self) -> impl Iterator<Item = &str> {
        let harmless =
            |records: &Vec<Record>| records.iter().all(|record| record.hit.kind != Kind::Malicious);
        self.records.iter().filter(move |(_, records)| harmless(records)).map(|(package, _)| package.as_str())
    }

    /// The date of the newest advisory.
    pub fn newest(&self) -> Option<Date> {
        self.newest
    }

    /// How many advisories there are.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The files that cannot be read.
    pub fn odd(&self) -> &[Odd] {
        &self.odd
    }

    /// What is odd about files that can be read.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// What identifies the content, whatever brought it here: `b3:` and the BLAKE3 of the list of hashes and paths.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    fn insert(&mut self, path: &str, record: Record, today: Date) {
        for remark in &record.hit.remarks {
            self.remarks.push(Remark { path: path.to_owned(), what: remark.clone() });
        }
        // Either the place or the name is wrong. The advisory counts for the package that it names; whether it was meant
        // for the other one cannot be known.
        if let Some(directory) = directory(path).filter(|directory| *directory != record.package) {
            self.odd.push(Odd {
                path: path.to_owned(),
                packages: vec![directory.to_owned()],
                why: format!("is about `{}`, and lies in the directory of `{directory}`", record.package),
            });
        }
        let date = record.hit.date;
        if date.days_since(today) > DAYS_AHEAD {
            self.remark(path, format!("is dated ahead, {date}"));
        } else {
            self.newest = self.newest.max(Some(date));
        }
        let counts = &mut self.counts;
        if record.withdrawn {
            counts.withdrawn += 1;
        } else if record.foreign {
            counts.foreign += 1;
        } else {
            counts.advisories += 1;
            self.records.entry(record.package.clone()).or_default().push(record);
        }
    }

    fn remark(&mut self, path: &str, what: String) {
        self.remarks.push(Remark { path: path.to_owned(), what });
    }
}

/// What several databases say of a package; nothing where they do not speak of its kind ([`coverage`]).
pub fn hits<'d>(databases: impl IntoIterator<Item = &'d Database>, package: &PackageId) -> Hits {
    let mut all = Hits::default();
    if coverage(package) != Coverage::Covered {
        return all;
    }
    for database in databases {
        let Hits { hits, unreadable } = database.hits(package);
        all.unreadable.extend(unreadable);
        for hit in hits {
            if !all.hits.iter().any(|other| other.id == hit.id) {
                all.hits.push(hit);
            }
        }
    }
    all.hits.sort_by(|one, other| one.id.cmp(&other.id));
    all
}

/// The date of the newest advisory of several databases: what a pin records.
pub fn newest<'d>(databases: impl IntoIterator<Item = &'d Database>) -> Option<Date> {
    databases.into_iter().filter_map(Database::newest).max()
}
