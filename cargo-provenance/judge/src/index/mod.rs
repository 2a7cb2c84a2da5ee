//! The text of an index: cargo's binary cache of one package, and the plain lines it was made from.
//!
//! The cache is that of cargo's `sources/registry/index/cache.rs`: the byte 3, the number 2 as four little-endian bytes,
//! the revision of the index with a zero byte, then for each version its number and its JSON line, a zero byte after
//! each.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use provenance_build::{Checksum, PackageName, Version};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

pub mod excerpt;

use crate::model::{Date, Dependency, DependencyKind, Evidence, Release};

const CACHE_VERSION: u8 = 3;
const INDEX_VERSION: u32 = 2;

/// What a registry's index says about one package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// The versions in index order, each once.
    pub versions: Vec<Release>,
    /// What could not be used. One odd line never takes the others down with it.
    pub odd: Vec<Odd>,
}

/// Something in an index that cannot be relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odd {
    /// The version it is about, as far as it could be read.
    pub version: Option<Version>,
    /// What kind of oddity it is.
    pub kind: OddKind,
    /// What is wrong: a printable lowercase fragment.
    pub why: String,
}

/// Whether an odd line could not be read or contradicts another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddKind {
    /// Two lines, or two caches, name different bytes for one version.
    Contradiction,
    /// It could not be read.
    Unreadable,
}

// The fields of a line that matter here; cargo's registry index documentation has them all.
#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    name: Text<'l>,
    vers: Text<'l>,
    cksum: Text<'l>,
    #[serde(default)]
    yanked: Option<bool>,
    #[serde(default)]
    pubtime: Option<Text<'l>>,
    #[serde(default)]
    deps: Vec<LineDependency<'l>>,
    #[serde(default)]
    features: Names,
    #[serde(default)]
    features2: Option<Names>,
    #[serde(default)]
    links: Option<String>,
}

#[derive(Deserialize)]
struct LineDependency<'l> {
    #[serde(borrow)]
    name: Text<'l>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    kind: Option<Text<'l>>,
    // The package's own name where `name` is what it is renamed to.
    #[serde(default)]
    package: Option<Text<'l>>,
}

// A text that is only copied where it has escapes: the index has a hundred thousand lines for a few hundred packages.
#[derive(Deserialize)]
struct Text<'l>(#[serde(borrow)] Cow<'l, str>);

// The keys of an object.
#[derive(Default)]
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Names;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
        let mut names = vec![];
        while let Some((name, IgnoredAny)) = map.next_entry()? {
            names.push(name);
        }
        Ok(Names(names))
    }
}

impl Entries {
    /// What the index says about `version`.
    pub fn get(&self, version: &Version) -> Option<&Release> {
        self.versions.iter().find(|entry| entry.version == *version)
    }

    /// What the index says about `version`, for a judge: `Absent` where it lists others and not this one, `Unavailable` where
    /// a line that could be it contradicts another or cannot be read.
    pub fn release(&self, version: &Version) -> Evidence<Release> {
        if let Some(release) = self.get(version) {
            return Evidence::Known(release.clone());
        }
        let odd = self.odd.iter().find(|odd| odd.version.as_ref().is_none_or(|odd| odd == version));
        odd.map_or(Evidence::Absent, |odd| {
            Evidence::Unavailable(format!("the index cannot be read: {}", odd.why))
        })
    }

    // Keeps each version once; different bytes for one version are a contradiction, and neither is kept.
    fn from_lines(lines: impl Iterator<Item = Result<Release, Odd>>) -> Self {
        let mut entries = Self::default();
        let mut seen = BTreeMap::new();
        for line in lines {
            match line {
                Err(odd) => entries.odd.push(odd),
                Ok(entry) => match seen.insert(entry.version.clone(), entry.checksum) {
                    None => entries.versions.push(entry),
                    Some(checksum) if checksum == entry.checksum => {}
                    Some(_) => {
                        entries.contradict(&entry.version, "the index has it twice with different bytes")
                    }
                },
            }
        }
        entries.versions.retain(|entry| !contradicted(&entries.odd, &entry.version));
        entries
    }

