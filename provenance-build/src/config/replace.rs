//! Source replacement: which place cargo really takes a package source from.
//!
//! The rules are those of cargo's `sources/config.rs`: a source of the lockfile is looked up by kind and canonical URL
//! among the `[source]` tables, then `replace-with` is followed by name, through `[source]` first and `[registries]` second.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Replacement, View};
use crate::error::Error;
use crate::name::{CRATES_IO, Source};

/// Cargo's built-in name of crates.io.
const CRATES_IO_NAME: &str = "crates-io";

/// The other source id of crates.io, by its sparse index.
const CRATES_IO_SPARSE: &str = "sparse+https://index.crates.io/";

impl View {
    /// The directories of its directory sources, absolute.
    pub fn directories(&self) -> Vec<PathBuf> {
        self.sources.values().filter_map(|keys| keys.get("directory")).map(PathBuf::from).collect()
    }

    /// What takes the place of `source`, following `replace-with` to its end; a cycle or an unknown name is an error.
    pub fn replacement(&self, source: &Source) -> Result<Replacement, Error> {
        let id = source.as_str().split('#').next().unwrap_or_default();
        let (id, reference) = id.split_once('?').unwrap_or((id, ""));
        // Lockfiles of format 3 write the reference as it is, those of format 4 percent-encoded; `[source]` has it as it is.
        let sought = [reference, &decoded(reference)]
            .map(|reference| self.identity(id, reference, id))
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        let Some(first) = self.name_of(&sought)? else { return Ok(Replacement::None) };
        let mut seen = BTreeSet::new();
        let mut name = first;
        loop {
            if !seen.insert(name) {
                return Err(
                    self.refuse(first, &format!("the replacement of source `{first}` goes in a circle"))
                );
            }
            let Some(keys) = self.sources.get(name) else {
                return match self.registries.get(name) {
                    Some(index) => Ok(Replacement::Url(index.clone())),
                    None if name == CRATES_IO_NAME && first == name => Ok(Replacement::None),
                    None if name == CRATES_IO_NAME => Ok(Replacement::Url(CRATES_IO_SPARSE.to_owned())),
                    None => Err(self.refuse(first, &format!("there is no source or registry `{name}`"))),
                };
            };
            if let Some(next) = keys.get("replace-with") {
                name = next;
                continue;
            }
            if let Some(directory) = keys.get("directory") {
                return Ok(Replacement::Directory(directory.into()));
            }
            if let Some(directory) = keys.get("local-registry") {
                return Ok(Replacement::LocalRegistry(directory.into()));
            }
            let Some((id, reference)) = id_of(keys) else {
                return match name == CRATES_IO_NAME {
                    true if first == name => Ok(Replacement::None),
                    true => Ok(Replacement::Url(CRATES_IO_SPARSE.to_owned())),
                    false => Err(self.refuse(name, &format!("source `{name}` has no location"))),
                };
            };
            let same = sought.contains(&self.identity(&id, &reference, name)?);
            return Ok(if same { Replacement::None } else { Replacement::Url(id) });
        }
    }

    /// The name under which a source is configured, by any of its identities.
    fn name_of<'a>(&'a self, sought: &[String]) -> Result<Option<&'a str>, Error> {
        for crates_io in [CRATES_IO, CRATES_IO_SPARSE] {
            if sought.contains(&self.identity(crates_io, "", CRATES_IO_NAME)?) {
                return Ok(Some(CRATES_IO_NAME));
            }
        }
        for (name, keys) in &self.sources {
            if let Some((id, reference)) = id_of(keys) {
                if sought.contains(&self.identity(&id, &reference, name)?) {
                    return Ok(Some(name));
                }
            }
        }
        Ok(None)
    }

    /// Kind, canonical URL and git reference of a source in one comparable text (cargo's `CanonicalUrl`). A URL that a URL
    /// library might rewrite is refused, so that two spellings of one source never count as two.
    fn identity(&self, id: &str, reference: &str, name: &str) -> Result<String, Error> {
        let (kind, url) = match id.split_once('+') {
            Some((kind @ ("git" | "registry" | "sparse"), url)) => (kind, url),
            _ => ("registry", id),
        };
        match canonical(url) {
            Some(canonical) => Ok(format!("{kind}+{canonical}?{reference}")),
            None => {
                let url = url.escape_debug();
                Err(self
                    .refuse(name, &format!("the URL `{url}` of source `{name}` is not in its normal form")))
            }
        }
    }

    fn refuse(&self, name: &str, what: &str) -> Error {
        let (file, line) = self.places.get(name).map_or((Path::new(""), 0), |(file, line)| (file, *line));
        let help = "correct the `[source]` tables of cargo's configuration";
        if file.as_os_str().is_empty() {
            Error::unclear(what, help)
        } else {
            Error::invalid(file, line, what, help)
        }
    }
}

/// The source id of a `[source]` table that stands for a registry or a git repository, and its git reference.
fn id_of(keys: &BTreeMap<String, String>) -> Option<(String, String)> {
    if let Some(url) = keys.get("registry") {
        return Some((url.clone(), String::new()));
    }
    let url = keys.get("git")?;
    let reference =
        ["branch", "tag", "rev"].iter().find_map(|kind| Some(format!("{kind}={}", keys.get(*kind)?)));
    Some((format!("git+{url}"), reference.unwrap_or_default()))
}

/// The text with `%XX` resolved. `+` stays: it only stands for a space, which no git reference has.
fn decoded(text: &str) -> String {
    let mut bytes = vec![];
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match code {
            Some(code) if byte == b'%' => {
                bytes.push(code);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The URL as cargo compares it, or nothing if it is not spelled the way a URL library would spell it.
fn canonical(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let plain_scheme = scheme.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.'));
    let plain_host = host(url)
        .bytes()
        .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b':' | b'[' | b']'));
    let default_port = matches!(scheme, "https") && authority.ends_with(":443")
        || matches!(scheme, "http") && authority.ends_with(":80")
        || authority.ends_with(':');
    let plain_path = path.bytes().all(|b| {
        b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'<' | b'>' | b'`' | b'{' | b'}' | b'^' | b'|')
    }) && !path
        .split('/')
        .any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."));
    if !(plain_scheme && plain_host && plain_path) || default_port {
        return None;
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let (scheme, path) = if host(url) == "github.com" {
        ("https", path.to_ascii_lowercase())
    } else {
        (scheme, path.to_owned())
    };
    Some(format!("{scheme}://{authority}{}", path.strip_suffix(".git").unwrap_or(&path)))
}

/// The host of a URL, without user and port; empty for `file:///…`.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}
