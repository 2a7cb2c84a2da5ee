//! Sets that somebody else publishes: entry by entry, so that one odd entry loses nothing but itself.
//!
//! What it loses is told. A violation that is lost stands as a [`Bar`], because not knowing what was said against a version
//! must not let it pass.

use std::collections::BTreeSet;
use std::path::Path;

use toml_span::Value;
use toml_span::value::{Key, Table, ValueInner};

use super::fields::{Fields, array};
use super::{Reader, Result, entries, quoted};
use crate::audit::{AuditError, AuditKind, Bar, ByName, Requirement, SAFE_TO_DEPLOY, SAFE_TO_RUN, Set};

/// A set from elsewhere, in its own criteria.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// What could be read of it.
    pub set: Set,
    /// What could not.
    pub losses: Vec<Loss>,
}

/// An entry that was not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The crate or the criterion that it is about; empty for the whole set.
    pub name: String,
    /// Why, and where.
    pub error: AuditError,
}

impl Published {
    /// Reads a set from elsewhere. Only what is no TOML or has no tables where the format wants them is an error.
    pub fn read(bytes: &[u8], file: &Path) -> Result<Self> {
        let (reader, text) = Reader::of(bytes, file)?;
        let table = match reader.table(text) {
            Ok(table) => table,
            // Dates without quotes are TOML that `toml-span` does not read: they cost their own entry only.
            Err(error) => dated(text).ok_or(error)?,
        };
        let mut reading = Reading { reader: &reader, known: BTreeSet::new(), published: Self::default() };
        reading.known.extend([SAFE_TO_RUN, SAFE_TO_DEPLOY].map(str::to_owned));
        reading.read(table)?;
        Ok(reading.published)
    }
}

struct Reading<'r, 't> {
    reader: &'r Reader<'t>,
    known: BTreeSet<String>,
    published: Published,
}

impl Reading<'_, '_> {
    fn read(&mut self, table: Table<'_>) -> Result<()> {
        let mut root = Fields::root(self.reader, table);
        self.criteria(root.named("criteria", |_, value| Ok(value))?);
        self.audits(root.named("audits", |_, value| Ok(value))?);
        for (name, value) in root.named("wildcard-audits", |_, value| Ok(value))? {
            let read = self.entries(&name, value, entries::wildcard);
            let known = read.into_iter().filter_map(|mut entry| {
                let kept = self.known(&name, &mut entry.criteria, entry.line);
                kept.then_some(entry)
            });
            let known = known.collect::<Vec<_>>();
            keep(&mut self.published.set.wildcards, name, known);
        }
        for (name, value) in root.named("trusted", |_, value| Ok(value))? {
            let read = self.entries(&name, value, entries::trust);
            let known = read.into_iter().filter_map(|mut entry| {
                let kept = self.known(&name, &mut entry.criteria, entry.line);
                kept.then_some(entry)
            });
            let known = known.collect::<Vec<_>>();
            keep(&mut self.published.set.trusted, name, known);
        }
        if let Err(error) = root.finish() {
            self.lose("", error);
        }
        Ok(())
    }

    fn criteria(&mut self, values: ByName<Value<'_>>) {
        for (name, value) in values {
            let line = self.reader.line(value.span.start);
            if self.known.contains(&name) {
                let what = format!("`{name}` is built in and cannot be defined again");
                self.lose(&name, AuditError::new(self.reader.file, line, what, "ask the set's maintainers"));
                continue;
            }
            match Fields::of(self.reader, value, &name).and_then(entries::criterion) {
                Ok(criterion) => {
                    self.published.set.criteria.insert(name, criterion);
                }
                Err(error) => self.lose(&name, error),
            }
        }
        self.known.extend(self.published.set.criteria.keys().cloned());
        // What implies something that is not there implies nothing by it.
        for criterion in self.published.set.criteria.values_mut() {
            criterion.implies.retain(|name| self.known.contains(name));
        }
    }

    fn audits(&mut self, values: ByName<Value<'_>>) {
        for (name, value) in values {
            let at = value.span.start;
            let list = match array(self.reader, value, &name) {
                Ok(list) => list,
                Err(error) => {
                    self.bar(&name, None, self.reader.line(at));
                    self.lose(&name, error);
                    continue;
                }
            };
            let mut kept = vec![];
            for value in list {
                let (line, violation) = (self.reader.line(value.span.start), violated(&value));
                match Fields::of(self.reader, value, &name).and_then(entries::audit) {
                    Ok(audit) if !audit.importable => {}
                    Ok(mut audit) => {
                        let named = audit.criteria.len();
                        let is_known = self.known(&name, &mut audit.criteria, line);
                        if let AuditKind::Violation(versions) = &audit.kind
                            && (!is_known || audit.criteria.len() < named)
                        {
                            self.bar(&name, Some(versions.clone()), line);
                        }
                        if is_known {
                            kept.push(audit);
                        }
                    }
                    Err(error) => {
                        if let Some(versions) = violation {
                            self.bar(&name, versions, line);
                        }
                        self.lose(&name, error);
                    }
                }
            }
            keep(&mut self.published.set.audits, name, kept);
        }
    }

