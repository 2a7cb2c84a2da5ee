//! Who published what, as crates.io says it: the file in which that is kept, and the answer from which it is taken.
//!
//! The file is our own, `publishers.toml` beside the three of cargo-vet, whose `imports.lock` has rows of the same kind but only those
//! that cargo-vet needs. Whatever is not said for certain is left out: who published that is then not known.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::loose::{Bounded, Loose};
use super::{Account, ByName, Publication, Publisher, VetVersion};
use crate::model::{Date, Timestamp, is_harmful};

/// Bytes of one answer: ten times what the crate with the most versions and features has.
pub const ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Versions that are read of one crate; the one with the most has about 1,500.
const VERSIONS: usize = 10_000;

/// Versions that are kept of a crate: so many from the lowest that matters upward, and so many of the highest.
const KEPT: usize = 256;

/// Versions below the lowest that is in use: those of one week count as one where a release is compared with what was there.
const BELOW: usize = 32;

/// Rows that are kept of a crate; a file of which one has more is not read.
const ROWS: usize = 1_000;

/// Bytes of the name of an account or a repository.
const NAME_BYTES: usize = 256;

/// A `publishers.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publications {
    /// Who published what, by crate. Two rows about one version say that nobody knows.
    pub rows: ByName<Vec<Publication>>,
}

/// What crates.io says of the versions of a crate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Its versions, the lowest first, and who published each, where that is said.
    pub versions: Vec<(semver::Version, Option<Publication>)>,
}

impl Publications {
    /// The version of the format.
    pub const VERSION: i64 = 1;

    /// Adds what crates.io says of a crate: of some versions below the lowest of `used`, and of what it may be updated to; of the
    /// newest ones where none is in use. Nothing that is there is overwritten. Tells the versions of which crates.io now says
    /// something else.
    pub fn take(
        &mut self,
        krate: &str,
        answer: &Answer,
        used: &BTreeSet<semver::Version>,
    ) -> BTreeSet<VetVersion> {
        let versions = &answer.versions;
        let lowest = used.first().map(|lowest| versions.partition_point(|(version, _)| version < lowest));
        let first = lowest.map_or(versions.len().saturating_sub(KEPT), |at| at.saturating_sub(BELOW));
        let versions = &versions[first..];
        let low = &versions[..versions.len().min(KEPT)];
        let high = &versions[versions.len().saturating_sub(KEPT).max(low.len())..];
        let rows = self.rows.entry(krate.to_owned()).or_default();
        let mut odd = BTreeSet::new();
        for row in low.iter().chain(high).filter_map(|(_, row)| row.as_ref()) {
            let mut known = rows.iter().filter(|known| known.version == row.version).peekable();
            let is_known = known.peek().is_some();
            let is_other = known.any(|known| known.publisher != row.publisher || known.when != row.when);
            if is_other {
                odd.insert(row.version.clone());
            }
            if !is_known || is_other && !rows.iter().any(|known| same(known, row)) {
                rows.push(row.clone());
            }
        }
        rows.sort_by(|one, other| one.version.cmp(&other.version));
        rows.drain(..rows.len().saturating_sub(ROWS));
        if rows.is_empty() {
            self.rows.remove(krate);
        }
        odd
    }
}

fn same(one: &Publication, other: &Publication) -> bool {
    (&one.version, &one.publisher, one.when) == (&other.version, &other.publisher, other.when)
}

#[derive(Deserialize)]
struct Body {
    versions: Bounded<Loose<Field>, VERSIONS>,
}

/// A field of a version, and what is below it.
type Field = Loose<Loose<IgnoredAny>>;

struct Listed {
    krate: String,
    num: String,
    created_at: String,
    published_by: Field,
    trustpub_data: Field,
}

impl Answer {
    /// Reads what `GET /api/v1/crates/NAME/versions` answers. A version that cannot be read is left out.
    pub fn read(body: &[u8], krate: &str) -> Result<Self, String> {
        if body.len() > ANSWER_BYTES {
            return Err(format!("it has more than {ANSWER_BYTES} bytes"));
        }
        let Body { versions } =
            serde_json::from_slice(body).map_err(|error| format!("it cannot be read: {error}"))?;
        let versions = versions
            .0
            .map_err(|number| format!("it names {number} versions, and {VERSIONS} are read at most"))?;
        let listed = versions.iter().filter_map(Listed::of);
        let mut versions = vec![];
        for it in listed {
            if it.krate != krate {
                return Err(format!("it is about another crate than `{krate}`"));
            }
            let Ok(version) = semver::Version::parse(&it.num) else { continue };
            let row = it.publication(&version);
            versions.push((version, row));
        }
        versions.sort_by(|(one, _), (other, _)| one.cmp(other));
        if versions.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err("it names a version twice".to_owned());
        }
        Ok(Self { versions })
    }
}

