//! The strict reader: takes a manifest apart as TOML, then demands that the writer would have written just that text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml_span::Value;
use toml_span::value::Table;

use super::write::HEAD;
use super::{Acceptance, Basis, BuildTime, Line, Manifest, Member, Origin, Pin, Trust, VERSION, Vetted};
use crate::config::canonical;
use crate::digest::{Checksum, TreeDigest};
use crate::error::Error;
use crate::limits;
use crate::moment::Moment;
use crate::name::{PackageName, Source, Version};
use crate::toml;

const HELP: &str = "restore the file from version control, or run `cargo provenance pin` to write it anew";

pub(super) fn manifest(bytes: &[u8], file: &Path) -> Result<Manifest, Error> {
    let fault = |line: usize, what: &str, help: &str| Err(Error::invalid(file, line as u32, what, help));
    if bytes.len() as u64 > limits::TEXT_BYTES {
        return fault(0, "it is larger than any manifest", HELP);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return fault(0, "it is not UTF-8", HELP) };
    let marker =
        |line: &str| ["<<<<<<< ", ">>>>>>> ", "||||||| "].iter().any(|marker| line.starts_with(marker));
    if let Some(at) = text.lines().position(marker) {
        return fault(at + 1, "a conflict marker of git", "run `cargo provenance pin`, which heals it");
    }
    if text.contains('\r') {
        let help = "keep `Provenance.* -text` in `.gitattributes`, and check the file out again";
        return fault(1, "its line ends were rewritten (CRLF)", help);
    }
    if !text.starts_with(HEAD) {
        return fault(1, "it does not begin with the line that the tool writes", HELP);
    }
    let mut manifest = Entry { table: &toml::parse(text, file)?, offset: 0, text, file }.manifest()?;
    let headers = text.lines().zip(1..).filter(|(line, _)| *line == "[[package]]");
    for (pin, (_, line)) in manifest.packages.iter_mut().zip(headers) {
        pin.line = Line(line);
    }
    let canonical = manifest.to_text();
    if canonical != text {
        let at = canonical.split('\n').zip(text.split('\n')).position(|(a, b)| a != b).unwrap_or(0);
        let expected = canonical.split('\n').nth(at).unwrap_or_default();
        return fault(at + 1, &format!("not in canonical form or order: expected `{expected}`"), HELP);
    }
    Ok(manifest)
}

/// A table with the place to name when a key is missing.
#[derive(Clone, Copy)]
struct Entry<'a> {
    table: &'a Table<'a>,
    offset: usize,
    text: &'a str,
    file: &'a Path,
}

impl<'a> Entry<'a> {
    fn manifest(self) -> Result<Manifest, Error> {
        self.only(&["version", "policy", "expires", "cargo-config", "member", "package"])?;
        let version = self.number("version")?;
        if version == 0 || version > VERSION {
            let help = "use a version of cargo-provenance and provenance-build that knows it";
            let what = format!("unknown format {version}");
            return Err(Error::invalid(self.file, self.line_of("version"), what, help));
        }
        let settings = self.child("cargo-config")?.into_iter().flat_map(|settings| settings.table.iter());
        let cargo_config = settings.map(|(key, value)| (key.name.to_string(), canonical(value))).collect();
        let members = self.entries("member")?.map(Self::member).collect::<Result<Vec<_>, _>>()?;
        let packages = self.entries("package")?;
        if packages.len() > limits::PACKAGES {
            return Err(self.fault("package", "stands too often"));
        }
        let packages = packages.map(Self::pin).collect::<Result<Vec<_>, _>>()?;
        let manifest = Manifest {
            version,
            policy: self.parsed("policy", Checksum::parse)?,
            expires: self.optional("expires", |day| Moment::day(day).map(|_| day.to_owned()))?,
            cargo_config,
            members,
            packages,
        };
        self.no_twins(&manifest)?;
        Ok(manifest)
    }

