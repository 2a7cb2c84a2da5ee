//! What `db update` needs, in one file, for machines without a way to the web.
//!
//! A tar archive: `bundle/manifest.json` names the digest of everything else. That tells what was damaged on the way. It does not
//! tell who made the file: whoever can exchange it can make another manifest. So its own digest is printed where it is made
//! and where it is used.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use provenance_build::Checksum;
use serde::{Deserialize, Serialize};

use super::advisories::{Files, State};
use super::audits::digest;
use crate::archive;
use crate::model::WebAddress;

/// The folder that everything lies in.
const ROOT: &str = "bundle";
const MANIFEST: &str = "manifest.json";
const VERSION: u32 = 1;

/// Bytes of a bundle: the public database of advisories and nine published sets have 10 MB together.
const BYTES: u64 = 512 * 1024 * 1024;

/// A bundle that was read: everything in it has the digest that its manifest says.
#[derive(Debug)]
pub struct Bundle {
    data: Vec<u8>,
    sha256: Checksum,
    files: BTreeMap<String, Range<usize>>,
    sets: BTreeMap<String, Range<usize>>,
    databases: Vec<DatabaseEntry>,
}

/// Files of a bundle, by their paths in the database that they are of.
pub type Content<'b> = Vec<(&'b str, &'b [u8])>;