impl Listed {
    fn of(version: &Loose<Field>) -> Option<Self> {
        let text = |key: &str| version.get(key)?.as_str().map(str::to_owned);
        let field = |key: &str| version.get(key).cloned().unwrap_or(Loose::Null);
        Some(Self {
            krate: text("crate")?,
            num: text("num")?,
            created_at: text("created_at")?,
            published_by: field("published_by"),
            trustpub_data: field("trustpub_data"),
        })
    }

    fn publication(&self, version: &semver::Version) -> Option<Publication> {
        let (publisher, account) = match (&self.published_by, &self.trustpub_data) {
            (Loose::Null, data) => (Publisher::Trusted(repository(data)?), None),
            (user, Loose::Null) => {
                let id = user.get("id")?.as_u64()?;
                let login = named(user.get("login")?)?;
                let name = user.get("name").and_then(named);
                // A file of cargo-vet has no other numbers.
                i64::try_from(id).ok()?;
                (Publisher::User(id), Some(Account { login, name }))
            }
            // Nobody publishes in two ways.
            _ => return None,
        };
        let when = Date::of_seconds(moment(&self.created_at)?.0);
        let version = VetVersion { semver: version.clone(), git: None };
        Some(Publication { version, when, publisher, account, line: 0 })
    }
}

/// The repository that published, as cargo-vet names it.
fn repository(data: &Field) -> Option<String> {
    let provider = data.get("provider")?.as_str()?;
    let path = match provider {
        "github" => data.get("repository")?,
        "gitlab" => data.get("project_path")?,
        _ => return None,
    };
    let path = path.as_str().filter(|path| path.len() <= NAME_BYTES && path.contains('/'))?;
    let is_plain =
        path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'));
    is_plain.then(|| format!("{provider}:{path}"))
}

fn named(value: &Loose<IgnoredAny>) -> Option<String> {
    let text = value.as_str()?;
    let is_plain = !text.is_empty()
        && text.len() <= NAME_BYTES
        && !text.chars().any(|c| c.is_control() || is_harmful(c));
    is_plain.then(|| text.to_owned())
}

