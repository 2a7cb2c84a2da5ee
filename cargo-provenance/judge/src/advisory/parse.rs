//! One file of a database: an advisory, or something odd.

use std::panic;

use provenance_build::PackageName;
use rustsec::Advisory;
use rustsec::advisory::{Category, Informational};
use semver::VersionReq;
use toml_edit::{DocumentMut, TableLike};

use super::{FILE_BYTES, Hit, Kind, Odd};
use crate::model::Date;

/// How an advisory begins, and what ends its TOML.
const FENCES: (&str, &str) = ("```toml", "\n```");

/// Keys that say nothing about which versions are affected, those known to trouble readers first: operating systems and
/// architectures that `rustsec` does not know, scores of a new kind.
const SIDE_KEYS: [(&str, &str); 12] = [
    ("advisory", "cvss"),
    ("affected", "os"),
    ("affected", "arch"),
    ("affected", "functions"),
    ("advisory", "aliases"),
    ("advisory", "description"),
    ("advisory", "keywords"),
    ("advisory", "license"),
    ("advisory", "references"),
    ("advisory", "related"),
    ("advisory", "title"),
    ("advisory", "url"),
];

/// The largest number that a version can have, `u64::MAX`.
const LAST_NUMBER: &str = "18446744073709551615";

/// Characters of a reason: a line on a screen.
const REASON_CHARS: usize = 160;

/// What a file turned out to be.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub(super) path: String,
    pub(super) hash: blake3::Hash,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// A placeholder without a number of its own.
    Draft,
    /// Not to be read.
    Odd(Odd),
    /// An advisory.
    Read(Box<Record>),
}

/// An advisory, whatever package and version it is about.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) package: String,
    pub(super) withdrawn: bool,
    /// Whether it is about a package of another registry than crates.io.
    pub(super) foreign: bool,
    pub(super) hit: Hit,
}

/// Judges a file. `path` is relative to the database, `/`-separated; `content` is its bytes, or why there are none.
pub fn parse(path: &str, content: Result<&[u8], &str>) -> Parsed {
    let bytes = content.unwrap_or_default();
    let outcome = content.map_err(str::to_owned).and_then(|bytes| read(path, bytes));
    let outcome = outcome.unwrap_or_else(|why| {
        Outcome::Odd(Odd { path: path.to_owned(), packages: packages(path, bytes), why })
    });
    Parsed { path: path.to_owned(), hash: blake3::hash(bytes), outcome }
}

/// The directory that a file of `crates` lies in, which bears the package's name.
pub(super) fn directory(path: &str) -> Option<&str> {
    let (directory, _) = path.strip_prefix("crates/")?.split_once('/')?;
    Some(directory)
}

