//! Go's directory hash h1 (golang.org/x/mod/sumdb/dirhash), which attestations call `dirHash`: SHA-256 over the lines
//! `<SHA-256 of the file>`, two spaces, `<path>`, sorted by path. Links and empty directories do not count.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use provenance_build::TreeDigest;
use provenance_build::locate::Place;
use provenance_build::tree::{self, Content};
use sha2::{Digest as _, Sha256};

/// Bytes that are read at once.
const AT_ONCE: usize = 128 * 1024;

/// The directory hash of a package in hex, where its files are those of one of these trees. Every file is hashed both ways in one
/// reading, so that the two digests are of the same bytes.
pub fn of(place: &Place, trees: &[TreeDigest]) -> Option<String> {
    let tree = tree::read(&place.directory, place.layout).ok()?.ok()?;
    if !trees.contains(&tree.digest()) {
        return None;
    }
    let mut lines = Sha256::new();
    for entry in tree.entries() {
        let Content::File(expected) = &entry.content else { continue };
        let (blake3, sha256) = both(&place.directory.join(&entry.path)).ok()?;
        if blake3 != *expected {
            return None;
        }
        lines.update(format!("{}  {}\n", hex(&sha256), entry.path));
    }
    Some(hex(&lines.finalize()))
}

fn both(file: &Path) -> io::Result<([u8; 32], [u8; 32])> {
    let mut file = File::open(file)?;
    let (mut one, mut other) = (blake3::Hasher::new(), Sha256::new());
    let mut buffer = vec![0; AT_ONCE];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((*one.finalize().as_bytes(), other.finalize().into())),
            read => {
                one.update(&buffer[..read]);
                other.update(&buffer[..read]);
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use provenance_build::tree::Layout;

    use super::*;

    #[test]
    fn it_is_what_sha256sum_makes_of_it() {
        let directory = tempfile::tempdir().expect("temp");
        fs::create_dir(directory.path().join("src")).expect("made");
        for (file, text) in [("Cargo.toml", "a"), ("src/lib.rs", "b"), (".cargo-checksum.json", "c")] {
            fs::write(directory.path().join(file), text).expect("written");
        }
        let place = Place { directory: directory.path().to_owned(), layout: Layout::Directory };
        let tree = tree::read(&place.directory, place.layout).expect("read").expect("acceptable");
        // printf a | sha256sum, printf b | sha256sum; both lines through sha256sum.
        let a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
        let b = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d";
        let lines = format!("{a}  Cargo.toml\n{b}  src/lib.rs\n");
        assert_eq!(of(&place, &[tree.digest()]), Some(hex(&Sha256::digest(lines.as_bytes()))));
        assert_eq!(of(&place, &[]), None);
        assert_eq!(of(&place, &[TreeDigest::from_bytes([0; 32])]), None);
    }
}
