//! `[audits.import.NAME]`: a set of somebody else.

use std::collections::BTreeMap;

use provenance_build::Checksum;
use toml_span::Span;
use toml_span::value::{Table, Value};

use super::TEXT_BYTES;
use crate::model::{Date, WebAddress};
use crate::policy::MaxAge;
use crate::policy::reader::{Reader, Result, quoted};

/// A set of somebody else: a copy in the repository, and what of it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditImport {
    /// What it is called here.
    pub name: String,
    /// The file, relative to the policy's: `audits/NAME.toml` where it is fetched and nothing else is said.
    pub path: String,
    /// Where it is fetched from; several are put together. Judging never looks there.
    pub urls: Vec<WebAddress>,
    /// The SHA-256 of the file's bytes; none before it was fetched for the first time.
    pub sha256: Option<Checksum>,
    /// The day on which it was taken over.
    pub date: Option<Date>,
    /// How long after that day it counts.
    pub max_age: Option<MaxAge>,
    /// The crates for which it counts; all where there is no list.
    pub crates: Option<Vec<String>>,
    /// Crates for which nothing of it counts, its violations included.
    pub exclude: Vec<String>,
    /// Whose reviews count, as `who` names them or the address in that; everybody's where there is no list.
    pub auditors: Option<Vec<String>>,
    /// Its own criteria that count; all where there is no list.
    pub criteria: Option<Vec<String>>,
    /// The kinds of entries that count; all where there is no list.
    pub kinds: Option<Vec<EntryKind>>,
    /// What its criteria mean here.
    pub criteria_map: BTreeMap<String, Vec<String>>,
}

/// Addresses of one import: each is fetched by itself.
const URLS: usize = 16;

/// Files that mean something to cargo, rustup or this program, wherever they lie.
const TAKEN: [&str; 4] = ["Cargo.toml", "Provenance.toml", "clippy.toml", "rust-toolchain.toml"];

/// The kinds of entries that a filter can name. Violations always count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Reviews of what changed.
    Delta,
    /// Reviews of a whole version.
    Full,
    /// Trust in a publisher.
    Trusted,
    /// Reviews of all that somebody publishes.
    Wildcard,
}

impl EntryKind {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "delta" => Some(Self::Delta),
            "full" => Some(Self::Full),
            "trusted" => Some(Self::Trusted),
            "wildcard" => Some(Self::Wildcard),
            _ => None,
        }
    }
}