    /// Notes that two sources name different bytes for `version`.
    pub fn contradict(&mut self, version: &Version, why: impl Into<String>) {
        self.odd.push(Odd { version: Some(version.clone()), kind: OddKind::Contradiction, why: why.into() });
    }

    /// Drops the versions that are contradicted.
    pub fn without_contradictions(mut self) -> Self {
        self.versions.retain(|entry| !contradicted(&self.odd, &entry.version));
        self
    }
}

fn contradicted(odd: &[Odd], version: &Version) -> bool {
    odd.iter().any(|odd| odd.kind == OddKind::Contradiction && odd.version.as_ref() == Some(version))
}

/// Reads one file of cargo's index cache; the error says why nothing of it can be used.
pub fn parse_cache(bytes: &[u8], name: &PackageName) -> Result<Entries, String> {
    Ok(Entries::from_lines(records(bytes)?.versions.into_iter().map(|(number, line)| {
        let entry = parse_line(line, name)?;
        if entry.version.as_str().as_bytes() == number {
            return Ok(entry);
        }
        let why = "its line is about another version".into();
        Err(Odd { version: text_version(number), kind: OddKind::Unreadable, why })
    })))
}

/// The parts of a file of the cache.
#[derive(Debug)]
pub(super) struct Records<'b> {
    /// Everything before the first zero byte.
    pub(super) head: &'b [u8],
    /// Each version's number and line.
    pub(super) versions: Vec<(&'b [u8], &'b [u8])>,
}

/// Takes a file of the cache apart.
pub(super) fn records(bytes: &[u8]) -> Result<Records<'_>, String> {
    let (version, rest) = bytes.split_first().ok_or("it is empty")?;
    let (index, rest) = rest.split_first_chunk::<4>().ok_or("it is cut off")?;
    if *version != CACHE_VERSION || u32::from_le_bytes(*index) != INDEX_VERSION {
        return Err("it is in the format of another cargo".into());
    }
    // Each field ends with a zero byte, the last one too: what follows it is a cut-off rest.
    let mut fields = rest.split(|byte| *byte == 0).collect::<Vec<_>>();
    if fields.pop() != Some(&[]) || fields.is_empty() || fields.len() % 2 == 0 {
        return Err("it is cut off".into());
    }
    let head = &bytes[..bytes.len() - rest.len() + fields[0].len()];
    Ok(Records { head, versions: fields[1..].chunks_exact(2).map(|record| (record[0], record[1])).collect() })
}

/// Reads a plain index file, one JSON line per version.
pub fn parse_lines(bytes: &[u8], name: &PackageName) -> Entries {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    Entries::from_lines(lines.map(|line| parse_line(line, name)))
}

fn parse_line(line: &[u8], name: &PackageName) -> Result<Release, Odd> {
    let odd = |version, why: &str| Odd { version, kind: OddKind::Unreadable, why: why.into() };
    let Ok(line) = serde_json::from_slice::<Line<'_>>(line) else {
        return Err(odd(rough_version(line), "its line is not JSON with a name, a version and a checksum"));
    };
    let version = Version::parse(&line.vers.0).ok_or_else(|| odd(None, "a version is not one"))?;
    if line.name.0 != name.as_str() {
        return Err(odd(Some(version), "its line is about another package"));
    }
    let Some(checksum) = Checksum::from_hex(&line.cksum.0) else {
        return Err(odd(Some(version), "its checksum is not 64 lowercase hex digits"));
    };
    let published = match &line.pubtime {
        None => None,
        Some(text) => match parse_time(&text.0) {
            None => return Err(odd(Some(version), "its publication time is not one")),
            time => time,
        },
    };
    let dependencies = line.deps.iter().map(dependency).collect::<Option<Vec<_>>>();
    let Some(dependencies) = dependencies else {
        return Err(odd(Some(version), "a dependency has no name or no kind that is known"));
    };
    let mut features = line.features.0;
    features.extend(line.features2.unwrap_or_default().0);
    features.sort_unstable();
    features.dedup();
    let (yanked, links) = (line.yanked.unwrap_or(false), line.links);
    Ok(Release { version, checksum, yanked, published, dependencies, features, links })
}

