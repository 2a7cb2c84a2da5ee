//! `[advisories]`: which advisory databases count, and how old they may be.

use std::path::Path;

use toml_span::value::{Table, Value, ValueInner};

use super::At;
use super::reader::{Reader, Result, quoted};

/// The public database.
pub const RUSTSEC: &str = "https://github.com/RustSec/advisory-db";

/// How old a database may be unless the policy says otherwise: malicious releases are found within days.
const MAX_AGE: MaxAge = MaxAge { seconds: 14 * DAY, unit: Unit::Days };

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

/// Databases of one policy: each is read whole.
pub(super) const DATABASES: usize = 16;

const ORIGIN_HELP: &str =
    "write the `https://` or `ssh://` URL of a git repository, or a directory relative to this file";

/// Bytes of a URL or a path.
const ORIGIN_BYTES: usize = 1_024;

/// The settings of `[advisories]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Advisories {
    databases: Option<Vec<At<Database>>>,
    max_age: Option<At<MaxAge>>,
}

/// A database that the policy names, or the public one where it names none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Where it comes from.
    pub origin: Origin,
    /// How old it may be; `None`: as old as it likes.
    pub max_age: Option<MaxAge>,
}

/// Where a database comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A directory, relative to the policy's file.
    Path(String),
    /// A git repository.
    Url(String),
}

/// How old something may be, in the unit that the policy says it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxAge {
    /// The age in seconds.
    pub seconds: u64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Hours,
    Days,
    Weeks,
}

impl Advisories {
    /// The databases in force, and the lines that name them; 0 for the default.
    pub(super) fn databases(&self) -> Vec<At<Database>> {
        let default = || {
            let max_age = Some(self.max_age.map_or(MAX_AGE, |at| at.value));
            let line = self.max_age.map_or(0, |at| at.line);
            vec![At { value: Database { origin: Origin::Url(RUSTSEC.to_owned()), max_age }, line }]
        };
        self.databases.clone().unwrap_or_else(default)
    }

    /// Moves it to other lines and its databases to other places.
    pub(super) fn shift(&mut self, line: impl Fn(u32) -> u32, origin: impl Fn(Origin) -> Origin) {
        for at in self.databases.iter_mut().flatten() {
            at.line = line(at.line);
            at.value.origin = origin(at.value.origin.clone());
        }
        if let Some(at) = &mut self.max_age {
            at.line = line(at.line);
        }
    }
}

impl Database {
    /// The one in a directory, which may be as old as policies allow by default.
    pub fn of_directory(directory: &Path) -> Self {
        let origin = Origin::Path(directory.to_string_lossy().into_owned());
        Self { origin, max_age: Some(MAX_AGE) }
    }
}

impl Origin {
    /// The text of the policy.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Path(text) | Self::Url(text) => text,
        }
    }
}

impl MaxAge {
    /// Reads `14 days`, `12 hours`, `1 week`: from an hour to ten years.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_once(' ')?;
        let plain = (1..=5).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && !number.starts_with('0');
        let number = plain.then(|| number.parse::<u64>().ok())??;
        let (unit, each) = match unit {
            "hour" | "hours" => (Unit::Hours, HOUR),
            "day" | "days" => (Unit::Days, DAY),
            "week" | "weeks" => (Unit::Weeks, WEEK),
            _ => return None,
        };
        let seconds = number * each;
        (seconds <= 3_650 * DAY).then_some(Self { seconds, unit })
    }
}

impl std::fmt::Display for MaxAge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (each, unit) = match self.unit {
            Unit::Hours => (HOUR, "hour"),
            Unit::Days => (DAY, "day"),
            Unit::Weeks => (WEEK, "week"),
        };
        let number = self.seconds / each;
        write!(f, "{number} {unit}{}", if number == 1 { "" } else { "s" })
    }
}

