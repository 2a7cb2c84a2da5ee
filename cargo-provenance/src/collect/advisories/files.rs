//! The files of a database's directory, read and judged on all processors.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use provenance_build::threads;

use crate::advisory::{Database, FILE_BYTES, FILES, Parsed, parse};
use crate::collect::images::{self, Found};
use crate::model::Date;

/// Reads a database. `today` bounds what counts as its newest advisory.
///
/// # Errors
///
/// Why there is no database: a lowercase fragment that reads after its name. A single file is never the reason.
pub fn read_directory(directory: &Path, today: Date) -> Result<Database, String> {
    let crates = directory.join("crates");
    match fs::symlink_metadata(&crates) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err("has a `crates` that is no directory".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err("has no directory `crates`".to_owned());
        }
        Err(error) => return Err(unreadable(&crates, &error)),
    }
    let packages = list(&crates)?;
    let parsed = threads::map(&packages, package);
    let mut files = vec![];
    for parsed in parsed {
        files.extend(parsed?);
        if files.len() > FILES {
            return Err(format!("has more than {FILES} files"));
        }
    }
    Ok(Database::assemble(files, language(&directory.join("rust")), today))
}

/// What changes with a database's files, without reading one: their names, lengths and times.
pub(super) fn stamp(directory: &Path) -> String {
    let tree = images::find(&[directory.join("crates")]);
    let mut hasher = blake3::Hasher::new();
    for Found { path, identity, .. } in &tree.files {
        hasher.update(format!("{} {identity:?}\n", path.display()).as_bytes());
    }
    format!("{} {:?}", hasher.finalize(), tree.unreadable)
}

/// A file or folder, by its name as far as that can be read.
struct Named {
    path: PathBuf,
    name: String,
    kind: Result<fs::FileType, String>,
}

fn list(folder: &Path) -> Result<Vec<Named>, String> {
    let failed = |error| unreadable(folder, &error);
    let mut entries = vec![];
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        // Files of editors and file managers; `rustsec` leaves them out, too.
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type().map_err(|error| format!("cannot be inspected: {error}"));
        entries.push(Named { path: entry.path(), name: name.to_string_lossy().into_owned(), kind });
        if entries.len() > FILES {
            return Err(format!("has more than {FILES} files"));
        }
    }
    Ok(entries)
}

/// The files of one package's folder.
fn package(folder: &Named) -> Result<Vec<Parsed>, String> {
    let name = &folder.name;
    match &folder.kind {
        Ok(kind) if kind.is_dir() => {}
        Ok(kind) if kind.is_file() => {
            return Ok(vec![file(&format!("crates/{name}"), folder)]);
        }
        Ok(kind) if kind.is_symlink() => {
            return Ok(vec![parse(&format!("crates/{name}/"), Err("is a symbolic link"))]);
        }
        Ok(_) => return Ok(vec![parse(&format!("crates/{name}/"), Err("is no directory"))]),
        Err(why) => return Ok(vec![parse(&format!("crates/{name}/"), Err(why))]),
    }
    match list(&folder.path) {
        Ok(files) => Ok(files.iter().map(|it| file(&format!("crates/{name}/{}", it.name), it)).collect()),
        // What lies in it is not known, so the package is not.
        Err(why) => Ok(vec![parse(&format!("crates/{name}/"), Err(&why))]),
    }
}

fn file(path: &str, named: &Named) -> Parsed {
    let why = match &named.kind {
        Ok(kind) if kind.is_file() => match read(&named.path) {
            Ok(bytes) => return parse(path, Ok(&bytes)),
            Err(error) => format!("cannot be read: {error}"),
        },
        Ok(kind) if kind.is_dir() => "is a directory".to_owned(),
        Ok(kind) if kind.is_symlink() => "is a symbolic link".to_owned(),
        Ok(_) => "is no regular file".to_owned(),
        Err(why) => why.clone(),
    };
    parse(path, Err(&why))
}

/// One byte more than an advisory may have is enough to see that it has too many.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(8 * 1024);
    File::open(path)?.take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Advisories about the language itself: they are only counted.
fn language(folder: &Path) -> usize {
    let folders = list(folder).unwrap_or_default();
    let files = folders.iter().filter(|it| it.kind.as_ref().is_ok_and(fs::FileType::is_dir));
    files.flat_map(|it| list(&it.path).unwrap_or_default()).filter(|it| it.name.ends_with(".md")).count()
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("cannot be read: `{}`: {error}", path.display())
}
