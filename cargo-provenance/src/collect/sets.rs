//! Sets of audits from where they are published: from the web, or from a bundle that was made where there is one.
//!
//! A set is taken whole or not at all. What is no set of audits, or has nothing in it, is refused here, so that the page of
//! a proxy or of a host that has moved never takes the place of a good copy.

use std::path::Path;

use base64ct::{Base64, Encoding};

use super::bundle::Bundle;
use crate::audit::{AggregateError, FILE_BYTES, Published, aggregate, size};
use crate::model::WebAddress;
use crate::net::{Client, NetError};
use crate::report::failure::{Explain, Kind};

/// Where sets come from.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// A bundle.
    Bundle(&'a Bundle),
    /// The web.
    Web(&'a Client),
}

/// A set, and the bytes that its copy is to have.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Its bytes: as they came, or as they were put together.
    pub bytes: Vec<u8>,
    /// What they say.
    pub published: Published,
}

/// Why there is no set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// Several cannot be put together.
    #[error(transparent)]
    Aggregate(#[from] AggregateError),
    /// It could not be fetched.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The bundle does not have it.
    #[error("the bundle has nothing of `{0}`")]
    NotBundled(WebAddress),
    /// It is no set of audits.
    #[error("`{from}` is no set of audits: {why}")]
    Unusable {
        /// Where it came from.
        from: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Explain for SetError {
    fn kind(&self) -> Kind {
        match self {
            Self::Net(error) => error.kind(),
            _ => Kind::Undecided,
        }
    }

    fn help(&self) -> Vec<String> {
        match self {
            Self::Net(error) => error.help(),
            Self::Aggregate(_) => vec!["import them one by one, under a name for each".to_owned()],
            Self::NotBundled(_) => {
                vec![
                    "make the bundle anew with `cargo provenance db bundle`, with the policy of today"
                        .to_owned(),
                ]
            }
            Self::Unusable { .. } => vec![
                "see in a browser what lies there; of a repository's file it is the raw one that is needed"
                    .to_owned(),
            ],
        }
    }
}

/// The bytes of each address, as they were published.
///
/// # Errors
///
/// Addresses that cannot be fetched, and what is no set of audits.
pub fn parts(source: Source<'_>, urls: &[WebAddress]) -> Result<Vec<(WebAddress, Fetched)>, SetError> {
    let part = |url: &WebAddress| {
        let bytes = match source {
            Source::Bundle(bundle) => {
                bundle.set(url).ok_or_else(|| SetError::NotBundled(url.clone()))?.to_vec()
            }
            Source::Web(client) => {
                // Base64 of the largest set, with the ends of its lines.
                let body = client.get(url, FILE_BYTES as u64 * 3 / 2)?;
                match body.gitiles_object.as_deref() {
                    None => body.bytes,
                    Some(kind) => {
                        decoded(kind, &body.bytes).map_err(|why| unusable(&url.to_string(), why))?
                    }
                }
            }
        };
        Ok((url.clone(), whole(bytes, &url.to_string())?))
    };
    urls.iter().map(part).collect()
}

/// What the addresses of an import publish, as one set.
///
/// # Errors
///
/// Those of [`parts`], and sets that do not fit together.
pub fn fetch(source: Source<'_>, urls: &[WebAddress]) -> Result<Fetched, SetError> {
    let parts = parts(source, urls)?;
    match <[_; 1]>::try_from(parts) {
        Ok([(_, one)]) => Ok(one),
        Err(parts) => together(parts),
    }
}

/// Reads a set that is to be taken over. `from` names it.
///
/// # Errors
///
/// What cannot be read as a whole, and what has nothing in it.
pub fn whole(bytes: Vec<u8>, from: &str) -> Result<Fetched, SetError> {
    if bytes.trim_ascii_start().starts_with(b"<") {
        return Err(unusable(from, "it is a page for browsers".to_owned()));
    }
    let published = Published::read(&bytes, Path::new(from));
    let published = published.map_err(|error| match error.line {
        0 => unusable(from, error.what),
        line => unusable(from, format!("line {line}: {}", error.what)),
    })?;
    match size(&published.set) {
        0 => Err(unusable(from, "it has no entries".to_owned())),
        _ => Ok(Fetched { bytes, published }),
    }
}

fn together(parts: Vec<(WebAddress, Fetched)>) -> Result<Fetched, SetError> {
    let named = parts.into_iter().map(|(url, part)| (url.to_string(), part.published)).collect::<Vec<_>>();
    let text = aggregate(&named)?.text();
    let mut all = whole(text.into_bytes(), "all of them together")?;
    // What one of them lost is lost in all of them.
    all.published.losses =
        named.into_iter().flat_map(|(_, part)| part.losses).chain(all.published.losses).collect();
    Ok(all)
}

/// What Gitiles sends for `?format=TEXT`.
fn decoded(kind: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
    if kind != "blob" {
        return Err("it is a folder".to_owned());
    }
    let text = bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).map(|byte| char::from(*byte));
    Base64::decode_vec(&text.collect::<String>()).map_err(|_| "it is not base64".to_owned())
}

fn unusable(from: &str, why: String) -> SetError {
    SetError::Unusable { from: from.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_set_is_refused() {
        for (text, why) in [
            ("", "it has no entries"),
            ("[audits]\n", "it has no entries"),
            ("<!DOCTYPE html><html>", "it is a page for browsers"),
            ("\n  <html>", "it is a page for browsers"),
            ("{\"message\":\"not found\"}", "line 1: "),
            ("[[audits.a]]\ncriteria = 'safe-to-run'\nversion = '1.0.0'\n[[audits.b", "line 4: "),
            ("audits = 1\n", "line 1: "),
            ("[package]\nname = 'a'\n", "it has no entries"),
        ] {
            let error = whole(text.as_bytes().to_vec(), "https://h/a").expect_err(text).to_string();
            assert!(
                error.starts_with("`https://h/a` is no set of audits: ") && error.contains(why),
                "{error}"
            );
        }
        assert!(whole(vec![0xff], "https://h/a").is_err());
    }

    #[test]
    fn gitiles_sends_base64() {
        assert_eq!(decoded("blob", b"W2F1\nZGl0c10=\n"), Ok(b"[audits]".to_vec()));
        assert!(decoded("tree", b"W2F1ZGl0c10=").is_err() && decoded("blob", b"[audits]").is_err());
    }
}
