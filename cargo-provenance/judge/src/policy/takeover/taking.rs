//! What both readers do with a setting: translate it, or leave it with the reason.

use toml_span::Span;
use toml_span::value::{Table, Value, ValueInner};

use super::super::advisories::DATABASES;
use super::super::reader::{Reader, Result, quoted};
use super::super::{Firmness, Known, Level, catalogue};
use super::{Ignored, Left, Sourced, Taken};

/// What a reason in the policy says where the file had none.
pub const NO_REASON: &str = "taken over without a reason";

/// A file that is being taken over.
pub(super) struct Taking<'t> {
    pub(super) reader: Reader<'t>,
    name: &'t str,
    known: &'t [Known],
    pub(super) taken: Taken,
}

impl<'t> Taking<'t> {
    pub(super) fn new(reader: Reader<'t>, name: &'t str, known: &'t [Known]) -> Self {
        Self { reader, name, known, taken: Taken::default() }
    }

    pub(super) fn done(self) -> Taken {
        self.taken
    }

    /// The tables of a section; a section that is none is an error.
    pub(super) fn section<'v>(
        &self,
        value: &mut Value<'v>,
        span: Span,
        name: &str,
    ) -> Result<Vec<(Span, String, Value<'v>)>> {
        Ok(in_order(self.reader.table(value, span, name)?))
    }

    pub(super) fn origin(&self, span: Span) -> String {
        format!("{}:{}", self.name, self.reader.line(span))
    }

    pub(super) fn sourced<T>(&mut self, span: Span, value: T) -> Sourced<T> {
        self.taken.number += 1;
        Sourced { value, origin: self.origin(span) }
    }

    /// Leaves a setting.
    pub(super) fn leave(&mut self, span: Span, key: &str, why: impl Into<String>) {
        let origin = self.origin(span);
        self.taken.left.push(Left { origin, key: quoted(key), why: why.into() });
    }

    /// Leaves every key of a table.
    pub(super) fn leave_all(&mut self, keys: Vec<(Span, String, Value<'_>)>, section: &str, why: &str) {
        for (span, key, _) in keys {
            self.leave(span, &format!("{section}.{key}"), why);
        }
    }

    /// Sets the level of a check. Of two settings of one file for the same check the stricter counts.
    pub(super) fn set(&mut self, span: Span, key: &str, check: &'static str, level: Level) {
        self.line(span, key, check, format!("\"{}\"", level.as_str()), level);
    }

    /// Sets the levels of a check for direct dependencies and for the others.
    pub(super) fn set_parts(
        &mut self,
        span: Span,
        key: &str,
        check: &'static str,
        direct: Level,
        transitive: Level,
    ) {
        let value =
            format!("{{ direct = \"{}\", transitive = \"{}\" }}", direct.as_str(), transitive.as_str());
        self.line(span, key, check, value, direct.max(transitive));
    }

    fn line(&mut self, span: Span, key: &str, check: &'static str, value: String, level: Level) {
        match catalogue::find(self.known, check).map(|known| known.firmness) {
            Some(Firmness::Free) => {}
            Some(Firmness::Firm) => {
                self.leave(span, key, format!("`{check}` always stands at `deny`"));
                return;
            }
            Some(Firmness::Planned) | None => {
                self.leave(span, key, format!("this version has no check `{check}`"));
                return;
            }
        }
        let strict = |line: &str| {
            let levels = [Level::Deny, Level::Review, Level::Note, Level::Allow].into_iter();
            levels
                .clone()
                .find(|level| line.contains(&format!("\"{}\"", level.as_str())))
                .unwrap_or(Level::Allow)
        };
        let line = self.sourced(span, value);
        match self.taken.checks.iter_mut().find(|(known, _)| *known == check) {
            None => self.taken.checks.push((check, line)),
            Some((_, first)) if first.value == line.value => {}
            Some((_, first)) => {
                let (kept, dropped) = if strict(&first.value) >= level {
                    (first.origin.clone(), line.origin)
                } else {
                    let dropped = std::mem::replace(first, line).origin;
                    (first.origin.clone(), dropped)
                };
                self.taken.number -= 1;
                let why = format!("`{kept}` sets the same check, and is stricter");
                self.taken.left.push(Left { origin: dropped, key: quoted(key), why });
            }
        }
    }

    /// `deny`, `warn` or `allow`.
    pub(super) fn lint(&self, value: &Value<'_>, key: &str) -> Result<Level> {
        let help = "write `\"deny\"`, `\"warn\"` or `\"allow\"`";
        match self.text(value, key)? {
            "deny" | "forbid" => Ok(Level::Deny),
            "warn" => Ok(Level::Note),
            "allow" => Ok(Level::Allow),
            other => Err(self.reader.invalid(value.span, &format!("`{}` is no level", quoted(other)), help)),
        }
    }

    pub(super) fn text<'v>(&self, value: &'v Value<'_>, key: &str) -> Result<&'v str> {
        value.as_str().ok_or_else(|| self.reader.wanted(value, &format!("`{key}`"), "a string", ""))
    }

    pub(super) fn texts(&self, value: Value<'_>, key: &str) -> Result<Vec<(Span, String)>> {
        let entries = self.reader.array(value, key)?;
        entries.iter().map(|entry| Ok((entry.span, self.text(entry, key)?.to_owned()))).collect()
    }

    /// Takes an advisory that is ignored.
    pub(super) fn ignore(&mut self, span: Span, id: &str, reason: Option<String>) {
        let id_like = id.len() <= 60 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !id_like {
            self.leave(span, "advisories.ignore", format!("`{}` is no id of an advisory", quoted(id)));
            return;
        }
        let ignored = self.sourced(span, Ignored::Advisory { id: id.to_owned(), reason });
        self.taken.ignored.push(ignored);
    }

    /// Takes a database's URL.
    pub(super) fn databases(&mut self, span: Span, key: &str, urls: Vec<(Span, String)>) {
        let mut fine: Vec<String> = vec![];
        for (at, url) in urls {
            let text = format!("version = 1\n[advisories]\ndatabases = [{}]\n", basic(&url));
            let is_url = url.contains("://");
            match super::super::Policy::parse(text.as_bytes(), "x".as_ref(), &[]) {
                // One repository in two spellings is one.
                Ok(_) if is_url && fine.iter().any(|known| same(known, &url)) => {}
                Ok(_) if is_url && fine.len() == DATABASES => {
                    self.leave(at, key, format!("at most {DATABASES} databases are read"));
                }
                Ok(_) if is_url => fine.push(url),
                Ok(_) => self.leave(at, key, "a database is named by its URL"),
                Err(error) => self.leave(at, key, error.what),
            }
        }
        if !fine.is_empty() {
            let databases = self.sourced(span, fine);
            self.taken.databases = Some(databases);
        }
    }
}

/// Whether two URLs name the same repository, as forges take them.
fn same(one: &str, other: &str) -> bool {
    let plain = |url: &str| url.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase();
    plain(one) == plain(other)
}

/// The keys of a table in the order in which they stand.
pub(super) fn in_order(table: Table<'_>) -> Vec<(Span, String, Value<'_>)> {
    let mut keys =
        table.into_iter().map(|(key, value)| (key.span, key.name.into_owned(), value)).collect::<Vec<_>>();
    keys.sort_by_key(|(span, ..)| span.start);
    keys
}

/// The keys of a value that is a table.
pub(super) fn is_table(value: &Value<'_>) -> bool {
    matches!(value.as_ref(), ValueInner::Table(_))
}

/// A TOML string.
pub(super) fn basic(text: &str) -> String {
    toml_edit::Value::from(text).to_string().trim().to_owned()
}