    fn no_twins(self, manifest: &Manifest) -> Result<(), Error> {
        let (mut members, mut paths, mut pins) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        let twin = |what: String| Error::invalid(self.file, 0, what, HELP);
        for member in &manifest.members {
            if !members.insert(&member.name) {
                return Err(twin(format!("member `{}` stands twice", member.name)));
            }
            if let Some(other) = paths.insert(&member.path, &member.name) {
                let both = format!("members `{other}` and `{}`", member.name);
                return Err(twin(format!("{both} have one path: `{}`", member.path)));
            }
        }
        for pin in &manifest.packages {
            if pin.source().is_none() && members.contains(&pin.name) {
                return Err(twin(format!("`{}` is a member and a pin", pin.name)));
            }
            if !pins.insert((&pin.name, &pin.version, pin.source())) {
                return Err(twin(format!("`{} v{}` is pinned twice", pin.name, pin.version)));
            }
        }
        Ok(())
    }

    fn member(self) -> Result<Member, Error> {
        self.only(&["name", "path", "own"])?;
        Ok(Member {
            name: self.parsed("name", PackageName::parse)?,
            path: self.parsed("path", path)?,
            own: self.optional("own", owned)?,
        })
    }

    fn pin(self) -> Result<Pin, Error> {
        self.only(&[
            "name",
            "version",
            "source",
            "path",
            "checksum",
            "tree",
            "vendor-tree",
            "build-time",
            "trust",
            "vetted",
            "repository",
            "accepted",
            "baseline",
        ])?;
        let origin = match (self.optional("source", Source::parse)?, self.optional("path", path)?) {
            (Some(source), None) => Origin::Source(source),
            (None, Some(path)) => Origin::Path(path),
            _ => return Err(self.fault("name", "needs either `source` or `path`")),
        };
        let checksum = self.optional("checksum", Checksum::parse)?;
        if checksum.is_some() != matches!(&origin, Origin::Source(source) if !source.is_git()) {
            return Err(self.fault("checksum", "belongs to registry packages, and to each of them"));
        }
        let vetted = match self.child("vetted")? {
            Some(vetted) => {
                vetted.only(&["checks", "advisories"])?;
                let advisories = vetted.optional("advisories", owned)?;
                let checks = vetted.number("checks")?;
                if checks == 0 {
                    return Err(vetted.fault("checks", "names no check set: the first one is 1"));
                }
                Some(Vetted { checks, advisories })
            }
            None => None,
        };
        let trust = self.child("trust")?.ok_or_else(|| self.fault("trust", "is missing"))?.trust()?;
        let baseline = self.list("baseline", owned)?;
        if !baseline.is_empty() && trust.basis != Basis::Baseline {
            return Err(self.fault("baseline", "belongs to pins whose basis is `baseline`"));
        }
        Ok(Pin {
            name: self.parsed("name", PackageName::parse)?,
            version: self.parsed("version", Version::parse)?,
            origin,
            checksum,
            tree: self.parsed("tree", TreeDigest::parse)?,
            vendor_tree: self.optional("vendor-tree", TreeDigest::parse)?,
            build_time: self.list("build-time", BuildTime::parse)?,
            trust,
            vetted,
            repository: self.optional("repository", owned)?,
            accepted: self.entries("accepted")?.map(Self::acceptance).collect::<Result<_, _>>()?,
            baseline,
            line: Line(0),
        })
    }

    fn trust(self) -> Result<Trust, Error> {
        self.only(&["basis", "criteria", "from"])?;
        let (criteria, from) = (self.optional("criteria", owned)?, self.list("from", owned)?);
        Ok(Trust { basis: self.parsed("basis", Basis::parse)?, criteria, from })
    }