fn dependency(line: &LineDependency<'_>) -> Option<Dependency> {
    let kind = match line.kind.as_ref().map(|kind| &*kind.0) {
        None | Some("normal") => DependencyKind::Normal,
        Some("build") => DependencyKind::Build,
        Some("dev") => DependencyKind::Dev,
        Some(_) => return None,
    };
    let package = PackageName::parse(&line.package.as_ref().unwrap_or(&line.name).0)?;
    Some(Dependency { package, kind, optional: line.optional })
}

fn text_version(bytes: &[u8]) -> Option<Version> {
    Version::parse(std::str::from_utf8(bytes).ok()?)
}

// The version of a line whose other fields are not as they should be.
fn rough_version(line: &[u8]) -> Option<Version> {
    #[derive(Deserialize)]
    struct Rough {
        vers: String,
    }
    Version::parse(&serde_json::from_slice::<Rough>(line).ok()?.vers)
}

// RFC 3339 §5.6 `date-time`, from 1970 on, in seconds since the Unix epoch; fractions of a second are cut off.
fn parse_time(text: &str) -> Option<u64> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    let (hours, minutes, seconds) = (two(clock, 0)?, two(clock, 3)?, two(clock, 6)?);
    let colons = clock.get(2..3)? == ":" && clock.get(5..6)? == ":";
    // A leap second is written as 60.
    if !colons || hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let mut zone = clock.get(8..)?;
    if let Some(fraction) = zone.strip_prefix('.') {
        let end = fraction.find(|c: char| !c.is_ascii_digit())?;
        zone = if end == 0 { return None } else { &fraction[end..] };
    }
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = match zone.get(..1)? {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            let (hours, minutes) = (two(zone, 1)?, two(zone, 4)?);
            if zone.len() != 6 || zone.get(3..4)? != ":" || hours > 23 || minutes > 59 {
                return None;
            }
            sign * (hours * 3_600 + minutes * 60)
        }
    };
    let days = Date::parse(date)?.days_since(Date::of_seconds(0));
    u64::try_from(days * 86_400 + hours * 3_600 + minutes * 60 + seconds - offset).ok()
}

