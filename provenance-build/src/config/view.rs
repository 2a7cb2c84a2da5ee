//! What cargo sees in one directory, and which place it really takes a package source from.
//!
//! The rules of replacement are those of cargo's `sources/config.rs`: a source of the lockfile is looked up by kind and
//! canonical URL among the `[source]` tables, then `replace-with` is followed by name, through `[source]` first and
//! `[registries]` second.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::document::Document;
use super::{Replacement, View};
use crate::error::Error;
use crate::members::normal;
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
        let sought = [self.identity(id, reference, id)?, self.identity(id, &decoded(reference), id)?];
        let name = if is_crates_io(source) { Some(CRATES_IO_NAME) } else { self.name_of(&sought)? };
        let Some(first) = name else { return Ok(Replacement::None) };
        let nothing = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut name = first;
        loop {
            if !seen.insert(name) {
                return Err(
                    self.refuse(first, format!("the replacement of source `{first}` goes in a circle"))
                );
            }
            let keys = match (self.sources.get(name), self.registries.get(name)) {
                (Some(keys), _) => keys,
                (None, Some(index)) => return Ok(Replacement::Url(index.clone())),
                (None, None) if name == CRATES_IO_NAME => &nothing,
                (None, None) => {
                    return Err(self.refuse(first, format!("there is no source or registry `{name}`")));
                }
            };
            if let Some(next) = keys.get("replace-with") {
                name = next;
            } else if let Some(directory) = keys.get("directory") {
                return Ok(Replacement::Directory(directory.into()));
            } else if let Some(directory) = keys.get("local-registry") {
                return Ok(Replacement::LocalRegistry(directory.into()));
            } else if let Some((id, reference)) = id_of(name, keys) {
                let same = sought.contains(&self.identity(&id, &reference, name)?);
                let same =
                    same || (name, first) == (CRATES_IO_NAME, CRATES_IO_NAME) && id == CRATES_IO_SPARSE;
                return Ok(if same { Replacement::None } else { Replacement::Url(id) });
            } else {
                return Err(self.refuse(name, format!("source `{name}` has no location")));
            }
        }
    }

    /// Adds what a less important document says.
    pub(super) fn overlay(&mut self, document: &Document) -> Result<(), Error> {
        for leaf in &document.leaves {
            let wanted = |kind: &str| {
                let what = format!("`{}` is not {kind}", leaf.path.join(".").escape_debug());
                Error::invalid(
                    &document.file,
                    leaf.line,
                    what,
                    "correct that line: cargo cannot use it either",
                )
            };
            let text = || leaf.text.clone().ok_or_else(|| wanted("a string"));
            match leaf.path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["source", name, key] => {
                    let mut text = text()?;
                    if matches!(key, "directory" | "local-registry") {
                        let path = document.base.join(text).into_os_string();
                        text = path.into_string().map_err(|_| wanted("a path in UTF-8"))?;
                    }
                    let place = || (document.file.clone(), leaf.line);
                    self.places.entry(name.to_owned()).or_insert_with(place);
                    self.sources.entry(name.to_owned()).or_default().entry(key.to_owned()).or_insert(text);
                }
                ["registries", name, "index"] => {
                    self.registries.entry(name.to_owned()).or_insert(text()?);
                }
                ["paths"] => {
                    let texts = leaf.texts.as_ref().ok_or_else(|| wanted("an array of strings"))?;
                    self.paths.extend(texts.iter().map(|path| normal(&document.base.join(path))));
                }
                ["resolver", "lockfile-path"] => {
                    self.lockfile.get_or_insert(normal(&document.base.join(text()?)));
                }
                ["source"] | ["source", _] | ["registries"] | ["registries", _] | ["resolver"]
                    if leaf.canonical != "{}" =>
                {
                    return Err(wanted("a table"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The name under which a source is configured, by any of its identities.
    fn name_of<'a>(&'a self, sought: &[String]) -> Result<Option<&'a str>, Error> {
        for (name, keys) in &self.sources {
            if let Some((id, reference)) = id_of(name, keys) {
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
        let Some(canonical) = canonical(url) else {
            let url = url.escape_debug();
            return Err(
                self.refuse(name, format!("the URL `{url}` of source `{name}` is not in its normal form"))
            );
        };
        Ok(format!("{kind}+{canonical}?{reference}"))
    }

    fn refuse(&self, name: &str, what: String) -> Error {
        let help = "correct the `[source]` tables of cargo's configuration";
        match self.places.get(name) {
            Some((file, line)) => Error::invalid(file, *line, what, help),
            None => Error::unclear(what, help),
        }
    }
}

/// Whether cargo takes a source for crates.io, in whatever spelling and by either protocol.
pub(crate) fn is_crates_io(source: &Source) -> bool {
    let url = |id: &str| canonical(id.split_once('+').map_or(id, |(_, url)| url));
    let sought = url(source.as_str());
    sought.is_some() && !source.is_git() && [CRATES_IO, CRATES_IO_SPARSE].iter().any(|id| url(id) == sought)
}

/// The source id of a `[source]` table that stands for a registry or a git repository, and its git reference.
fn id_of(name: &str, keys: &BTreeMap<String, String>) -> Option<(String, String)> {
    if let Some(url) = keys.get("git") {
        let reference = |kind: &&str| Some(format!("{kind}={}", keys.get(*kind)?));
        let reference = ["branch", "tag", "rev"].iter().find_map(reference).unwrap_or_default();
        return Some((format!("git+{url}"), reference));
    }
    let built_in = (name == CRATES_IO_NAME).then_some(CRATES_IO_SPARSE);
    let url = keys.get("registry").map(String::as_str).or(built_in)?;
    Some((url.to_owned(), String::new()))
}

/// The text with `%XX` resolved. `+` stays: it only stands for a space, which no git reference has.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(b'%'));
        bytes.extend_from_slice(&part.as_bytes()[if code.is_some() { 2 } else { 0 }..]);
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The URL as cargo compares it, or nothing if it is not spelled the way a URL library would spell it.
fn canonical(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let plain = |text: &str, also: &[u8]| {
        text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || also.contains(&b))
    };
    let default_port = match scheme {
        "https" => authority.ends_with(":443"),
        "http" => authority.ends_with(":80"),
        _ => false,
    };
    let dots =
        |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let odd_path = path.bytes().any(|b| !b.is_ascii_graphic() || b"\"\\<>`{}^|?#".contains(&b))
        || path.split('/').any(dots);
    if !plain(scheme, b"+-.")
        || !plain(host(url), b"-._[]:")
        || default_port
        || authority.ends_with(':')
        || odd_path
    {
        return None;
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let (scheme, path) = match host(url) {
        "github.com" => ("https", path.to_ascii_lowercase()),
        _ => (scheme, path.to_owned()),
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