    fn acceptance(self) -> Result<Acceptance, Error> {
        self.only(&["check", "id", "by", "on", "reason"])?;
        let said = |key| match self.parsed(key, owned)? {
            text if text.trim().is_empty() => Err(self.fault(key, "is empty")),
            text => Ok(text),
        };
        let on = said("on")?;
        if Moment::day(&on).is_none() {
            return Err(self.fault("on", "is not a date (`YYYY-MM-DD`)"));
        }
        let id = self.optional("id", |id| (!id.trim().is_empty()).then(|| id.to_owned()))?;
        Ok(Acceptance { check: said("check")?, id, by: said("by")?, on, reason: said("reason")? })
    }

    /// The line of a key, or of the entry where it is missing.
    fn line_of(self, key: &str) -> u32 {
        toml::line(self.text, self.table.get(key).map_or(self.offset, |value| value.span.start))
    }

    fn fault(self, key: &str, what: &str) -> Error {
        Error::invalid(self.file, self.line_of(key), format!("`{key}` {what}"), HELP)
    }

    fn only(self, known: &[&str]) -> Result<(), Error> {
        let Some(key) = self.table.keys().find(|key| !known.contains(&&*key.name)) else { return Ok(()) };
        let help = match nearest(&key.name, known) {
            Some(near) => format!("did you mean `{near}`? Otherwise {HELP}"),
            None => HELP.to_owned(),
        };
        let what = format!("`{}` is not a key that belongs here", key.name);
        Err(Error::invalid(self.file, self.line_of(&key.name), what, help))
    }

    fn optional<T>(self, key: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Error> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let value = value.as_str().and_then(parse);
        value.map(Some).ok_or_else(|| self.fault(key, "has a value that is not acceptable"))
    }

    fn parsed<T>(self, key: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
        self.optional(key, parse)?.ok_or_else(|| self.fault(key, "is missing"))
    }

    fn number(self, key: &str) -> Result<u32, Error> {
        let number = self.table.get(key).and_then(Value::as_integer);
        number.and_then(|number| u32::try_from(number).ok()).ok_or_else(|| self.fault(key, "is not a number"))
    }

    fn list<T>(self, key: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Error> {
        let Some(value) = self.table.get(key) else { return Ok(vec![]) };
        let items =
            value.as_array().and_then(|items| items.iter().map(|item| parse(item.as_str()?)).collect());
        items.ok_or_else(|| self.fault(key, "is not a list of what is known here"))
    }

    fn child(self, key: &str) -> Result<Option<Self>, Error> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let table = value.as_table().ok_or_else(|| self.fault(key, "is not a table"))?;
        Ok(Some(Self { table, offset: value.span.start, ..self }))
    }

    /// The tables of an array of tables.
    fn entries(self, key: &str) -> Result<std::vec::IntoIter<Self>, Error> {
        let Some(value) = self.table.get(key) else { return Ok(vec![].into_iter()) };
        let entry =
            |value: &'a Value<'a>| Some(Self { table: value.as_table()?, offset: value.span.start, ..self });
        let entries = value.as_array().and_then(|items| items.iter().map(entry).collect::<Option<Vec<_>>>());
        Ok(entries.ok_or_else(|| self.fault(key, "is not a list of tables"))?.into_iter())
    }
}

fn owned(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The known key that was probably meant: at most a third of the letters are wrong, missing or too many.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = |known: &&'k str| {
        let longest = known.len().max(key.len());
        // What is far longer than any key is no slip of the finger, and would cost time to compare.
        let distance = if longest < 32 { distance(key, known) } else { longest };
        (distance <= longest.div_ceil(3)).then_some((distance, *known))
    };
    known.iter().filter_map(near).min().map(|(_, known)| known)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row = (0..=b.len()).collect::<Vec<_>>();
    for (at, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (at, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[b.len()]
}

/// A relative path in its shortest form: `.`, or names after any number of `..`.
fn path(text: &str) -> Option<String> {
    let names = text.trim_start_matches("../");
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    let ok = matches!(text, "." | "..") || names == ".." || names.split('/').all(plain);
    (ok && !text.contains(['\\', ':']) && !text.contains(char::is_control)).then(|| text.to_owned())
}