fn two(text: &str, at: usize) -> Option<i64> {
    let digits = text.get(at..at + 2)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The bytes that cargo would write for these versions and lines.
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::{line, write_cache};

    fn name() -> PackageName {
        PackageName::parse("a").expect("valid")
    }

    fn summary(entries: &Entries) -> (Vec<&str>, Vec<(OddKind, Option<&str>)>) {
        let versions = entries.versions.iter().map(|entry| entry.version.as_str()).collect();
        let odd = entries.odd.iter().map(|odd| (odd.kind, odd.version.as_ref().map(Version::as_str)));
        (versions, odd.collect())
    }

    #[test]
    fn a_cache_reads_back_as_cargo_wrote_it() {
        let (one, two) = (line("a", "1.0.0", "ab"), line("a", "1.1.0-rc.1", "cd").replace("false", "true"));
        let bytes = write_cache(&[("1.0.0", &one), ("1.1.0-rc.1", &two)]);
        let entries = parse_cache(&bytes, &name()).expect("valid");
        let expected = Release {
            version: Version::parse("1.0.0").expect("valid"),
            checksum: Checksum::from_hex(&"ab".repeat(32)).expect("valid"),
            yanked: false,
            published: Some(1_436_317_884),
            dependencies: vec![],
            features: vec![],
            links: None,
        };
        assert_eq!(entries.versions[0], expected);
        assert!(entries.versions[1].yanked);
        assert_eq!(parse_lines(format!("{one}\n{two}\n").as_bytes(), &name()), entries);
        assert_eq!(parse_cache(&write_cache(&[]), &name()), Ok(Entries::default()));
    }

    #[test]
    fn an_odd_line_is_reported_and_loses_no_other() {
        use OddKind::{Contradiction, Unreadable};
        let good = line("a", "1.0.0", "ab");
        let cases = [
            (line("b", "2.0.0", "ab"), Unreadable, Some("2.0.0")),
            (line("a", "2.0.0", "AB"), Unreadable, Some("2.0.0")),
            (line("a", "2.0.0", "ab").replace("2015-07-08T", "yesterday"), Unreadable, Some("2.0.0")),
            (line("a", "2.0.0", "ab").replace("cksum", "sum"), Unreadable, Some("2.0.0")),
            (line("a", "3.0.0", "ab"), Unreadable, Some("2.0.0")),
            (line("a", "2", "ab"), Unreadable, None),
            ("not json".into(), Unreadable, None),
            ("[".repeat(100_000), Unreadable, None),
        ];
        for (bad, kind, version) in cases {
            let bytes = write_cache(&[("1.0.0", &good), ("2.0.0", &bad)]);
            let entries = parse_cache(&bytes, &name()).expect("readable");
            assert_eq!(summary(&entries), (vec!["1.0.0"], vec![(kind, version)]), "{bad}");
        }
        let twice = [line("a", "2.0.0", "ab"), line("a", "2.0.0", "cd"), good.clone(), good].join("\n");
        let entries = parse_lines(twice.as_bytes(), &name());
        assert_eq!(summary(&entries), (vec!["1.0.0"], vec![(Contradiction, Some("2.0.0"))]));
    }

    #[test]
    fn a_damaged_cache_is_refused() {
        let bytes = write_cache(&[("1.0.0", &line("a", "1.0.0", "ab"))]);
        let complete = [bytes.len(), b"\x03\x02\0\0\0etag: x\0".len()];
        for length in 0..=bytes.len() {
            let result = parse_cache(&bytes[..length], &name());
            assert_eq!(result.is_ok(), complete.contains(&length), "{length}");
        }
        for at in [0, 1] {
            let mut other = bytes.clone();
            other[at] += 1;
            assert_eq!(parse_cache(&other, &name()), Err("it is in the format of another cargo".into()));
        }
    }

    #[test]
    fn times_are_read_in_every_spelling_of_the_standard() {
        let good = [
            ("1970-01-01T00:00:00Z", 0),
            ("2015-07-08T01:11:24Z", 1_436_317_884),
            ("2015-07-08t01:11:24.123456z", 1_436_317_884),
            ("2015-07-08 03:11:24+02:00", 1_436_317_884),
            ("2015-07-07T20:41:24-04:30", 1_436_317_884),
        ];
        for (text, seconds) in good {
            assert_eq!(parse_time(text), Some(seconds), "{text}");
        }
        for bad in [
            "",
            "2015-07-08",
            "2015-07-08T01:11Z",
            "2015-07-08T01:11:24",
            "2015-07-08T24:00:00Z",
            "2015-02-30T00:00:00Z",
            "2015-07-08T01:11:24.Z",
            "2015-07-08T01:11:24+0200",
            "2015-07-08T01:11:24Zx",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+01:00",
            "2015-07-08T01-11-24Z",
            "2015-07-08Té1:11:24Z",
            "2015-07-08T+1:11:24Z",
        ] {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in ".{0,40}") {
            let _ = parse_cache(&bytes, &name());
            let _ = parse_cache(&[b"\x03\x02\0\0\0x\0", &bytes[..]].concat(), &name());
            let _ = parse_lines(&bytes, &name());
            let _ = parse_time(&text);
        }

        #[test]
        fn times_never_panic(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:]{8}[.0-9]{0,4}[Zz+0-9:-]{0,6}") {
            let _ = parse_time(&text);
        }
    }
}
