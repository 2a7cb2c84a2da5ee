//! `.provenance-v1`: the pins that the build demanded, as `docs/formats.md` defines them.

use provenance_build::manifest::Origin;
use provenance_build::{Checksum, PackageName, Source, TreeDigest, Version};
use serde::Deserialize;

use super::limits::{KEYS, PACKAGES};
use super::{ArtifactError, PINS, PinnedPackage, ProvenanceSection, unreadable};

/// The newest format that this reader knows.
const FORMAT: u32 = 1;

/// Bytes of a relative path: `PATH_MAX` of Linux.
const PATH: usize = 4_096;

#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    #[serde(rename = "format")]
    _format: u32,
    manifest: String,
    keys: Vec<String>,
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    version: String,
    source: Option<String>,
    path: Option<String>,
    checksum: Option<String>,
    tree: String,
}

/// Reads the JSON of a section.
pub(super) fn parse(json: &[u8]) -> Result<ProvenanceSection, ArtifactError> {
    let malformed = |error: serde_json::Error| {
        unreadable(PINS, format!("not its format in line {} column {}", error.line(), error.column()))
    };
    let head = serde_json::from_slice::<Head>(json).map_err(malformed)?;
    if head.format != FORMAT {
        return Err(unreadable(PINS, format!("format {} is unknown to this version", head.format)));
    }
    let section = serde_json::from_slice::<Section>(json).map_err(malformed)?;
    let manifest = Checksum::parse(&section.manifest);
    let manifest = manifest.ok_or_else(|| unreadable(PINS, "`manifest` is no SHA-256"))?;
    let keys = &section.keys;
    if keys.len() > KEYS || !keys.iter().all(|key| is_key_id(key)) || !keys.is_sorted_by(|a, b| a < b) {
        return Err(unreadable(PINS, "`keys` are not distinct fingerprints in their order"));
    }
    if section.packages.len() > PACKAGES {
        return Err(unreadable(PINS, format!("it has more than {PACKAGES} packages")));
    }
    let packages = section.packages.into_iter().enumerate();
    let packages = packages
        .map(|(at, entry)| pin(entry).ok_or_else(|| unreadable(PINS, format!("package {at} is no pin"))));
    let packages = packages.collect::<Result<Vec<_>, _>>()?;
    if !packages.is_sorted_by(|a, b| (&a.name, &a.version, &a.origin) < (&b.name, &b.version, &b.origin)) {
        return Err(unreadable(PINS, "its packages are not in order, or one stands there twice"));
    }
    Ok(ProvenanceSection { manifest, keys: section.keys, packages })
}

fn pin(entry: Entry) -> Option<PinnedPackage> {
    let origin = match (entry.source, entry.path) {
        (Some(source), None) => Origin::Source(Source::parse(&source)?),
        (None, Some(path)) if path.len() <= PATH && !path.chars().any(char::is_control) => Origin::Path(path),
        _ => return None,
    };
    let checksum = match entry.checksum {
        Some(text) => Some(Checksum::parse(&text)?),
        None => None,
    };
    Some(PinnedPackage {
        name: PackageName::parse(&entry.name)?,
        version: Version::parse(&entry.version)?,
        origin,
        checksum,
        tree: TreeDigest::parse(&entry.tree)?,
    })
}

/// OpenSSH's fingerprint of a key: 32 bytes in base64 without padding.
fn is_key_id(text: &str) -> bool {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.strip_prefix("SHA256:").is_some_and(|hash| hash.len() == 43 && hash.bytes().all(base64))
}

/// Puts the sections of a universal file together, which speak of one manifest.
pub(super) fn merge(sections: Vec<ProvenanceSection>) -> Result<Option<ProvenanceSection>, ArtifactError> {
    let mut sections = sections.into_iter();
    let Some(mut merged) = sections.next() else { return Ok(None) };
    for section in sections {
        if (&section.manifest, &section.keys) != (&merged.manifest, &merged.keys) {
            return Err(unreadable(PINS, "the parts of the file were built by different manifests"));
        }
        merged.packages.extend(section.packages);
    }
    merged.packages.sort();
    merged.packages.dedup();
    Ok(Some(merged))
}