/// A time in UTC, which older answers write with `+00:00`.
fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{}Z", text.strip_suffix("+00:00")?)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn version(num: &str, by: Value, trustpub: Value) -> Value {
        json!({
            "crate": "a", "num": num, "created_at": "2024-05-06T23:59:59.123456+00:00", "yanked": false,
            "published_by": by, "trustpub_data": trustpub, "features": {}, "links": {},
        })
    }

    fn user(id: u64) -> Value {
        json!({"id": id, "login": format!("u{id}"), "name": null, "avatar": "x", "url": "y"})
    }

    fn answer(versions: &[Value]) -> Result<Answer, String> {
        Answer::read(json!({"versions": versions, "meta": {"total": 1}}).to_string().as_bytes(), "a")
    }

    fn publishers(answer: &Answer) -> Vec<Option<Publisher>> {
        answer.versions.iter().map(|(_, row)| row.as_ref().map(|row| row.publisher.clone())).collect()
    }

    #[test]
    fn who_published_is_read_and_what_is_not_certain_is_not_known() {
        let github = json!({"provider": "github", "repository": "org/repo", "run_id": "1", "sha": "2"});
        let gitlab = json!({"provider": "gitlab", "project_path": "g/sub/p", "job_id": "1"});
        let trusted = |name: &str| Some(Publisher::Trusted(name.to_owned()));
        for (by, data, expected) in [
            (user(7), Value::Null, Some(Publisher::User(7))),
            (Value::Null, github.clone(), trusted("github:org/repo")),
            (Value::Null, gitlab, trusted("gitlab:g/sub/p")),
            (Value::Null, Value::Null, None),
            (user(7), github, None),
            (Value::Null, json!({"provider": "other", "repository": "o/r"}), None),
            (Value::Null, json!({"provider": "github", "repository": "o/r\n[[trusted.a]]"}), None),
            (Value::Null, json!({"provider": "github", "repository": "repo"}), None),
            (json!({"id": -1, "login": "x"}), Value::Null, None),
            (json!({"id": u64::MAX, "login": "x"}), Value::Null, None),
            (json!({"id": 1}), Value::Null, None),
            (json!({"id": 1, "login": "a\nb"}), Value::Null, None),
            (json!({"id": 1, "login": "a\u{202e}b"}), Value::Null, None),
            (json!("me"), Value::Null, None),
        ] {
            let read = answer(&[version("1.0.0", by.clone(), data.clone())]).expect("an answer");
            assert_eq!(publishers(&read), [expected], "{by} {data}");
        }
        let read = answer(&[version("1.0.0", user(7), Value::Null)]).expect("an answer");
        let row = read.versions[0].1.as_ref().expect("a row");
        assert_eq!(row.when.to_string(), "2024-05-06");
    }

    #[test]
    fn an_answer_about_something_else_is_refused_and_one_odd_version_loses_itself() {
        let other = |key: &str, value: Value| {
            let mut one = version("1.0.0", user(1), Value::Null);
            one[key] = value;
            one
        };
        assert!(answer(&[other("crate", json!("b"))]).is_err());
        assert!(answer(&[other("num", json!("2.0.0")), other("num", json!("2.0.0"))]).is_err());
        let good = version("1.1.0", user(1), Value::Null);
        for odd in [other("num", json!("x")), other("num", json!(1)), json!(7), json!({"num": "1.0.0"})] {
            assert_eq!(
                publishers(&answer(&[odd, good.clone()]).expect("an answer")),
                [Some(Publisher::User(1))]
            );
        }
        for text in ["", "[]", "{}", "{\"versions\": 1}", "{\"errors\": []}", "<html>"] {
            assert!(Answer::read(text.as_bytes(), "a").is_err(), "{text}");
        }
        assert!(Answer::read("[".repeat(100_000).as_bytes(), "a").is_err());
    }

    #[test]
    fn what_is_kept_is_never_overwritten_and_reads_back() {
        let file = Path::new("supply-chain/publishers.toml");
        let all = ["0.1.0", "0.9.0", "1.0.0", "1.1.0"];
        let from = |id: u64| answer(&all.map(|num| version(num, user(id), Value::Null))).expect("an answer");
        let used = BTreeSet::from([semver::Version::new(1, 0, 0)]);
        let mut kept = Publications::default();
        assert!(kept.take("a", &from(1), &used).is_empty());
        assert_eq!(kept.rows["a"].len(), 4);
        let text = kept.text();
        let again = Publications::read(text.as_bytes(), file).expect("a file");
        assert_eq!(again.text(), text);
        assert!(kept.take("a", &from(1), &used).is_empty());
        assert_eq!(kept.text(), text);
        // Crates.io never changes who published something: whoever is right, nobody knows.
        assert_eq!(kept.take("a", &from(2), &used).len(), 4);
        assert_eq!(kept.rows["a"].len(), 8);
        assert_eq!(kept.take("a", &from(2), &used).len(), 4);
        assert_eq!(kept.rows["a"].len(), 8);
    }

    #[test]
    fn a_file_of_another_version_or_with_something_else_in_it_is_refused() {
        let file = Path::new("supply-chain/publishers.toml");
        let row = "[[publisher.a]]\nversion = '1.0.0'\nwhen = '2024-01-01'\nuser-id = 1\nuser-login = 'x'\n";
        for (text, says) in [
            (row.to_owned(), "has no `version`"),
            (format!("version = 2\n{row}"), "is not of version 1"),
            (format!("version = '1'\n{row}"), "is not of version 1"),
            (format!("version = 1\n{row}line = 3\n"), "`line` is not a key"),
            (format!("version = 1\nextra = 1\n{row}"), "`extra` is not a key"),
            (format!("version = 1\n{}", row.replace("2024-01-01", "2024-13-01")), "is not a date"),
        ] {
            let error = Publications::read(text.as_bytes(), file).expect_err(&text).to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_answered_or_written_there_nothing_panics(body in "[\\[\\]{}\":,a-z0-9.\n=' ]{0,200}") {
            let _ = Answer::read(body.as_bytes(), "a");
            let _ = Publications::read(body.as_bytes(), Path::new("p"));
        }
    }
}
