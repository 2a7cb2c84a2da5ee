//! Proof files of reviewers who sign with crev, in the repository.

use std::fs::{self, DirEntry};
use std::path::{Component, Path, PathBuf};

use provenance_build::Checksum;
use sha2::{Digest as _, Sha256};

use super::bytes;
use crate::audit::crev::Proofs;
use crate::policy::CrevReviewer;

/// What proof files are called.
const SUFFIX: &str = ".proof.crev";

/// Entries of all folders, and folders in each other: a proof repository has two levels, and one file a month and kind.
const ENTRIES: usize = 10_000;
const DEPTH: usize = 8;

/// Bytes of all files of one reviewer.
const TOTAL_BYTES: usize = 64 * 1024 * 1024;

/// What a reviewer signed; why that cannot be used, if so.
pub(super) fn read(reviewer: &CrevReviewer, root: &Path, notes: &mut Vec<String>) -> Result<Proofs, String> {
    let CrevReviewer { name, path, key, .. } = reviewer;
    let top = root.join(path);
    refuse_links(root, path)?;
    let is_file = fs::metadata(&top).map(|metadata| metadata.is_file());
    let is_file =
        is_file.map_err(|error| format!("the proofs of `{name}`: `{path}` cannot be read: {error}"))?;
    let mut proofs = Proofs::default();
    if is_file {
        let found = bytes(&top, path)?.ok_or_else(|| format!("there is no file `{path}`"))?;
        let digest = Checksum::from_bytes(Sha256::digest(&found).into());
        if reviewer.sha256.is_some_and(|sha256| sha256 != digest) {
            return Err(format!("`{path}` is not the file that is pinned: its SHA-256 is {}", digest.hex()));
        }
        proofs.read(&found, path, key)?;
    } else if reviewer.sha256.is_some() {
        return Err(format!("`{path}` is no file, and `sha256` is that of a file"));
    } else {
        folder(&top, path, reviewer, &mut proofs)?;
    }
    if let Some(first) = proofs.losses.first() {
        let more = match proofs.losses.len() {
            1 => String::new(),
            number => format!(" and {} more", number - 1),
        };
        notes.push(format!("proofs of `{name}` that cannot be read: {}: {}{more}", first.place, first.what));
    }
    if proofs.reviews.is_empty() {
        notes.push(format!("reviews of `{name}`: `{path}` has none that its id signed"));
    }
    Ok(proofs)
}

fn folder(top: &Path, shown: &str, reviewer: &CrevReviewer, proofs: &mut Proofs) -> Result<(), String> {
    let mut files = vec![];
    let mut open = vec![(top.to_owned(), shown.to_owned(), 0)];
    let mut seen = 0_usize;
    while let Some((folder, shown, depth)) = open.pop() {
        let failed = |error| format!("`{shown}` cannot be read: {error}");
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry: DirEntry = entry.map_err(failed)?;
            seen += 1;
            if seen > ENTRIES {
                return Err(format!("`{}` has more than {ENTRIES} entries", reviewer.path));
            }
            let kind = entry.file_type().map_err(failed)?;
            let name = entry.file_name();
            // What is hidden is git's.
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let below = format!("{shown}/{name}");
            if kind.is_symlink() {
                return Err(format!(
                    "`{below}` is a link, and proofs are read from what lies in the repository"
                ));
            } else if kind.is_dir() && depth < DEPTH {
                open.push((entry.path(), below, depth + 1));
            } else if kind.is_dir() {
                return Err(format!("`{below}` lies too deep"));
            } else if name.ends_with(SUFFIX) {
                files.push((below, entry.path()));
            }
        }
    }
    if files.is_empty() {
        return Err(format!("`{}` has no `*{SUFFIX}`", reviewer.path));
    }
    files.sort();
    let mut total = 0;
    for (shown, file) in files {
        let found = bytes(&file, &shown)?.ok_or_else(|| format!("there is no file `{shown}`"))?;
        total += found.len();
        if total > TOTAL_BYTES {
            return Err(format!("the files in `{}` have more than {TOTAL_BYTES} bytes", reviewer.path));
        }
        proofs.read(&found, &shown, &reviewer.key)?;
    }
    Ok(())
}

// What a path goes through from the policy's folder on must be what it is called.
fn refuse_links(root: &Path, path: &str) -> Result<(), String> {
    let mut at = PathBuf::from(root);
    for component in Path::new(path).components() {
        at.push(component);
        let is_link = || fs::symlink_metadata(&at).is_ok_and(|metadata| metadata.is_symlink());
        if matches!(component, Component::Normal(_)) && is_link() {
            return Err(format!(
                "`{path}` goes through a link, and proofs are read from what lies in the repository"
            ));
        }
    }
    Ok(())
}
