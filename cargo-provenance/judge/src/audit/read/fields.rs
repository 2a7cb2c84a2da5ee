//! The fields of one entry, taken out one by one; what is left over at the end is unknown.

use std::collections::BTreeMap;

use toml_span::Value;
use toml_span::value::{Array, Table, ValueInner};

use super::super::{Publisher, VetVersion};
use super::{ENTRIES, Reader, Result, quoted};
use crate::model::Date;

pub(super) struct Fields<'r, 'v> {
    pub(super) reader: &'r Reader<'r>,
    pub(super) name: String,
    pub(super) at: usize,
    table: Table<'v>,
}

impl<'r, 'v> Fields<'r, 'v> {
    /// The fields of a value that is to be a table.
    pub(super) fn of(reader: &'r Reader<'r>, mut value: Value<'v>, name: &str) -> Result<Self> {
        let at = value.span.start;
        match value.take() {
            ValueInner::Table(table) => Ok(Self { reader, name: name.to_owned(), at, table }),
            other => Err(reader.wanted(&Value::with_span(other, value.span), name, "a table")),
        }
    }

    pub(super) fn root(reader: &'r Reader<'r>, table: Table<'v>) -> Self {
        Self { reader, name: String::new(), at: 0, table }
    }

    pub(super) fn line(&self) -> u32 {
        self.reader.line(self.at)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Value<'v>> {
        self.table.remove(key)
    }

    /// What must be there.
    pub(super) fn need<T>(&self, found: Option<T>, key: &str) -> Result<T> {
        found.ok_or_else(|| {
            let what = format!("`{}` has no `{key}`", quoted(&self.name));
            self.reader.fault(self.at, &what, &format!("add `{key}`"))
        })
    }

    /// Everything that is left has a name that nobody knows.
    pub(super) fn finish(self) -> Result<()> {
        match self.table.keys().min_by_key(|key| key.span.start) {
            None => Ok(()),
            Some(key) => {
                let place = if self.name.is_empty() {
                    String::new()
                } else {
                    format!(" of `{}`", quoted(&self.name))
                };
                let what = format!("`{}` is not a key{place}", quoted(&key.name));
                Err(self.reader.fault(key.span.start, &what, self.reader.unknown))
            }
        }
    }

    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>> {
        let Some(mut value) = self.take(key) else { return Ok(None) };
        match value.take() {
            ValueInner::String(text) => Ok(Some(text.into_owned())),
            other => Err(self.reader.wanted(&Value::with_span(other, value.span), key, "a string")),
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| self.reader.wanted(&value, key, "a boolean"))
    }

    /// A text that means something.
    pub(super) fn parsed<T>(
        &mut self,
        key: &str,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let Some(text) = value.as_str() else { return Err(self.reader.wanted(&value, key, wanted)) };
        parse(text).map(Some).ok_or_else(|| {
            let what = format!("`{}` is not {wanted}", quoted(text));
            self.reader.fault(value.span.start, &what, &format!("write {wanted}"))
        })
    }

    pub(super) fn version(&mut self, key: &str) -> Result<Option<VetVersion>> {
        self.parsed(key, "a version, `1.2.3` or `1.2.3@git:COMMIT`", VetVersion::parse)
    }

    pub(super) fn date(&mut self, key: &str) -> Result<Date> {
        let date = self.parsed(key, "a date of 1970 or later, `2026-01-31`", Date::parse)?;
        self.need(date, key)
    }

    /// A string or a list of strings.
    pub(super) fn list(&mut self, key: &str) -> Result<Option<Vec<String>>> {
        self.take(key).map(|value| list(self.reader, value, key)).transpose()
    }

    /// A list of strings, and nothing else.
    pub(super) fn array(&mut self, key: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        if value.as_array().is_none() {
            return Err(self.reader.wanted(&value, key, "a list of strings"));
        }
        list(self.reader, value, key).map(Some)
    }

    /// A table of strings or lists of strings.
    pub(super) fn lists(&mut self, key: &str) -> Result<BTreeMap<String, Vec<String>>> {
        let reader = self.reader;
        self.named(key, |name, value| list(reader, value, name))
    }

    /// A table whose keys are names; empty where there is none.
    pub(super) fn named<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&str, Value<'v>) -> Result<T>,
    ) -> Result<BTreeMap<String, T>> {
        let Some(value) = self.take(key) else { return Ok(BTreeMap::new()) };
        let fields = Fields::of(self.reader, value, key)?;
        let entries = fields.table.into_iter();
        entries.map(|(name, value)| Ok((name.name.clone().into_owned(), read(&name.name, value)?))).collect()
    }

    /// A table whose keys are names and whose values are lists of tables.
    pub(super) fn tables<T>(
        &mut self,
        key: &str,
        read: impl Fn(Fields<'r, 'v>) -> Result<T>,
    ) -> Result<BTreeMap<String, Vec<T>>> {
        let reader = self.reader;
        self.named(key, |name, value| {
            let name = format!("{key}.{name}");
            let entries = array(reader, value, &name)?.into_iter();
            entries.map(|entry| read(Fields::of(reader, entry, &name)?)).collect()
        })
    }

    pub(super) fn publisher(&mut self) -> Result<Publisher> {
        match (self.take("user-id"), self.text("trusted-publisher")?) {
            (Some(id), None) => match id.as_integer().map(u64::try_from) {
                Some(Ok(id)) => Ok(Publisher::User(id)),
                _ => Err(self.reader.wanted(&id, "user-id", "a number of crates.io")),
            },
            (None, Some(name)) => Ok(Publisher::Trusted(name)),
            _ => {
                let what = format!("`{}` names no publisher, or more than one", quoted(&self.name));
                Err(self.reader.fault(self.at, &what, "name one, by `user-id` or by `trusted-publisher`"))
            }
        }
    }
}

pub(super) fn array<'v>(reader: &Reader<'_>, mut value: Value<'v>, name: &str) -> Result<Array<'v>> {
    match value.take() {
        ValueInner::Array(array) if array.len() > ENTRIES => {
            let what = format!("`{}` has {} entries, and can have {ENTRIES}", quoted(name), array.len());
            Err(reader.fault(value.span.start, &what, "remove those that nobody needs"))
        }
        ValueInner::Array(array) => Ok(array),
        other => {
            let wanted = "a list of tables";
            Err(reader.wanted(&Value::with_span(other, value.span), name, wanted))
        }
    }
}

fn list(reader: &Reader<'_>, mut value: Value<'_>, name: &str) -> Result<Vec<String>> {
    match value.take() {
        ValueInner::String(text) => Ok(vec![text.into_owned()]),
        ValueInner::Array(array) => array
            .into_iter()
            .map(|entry| match entry.as_str() {
                Some(text) => Ok(text.to_owned()),
                None => Err(reader.wanted(&entry, name, "a list of strings")),
            })
            .collect(),
        other => {
            let wanted = "a string or a list of strings";
            Err(reader.wanted(&Value::with_span(other, value.span), name, wanted))
        }
    }
}
