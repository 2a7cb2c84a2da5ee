//! A git checkout is hashed once per build: its packages share it, and it may be large.
//!
//! A build is one process of cargo, told by its number, when it began, and since which start of the machine. The digest is
//! kept in a file below the cargo home, beside the checkout that it speaks of: whoever could forge it could as well exchange
//! cargo. Where the beginning of a process cannot be found out, the checkout is hashed for every package.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use provenance_build::TreeDigest;

/// Age at which nobody builds any more with what was hashed.
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);

/// Bytes of a digest's text: `b3:` and 64 digits.
const DIGEST_BYTES: u64 = 67;

/// The build that this process is part of.
#[derive(Clone, Debug)]
pub(super) struct Session {
    folder: PathBuf,
    name: String,
}

impl Session {
    /// The build of the process that started this one; `None` where it cannot be told from others.
    pub(super) fn of_parent(cargo_home: &Path) -> Option<Self> {
        Some(Self { folder: cargo_home.join("provenance").join("guard"), name: parent()? })
    }

    /// The digest of a checkout: as it was found in this build, or as `hash` gives it now. What cannot be kept is hashed
    /// again the next time.
    pub(super) fn digest<E>(
        &self,
        checkout: &Path,
        hash: impl Fn() -> Result<TreeDigest, E>,
    ) -> Result<TreeDigest, E> {
        let Ok(mut record) = self.record(checkout) else { return hash() };
        if let Some(digest) = read(&mut record) {
            return Ok(digest);
        }
        let digest = hash()?;
        // A record that was cut off is no digest, so a failure costs nothing but time.
        let _ = record.set_len(0).and_then(|()| record.write_all(digest.to_string().as_bytes()));
        Ok(digest)
    }

    // Open and locked, so that of two calls at once one hashes and the other waits.
    fn record(&self, checkout: &Path) -> io::Result<File> {
        let path = blake3::hash(checkout.as_os_str().as_encoded_bytes()).to_hex();
        let file = self.folder.join(format!("{}-{}", self.name, &path[..32]));
        if !file.exists() {
            fs::create_dir_all(&self.folder)?;
            self.sweep();
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let record = options.open(file)?;
        fs4::FileExt::lock(&record)?;
        Ok(record)
    }

    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let changed = entry.metadata().and_then(|metadata| metadata.modified());
            let age = changed.ok().and_then(|changed| SystemTime::now().duration_since(changed).ok());
            if age.is_some_and(|age| age > FORGOTTEN) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn read(record: &mut File) -> Option<TreeDigest> {
    let mut text = String::new();
    record.take(DIGEST_BYTES + 1).read_to_string(&mut text).ok()?;
    TreeDigest::parse(&text)
}

// proc(5): the name in `stat` may hold anything, and the last `)` ends it; the 22nd field is the start in clock ticks.
#[cfg(target_os = "linux")]
fn parent() -> Option<String> {
    let id = std::os::unix::process::parent_id();
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let start = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse::<u64>().ok()?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let boot = boot.trim();
    let is_plain = boot.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_plain.then(|| format!("{id}-{start}-{boot}"))
}

#[cfg(not(target_os = "linux"))]
fn parent() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_checkout_is_hashed_once_per_build() {
        let home = tempfile::tempdir().expect("a directory");
        let session = |name: &str| Session { folder: home.path().join("guard"), name: name.to_owned() };
        let count = Cell::new(0);
        let hash = || {
            count.set(count.get() + 1);
            Ok::<_, ()>(TreeDigest::from_bytes([7; 32]))
        };
        for (name, checkout, hashed) in [("1", "/a", 1), ("1", "/a", 1), ("1", "/b", 2), ("2", "/a", 3)] {
            let digest = session(name).digest(Path::new(checkout), hash);
            assert_eq!(digest, Ok(TreeDigest::from_bytes([7; 32])));
            assert_eq!(count.get(), hashed, "{name} {checkout}");
        }
    }

    #[test]
    fn a_record_that_was_cut_off_counts_for_nothing() {
        let home = tempfile::tempdir().expect("a directory");
        let session = Session { folder: home.path().join("guard"), name: "1".to_owned() };
        let digest =
            |byte| session.digest(Path::new("/a"), || Ok::<_, ()>(TreeDigest::from_bytes([byte; 32])));
        assert_eq!(digest(1), Ok(TreeDigest::from_bytes([1; 32])));
        let file = fs::read_dir(home.path().join("guard"))
            .expect("there")
            .next()
            .expect("one")
            .expect("read")
            .path();
        fs::write(&file, "b3:0101").expect("written");
        assert_eq!(digest(2), Ok(TreeDigest::from_bytes([2; 32])));
        assert_eq!(digest(3), Ok(TreeDigest::from_bytes([2; 32])));
    }
}
