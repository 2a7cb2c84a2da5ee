//! Puts a package directory back from a verified archive.
//!
//! The directory is built beside its place and swapped in by renames, so that cargo never sees half of it. Killed
//! between the two renames, the directory is missing: cargo unpacks a registry package anew, and running the repair again
//! restores a vendored one. Files get the time of the repair, which makes cargo rebuild what was built from the drifted ones.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use provenance_build::Checksum;
use tempfile::Builder;

use super::directory::discard;
use super::journal::sha256;
use super::{Error, atomic};
use crate::archive::{Archive, File};

/// How the directory comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As cargo unpacks it below `registry/src/HOST-HASH/`, with `.cargo-ok`.
    Registry,
    /// As `cargo vendor` writes it, with `.cargo-checksum.json` for an archive of this checksum.
    Vendored(Checksum),
}

/// Replaces `directory`, whatever lies there, by what `archive` holds. It must be `HOST-HASH/NAME-VERSION` below `base`,
/// the cargo home's `registry/src`, or a direct child of `base`, the vendor directory. Links are never followed: one at
/// the place of the directory is replaced, one above it is refused.
pub fn restore(base: &Path, directory: &Path, archive: &Archive, form: Form) -> Result<(), Error> {
    let parent = parent(base, directory, form)?;
    let staging = Builder::new()
        // Cargo ignores folders that begin with a dot in a directory source.
        .prefix(atomic::PREFIX)
        .tempdir_in(&parent)
        .map_err(Error::io("write to", &parent))?;
    // Held until the end: a folder that nobody holds is left over from a command that was killed.
    let _held = hold(staging.path());
    // The folder that `tempfile` makes is private; the package's own is made like any other.
    let fresh = staging.path().join("new");
    fs::create_dir(&fresh).map_err(Error::io("create", &fresh))?;
    unpack(&fresh, archive, form)?;
    let aside = staging.path().join("old");
    let there = match fs::symlink_metadata(directory) {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(Error::io("inspect", directory)(error)),
    };
    if there {
        fs::rename(directory, &aside).map_err(Error::io("move", directory))?;
    }
    if let Err(error) = fs::rename(&fresh, directory) {
        if there {
            // Back as it was; if even this fails, the old one is still in the staging folder, which then is kept.
            if fs::rename(&aside, directory).is_err() {
                let _ = staging.keep();
            }
        }
        return Err(Error::io("replace", directory)(error));
    }
    discard(&aside)?;
    staging.close().map_err(Error::io("remove the staging folder of", directory))
}