fn read(path: &str, bytes: &[u8]) -> Result<Outcome, String> {
    if bytes.len() as u64 > FILE_BYTES {
        return Err(format!("has more than {FILE_BYTES} bytes"));
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some(stem) = name.strip_suffix(".md") else {
        return Err("does not end with `.md`, as advisories do".to_owned());
    };
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    let (advisory, remarks) = match guarded(text) {
        Ok(advisory) => (advisory, vec![]),
        Err(why) => without_side_keys(text).ok_or(why)?,
    };
    if advisory.metadata.id.is_placeholder() {
        return Ok(Outcome::Draft);
    }
    let mut record = record(advisory, remarks)?;
    if record.hit.id != stem {
        record.hit.remarks.push(format!("its file has another name than its id, `{path}`"));
    }
    Ok(Outcome::Read(Box::new(record)))
}

/// Has `rustsec` read a file. Without a fence it slices the text wherever that may be, and it adds one to the numbers of
/// versions; so both are asked first. Whatever else might make it panic costs this one file.
fn guarded(text: &str) -> Result<Advisory, String> {
    let (toml, _) = split(text)?;
    if toml.contains(LAST_NUMBER) {
        return Err("names a version that nothing can follow".to_owned());
    }
    match panic::catch_unwind(|| text.parse::<Advisory>()) {
        Ok(Ok(advisory)) => Ok(advisory),
        Ok(Err(error)) => Err(reason(&error.to_string())),
        Err(_) => Err("makes the reader of advisories fail".to_owned()),
    }
}

/// TOML and Markdown.
fn split(text: &str) -> Result<(&str, &str), String> {
    let inside = text.strip_prefix(FENCES.0).ok_or("does not begin with a block of TOML")?;
    inside.split_once(FENCES.1).ok_or_else(|| "has a block of TOML without an end".to_owned())
}

/// Reads an advisory without as few side keys as can be, if that makes it readable; with a remark for each.
fn without_side_keys(text: &str) -> Option<(Advisory, Vec<String>)> {
    let (toml, markdown) = split(text).ok()?;
    let toml = toml.trim();
    // As `rustsec` reads the older form.
    let toml = if toml.starts_with("[advisory]") { toml.to_owned() } else { format!("[advisory]\n{toml}") };
    let whole = toml.parse::<DocumentMut>().ok()?;
    let markdown = markdown.trim_start();
    let titled = markdown.starts_with("# ") && markdown.contains('\n');
    let markdown = if titled { markdown } else { "# (without a title)\n" };
    let attempt = |left_out: &[(&str, &str)]| {
        let mut document = whole.clone();
        for (table, key) in left_out {
            let table = document.get_mut(table).and_then(|item| item.as_table_like_mut());
            table.and_then(|table: &mut dyn TableLike| table.remove(key));
        }
        guarded(&format!("{}\n{}{}\n{markdown}", FENCES.0, document, FENCES.1)).ok()
    };
    let present = |(table, key): &(&str, &str)| {
        whole.get(table).and_then(|item| item.as_table_like()).is_some_and(|table| table.contains_key(key))
    };
    let mut left_out = SIDE_KEYS.into_iter().filter(present).collect::<Vec<_>>();
    let mut advisory = attempt(&left_out)?;
    for key in left_out.clone() {
        let fewer = left_out.iter().copied().filter(|other| *other != key).collect::<Vec<_>>();
        if let Some(fuller) = attempt(&fewer) {
            (advisory, left_out) = (fuller, fewer);
        }
    }
    let mut remarks = left_out
        .iter()
        .map(|(table, key)| format!("its `{table}.{key}` cannot be read, which decides nothing"))
        .collect::<Vec<_>>();
    if !titled {
        remarks.push("it has no title".to_owned());
    }
    Some((advisory, remarks))
}

fn record(advisory: Advisory, remarks: Vec<String>) -> Result<Record, String> {
    let metadata = advisory.metadata;
    let date = Date::parse(metadata.date.as_str()).ok_or_else(|| {
        format!("has the date `{}`, which is not `YYYY-MM-DD`", mark(metadata.date.as_str()))
    })?;
    let mut remarks = remarks;
    let kind = match &metadata.informational {
        Some(Informational::Unsound) => Kind::Unsound,
        Some(Informational::Unmaintained) => Kind::Unmaintained,
        Some(Informational::Notice) => Kind::Notice,
        Some(other) => {
            remarks.push(format!("it is of a kind that is not known here, `{}`", mark(other.as_str())));
            Kind::Notice
        }
        None => Kind::Vulnerability,
    };
    let kind = if is_malicious(&metadata, kind) { Kind::Malicious } else { kind };
    let affected = advisory.affected.unwrap_or_default();
    let platforms = affected
        .os
        .iter()
        .map(|os| os.as_str().to_owned())
        .chain(affected.arch.iter().map(|arch| arch.as_str().to_owned()))
        .collect();
    let texts = |requirements: &[VersionReq]| requirements.iter().map(VersionReq::to_string).collect();
    Ok(Record {
        package: metadata.package.as_str().to_owned(),
        withdrawn: metadata.withdrawn.is_some(),
        foreign: metadata.source.as_ref().is_some_and(|source| !source.is_default_registry()),
        hit: Hit {
            url: metadata.id.url().or_else(|| metadata.url.as_ref().map(|url| url.as_str().to_owned())),
            id: metadata.id.as_str().to_owned(),
            kind,
            title: metadata.title,
            date,
            patched: texts(advisory.versions.patched()),
            unaffected: texts(advisory.versions.unaffected()),
            aliases: metadata.aliases.iter().map(|id| id.as_str().to_owned()).collect(),
            functions: affected.functions.keys().map(ToString::to_string).collect(),
            platforms,
            remarks,
            versions: advisory.versions,
        },
    })
}

/// Whether the package was made to do harm. The category is young, and not every advisory that should has it; the others
/// say that the package is gone, or begin in a way that no other advisory does.
fn is_malicious(metadata: &rustsec::advisory::Metadata, kind: Kind) -> bool {
    if metadata.categories.contains(&Category::Malicious) {
        return true;
    }
    let title = metadata.title.to_ascii_lowercase();
    let told = title.contains("removed from crates.io") && title.contains("malicious");
    // Packages are also deleted for other reasons, and then the advisory says what was wrong with them.
    told || (metadata.expect_deleted && kind == Kind::Vulnerability)
}

/// The packages that an unreadable file seems to be about: its directory's, and those that lines of it name.
fn packages(path: &str, bytes: &[u8]) -> Vec<String> {
    let bytes = &bytes[..bytes.len().min(FILE_BYTES as usize)];
    let text = String::from_utf8_lossy(bytes);
    let named = text.lines().filter_map(|line| {
        let value = line.trim_start().strip_prefix("package")?.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        value[1..].split(quote).next()
    });
    let mut packages = directory(path)
        .into_iter()
        .chain(named)
        .filter_map(PackageName::parse)
        .map(|name| name.as_str().to_owned())
        .collect::<Vec<_>>();
    packages.sort();
    packages.dedup();
    packages
}

/// The last line of an error, which says what is wrong where the ones before quote the text.
fn reason(error: &str) -> String {
    let line = error.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("cannot be read");
    let line = line.trim().strip_prefix("parse error: ").unwrap_or(line.trim());
    format!("cannot be read: {}", mark(line))
}

/// Text of a file, fit for a message.
fn mark(text: &str) -> String {
    let mut short = text.chars().filter(|c| !c.is_control()).take(REASON_CHARS).collect::<String>();
    if text.chars().count() > REASON_CHARS {
        short.push('…');
    }
    short
}
