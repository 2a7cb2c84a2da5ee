//! Files that somebody else wrote, opened once: an artifact as its digests, a bundle as its bytes.
//!
//! What is hashed is what was opened. Whoever opens the path again afterwards may open another file, which nothing here can
//! rule out; where the file changed under the reader, that is told.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256, Sha512};

use crate::attest::digests::DigestSet;
use crate::report::failure::{Explain, Kind};

/// Bytes that are read at once: enough that the calls do not count, few enough to stay in the cache of a core.
const BUFFER_BYTES: usize = 256 * 1024;

/// Why a file could not be taken in.
#[derive(Debug, thiserror::Error)]
#[error("could not read `{}`", file.display())]
pub struct Unread {
    /// The file.
    pub file: PathBuf,
    /// Why.
    #[source]
    pub why: Why,
}

/// Why a file could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// It was written to, or replaced, while it was read.
    #[error("it changed while it was read")]
    Changed,
    /// It is a directory, a device, a pipe.
    #[error("it is not a regular file")]
    Irregular,
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is larger than files of its kind are.
    #[error("it is larger than {0} bytes")]
    Large(usize),
    /// It is a symbolic link, which can be pointed elsewhere at any time.
    #[error("it is a symbolic link")]
    Link,
}

impl Explain for Unread {
    fn help(&self) -> Vec<String> {
        let help = match &self.why {
            Why::Changed => "let nobody write to it while it is verified, then run this command again",
            Why::Link => "name the file itself, which `readlink -f` shows",
            Why::Irregular | Why::Large(_) => "name a regular file of the kind that this command reads",
            Why::Io(_) => return vec![],
        };
        vec![help.to_owned()]
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        Some((self.file.clone(), 0))
    }

    fn kind(&self) -> Kind {
        Kind::Undecided
    }
}

/// Which digests are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// SHA-256.
    Sha256,
    /// SHA-256 and SHA-512, which costs more than twice as much.
    Sha256And512,
}

/// The digests of a regular file that is no link, in one pass.
///
/// # Errors
///
/// Anything else, and a file that changes meanwhile.
pub fn digests(file: &Path, wanted: Wanted) -> Result<DigestSet, Unread> {
    hash(file, wanted).map_err(|why| Unread { file: file.to_owned(), why })
}

/// The bytes of a regular file of at most so many.
///
/// # Errors
///
/// Anything else.
pub fn bytes(file: &Path, most: usize) -> Result<Vec<u8>, Unread> {
    let read = || -> Result<Vec<u8>, Why> {
        // Opening a named pipe would wait for ever, so the kind is looked at first.
        regular(&fs::metadata(file)?)?;
        let opened = File::open(file)?;
        regular(&opened.metadata()?)?;
        let mut bytes = vec![];
        opened.take(most as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > most { Err(Why::Large(most)) } else { Ok(bytes) }
    };
    read().map_err(|why| Unread { file: file.to_owned(), why })
}

/// The SHA-256 of some bytes, in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hash(file: &Path, wanted: Wanted) -> Result<DigestSet, Why> {
    let named = fs::symlink_metadata(file)?;
    if named.is_symlink() {
        return Err(Why::Link);
    }
    regular(&named)?;
    let mut opened = File::open(file)?;
    let before = opened.metadata()?;
    regular(&before)?;
    // Between the two looks it could have been replaced by a link.
    if !same(&named, &before) {
        return Err(Why::Changed);
    }
    let mut sha256 = Sha256::new();
    let mut sha512 = (wanted == Wanted::Sha256And512).then(Sha512::new);
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut length = 0;
    loop {
        let read = match opened.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        length += read as u64;
        sha256.update(&buffer[..read]);
        if let Some(sha512) = &mut sha512 {
            sha512.update(&buffer[..read]);
        }
    }
    if length != before.len() || !same(&before, &opened.metadata()?) {
        return Err(Why::Changed);
    }
    let digests = DigestSet::of("sha256", hex(&sha256.finalize()));
    Ok(match sha512 {
        Some(sha512) => digests.and("sha512", hex(&sha512.finalize())),
        None => digests,
    })
}

fn regular(metadata: &Metadata) -> Result<(), Why> {
    if metadata.is_file() { Ok(()) } else { Err(Why::Irregular) }
}

/// Whether two looks saw the same file in the same state, as far as the operating system tells.
fn same(one: &Metadata, other: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let state =
            |it: &Metadata| (it.dev(), it.ino(), it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec());
        if state(one) != state(other) {
            return false;
        }
    }
    one.len() == other.len() && one.modified().ok() == other.modified().ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        let directory = tempfile::tempdir().expect("temp");
        let file = directory.path().join("abc");
        fs::write(&file, "abc").expect("write");
        // FIPS 180-4, the examples of NIST.
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let sha512 = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
        assert_eq!(digests(&file, Wanted::Sha256).expect("read"), DigestSet::of("sha256", sha256));
        let both = DigestSet::of("sha256", sha256).and("sha512", sha512);
        assert_eq!(digests(&file, Wanted::Sha256And512).expect("read"), both);
        fs::write(&file, vec![b'a'; 1_000_000]).expect("write");
        let million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        assert_eq!(digests(&file, Wanted::Sha256).expect("read"), DigestSet::of("sha256", million));
    }

    #[test]
    fn bundles_are_bounded() {
        let directory = tempfile::tempdir().expect("temp");
        let file = directory.path().join("abc");
        fs::write(&file, "abc").expect("write");
        assert_eq!(bytes(&file, 3).expect("read"), b"abc");
        assert!(matches!(bytes(&file, 2).expect_err("large").why, Why::Large(2)));
        assert!(matches!(bytes(directory.path(), 2).expect_err("a directory").why, Why::Irregular));
        assert!(matches!(bytes(&directory.path().join("x"), 2).expect_err("gone").why, Why::Io(_)));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_or_a_directory_is_no_artifact() {
        let directory = tempfile::tempdir().expect("temp");
        let (file, link) = (directory.path().join("abc"), directory.path().join("link"));
        fs::write(&file, "abc").expect("write");
        std::os::unix::fs::symlink(&file, &link).expect("link");
        assert!(matches!(digests(&link, Wanted::Sha256).expect_err("a link").why, Why::Link));
        assert!(matches!(
            digests(directory.path(), Wanted::Sha256).expect_err("a folder").why,
            Why::Irregular
        ));
        assert!(matches!(
            digests(Path::new("/dev/null"), Wanted::Sha256).expect_err("device").why,
            Why::Irregular
        ));
        // A link on the way to a file is the operator's own affair.
        let folder = directory.path().join("current");
        std::os::unix::fs::symlink(directory.path(), &folder).expect("link");
        assert!(digests(&folder.join("abc"), Wanted::Sha256).is_ok());
    }

    #[test]
    fn what_changes_is_noticed() {
        let directory = tempfile::tempdir().expect("temp");
        let (one, other) = (directory.path().join("one"), directory.path().join("other"));
        fs::write(&one, "abc").expect("write");
        fs::write(&other, "abcd").expect("write");
        let look = |file: &Path| fs::metadata(file).expect("there");
        let before = look(&one);
        assert!(same(&before, &look(&one)));
        assert!(!same(&before, &look(&other)));
        fs::write(&one, "abcdef").expect("write");
        assert!(!same(&before, &look(&one)));
    }
}