/// Removes what killed repairs left beside the package directories in `parent`. Folders that another command holds stay.
pub fn sweep_restored(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(atomic::PREFIX));
        if ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) && hold(&entry.path()).is_some() {
            // What cannot be removed now is no harm, and is tried again.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Locks a folder, where the system can and nobody else has.
fn hold(folder: &Path) -> Option<fs::File> {
    let folder = fs::File::open(folder).ok()?;
    fs4::FileExt::try_lock(&folder).ok()?;
    Some(folder)
}

// The directory that holds `directory`, reached from `base` through real directories only.
fn parent(base: &Path, directory: &Path, form: Form) -> Result<PathBuf, Error> {
    let unsuitable = |why| Error::Unsuitable { path: directory.to_owned(), why };
    let inner = directory.strip_prefix(base).map_err(|_| unsuitable("is not below its source directory"))?;
    let parts = inner.components().collect::<Vec<_>>();
    let depth = match form {
        Form::Registry => 2,
        Form::Vendored(_) => 1,
    };
    if parts.len() != depth || parts.iter().any(|part| !matches!(part, Component::Normal(_))) {
        return Err(unsuitable("is not where cargo puts a package"));
    }
    let mut parent = base.to_owned();
    for part in &parts[..depth - 1] {
        parent.push(part);
        let metadata = fs::symlink_metadata(&parent).map_err(Error::io("inspect", &parent))?;
        if !metadata.is_dir() {
            return Err(Error::Unsuitable { path: parent, why: "is not a directory" });
        }
    }
    Ok(parent)
}

fn unpack(directory: &Path, archive: &Archive, form: Form) -> Result<(), Error> {
    let mut checksums = BTreeMap::new();
    for file in archive.files() {
        if let Form::Vendored(_) = form {
            if !is_vendored(file.path) {
                continue;
            }
            checksums.insert(file.path, sha256(file.content).hex());
        }
        write(directory, file)?;
    }
    let (path, content) = match form {
        Form::Registry => (".cargo-ok", "{\"v\":1}".to_owned()),
        Form::Vendored(checksum) => {
            let json = serde_json::json!({ "files": checksums, "package": checksum.hex() });
            (".cargo-checksum.json", json.to_string())
        }
    };
    write(directory, File { path, executable: false, content: content.as_bytes() })
}

// `vendor_this` of cargo's `ops/vendor.rs`.
fn is_vendored(path: &str) -> bool {
    let mut components = path.split('/');
    let name = path.rsplit('/').next();
    !components.any(|component| component == ".git") && !matches!(name, Some(".gitattributes" | ".gitignore"))
}

// The directory is new and ours, so that nothing in it can be a link.
fn write(directory: &Path, file: File<'_>) -> Result<(), Error> {
    let path = directory.join(file.path);
    let folder = atomic::folder(&path);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // The process's umask is taken off, as cargo does it.
        options.mode(if file.executable { 0o777 } else { 0o666 });
    }
    let mut handle = options.open(&path).map_err(Error::io("create", &path))?;
    handle.write_all(file.content).map_err(Error::io("write", &path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{archive, samples};

    const HOST: &str = "my.example-0123456789abcdef";

    fn archive() -> Archive {
        let id = samples::id("a");
        let bytes = samples::Sample::new(&id)
            .file(".gitignore", b"/target")
            .file("sub/.gitattributes", b"")
            .file(".git/config", b"")
            .file(".github/ci.yml", b"")
            .entry(b"a-1.0.0/run.sh", tar::EntryType::Regular, 0o755, b"#!")
            .build();
        archive::read(&bytes, &id).expect("no fault")
    }

    fn files(directory: &Path) -> Vec<String> {
        let (mut found, mut folders) = (vec![], vec![directory.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("list") {
                let path = entry.expect("entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let path = path.strip_prefix(directory).expect("below");
                    found.push(path.to_string_lossy().replace('\\', "/"));
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn a_drifted_registry_directory_is_as_cargo_unpacked_it() {
        let base = tempfile::tempdir().expect("temp");
        let directory = base.path().join(HOST).join("a-1.0.0");
        fs::create_dir_all(directory.join("src")).expect("create");
        fs::write(directory.join("src/lib.rs"), "evil").expect("write");
        fs::write(directory.join("build.rs"), "evil").expect("write");
        restore(base.path(), &directory, &archive(), Form::Registry).expect("restored");
        assert_eq!(
            files(base.path()),
            [
                ".cargo-ok",
                ".git/config",
                ".github/ci.yml",
                ".gitignore",
                "Cargo.toml",
                "run.sh",
                "src/lib.rs",
                "sub/.gitattributes"
            ]
            .map(|file| format!("{HOST}/a-1.0.0/{file}"))
        );
        assert_eq!(fs::read(directory.join("src/lib.rs")).expect("read"), b"//! x\n");
        assert_eq!(fs::read(directory.join(".cargo-ok")).expect("read"), b"{\"v\":1}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path| fs::metadata(directory.join(path)).expect("there").permissions().mode() & 0o111;
            assert_ne!(mode("run.sh"), 0);
            assert_eq!(mode("src/lib.rs"), 0);
        }
    }

    #[test]
    fn a_missing_vendored_directory_is_as_cargo_vendors_it() {
        let base = tempfile::tempdir().expect("temp");
        let directory = base.path().join("a");
        let form = Form::Vendored(sha256(b"archive"));
        restore(base.path(), &directory, &archive(), form).expect("restored");
        assert_eq!(
            files(&directory),
            [".cargo-checksum.json", ".github/ci.yml", "Cargo.toml", "run.sh", "src/lib.rs"]
        );
        let json = fs::read_to_string(directory.join(".cargo-checksum.json")).expect("read");
        let listed = [".github/ci.yml", "Cargo.toml", "run.sh", "src/lib.rs"].map(|path| {
            let hash = sha256(&fs::read(directory.join(path)).expect("read")).hex();
            format!("\"{path}\":\"{hash}\"")
        });
        let package = sha256(b"archive").hex();
        assert_eq!(json, format!("{{\"files\":{{{}}},\"package\":\"{package}\"}}", listed.join(",")));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_never_followed() {
        use std::os::unix::fs::symlink;
        let (base, outside) = (tempfile::tempdir().expect("temp"), tempfile::tempdir().expect("temp"));
        fs::create_dir(outside.path().join("a-1.0.0")).expect("create");
        fs::write(outside.path().join("a-1.0.0/precious"), "x").expect("write");
        let untouched = || assert_eq!(files(outside.path()), ["a-1.0.0/precious"]);

        symlink(outside.path(), base.path().join(HOST)).expect("link");
        let below = base.path().join(HOST).join("a-1.0.0");
        let error = restore(base.path(), &below, &archive(), Form::Registry).expect_err("refused");
        assert!(matches!(error, Error::Unsuitable { .. }), "{error}");
        untouched();

        let link = base.path().join("a");
        symlink(outside.path().join("a-1.0.0"), &link).expect("link");
        restore(base.path(), &link, &archive(), Form::Vendored(sha256(b""))).expect("the link is replaced");
        assert!(link.join("Cargo.toml").is_file());
        untouched();
    }

    #[test]
    fn only_places_where_cargo_puts_packages_are_written() {
        let base = tempfile::tempdir().expect("temp");
        let base = base.path();
        let cases = [
            (base.to_owned(), Form::Registry),
            (base.join("a-1.0.0"), Form::Registry),
            (base.join(HOST).join(".."), Form::Registry),
            (base.join("../x/a-1.0.0"), Form::Registry),
            (base.join(HOST).join("a-1.0.0"), Form::Vendored(sha256(b""))),
            (base.join(".."), Form::Vendored(sha256(b""))),
            (base.with_file_name("elsewhere"), Form::Vendored(sha256(b""))),
        ];
        for (directory, form) in cases {
            let error = restore(base, &directory, &archive(), form).expect_err("refused");
            assert!(matches!(error, Error::Unsuitable { .. }), "{error}");
        }
        assert_eq!(files(base), [] as [&str; 0]);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let base = tempfile::tempdir().expect("temp");
        let file = base.path().join("file");
        fs::write(&file, b"").expect("write");
        let error =
            restore(&file, &file.join("a"), &archive(), Form::Vendored(sha256(b""))).expect_err("refused");
        assert!(error.to_string().contains("file"), "{error}");
    }
}