impl Reader<'_> {
    pub(super) fn advisories(&self, mut table: Table<'_>) -> Result<Advisories> {
        self.known(&table, "advisories", &["databases", "max-age"])?;
        let mut advisories = Advisories::default();
        if let Some((key, value)) = table.remove_entry("max-age") {
            advisories.max_age = Some(At { value: self.max_age(&value)?, line: self.line(key.span) });
        }
        let Some(value) = table.remove("databases") else { return Ok(advisories) };
        let general = advisories.max_age.map_or(MAX_AGE, |at| at.value);
        let span = value.span;
        let mut databases: Vec<At<Database>> = vec![];
        for mut entry in self.array(value, "databases")? {
            let line = self.line(entry.span);
            let at = entry.span;
            let database = self.database(&mut entry, general)?;
            if databases.iter().any(|other| other.value.origin == database.origin) {
                let what = format!("`{}` is listed twice", quoted(database.origin.as_str()));
                return Err(self.invalid(at, &what, "remove one of the two"));
            }
            databases.push(At { value: database, line });
        }
        if databases.len() > DATABASES {
            let what = format!("there are {} databases, and at most {DATABASES} are read", databases.len());
            return Err(self.invalid(span, &what, "put several into one"));
        }
        advisories.databases = Some(databases);
        Ok(advisories)
    }

    /// A URL or a path, or a table with one of them and an age of its own.
    fn database(&self, entry: &mut Value<'_>, general: MaxAge) -> Result<Database> {
        if !matches!(entry.as_ref(), ValueInner::Table(_)) {
            return Ok(Database { origin: self.origin(entry)?, max_age: Some(general) });
        }
        let span = entry.span;
        let mut table = self.table(entry, span, "databases")?;
        self.known(&table, "advisories.databases", &["from", "max-age"])?;
        let Some(from) = table.remove("from") else {
            return Err(self.invalid(span, "a database has no `from`", ORIGIN_HELP));
        };
        let max_age = match table.remove("max-age") {
            None => Some(general),
            Some(value) if value.as_str() == Some("any") => None,
            Some(value) => Some(self.max_age(&value)?),
        };
        Ok(Database { origin: self.origin(&from)?, max_age })
    }

    fn origin(&self, value: &Value<'_>) -> Result<Origin> {
        let Some(text) = value.as_str() else {
            return Err(self.wanted(value, "a database", "a string or a table", ORIGIN_HELP));
        };
        let refused = |what: &str, help: &str| {
            Err(self.invalid(value.span, &format!("`{}` {what}", quoted(text)), help))
        };
        let plain = !text.is_empty()
            && text.len() <= ORIGIN_BYTES
            && !text.starts_with('-')
            && !text.chars().any(|c| c.is_control() || c == '\\');
        let scheme = text.split_once("://");
        match scheme {
            _ if !plain => refused("is not a database", ORIGIN_HELP),
            None if text.contains(':') => refused("is not a database", ORIGIN_HELP),
            None => Ok(Origin::Path(text.to_owned())),
            Some((scheme, rest)) => {
                let host = rest.split('/').next().unwrap_or(rest);
                let user = host.rsplit_once('@').map(|(user, _)| user);
                match scheme {
                    _ if !rest.bytes().all(|byte| byte.is_ascii_graphic()) || rest.is_empty() => {
                        refused("is not a database", ORIGIN_HELP)
                    }
                    _ if user.is_some_and(|user| user.contains(':') || scheme == "https") => refused(
                        "holds a credential",
                        "keep credentials in git's own configuration, and out of the policy",
                    ),
                    "https" | "ssh" | "file" => Ok(Origin::Url(text.to_owned())),
                    "http" | "git" => {
                        refused("can be changed by anybody on the way", "use `https://` or `ssh://`")
                    }
                    _ => refused("is not a database", ORIGIN_HELP),
                }
            }
        }
    }

    /// The age that must stand here.
    pub fn max_age(&self, value: &Value<'_>) -> Result<MaxAge> {
        let help = "write an age such as `\"14 days\"`, `\"12 hours\"` or `\"2 weeks\"`";
        let Some(text) = value.as_str() else {
            return Err(self.wanted(value, "`max-age`", "a string", help));
        };
        MaxAge::parse(text).ok_or_else(|| {
            self.invalid(
                value.span,
                &format!("`{}` is not an age from an hour to ten years", quoted(text)),
                help,
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::policy::catalogue::SAMPLES;
    use crate::policy::{Policy, PolicyError};

    fn read(section: &str) -> Result<Policy, PolicyError> {
        Policy::parse(format!("version = 1\n{section}").as_bytes(), Path::new("p"), SAMPLES)
    }

    fn shown(policy: &Policy) -> Vec<(String, Option<String>, u32)> {
        let shown = |at: At<Database>| {
            (at.value.origin.as_str().to_owned(), at.value.max_age.map(|age| age.to_string()), at.line)
        };
        policy.databases().into_iter().map(shown).collect()
    }

    #[test]
    fn without_a_setting_the_public_database_counts() {
        let expected = [(RUSTSEC.to_owned(), Some("14 days".to_owned()), 0)];
        assert_eq!(shown(&read("").expect("a policy")), expected);
        assert_eq!(shown(&read("[advisories]\n").expect("a policy")), expected);
        let set = read("[advisories]\nmax-age = \"1 week\"\n").expect("a policy");
        assert_eq!(shown(&set), [(RUSTSEC.to_owned(), Some("1 week".to_owned()), 3)]);
        assert!(shown(&read("[advisories]\ndatabases = []\n").expect("a policy")).is_empty());
    }

    #[test]
    fn each_database_has_its_origin_and_its_age() {
        let policy = read(
            "[advisories]\nmax-age = \"36 hours\"\ndatabases = [\n  \"https://example.org/db\",\n  \"../team/advisories\",\n\
             { from = \"/srv/db\", max-age = \"any\" },\n{ from = \"ssh://git@example.org/db\", max-age = \"8 weeks\" } ]\n",
        )
        .expect("a policy");
        let own = |text: &str| Some(text.to_owned());
        assert_eq!(
            shown(&policy),
            [
                ("https://example.org/db".to_owned(), own("36 hours"), 5),
                ("../team/advisories".to_owned(), own("36 hours"), 6),
                ("/srv/db".to_owned(), None, 7),
                ("ssh://git@example.org/db".to_owned(), own("8 weeks"), 8),
            ]
        );
    }

    #[test]
    fn what_is_no_database_or_no_age_is_refused() {
        for (text, message) in [
            ("databases = \"x\"", "`databases` is an array, found: string"),
            ("databases = [1]", "a database is a string or a table, found: integer"),
            ("databases = [\"\"]", "`` is not a database"),
            ("databases = [\"git@example.org:db.git\"]", "is not a database"),
            ("databases = [\"ext::sh -c x\"]", "is not a database"),
            ("databases = [\"--upload-pack=x\"]", "is not a database"),
            ("databases = [\"ext://x\"]", "is not a database"),
            ("databases = [\"https://\"]", "is not a database"),
            ("databases = [\"https://h/a b\"]", "is not a database"),
            ("databases = [\"http://h/r\"]", "can be changed by anybody on the way"),
            ("databases = [\"git://h/r\"]", "can be changed by anybody on the way"),
            ("databases = [\"https://me:secret@h/r\"]", "holds a credential"),
            ("databases = [\"https://token@h/r\"]", "holds a credential"),
            ("databases = [\"ssh://git:secret@h/r\"]", "holds a credential"),
            ("databases = [\"a\", { from = \"a\" }]", "`a` is listed twice"),
            ("databases = [{ path = \"a\" }]", "`path` is not a key of `advisories.databases`"),
            ("databases = [{ max-age = \"any\" }]", "a database has no `from`"),
            ("database = [\"a\"]", "`database` is not a key of `advisories`"),
            ("max-age = 14", "`max-age` is a string, found: integer"),
            ("max-age = \"any\"", "`any` is not an age"),
            ("max-age = \"0 days\"", "`0 days` is not an age"),
            ("max-age = \"14\"", "`14` is not an age"),
            ("max-age = \"14 dyas\"", "`14 dyas` is not an age"),
            ("max-age = \"+1 days\"", "`+1 days` is not an age"),
            ("max-age = \"3651 days\"", "`3651 days` is not an age"),
            ("max-age = \"99999999999999999999 days\"", "is not an age"),
        ] {
            let error = read(&format!("[advisories]\n{text}\n")).expect_err(text).to_string();
            assert!(error.starts_with("p:3: ") && error.contains(message), "{text}: {error}");
        }
    }
}
