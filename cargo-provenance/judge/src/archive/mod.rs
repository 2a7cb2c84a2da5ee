//! Reads a `.crate` file that may be hostile, before anything of it touches the disk.
//!
//! Only what `cargo package` can have written is accepted: regular files below `NAME-VERSION/` in one gzip member.
//! What goes beyond that is how past attacks on cargo and on the `tar` crate worked.

mod declared;
mod fault;
mod following;
mod gzip;
mod limits;
mod manifest;
mod path;
mod plain;
mod targets;
mod vcs;
mod walk;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use provenance_build::PackageId;
use provenance_build::manifest::BuildTime;
use provenance_build::tree::{self, Tree};

use fault::Faults;
use limits::Limits;

pub use declared::{Build, Declared, Field, Origin, Requirement};
pub use fault::{Fault, printable};
pub use following::normal;
pub use manifest::License;
pub use plain::files;
pub use targets::{is_stray, strays};
pub use vcs::Vcs;

/// The manifest that cargo compiles by, and the one that its author wrote.
const MANIFEST: &str = "Cargo.toml";
const ORIGINAL: &str = "Cargo.toml.orig";

/// An archive that was read without a doubt left. Its entries are regular files below `NAME-VERSION/`.
#[derive(Clone, Debug)]
pub struct Archive {
    /// Shared: what is read once may be looked at by several.
    data: Arc<Vec<u8>>,
    entries: Vec<Entry>,
    manifest: manifest::Facts,
    remarks: Vec<Fault>,
}

#[derive(Clone, Debug)]
struct Entry {
    path: String,
    executable: bool,
    content: Range<usize>,
}

/// A file of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File<'a> {
    /// Path relative to the package root, `/`-separated.
    pub path: &'a str,
    /// Whether anybody may execute it.
    pub executable: bool,
    /// Its bytes.
    pub content: &'a [u8],
}

/// The manifest that the author wrote, from which cargo made the one that it compiles by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Original {
    /// The archive has none.
    Missing,
    /// It is there; and what the other has that cargo cannot have made of it, a line each.
    Known(Vec<String>),
    /// It is there and cannot be read, and why: it follows the file's name.
    Unreadable(String),
}

/// Reads the bytes of the archive of `id`. All faults that were found are returned, not the first.
///
/// Faults bear the ids of the checks on archives, `manifest-identity`, `manifest-duplicate`, `target-outside`, or `archive-malformed` for what
/// is no readable archive at all. Memory is bounded by the size of `bytes` and 512 MiB.
pub fn read(bytes: &[u8], id: &PackageId) -> Result<Archive, Vec<Fault>> {
    read_within(bytes, id, &Limits::DEFAULT)
}

/// What a manifest declares that lies in no archive; the error follows the file's name.
pub fn read_manifest(bytes: &[u8]) -> Result<Declared, String> {
    manifest::read_original(bytes, &Limits::DEFAULT)
}

fn read_within(bytes: &[u8], id: &PackageId, limits: &Limits) -> Result<Archive, Vec<Fault>> {
    let mut faults = Faults::new(limits);
    let mut remarks = Faults::new(limits);
    let data = gzip::inflate(bytes, limits, &mut faults).map_err(|fault| vec![fault])?;
    let root = id.file_stem();
    let mut entries = vec![];
    let members = walk::members(&data, limits, &mut faults);
    judge_modes(&members, &mut faults, &mut remarks);
    let mut places = BTreeMap::new();
    for member in members {
        match path::relative(&member.path, &root, limits, &mut remarks) {
            Ok(path) => {
                let executable = member.mode & 0o111 != 0;
                // Published packages of 2015 have a file twice (winapi 0.2.0). Where both have the same bytes, every reader
                // sees the same package, whichever of them it takes.
                if let Some(first) = places.get(&path).map(|at: &usize| &entries[*at])
                    && same_bytes(&data, first, &member.content)
                {
                    let what =
                        format!("`{}` is there twice, with the same bytes", printable(path.as_bytes()));
                    remarks.push(Fault::new("archive-duplicate", what));
                    continue;
                }
                places.entry(path.clone()).or_insert(entries.len());
                entries.push(Entry { path, executable, content: member.content });
            }
            Err(fault) => faults.push(fault),
        }
    }
    path::collisions(entries.iter().map(|entry| entry.path.as_str()), &mut faults);
    for entry in entries.iter().filter(|entry| entry.path.eq_ignore_ascii_case(MANIFEST)) {
        if entry.path != MANIFEST {
            let what =
                format!("`{}` is its manifest where case does not matter", printable(entry.path.as_bytes()));
            faults.push(Fault::new("manifest-duplicate", what));
        }
    }
    let find = |name: &str| entries.iter().find(|entry| entry.path == name);
    // In any case: where case does not matter, cargo finds `Build.rs` too.
    let has_build_script = entries.iter().any(|entry| entry.path.eq_ignore_ascii_case("build.rs"));
    let manifest = match find(MANIFEST).map(|entry| &data[entry.content.clone()]) {
        Some(text) => manifest::read(text, id, has_build_script, limits).inspect(|facts| {
            for path in &facts.strays {
                let what = format!(
                    "its `Cargo.toml` compiles `{}`, which is no file of it",
                    printable(path.as_bytes())
                );
                faults.push(Fault::new("target-outside", what));
            }
        }),
        None => Err(Fault::new("manifest-identity", "it has no `Cargo.toml`")),
    };
    match manifest {
        Ok(manifest) if faults.is_empty() => {
            Ok(Archive { data: Arc::new(data), entries, manifest, remarks: remarks.into_vec() })
        }
        Ok(_) => Err(faults.into_vec()),
        Err(fault) => {
            // An archive that could not be walked has no manifest either, which says nothing new.
            if faults.is_empty() || !entries.is_empty() {
                faults.push(fault);
            }
            Err(faults.into_vec())
        }
    }
}