impl Reader<'_> {
    pub(super) fn import(&self, name: &str, at: Span, table: Table<'_>) -> Result<AuditImport> {
        self.import_name(name, at)?;
        let place = format!("audits.import.{name}");
        self.known(
            &table,
            &place,
            &[
                "auditors",
                "crates",
                "criteria",
                "criteria-map",
                "date",
                "exclude",
                "kinds",
                "max-age",
                "path",
                "sha256",
                "url",
            ],
        )?;
        let urls = self.urls(&table)?;
        let text = |key: &str, help: &str| match table.get(key).map(|value| (value.as_str(), value.span)) {
            Some((Some(text), span)) => Ok(Some((text.to_owned(), span))),
            Some((None, span)) => Err(self.invalid(span, &format!("`{key}` is not a string"), help)),
            None if !urls.is_empty() => Ok(None),
            None => Err(self.invalid(at, &format!("the import `{name}` has no `{key}`"), help)),
        };
        let help = "write the path of a copy of the set, relative to this file and with `/`";
        let path = match text("path", help)? {
            None => format!("audits/{name}.toml"),
            Some((path, span)) => {
                self.relative(&path, span, help)?;
                if !urls.is_empty() && !is_ours(&path) {
                    let what = format!("`{}` is no place for what is fetched", quoted(&path));
                    return Err(self.invalid(span, &what, "write a path such as `audits/NAME.toml`"));
                }
                path
            }
        };
        let help = "write the SHA-256 of the file, as `sha256sum` prints it";
        let sha256 = match text("sha256", help)? {
            None => None,
            Some((digest, span)) => {
                let invalid = || self.invalid(span, &format!("`{}` is not a SHA-256", quoted(&digest)), help);
                Some(Checksum::from_hex(&digest).ok_or_else(invalid)?)
            }
        };
        let mut import = AuditImport { name: name.to_owned(), path, urls, sha256, ..AuditImport::default() };
        for (key, mut value) in table {
            match &*key.name {
                "auditors" => import.auditors = Some(self.names_or_name(value, "auditors")?),
                "crates" => import.crates = Some(self.names_or_name(value, "crates")?),
                "criteria" => import.criteria = Some(self.names_or_name(value, "criteria")?),
                "exclude" => import.exclude = self.names_or_name(value, "exclude")?,
                "max-age" => import.max_age = Some(self.max_age(&value)?),
                "date" => {
                    let help = "write the day on which the copy was made, such as `\"2026-11-25\"`";
                    let date = value.as_str().and_then(Date::parse);
                    let date = date.ok_or_else(|| self.invalid(value.span, "`date` is not a date", help))?;
                    import.date = Some(date);
                }
                "kinds" => {
                    let help = "name `\"full\"`, `\"delta\"`, `\"wildcard\"` or `\"trusted\"`; violations always count";
                    let kinds = self.strings(value, "kinds", EntryKind::parse, help)?;
                    import.kinds = Some(kinds.into_iter().map(|at| at.value).collect());
                }
                "criteria-map" => {
                    for (theirs, ours) in
                        self.table(&mut value, key.span, &format!("{place}.criteria-map"))?
                    {
                        let ours = self.names_or_name(ours, "criteria-map")?;
                        import.criteria_map.insert(theirs.name.into_owned(), ours);
                    }
                }
                // `path`, `sha256` and `url` have been read, and `known` let nothing else pass.
                _ => {}
            }
        }
        match (import.max_age, import.date) {
            (Some(_), None) if import.sha256.is_some() => {
                let what = format!("the import `{name}` has a `max-age` and no `date`");
                Err(self.invalid(at, &what, "write the day on which the copy was made, `date = \"…\"`"))
            }
            _ => Ok(import),
        }
    }

    /// Where an import is fetched from.
    fn urls(&self, table: &Table<'_>) -> Result<Vec<WebAddress>> {
        let help = "write `\"https://…\"`, or a list of such";
        let Some(value) = table.get("url") else { return Ok(vec![]) };
        let values = match value.as_array() {
            Some(list) => list.as_slice(),
            None => std::slice::from_ref(value),
        };
        if values.is_empty() || values.len() > URLS {
            let what = format!("`url` has {} addresses, and can have 1 to {URLS}", values.len());
            return Err(self.invalid(value.span, &what, help));
        }
        let address = |value: &Value<'_>| {
            let text = value.as_str().ok_or_else(|| self.wanted(value, "`url`", "a string", help))?;
            WebAddress::parse(text).map_err(|error| {
                let shown = text.rsplit('@').next().unwrap_or_default();
                self.invalid(value.span, &format!("`{}` {error}", quoted(shown)), help)
            })
        };
        values.iter().map(address).collect()
    }

    /// Whether an import can be called so.
    pub(super) fn import_name(&self, name: &str, at: Span) -> Result<()> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        // The copy of the set is called so, and options begin with a dash.
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || name.len() > 64 || !name.chars().all(plain) {
            let what = format!("`{}` is not a name for an import", quoted(name));
            return Err(self.invalid(
                at,
                &what,
                "begin with a letter or a digit, and use letters, digits, `-`, `_` and `.`",
            ));
        }
        Ok(())
    }

    /// Whether a path leads from the policy to somewhere, the same on every machine.
    pub(super) fn relative(&self, path: &str, span: Span, help: &str) -> Result<()> {
        let is_path = !path.is_empty() && path.len() <= TEXT_BYTES && !path.starts_with('/');
        if !is_path || path.chars().any(|c| c.is_control() || matches!(c, '\\' | ':')) {
            return Err(self.invalid(span, &format!("`{}` is not a relative path", quoted(path)), help));
        }
        Ok(())
    }
}

/// Whether a file may be written with what was fetched: one that nothing but this program reads.
fn is_ours(path: &str) -> bool {
    let is_hidden = |part: &str| part.starts_with('.') && part != "..";
    let file = path.rsplit('/').next().unwrap_or_default();
    file.len() > ".toml".len()
        && file.ends_with(".toml")
        && !TAKEN.iter().any(|taken| taken.eq_ignore_ascii_case(file))
        && !path.split('/').any(|part| part.is_empty() || is_hidden(part))
}
