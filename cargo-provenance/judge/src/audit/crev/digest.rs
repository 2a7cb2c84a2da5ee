//! crev's digest of a package's contents: BLAKE2b-256 over its tree.
//!
//! A file is `H("F" content)`, a folder `H("D" (H(name) digest-of-entry)…)` with its entries sorted by the bytes of their names.
//! `.cargo-ok` in the package's root, which cargo writes when it unpacks, is left out, and nothing else. An archive of a registry
//! holds regular files only, so that links and empty folders need no rule here.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use blake2::{Blake2b256, Digest as _};

/// What cargo adds to an unpacked package.
const MARKER: &str = ".cargo-ok";

/// Folders in folders: what has more is no package that anybody reviewed.
const DEPTH: usize = 256;

/// A digest of contents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Reads it as crev writes it, in base64 for URLs.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let decoded = Base64UrlUnpadded::decode(text, &mut bytes).ok()?;
        (decoded.len() == 32).then_some(Self(bytes))
    }

    /// The digest of a package with these files, each a path with `/` and its content. `None` where a path is that of a file and
    /// of a folder, or too deep.
    pub fn of_files<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Option<Self> {
        let files = files.into_iter().filter(|(path, _)| *path != MARKER);
        let mut files =
            files.map(|(path, content)| (path.split('/').collect::<Vec<_>>(), content)).collect::<Vec<_>>();
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        folder(&files, 0).map(Self)
    }
}

// The digest of a folder of which these are the files, so deep below the root.
fn folder(files: &[(Vec<&str>, &[u8])], depth: usize) -> Option<[u8; 32]> {
    if depth > DEPTH {
        return None;
    }
    let mut hasher = Blake2b256::new_with_prefix(b"D");
    for entry in files.chunk_by(|(a, _), (b, _)| a.get(depth) == b.get(depth)) {
        let [(path, content), more @ ..] = entry else { return None };
        hasher.update(Blake2b256::digest(path.get(depth)?));
        if path.len() == depth + 1 {
            if !more.is_empty() {
                return None;
            }
            hasher.update(Blake2b256::new_with_prefix(b"F").chain_update(content).finalize());
        } else {
            hasher.update(folder(entry, depth + 1)?);
        }
    }
    Some(hasher.finalize().into())
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base64UrlUnpadded::encode_string(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}
