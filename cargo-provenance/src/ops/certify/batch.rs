//! Many reviews at once, out of a list: TOML with one `[[review]]` each, or a JSON object in each line, as `suggest` prints them.
//! All are recorded, or none: a list that holds one that cannot be is refused, with a line for each of those.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use provenance_build::PackageName;
use toml_span::value::{Table, ValueInner};

use super::recording::Edit;
use super::{Ground, Options, Reviewed, Said, damaged, maker, record, store};
use crate::audit::VetVersion;
use crate::ops::interruption::settled;
use crate::report::failure::{Failure, Kind};
use crate::report::{Report, plural};

/// Bytes of a list: notes for thousands of reviews.
pub const BATCH_BYTES: u64 = 16 * 1024 * 1024;

/// Reviews of a list: more than any graph has packages.
const REVIEWS: usize = 10_000;

/// Errors that are told at once.
const TOLD: usize = 50;

/// A list of reviews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Where it comes from.
    pub from: List,
    /// What is said of those that say nothing themselves.
    pub said: Said,
}

/// Where a list comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// A file.
    File(PathBuf),
    /// Standard input, and what was there.
    Input(Vec<u8>),
}

/// Records all reviews of a list.
pub(super) fn run(ground: Ground<'_>, batch: &Batch) -> Result<Report, Failure> {
    let (name, bytes) = match &batch.from {
        List::Input(bytes) => ("standard input".to_owned(), bytes.clone()),
        List::File(file) => (format!("`{}`", file.display()), read(file)?),
    };
    let text = std::str::from_utf8(&bytes);
    let text = text.map_err(|_| Failure::new(Kind::Usage, format!("{name} is not UTF-8")))?;
    let rows = rows(text).map_err(|(line, why)| refused(&name, 1, &[(line, why)]))?;
    let Ground { surroundings, root, .. } = ground;
    settled(Report::new("certify"), root, surroundings, |report, _| {
        let store = store(root)?;
        let maker = maker(&store, surroundings)?;
        let (mut edits, mut entries, mut wrong, mut left) = (vec![], vec![], vec![], 0);
        for row in &rows {
            let entry = match row.review(&batch.said) {
                Ok(None) => {
                    left += 1;
                    continue;
                }
                Ok(Some(options)) => maker.entry(&options).map_err(|failure| failure.message),
                Err(why) => Err(why),
            };
            match entry {
                Err(why) => wrong.push((row.line, why)),
                Ok(entry) if entries.contains(&entry) => {}
                Ok(entry) => {
                    edits.extend((!entry.is_in(&store)).then(|| Edit::Add(entry.clone())));
                    entries.push(entry);
                }
            }
        }
        if !wrong.is_empty() {
            return Err(refused(&name, rows.len(), &wrong));
        }
        let known = entries.len() - edits.len();
        report.count("recorded", edits.len());
        report.count("known", known);
        report.count("not-reviewed", left);
        if known > 0 {
            report.step("Skipping", format!("{} that the store has already", plural(known, "review")));
        }
        if left > 0 {
            report.step("Skipping", format!("{} that nobody says is done", plural(left, "review")));
        }
        let undone = |failure: Failure| failure.help(format!("nothing of {name} was recorded"));
        if !record(report, ground, edits, &entries).map_err(undone)? {
            report.conclusion = format!("{name} has nothing to record; nothing was changed");
        }
        Ok::<_, Failure>(())
    })
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: &std::io::Error| {
        Failure::new(Kind::Usage, format!("`{}` cannot be read", file.display())).caused_by(error)
    };
    let mut bytes = vec![];
    let open = File::open(file).map_err(|error| failed(&error))?;
    open.take(BATCH_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    match bytes.len() as u64 > BATCH_BYTES {
        true => Err(damaged(format!("`{}` has more than {BATCH_BYTES} bytes", file.display()))),
        false => Ok(bytes),
    }
}

/// All that is wrong with a list, a line each.
fn refused(name: &str, all: usize, wrong: &[(u32, String)]) -> Failure {
    let what =
        format!("{} of {all} in {name} cannot be recorded; nothing was", plural(wrong.len(), "review"));
    let mut failure = Failure::new(Kind::Usage, what);
    failure.causes = wrong.iter().take(TOLD).map(|(line, why)| format!("line {line}: {why}")).collect();
    if wrong.len() > TOLD {
        failure.causes.push(format!("and {} more", wrong.len() - TOLD));
    }
    failure.help("correct them, then run the command again")
}

/// A review of a list, as it stands there.
struct Row {
    /// The line, counted from 1.
    line: u32,
    /// Whether `suggest` wrote it.
    is_suggested: bool,
    fields: BTreeMap<String, Field>,
}

enum Field {
    Flag(bool),
    List(Vec<String>),
    Other,
    Text(String),
}

/// What a review may say.
const KEYS: [&str; 9] =
    ["crate", "criteria", "exempt", "from", "notes", "reviewed", "to", "version", "violation"];

impl Row {
    /// The review, unless nobody says that it is done.
    fn review(&self, said: &Said) -> Result<Option<Options>, String> {
        // What else `suggest` tells of a review is no part of it.
        if !self.is_suggested
            && let Some(key) = self.fields.keys().find(|key| !KEYS.contains(&key.as_str()) && *key != "who")
        {
            return Err(format!("`{}` is no key of a review", key.chars().take(80).collect::<String>()));
        }
        let is_done = match self.fields.get("reviewed") {
            None => !self.is_suggested,
            Some(Field::Flag(flag)) => *flag,
            Some(_) => return Err("`reviewed` is neither true nor false".to_owned()),
        };
        if !is_done {
            return Ok(None);
        }
        let name = self.text("crate")?.ok_or("`crate` is missing")?;
        let name = PackageName::parse(name).ok_or("`crate` is not a package name")?;
        let version = |key: &str| {
            let full = |text: &str| {
                VetVersion::parse(text)
                    .ok_or_else(|| format!("`{key}` is not a full version such as `1.2.3`"))
            };
            self.text(key)?.map(full).transpose()
        };
        let what = match (version("version")?, version("from")?, version("to")?, version("exempt")?) {
            (Some(version), None, None, None) => Some(Reviewed::Full(version)),
            (None, Some(from), Some(to), None) => Some(Reviewed::Delta(from, to)),
            (None, None, None, Some(version)) => Some(Reviewed::Exemption(version)),
            (None, None, None, None) => None,
            _ => {
                return Err(
                    "it names more, or less, than one of `version`, `from` with `to`, `exempt`".to_owned()
                );
            }
        };
        let what = match (what, self.text("violation")?) {
            (Some(what), None) => what,
            (None, Some(versions)) => Reviewed::Violation(versions.to_owned()),
            _ => {
                return Err(
                    "it names not one of `version`, `from` with `to`, `violation`, `exempt`".to_owned()
                );
            }
        };
        let or = |own: Vec<String>, said: &[String]| if own.is_empty() { said.to_vec() } else { own };
        let notes = self.text("notes")?.filter(|notes| !notes.trim().is_empty()).map(str::to_owned);
        let said = Said {
            criteria: or(self.list("criteria")?, &said.criteria),
            who: or(self.list("who")?, &said.who),
            notes: notes.or_else(|| said.notes.clone()),
        };
        Ok(Some(Options { name, what, said }))
    }

    fn text(&self, key: &str) -> Result<Option<&str>, String> {
        match self.fields.get(key) {
            None => Ok(None),
            Some(Field::Text(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{key}` is no string")),
        }
    }

    fn list(&self, key: &str) -> Result<Vec<String>, String> {
        match self.fields.get(key) {
            None => Ok(vec![]),
            Some(Field::Text(text)) => Ok(vec![text.clone()]),
            Some(Field::List(list)) => Ok(list.clone()),
            Some(_) => Err(format!("`{key}` is neither a string nor a list of them")),
        }
    }
}

/// The reviews of a list; the line and what is wrong where it is none.
fn rows(text: &str) -> Result<Vec<Row>, (u32, String)> {
    let rows = if text.trim_start().starts_with('{') { json(text)? } else { toml(text)? };
    match rows.len() > REVIEWS {
        true => Err((1, format!("it has more than {REVIEWS} reviews"))),
        false => Ok(rows),
    }
}

fn json(text: &str) -> Result<Vec<Row>, (u32, String)> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let mut rows = vec![];
    for (line, number) in lines {
        let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line);
        let object = object.map_err(|error| (number, format!("it is no JSON object: {error}")))?;
        let reason = object.get("reason").and_then(serde_json::Value::as_str).map(str::to_owned);
        // The other lines of what `suggest` prints.
        if reason.as_deref().is_some_and(|reason| reason != "missing-review") {
            continue;
        }
        let is_text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let fields = object.into_iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| {
            let field = match value {
                serde_json::Value::Bool(flag) => Field::Flag(flag),
                serde_json::Value::String(text) => Field::Text(text),
                serde_json::Value::Array(list) => {
                    list.iter().map(is_text).collect::<Option<_>>().map_or(Field::Other, Field::List)
                }
                _ => Field::Other,
            };
            (key, field)
        });
        rows.push(Row { line: number, is_suggested: reason.is_some(), fields: fields.collect() });
    }
    Ok(rows)
}

fn toml(text: &str) -> Result<Vec<Row>, (u32, String)> {
    let line = |at: usize| {
        let before = &text.as_bytes()[..at.min(text.len())];
        u32::try_from(memchr::memchr_iter(b'\n', before).count() + 1).unwrap_or(u32::MAX)
    };
    let mut root = toml_span::parse(text).map_err(|error| (line(error.span.start), error.to_string()))?;
    let at = line(root.span.start);
    let ValueInner::Table(mut table) = root.take() else { return Err((at, "it is no table".to_owned())) };
    if let Some(key) = table.keys().find(|key| key.name != "review") {
        return Err((line(key.span.start), format!("`{}` is not `[[review]]`", key.name)));
    }
    let Some(mut reviews) = table.remove("review") else { return Ok(vec![]) };
    let at = line(reviews.span.start);
    let ValueInner::Array(reviews) = reviews.take() else {
        return Err((at, "`review` is no list: write `[[review]]`".to_owned()));
    };
    let mut rows = vec![];
    for mut review in reviews {
        let at = line(review.span.start);
        let ValueInner::Table(table) = review.take() else { return Err((at, "it is no review".to_owned())) };
        // That of its first key, where the table has no place of its own.
        let first = table.keys().map(|key| line(key.span.start)).min().unwrap_or(at);
        rows.push(Row { line: first, is_suggested: false, fields: fields(table) });
    }
    Ok(rows)
}

fn fields(table: Table<'_>) -> BTreeMap<String, Field> {
    let fields = table.into_iter().map(|(key, mut value)| {
        let field = match value.take() {
            ValueInner::Boolean(flag) => Field::Flag(flag),
            ValueInner::String(text) => Field::Text(text.into_owned()),
            ValueInner::Array(list) => {
                let texts = list.iter().map(|value| value.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map_or(Field::Other, Field::List)
            }
            _ => Field::Other,
        };
        (key.name.into_owned(), field)
    });
    fields.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of each review: what it is about, or why it is none.
    fn told(text: &str) -> Vec<String> {
        match rows(text) {
            Err((line, why)) => vec![format!("{line}: {why}")],
            Ok(rows) => rows
                .iter()
                .map(|row| match row.review(&Said::default()) {
                    Ok(None) => format!("{}: not done", row.line),
                    Ok(Some(options)) => format!("{}: {} {:?}", row.line, options.name, options.what),
                    Err(why) => format!("{}: {why}", row.line),
                })
                .collect(),
        }
    }

    #[test]
    fn each_review_says_one_thing() {
        let list = "[[review]]\ncrate = 'a'\nversion = '1.0.0'\n\n[[review]]\ncrate = 'a'\nfrom = '1.0.0'\n\n\
                    [[review]]\ncrate = 'a'\nversion = '1.0.0'\nviolation = '*'\n\n[[review]]\nversion = '1.0.0'\n\n\
                    [[review]]\ncrate = 'a'\nversion = '1'\n\n[[review]]\ncrate = 'a'\nversion = '1.0.0'\nnote = ''\n";
        let told = told(list);
        assert!(told[0].starts_with("2: a Full("), "{told:?}");
        for (told, part) in told[1..].iter().zip([
            "6: it names more, or less, than one",
            "10: it names not one",
            "15: `crate` is missing",
            "18: `version` is not a full version",
            "22: `note` is no key of a review",
        ]) {
            assert!(told.starts_with(part), "{told}");
        }
    }

    #[test]
    fn what_suggest_prints_is_not_done_until_somebody_says_so() {
        let line =
            r#"{"reason":"missing-review","crate":"a","version":null,"from":"1.0.0","to":"1.0.1","lines":7}"#;
        let start = r#"{"reason":"start","format-version":1}"#;
        assert_eq!(told(&format!("{start}\n{line}\n")), ["2: not done"]);
        let done = line.replace("\"lines\"", "\"reviewed\":true,\"lines\"");
        assert!(told(&format!("{start}\n{done}\n"))[0].starts_with("2: a Delta("));
        // Who writes a line by hand says with it that it is done.
        assert!(told(r#"{"crate":"a","version":"1.0.0"}"#)[0].starts_with("1: a Full("));
        assert_eq!(
            told(r#"{"crate":"a","version":"1.0.0","reviewed":"yes"}"#),
            ["1: `reviewed` is neither true nor false"]
        );
    }

    #[test]
    fn a_list_that_is_none_says_where() {
        for (list, begins) in [
            ("[[review]\n", "1: "),
            ("\nreview = 1\n", "2: `review` is no list"),
            ("\n\nreviews = []\n", "3: `reviews` is not `[[review]]`"),
            ("{\"crate\":\"a\"}\nnot json\n", "2: it is no JSON object"),
        ] {
            assert!(told(list)[0].starts_with(begins), "{list:?}: {:?}", told(list));
        }
        assert!(told("").is_empty());
    }

    proptest! {
        #[test]
        fn no_list_makes_it_panic(text in "(?s)(\\[\\[review\\]\\]\n|crate = |version = |'a'|\"1.0.0\"|\n|\\{|\\}|\"crate\":|.){0,20}") {
            told(&text);
        }
    }
}
