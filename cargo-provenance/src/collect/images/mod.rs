//! Programs and libraries: in files, folders and archives, and what they say of themselves.
//!
//! Files are read once and in parallel; of what is neither a program nor an archive, only the beginning. Whatever cannot be
//! read to its end is told as such.

mod archives;
mod content;
mod limits;
mod tree;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use provenance_build::{Checksum, threads};

use self::content::Examination;
use crate::artifact::{Embedded, Format};
use crate::processes::{Identity, Running};
use crate::report::progress::Progress;

pub use tree::{Found, Tree, find};

/// A program or library, or something that could not be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// What to call it: the path, and behind `>` what it is called in an archive.
    pub name: String,
    /// The file that it lies in.
    pub file: PathBuf,
    /// What it says of itself.
    pub content: Content,
    /// Its SHA-256, if that was asked for and it is a program or library.
    pub sha256: Option<Checksum>,
}

/// What an image says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The packages that it was built from.
    Embedded(Box<Embedded>),
    /// It is packed in a way that is not opened: what it is.
    Packed(&'static str),
    /// Nobody knows what is in it: a lowercase fragment.
    Unreadable(String),
    /// It is a program or library of this format, and says nothing.
    Without(Format),
}

/// Whether images are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hashing {
    /// Nobody asks for their digests.
    Off,
    /// With SHA-256.
    On,
}

/// What lay in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What could carry packages.
    pub images: Vec<Image>,
    /// Files that cannot: texts, pictures, scripts.
    pub others: usize,
}

/// What was read before, by what the files were then.
#[derive(Clone, Debug, Default)]
pub struct Known {
    readings: BTreeMap<(PathBuf, Identity), Reading>,
}

/// A file to read.
#[derive(Clone, Debug)]
pub enum Source<'s> {
    /// A file on disk.
    File(&'s Found),
    /// A file that runs.
    Running(&'s Running),
}

/// Reads files; those that have not changed since are not read again. What is not asked for any more is forgotten.
pub fn read(
    sources: &[Source<'_>],
    known: &mut Known,
    hashing: Hashing,
    progress: &dyn Progress,
) -> Vec<Reading> {
    let before = std::mem::take(&mut known.readings);
    let alone = Mutex::new(());
    progress.begin("Scanning", sources.len());
    let readings = threads::map(sources, |source| {
        let reading = match before.get(&source.key()) {
            Some(reading) => reading.clone(),
            None => source.read(hashing, &alone),
        };
        progress.tick();
        reading
    });
    progress.end();
    let is_complete = |reading: &Reading| {
        reading.images.iter().all(|image| !matches!(image.content, Content::Unreadable(_)))
    };
    for (source, reading) in sources.iter().zip(&readings).filter(|(_, reading)| is_complete(reading)) {
        known.readings.insert(source.key(), reading.clone());
    }
    readings
}

impl Source<'_> {
    fn path(&self) -> &Path {
        match self {
            Self::File(found) => &found.path,
            Self::Running(running) => &running.path,
        }
    }

    fn identity(&self) -> &Identity {
        match self {
            Self::File(found) => &found.identity,
            Self::Running(running) => &running.identity,
        }
    }

    fn key(&self) -> (PathBuf, Identity) {
        (self.path().to_owned(), *self.identity())
    }

    fn open(&self) -> io::Result<File> {
        match self {
            Self::File(found) => found.open(),
            Self::Running(running) => running.open(),
        }
    }

    fn read(&self, hashing: Hashing, alone: &Mutex<()>) -> Reading {
        let mut examination = Examination::new(self.path(), hashing, self.identity().bytes, alone);
        let result = self.open().and_then(|file| {
            examination.file(&file);
            // Whoever writes to it meanwhile may have been read half.
            let now = Identity::of(&file.metadata()?);
            match self.identity().was_written(&now) {
                true => Err(io::Error::other("it was written to while it was read")),
                false => Ok(()),
            }
        });
        if let Err(error) = result {
            examination.unreadable(format!("it cannot be read: {error}"));
        }
        if matches!(self, Self::File(found) if found.is_named) {
            examination.named();
        }
        examination.finish()
    }
}
