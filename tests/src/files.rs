//! Files of a sandbox: every failure is a failed test that names the path.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Reads text.
#[track_caller]
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("could not read `{}`: {error}", path.display()))
}

/// Reads bytes.
#[track_caller]
pub fn read_bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("could not read `{}`: {error}", path.display()))
}

/// Writes a file and the directories that it needs.
#[track_caller]
pub fn write(path: &Path, content: impl AsRef<[u8]>) {
    let parent = path.parent().expect("a file lies in a directory");
    fs::create_dir_all(parent)
        .unwrap_or_else(|error| panic!("could not make `{}`: {error}", parent.display()));
    fs::write(path, content).unwrap_or_else(|error| panic!("could not write `{}`: {error}", path.display()));
}

/// Adds to the end of a file.
#[track_caller]
pub fn append(path: &Path, content: &str) {
    write(path, read(path) + content);
}

/// Replaces `from`, which must be there, everywhere.
#[track_caller]
pub fn replace(path: &Path, from: &str, to: &str) {
    let text = read(path);
    assert!(text.contains(from), "`{from}` is not in `{}`:\n{text}", path.display());
    write(path, text.replace(from, to));
}

/// Removes a file or a directory with all that is in it.
#[track_caller]
pub fn remove(path: &Path) {
    let removed =
        if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.unwrap_or_else(|error| panic!("could not remove `{}`: {error}", path.display()));
}

/// Copies a directory with its times, so that cargo finds its artifacts fresh. `to` must not exist.
#[track_caller]
pub fn copy(from: &Path, to: &Path) {
    assert!(!to.exists(), "`{}` exists", to.display());
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).expect("a directory for the copy");
    }
    run_cp(from, to);
}

/// Copies what is in a directory, with its times, over what is in another one.
#[track_caller]
pub fn copy_over(from: &Path, to: &Path) {
    run_cp(&from.join("."), to);
}

#[track_caller]
fn run_cp(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("`cp` runs");
    assert!(status.success(), "could not copy `{}` to `{}`", from.display(), to.display());
}

/// The regular files at or below `path`, sorted.
pub fn list(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    if let Ok(entries) = fs::read_dir(path) {
        for entry in entries.flatten() {
            found.extend(list(&entry.path()));
        }
    } else if path.is_file() {
        found.push(path.to_owned());
    }
    found.sort();
    found
}

/// Makes a script that `/bin/sh` runs.
#[cfg(unix)]
#[track_caller]
pub fn script(path: &Path, body: &str) {
    use std::os::unix::fs::PermissionsExt;
    write(path, format!("#!/bin/sh\n{body}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a script can be made executable");
}

/// Makes a symbolic link.
#[cfg(unix)]
#[track_caller]
pub fn link(target: &Path, link: &Path) {
    std::os::unix::fs::symlink(target, link).expect("a link can be made");
}

/// Sets the permissions of a file or directory.
#[cfg(unix)]
#[track_caller]
pub fn permissions(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions can be set");
}

/// Whether this process may write everywhere.
#[cfg(unix)]
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}
