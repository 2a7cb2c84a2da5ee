//! What is to be recorded, as the entry that cargo-vet would write for it.

use super::{Options, Reviewed, Term};
use crate::audit::{
    Audit, AuditKind, Config, Criteria, Exemption, Publication, Publisher, Requirement, SAFE_TO_DEPLOY, Set,
    Store, Trust, Wildcard, furthest_end,
};
use crate::model::{Date, is_harmful};
use crate::report::failure::{Failure, Kind};

/// Bytes of notes: more than anybody writes about one version.
const NOTES_BYTES: usize = 64 * 1024;

/// Bytes of a name with an address.
const WHO_BYTES: usize = 400;

/// An entry of one of the files, and the crate that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The crate.
    pub(super) krate: String,
    /// What is said of it.
    pub(super) kind: EntryKind,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    Audit(Audit),
    Exemption(Exemption),
    Trust(Trust),
    Wildcard(Wildcard),
}

/// Makes entries for a store.
pub(super) struct Maker<'s> {
    store: &'s Store,
    known: Criteria,
    /// Who reviewed where nobody is named.
    author: Option<String>,
    today: Date,
}

impl<'s> Maker<'s> {
    /// For a store whose criteria make sense.
    pub(super) fn new(store: &'s Store, author: Option<String>, today: Date) -> Result<Self, Failure> {
        let known = Criteria::of(&store.audits.criteria)
            .map_err(|error| usage(error.to_string(), "correct `[criteria]` in `audits.toml`"))?;
        Ok(Self { store, known, author, today })
    }

    /// What is certified where nothing is named.
    pub(super) fn default_criteria(store: &Store) -> Vec<String> {
        vec![store.config.default_criteria.clone().unwrap_or_else(|| SAFE_TO_DEPLOY.to_owned())]
    }

    /// Whether a name is a criterion of the store.
    pub(super) fn knows(&self, criterion: &str) -> bool {
        self.known.set(&[criterion.to_owned()]).is_ok()
    }

    /// The entry of one review.
    pub(super) fn entry(&self, options: &Options) -> Result<Entry, Failure> {
        let criteria = self.criteria(options)?;
        let notes = notes(options)?;
        let kind = match &options.what {
            Reviewed::Delta(..) | Reviewed::Full(_) | Reviewed::Violation(_) => {
                let (who, kind) = (self.who(options)?, audit_kind(&options.what)?);
                EntryKind::Audit(Audit {
                    who,
                    criteria,
                    kind,
                    importable: true,
                    notes,
                    aggregated_from: vec![],
                    line: 0,
                })
            }
            Reviewed::Exemption(version) => EntryKind::Exemption(Exemption {
                version: version.clone(),
                criteria,
                suggest: true,
                notes,
                line: 0,
            }),
            Reviewed::Trusted(term) => {
                let (publisher, start, end) = self.term(options, term)?;
                let aggregated_from = vec![];
                EntryKind::Trust(Trust { criteria, publisher, start, end, notes, aggregated_from, line: 0 })
            }
            Reviewed::Wildcard(term) => {
                let (publisher, start, end) = self.term(options, term)?;
                EntryKind::Wildcard(Wildcard {
                    who: self.who(options)?,
                    criteria,
                    publisher,
                    start,
                    end,
                    renew: None,
                    notes,
                    aggregated_from: vec![],
                    line: 0,
                })
            }
        };
        Ok(Entry { krate: options.name.to_string(), kind })
    }

    fn criteria(&self, options: &Options) -> Result<Vec<String>, Failure> {
        let mut criteria = match &options.said.criteria[..] {
            [] => Self::default_criteria(self.store),
            named => named.to_vec(),
        };
        criteria.sort();
        criteria.dedup();
        match self.known.set(&criteria) {
            // Each is violated by itself, whatever others imply.
            Ok(_) if matches!(options.what, Reviewed::Violation(_)) => Ok(criteria),
            // As cargo-vet writes them: without what others imply.
            Ok(set) => Ok(self.known.minimal(set).into_iter().map(str::to_owned).collect()),
            Err(unknown) => {
                let help =
                    "name `safe-to-run`, `safe-to-deploy`, or a criterion of `supply-chain/audits.toml`";
                Err(usage(format!("`{}` is no criterion of the store", shown(unknown)), help))
            }
        }
    }

    fn who(&self, options: &Options) -> Result<Vec<String>, Failure> {
        let who = match options.said.who.is_empty() {
            false => options.said.who.clone(),
            true => self.author.iter().cloned().collect(),
        };
        let is_somebody =
            |who: &String| !who.trim().is_empty() && who.len() <= WHO_BYTES && !who.chars().any(is_harmful);
        if who.is_empty() || !who.iter().all(is_somebody) {
            let help = "say who reviewed it with `--who 'NAME <ADDRESS>'`, or set `user.name` and `user.email` of git";
            return Err(usage("nobody is named who reviewed it".to_owned(), help));
        }
        Ok(who)
    }