/// A bundle that is being made.
#[derive(Debug, Default)]
pub struct Packing {
    manifest: Manifest,
    files: Files,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Manifest {
    version: u32,
    sets: Vec<SetEntry>,
    databases: Vec<DatabaseEntry>,
    /// Every other file, and its SHA-256.
    files: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct SetEntry {
    url: String,
    file: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct DatabaseEntry {
    state: State,
    folder: String,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    ///
    /// Why it is none, a fragment.
    pub fn read(file: &Path) -> Result<Self, String> {
        let io = |error: std::io::Error| format!("it cannot be read: {error}");
        if !fs::metadata(file).map_err(io)?.is_file() {
            return Err("it is not a regular file".to_owned());
        }
        let mut data = vec![];
        File::open(file).and_then(|file| file.take(BYTES + 1).read_to_end(&mut data)).map_err(io)?;
        if data.len() as u64 > BYTES {
            return Err(format!("it has more than {BYTES} bytes"));
        }
        Self::parse(data)
    }

    /// Reads the bytes of a bundle.
    ///
    /// # Errors
    ///
    /// Why they are none, a fragment.
    pub fn parse(data: Vec<u8>) -> Result<Self, String> {
        let files = archive::files(&data, ROOT)
            .map_err(|faults| faults.first().map_or_else(String::new, |fault| fault.what.clone()))?;
        let mut files = files.into_iter().collect::<BTreeMap<_, _>>();
        let manifest = files.remove(MANIFEST).ok_or("it has no manifest")?;
        let manifest: Manifest = serde_json::from_slice(&data[manifest])
            .map_err(|_| "its manifest is none that this version makes".to_owned())?;
        if manifest.version != VERSION {
            return Err(format!("its manifest is of version {}, and {VERSION} is known", manifest.version));
        }
        for (file, content) in &files {
            let found = digest(&data[content.clone()]).hex().to_string();
            if manifest.files.get(file) != Some(&found) {
                return Err(format!("`{file}` was damaged, or does not belong there"));
            }
        }
        if let Some(missing) = manifest.files.keys().find(|file| !files.contains_key(*file)) {
            return Err(format!("`{missing}` is missing"));
        }
        let mut sets = BTreeMap::new();
        for SetEntry { url, file } in manifest.sets {
            let content = files.get(&file).ok_or_else(|| format!("`{file}` is missing"))?;
            sets.insert(url, content.clone());
        }
        Ok(Self { sha256: digest(&data), files, sets, databases: manifest.databases, data })
    }

    /// The SHA-256 of the whole.
    pub fn sha256(&self) -> Checksum {
        self.sha256
    }

    /// What an address published when the bundle was made.
    pub fn set(&self, url: &WebAddress) -> Option<&[u8]> {
        self.sets.get(&url.as_written()).map(|content| &self.data[content.clone()])
    }

    /// The database of advisories that was fetched from an address: its state then, and its files.
    pub fn database(&self, url: &str) -> Option<(&State, Content<'_>)> {
        let DatabaseEntry { state, folder } = self.databases.iter().find(|it| it.state.url == url)?;
        let files = self.files.iter().filter_map(|(file, content)| {
            let path = file.strip_prefix(folder.as_str())?.strip_prefix('/')?;
            Some((path, &self.data[content.clone()]))
        });
        Some((state, files.collect()))
    }
}

impl Packing {
    /// Adds what an address publishes.
    pub fn set(&mut self, url: &WebAddress, bytes: Vec<u8>) {
        let file = format!("sets/{}.toml", self.manifest.sets.len());
        self.manifest.sets.push(SetEntry { url: url.as_written(), file: file.clone() });
        self.files.push((file, bytes));
    }

    /// Adds a database of advisories with its files.
    pub fn database(&mut self, state: &State, files: Files) {
        let folder = format!("advisories/{}", self.manifest.databases.len());
        self.files.extend(files.into_iter().map(|(path, bytes)| (format!("{folder}/{path}"), bytes)));
        self.manifest.databases.push(DatabaseEntry { state: state.clone(), folder });
    }

    /// The bytes of the bundle, which are the same for the same content.
    ///
    /// # Errors
    ///
    /// Names that no archive can hold.
    pub fn finish(mut self) -> std::io::Result<Vec<u8>> {
        self.files.sort();
        self.manifest.version = VERSION;
        let digests = self.files.iter().map(|(file, bytes)| (file.clone(), digest(bytes).hex().to_string()));
        self.manifest.files = digests.collect();
        let manifest = serde_json::to_vec_pretty(&self.manifest).map_err(std::io::Error::other)?;
        let mut builder = tar::Builder::new(vec![]);
        let all = std::iter::once((MANIFEST.to_owned(), manifest)).chain(self.files);
        for (file, bytes) in all {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_entry_type(tar::EntryType::Regular);
            builder.append_data(&mut header, format!("{ROOT}/{file}"), &bytes[..])?;
        }
        builder.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url() -> WebAddress {
        WebAddress::parse("https://example.org/a").expect("an address")
    }

    fn packed() -> Vec<u8> {
        let mut packing = Packing::default();
        packing.set(&url(), b"[audits]\n".to_vec());
        let state = State::sample("https://example.org/db");
        let long = format!("crates/{}/RUSTSEC-2026-0001.md", "a".repeat(64));
        packing.database(&state, vec![(long, b"x".to_vec())]);
        packing.finish().expect("a bundle")
    }

    #[test]
    fn what_was_packed_is_there() {
        let bundle = Bundle::parse(packed()).expect("a bundle");
        assert_eq!(bundle.set(&url()), Some(&b"[audits]\n"[..]));
        let (state, files) = bundle.database("https://example.org/db").expect("a database");
        assert_eq!((state.url.as_str(), files[0].1), ("https://example.org/db", &b"x"[..]));
        assert!(files[0].0.ends_with("/RUSTSEC-2026-0001.md"));
        assert!(bundle.database("https://example.org/other").is_none());
        assert_eq!(packed(), packed());
    }

    #[test]
    fn what_was_damaged_on_the_way_is_refused() {
        let good = packed();
        for at in (0..good.len()).step_by(61) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            // Not every byte of a header says something.
            if let Ok(bundle) = Bundle::parse(bad) {
                assert_eq!(bundle.set(&url()), Some(&b"[audits]\n"[..]), "{at}");
            }
        }
        for length in (0..good.len()).step_by(512) {
            assert!(
                Bundle::parse(good[..length.min(good.len() - 1_024)].to_vec()).is_err() || length > 2_048
            );
        }
    }

    #[test]
    fn paths_that_lead_out_and_files_that_nobody_names_are_refused() {
        for (path, kind) in [
            ("bundle/../../etc/x", tar::EntryType::Regular),
            ("/etc/x", tar::EntryType::Regular),
            ("other/x", tar::EntryType::Regular),
            ("bundle/link", tar::EntryType::Symlink),
            ("bundle/sets/0.toml", tar::EntryType::Regular),
            ("bundle/sets/1.toml", tar::EntryType::Regular),
        ] {
            let mut tar = packed();
            tar.truncate(tar.len() - 1_024);
            let mut header = tar::Header::new_ustar();
            header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
            header.set_entry_type(kind);
            header.set_mode(0o644);
            header.set_size(0);
            header.set_cksum();
            tar.extend_from_slice(header.as_bytes());
            tar.extend_from_slice(&[0; 1_024]);
            assert!(Bundle::parse(tar).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0_usize..4_096, bytes in prop::collection::vec(any::<u8>(), 1..600)) {
            let mut tar = packed();
            let at = at.min(tar.len());
            tar.splice(at..(at + bytes.len()).min(tar.len()), bytes.iter().copied());
            let _ = Bundle::parse(tar);
            let _ = Bundle::parse(bytes);
        }
    }
}