    fn entries<'v, T>(
        &mut self,
        name: &str,
        value: Value<'v>,
        read: impl Fn(Fields<'_, 'v>) -> Result<T>,
    ) -> Vec<T> {
        let list = match array(self.reader, value, name) {
            Ok(list) => list,
            Err(error) => {
                self.lose(name, error);
                return vec![];
            }
        };
        let mut kept = vec![];
        for value in list {
            match Fields::of(self.reader, value, name).and_then(&read) {
                Ok(entry) => kept.push(entry),
                Err(error) => self.lose(name, error),
            }
        }
        kept
    }

    /// Takes out the criteria that the set does not define; whether anything is left.
    fn known(&mut self, name: &str, criteria: &mut Vec<String>, line: u32) -> bool {
        let unknown = criteria.iter().find(|criterion| !self.known.contains(*criterion)).cloned();
        if unknown.is_none() && !criteria.is_empty() {
            return true;
        }
        criteria.retain(|criterion| self.known.contains(criterion));
        let what = match unknown {
            Some(unknown) => format!("`{}` is no criterion of this set", quoted(&unknown)),
            None => "an entry names no criterion".to_owned(),
        };
        self.lose(name, AuditError::new(self.reader.file, line, what, "ask the set's maintainers"));
        !criteria.is_empty()
    }

    fn lose(&mut self, name: &str, error: AuditError) {
        self.published.losses.push(Loss { name: name.to_owned(), error });
    }

    fn bar(&mut self, name: &str, versions: Option<Requirement>, line: u32) {
        self.published.set.bars.push(Bar { krate: name.to_owned(), versions, line });
    }
}

fn keep<T>(all: &mut ByName<Vec<T>>, name: String, kept: Vec<T>) {
    if !kept.is_empty() {
        all.insert(name, kept);
    }
}

// What an entry that cannot be read may have said against versions: against some, against all, or nothing.
fn violated(value: &Value<'_>) -> Option<Option<Requirement>> {
    match value.as_table() {
        None => Some(None),
        Some(table) => {
            let violation = table.get("violation")?;
            Some(violation.as_str().and_then(Requirement::parse))
        }
    }
}

// The same text read by a parser that knows dates. A date becomes a value that is wrong wherever it stands.
fn dated(text: &str) -> Option<Table<'static>> {
    let document = toml_edit::Document::parse(text).ok()?;
    Some(converted(document.as_table().iter().map(|(key, item)| (key.to_owned(), item))))
}

fn converted<'i>(items: impl Iterator<Item = (String, &'i toml_edit::Item)>) -> Table<'static> {
    let key = |name: String, at: usize| Key { name: name.into(), span: toml_span::Span::new(at, at) };
    items
        .filter_map(|(name, item)| {
            let value = convert(item)?;
            Some((key(name, value.span.start), value))
        })
        .collect()
}

fn convert(item: &toml_edit::Item) -> Option<Value<'static>> {
    let at = item.span().map_or(0, |span| span.start);
    let value = match item {
        toml_edit::Item::None => return None,
        toml_edit::Item::Value(value) => return Some(convert_value(value)),
        toml_edit::Item::Table(table) => {
            ValueInner::Table(converted(table.iter().map(|(key, item)| (key.to_owned(), item))))
        }
        toml_edit::Item::ArrayOfTables(tables) => {
            let table = |table: &toml_edit::Table| {
                let at = table.span().map_or(0, |span| span.start);
                let fields = converted(table.iter().map(|(key, item)| (key.to_owned(), item)));
                Value::with_span(ValueInner::Table(fields), toml_span::Span::new(at, at))
            };
            ValueInner::Array(tables.iter().map(table).collect())
        }
    };
    Some(Value::with_span(value, toml_span::Span::new(at, at)))
}

fn convert_value(value: &toml_edit::Value) -> Value<'static> {
    use toml_edit::Value as Edit;
    let at = value.span().map_or(0, |span| span.start);
    let inner = match value {
        Edit::String(text) => ValueInner::String(text.value().clone().into()),
        Edit::Integer(number) => ValueInner::Integer(*number.value()),
        Edit::Float(number) => ValueInner::Float(*number.value()),
        Edit::Boolean(flag) => ValueInner::Boolean(*flag.value()),
        Edit::Datetime(_) => ValueInner::Float(f64::NAN),
        Edit::Array(array) => ValueInner::Array(array.iter().map(convert_value).collect()),
        Edit::InlineTable(table) => {
            let key =
                |name: &str, value: &Value<'static>| Key { name: name.to_owned().into(), span: value.span };
            let entry = |(name, value): (&str, &Edit)| {
                let value = convert_value(value);
                (key(name, &value), value)
            };
            ValueInner::Table(table.iter().map(entry).collect())
        }
    };
    Value::with_span(inner, toml_span::Span::new(at, at))
}