    /// Whose publications are meant, and of which days.
    fn term(&self, options: &Options, term: &Term) -> Result<(Publisher, Date, Date), Failure> {
        let publisher = self.publisher(options, &term.publisher)?;
        let rows = self.store.imports.publications.get(options.name.as_str()).into_iter().flatten();
        let first = rows.filter(|row| row.publisher == publisher).map(|row| row.when).min();
        let Some(start) = term.start.or(first) else {
            let what = format!("nothing says since when `{}` publishes `{}`", term.publisher, options.name);
            return Err(usage(what, "name the first day with `--start-date YYYY-MM-DD`"));
        };
        let latest = furthest_end(self.today);
        let end = term.end.unwrap_or(latest);
        if end > latest {
            let what = format!("the entry would end on {end}, more than a year ahead");
            return Err(usage(what, &format!("end it on {latest} or earlier, and renew it then")));
        }
        if start >= end {
            let what = format!("the entry would end on {end}, and begin on {start}");
            return Err(usage(what, "name a first day before the last one"));
        }
        Ok((publisher, start, end))
    }

    /// The account or the repository that is meant by a name. A login is looked for among those who are known to publish.
    fn publisher(&self, options: &Options, name: &str) -> Result<Publisher, Failure> {
        if let Ok(id) = name.parse::<u64>() {
            return Ok(Publisher::User(id));
        }
        if let Some(repository) = name.strip_prefix("github:") {
            let is_part = |part: &str| {
                !part.is_empty()
                    && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            };
            return match repository.split_once('/') {
                Some((owner, repository)) if is_part(owner) && is_part(repository) => {
                    Ok(Publisher::Trusted(name.to_owned()))
                }
                _ => Err(usage(format!("`{}` names no repository", shown(name)), "write `github:org/repo`")),
            };
        }
        let is_named = |row: &&Publication| {
            row.account.as_ref().is_some_and(|account| account.login.eq_ignore_ascii_case(name))
        };
        let rows = &self.store.imports.publications;
        let mut found =
            rows.values().flatten().filter(is_named).map(|row| &row.publisher).collect::<Vec<_>>();
        found.sort();
        found.dedup();
        match found[..] {
            [publisher] => Ok(publisher.clone()),
            _ => {
                let known = if found.is_empty() { "no publisher" } else { "several publishers" };
                let file = self.store.folder.join("imports.lock");
                let what = format!("`{}` is {known} of `{}`", shown(name), file.display());
                let help = format!(
                    "name the account by its number: `id` in `https://crates.io/api/v1/crates/{}/owners`",
                    options.name
                );
                Err(usage(what, &help))
            }
        }
    }
}

impl Entry {
    /// Whether the store says so already.
    pub(super) fn is_in(&self, store: &Store) -> bool {
        match &self.kind {
            EntryKind::Audit(new) => {
                let same = |known: &Audit| Audit { line: 0, ..known.clone() } == *new;
                store.audits.audits.get(&self.krate).is_some_and(|list| list.iter().any(same))
            }
            EntryKind::Exemption(new) => {
                let same = |known: &Exemption| Exemption { line: 0, ..known.clone() } == *new;
                store.config.exemptions.get(&self.krate).is_some_and(|list| list.iter().any(same))
            }
            EntryKind::Trust(new) => {
                let same = |known: &Trust| Trust { line: 0, ..known.clone() } == *new;
                store.audits.trusted.get(&self.krate).is_some_and(|list| list.iter().any(same))
            }
            EntryKind::Wildcard(new) => {
                let same = |known: &Wildcard| Wildcard { line: 0, ..known.clone() } == *new;
                store.audits.wildcards.get(&self.krate).is_some_and(|list| list.iter().any(same))
            }
        }
    }

    /// Puts it into a store.
    pub(super) fn put(&self, store: &mut Store) {
        let krate = self.krate.clone();
        match self.kind.clone() {
            EntryKind::Audit(entry) => store.audits.audits.entry(krate).or_default().push(entry),
            EntryKind::Exemption(entry) => store.config.exemptions.entry(krate).or_default().push(entry),
            EntryKind::Trust(entry) => store.audits.trusted.entry(krate).or_default().push(entry),
            EntryKind::Wildcard(entry) => store.audits.wildcards.entry(krate).or_default().push(entry),
        }
    }