fn same_bytes(data: &[u8], first: &Entry, content: &Range<usize>) -> bool {
    data[first.content.clone()] == data[content.clone()]
}

// Cargo masks what it unpacks with the umask since CVE-2023-38497, so that a loose mode is only remarked, once a package:
// published packages have it (tinytemplate 1.2.1). File type bits above the permissions, which some writers leave in,
// mean nothing in a tar header.
fn judge_modes(members: &[walk::Member], faults: &mut Faults, remarks: &mut Faults) {
    for member in members.iter().filter(|member| member.mode & 0o7000 != 0) {
        let name = printable(&member.path);
        faults.push(Fault::new("archive-mode", format!("`{name}` is setuid, setgid or sticky")));
    }
    for (mask, loose, whom) in [(0o002, 0o002, "everybody"), (0o022, 0o020, "its group")] {
        let mut writable = members.iter().filter(|member| member.mode & mask == loose);
        let Some(first) = writable.next() else { continue };
        let name = printable(&first.path);
        let what = match writable.count() {
            0 => format!("`{name}` is writable for {whom}"),
            more => format!("`{name}` and {more} more are writable for {whom}"),
        };
        remarks.push(Fault::new("archive-mode", what));
    }
}

impl Archive {
    /// The files in archive order.
    pub fn files(&self) -> impl Iterator<Item = File<'_>> {
        self.entries.iter().map(|entry| File {
            path: &entry.path,
            executable: entry.executable,
            content: &self.data[entry.content.clone()],
        })
    }

    /// The bytes of one file.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files().find(|file| file.path == path).map(|file| file.content)
    }

    /// The tree that the archive unpacks to.
    pub fn tree(&self) -> Result<Tree, Fault> {
        let entries = self.files().map(|file| tree::Entry {
            path: file.path.to_owned(),
            content: tree::Content::File(*blake3::hash(file.content).as_bytes()),
        });
        Tree::new(entries.collect()).map_err(|odd| {
            Fault::new("archive-name", format!("`{}` {}", printable(odd.path.as_bytes()), odd.what))
        })
    }

    /// Which of its code runs while other packages compile; sorted.
    pub fn build_time(&self) -> &[BuildTime] {
        &self.manifest.build_time
    }

    /// The root of its library, where its manifest names one.
    pub fn library(&self) -> Option<&str> {
        self.manifest.library.as_deref()
    }

    /// The repository that its manifest names, which may be anything.
    pub fn repository(&self) -> Option<&str> {
        self.manifest.repository.as_deref()
    }

    /// What its manifest says about its license.
    pub fn license(&self) -> &License {
        &self.manifest.license
    }

    /// What its manifest declares.
    pub fn declared(&self) -> &Declared {
        &self.manifest.declared
    }

    /// Whether its manifest says that `cargo package` made it.
    pub fn is_generated(&self) -> bool {
        self.manifest.is_generated
    }

    /// What its manifest is to the one of its author, and to that of the `workspace`, if it is at hand. Without it, what a member
    /// inherits is not compared. They are read anew at each call.
    pub fn original(&self, workspace: Option<&[u8]>) -> Original {
        let Some(original) = self.file(ORIGINAL) else { return Original::Missing };
        let packaged = self.file(MANIFEST).unwrap_or_default();
        let has = |path: &str| self.entries.iter().any(|entry| entry.path == path);
        match manifest::deviations(packaged, original, workspace, &has, &Limits::DEFAULT) {
            Ok(deviations) => Original::Known(deviations),
            Err(why) => Original::Unreadable(why),
        }
    }

    /// Which commit it says that it was made from. It is read anew at each call.
    pub fn vcs(&self) -> Vcs {
        self.file(vcs::FILE).map_or(Vcs::Missing, vcs::read)
    }

    /// What deserves a look without being refused: files that others may write (`archive-mode`), names that end in a dot
    /// (`archive-name`), the same file twice (`archive-duplicate`).
    pub fn remarks(&self) -> &[Fault] {
        &self.remarks
    }
}

#[cfg(test)]
mod tests;