    /// The table that it stands in, as in `[[audits.CRATE]]`.
    pub(super) fn table(&self) -> &'static str {
        match self.kind {
            EntryKind::Audit(_) => "audits",
            EntryKind::Exemption(_) => "exemptions",
            EntryKind::Trust(_) => "trusted",
            EntryKind::Wildcard(_) => "wildcard-audits",
        }
    }

    /// Its file.
    pub(super) fn file(&self) -> &'static str {
        if matches!(self.kind, EntryKind::Exemption(_)) { "config.toml" } else { "audits.toml" }
    }

    /// Its lines in `store`, whose publishers are named in a comment.
    pub(super) fn text(&self, store: &Store) -> String {
        let mut alone = Store { imports: store.imports.clone(), ..Store::default() };
        self.put(&mut alone);
        let file = match self.kind {
            EntryKind::Exemption(_) => alone.config_text(),
            _ => alone.audits_text(),
        };
        let start = file.find("[[").unwrap_or_default();
        // The table that stands there even when it is empty.
        let text = file[start..].trim_end();
        text.strip_suffix("\n\n[audits]").unwrap_or(text).to_owned() + "\n"
    }

    /// What it is about, in one line.
    pub(super) fn what(&self) -> String {
        let krate = &self.krate;
        match &self.kind {
            EntryKind::Audit(audit) => match &audit.kind {
                AuditKind::Full(version) => format!("{krate} {version}"),
                AuditKind::Delta { from, to } => format!("{krate} {from} -> {to}"),
                AuditKind::Violation(versions) => format!("violation of {krate} {versions}"),
            },
            EntryKind::Exemption(exemption) => format!("exemption of {krate} {}", exemption.version),
            EntryKind::Trust(entry) => format!("what {} publishes of {krate}", named(&entry.publisher)),
            EntryKind::Wildcard(entry) => format!("all of {krate} by {}", named(&entry.publisher)),
        }
    }

    /// What it certifies, and who says so.
    pub(super) fn claim(&self) -> String {
        let (criteria, who): (&[String], &[String]) = match &self.kind {
            EntryKind::Audit(entry) => (&entry.criteria, &entry.who),
            EntryKind::Exemption(entry) => (&entry.criteria, &[]),
            EntryKind::Trust(entry) => (&entry.criteria, &[]),
            EntryKind::Wildcard(entry) => (&entry.criteria, &entry.who),
        };
        let by = if who.is_empty() { String::new() } else { format!(" by {}", who.join(", ")) };
        format!("{}{by}", criteria.join(", "))
    }
}

fn named(publisher: &Publisher) -> String {
    match publisher {
        Publisher::Trusted(name) => name.clone(),
        Publisher::User(id) => format!("user {id}"),
    }
}

fn audit_kind(what: &Reviewed) -> Result<AuditKind, Failure> {
    match what {
        Reviewed::Delta(from, to) if from == to => {
            Err(usage(format!("`{from}` and `{to}` are the same version"), "name two versions"))
        }
        Reviewed::Delta(from, to) => Ok(AuditKind::Delta { from: from.clone(), to: to.clone() }),
        Reviewed::Violation(versions) => {
            let help = "write a requirement as cargo does, such as `<1.2.3`";
            let versions = Requirement::parse(versions)
                .ok_or_else(|| usage(format!("`{}` is no version requirement", shown(versions)), help))?;
            Ok(AuditKind::Violation(versions))
        }
        Reviewed::Exemption(version) | Reviewed::Full(version) => Ok(AuditKind::Full(version.clone())),
        Reviewed::Trusted(_) | Reviewed::Wildcard(_) => {
            Err(usage("a publisher is no version".to_owned(), "name the version that was reviewed"))
        }
    }
}

/// The notes, if there are any and they can be written down.
fn notes(options: &Options) -> Result<Option<String>, Failure> {
    let notes = options.said.notes.as_deref().map(str::trim).filter(|notes| !notes.is_empty());
    let is_text = |notes: &str| notes.chars().all(|c| matches!(c, '\n' | '\t') || !is_harmful(c));
    if notes.is_some_and(|notes| notes.len() > NOTES_BYTES || !is_text(notes)) {
        return Err(usage(
            "the notes are too long, or hold characters that cannot be seen".to_owned(),
            "keep them to plain text",
        ));
    }
    Ok(notes.map(str::to_owned))
}

/// Text of a person, as much of it as a message can hold.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

pub(super) fn usage(what: String, help: &str) -> Failure {
    Failure::new(Kind::Usage, what).help(help.to_owned())
}

/// A store that holds nothing but what is about it.
pub(super) fn empty(folder: &str) -> Store {
    let config = Config { version: Some(crate::audit::KNOWN_VERSION), ..Config::default() };
    Store { folder: folder.into(), config, audits: Set::default(), ..Store::default() }
}
