//! Tells by the first bytes of a file what it is, and reads it as that.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use provenance_build::Checksum;
use sha2::{Digest, Sha256};

use super::archives;
use super::limits::{ARCHIVE_BYTES, ENTRIES, IMAGE_BYTES, LARGE, RATIO, SLACK};
use super::{Content, Hashing, Image, Reading};
use crate::artifact::{self, ArtifactError};

/// Bytes that tell what a file is: a tar archive has its mark at 257.
const HEAD: u64 = 512;

/// Looks into one file, and into what lies in it.
pub(super) struct Examination<'f> {
    file: &'f Path,
    hashing: Hashing,
    /// Its length.
    pub(super) bytes: u64,
    /// Bytes that may still be unpacked.
    pub(super) allowance: u64,
    entries: usize,
    reading: Reading,
    /// Whether it is neither a text nor anything that is known.
    is_odd: bool,
    alone: &'f Mutex<()>,
}

/// What a file is by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ar,
    Gzip,
    Image,
    Other,
    Packed(&'static str),
    Tar,
}

impl<'f> Examination<'f> {
    pub(super) fn new(file: &'f Path, hashing: Hashing, bytes: u64, alone: &'f Mutex<()>) -> Self {
        let allowance = bytes.saturating_mul(RATIO).saturating_add(SLACK);
        let reading = Reading::default();
        Self { file, hashing, bytes, allowance, entries: 0, reading, is_odd: false, alone }
    }

    pub(super) fn finish(self) -> Reading {
        self.reading
    }

    /// What is left of the file is not known.
    pub(super) fn unreadable(&mut self, why: String) {
        self.push(self.name(), Content::Unreadable(why), None);
    }

    /// It was asked for by its name, so that it is not enough to know nothing of it: a disk image can hold anything.
    pub(super) fn named(&mut self) {
        if self.is_odd {
            self.unreadable("it is neither a text nor of a kind that is looked into".to_owned());
        }
    }

    /// Looks into the file itself.
    pub(super) fn file(&mut self, file: &File) {
        let name = self.name();
        let mut head = vec![];
        let result = file.take(HEAD).read_to_end(&mut head);
        match result.map(|_| kind(&head)) {
            Ok(Kind::Other) => {
                self.reading.others += 1;
                self.is_odd = head.contains(&0);
            }
            Ok(Kind::Image) => {
                let mut from = io::Cursor::new(head).chain(file);
                self.image(&name, &mut from, self.bytes);
            }
            Ok(kind) => {
                let mut from = BufReader::with_capacity(256 * 1024, io::Cursor::new(head).chain(file));
                match self.bytes > ARCHIVE_BYTES {
                    true => self.unreadable(format!("it has more than {ARCHIVE_BYTES} bytes")),
                    false => self.of_kind(kind, &name, &mut from, self.bytes, 0),
                }
            }
            Err(error) => self.unreadable(format!("it cannot be read: {error}")),
        }
    }

    /// Looks into something of so many bytes in an archive.
    pub(super) fn within(
        &mut self,
        name: &str,
        from: &mut dyn Read,
        bytes: u64,
        depth: usize,
    ) -> io::Result<()> {
        self.entries += 1;
        if self.entries > ENTRIES {
            return Err(io::Error::other(format!("it holds more than {ENTRIES} files")));
        }
        let mut head = vec![];
        (&mut *from).take(HEAD).read_to_end(&mut head)?;
        let kind = kind(&head);
        let mut from = io::Cursor::new(head).chain(from);
        self.of_kind(kind, name, &mut from, bytes, depth);
        Ok(())
    }

    fn of_kind(&mut self, kind: Kind, name: &str, from: &mut dyn Read, bytes: u64, depth: usize) {
        let result = match kind {
            Kind::Ar => self.ar(name, from, depth + 1),
            Kind::Gzip => self.gzip(name, from, depth + 1),
            Kind::Image => {
                self.image(name, from, bytes);
                Ok(())
            }
            Kind::Other => {
                self.reading.others += 1;
                Ok(())
            }
            Kind::Packed(what) => {
                self.push(name.to_owned(), Content::Packed(what), None);
                Ok(())
            }
            Kind::Tar => self.tar(name, from, depth + 1),
        };
        if let Err(error) = result {
            self.push(
                name.to_owned(),
                Content::Unreadable(format!("it cannot be read to its end: {error}")),
                None,
            );
        }
    }

    /// A program or library, read whole.
    fn image(&mut self, name: &str, from: &mut dyn Read, bytes: u64) {
        // What is unpacked on the way does not say how large it is.
        let is_large = bytes > LARGE || bytes == 0;
        let _alone = is_large.then(|| self.alone.lock().unwrap_or_else(PoisonError::into_inner));
        let content = match whole(from, bytes) {
            Ok(content) => content,
            Err(error) => {
                let why = format!("it cannot be read: {error}");
                return self.push(name.to_owned(), Content::Unreadable(why), None);
            }
        };
        let told = match artifact::read(&content) {
            Ok(embedded) => Content::Embedded(Box::new(embedded)),
            Err(ArtifactError::NoSection(format)) => Content::Without(format),
            // It began like one.
            Err(ArtifactError::NotExecutable) => {
                self.reading.others += 1;
                return;
            }
            Err(error) => Content::Unreadable(error.to_string()),
        };
        let sha256 =
            (self.hashing == Hashing::On).then(|| Checksum::from_bytes(Sha256::digest(&content).into()));
        self.push(name.to_owned(), told, sha256);
    }

    pub(super) fn other(&mut self) {
        self.reading.others += 1;
    }

    pub(super) fn push(&mut self, name: String, content: Content, sha256: Option<Checksum>) {
        self.reading.images.push(Image { name, file: self.file.to_owned(), content, sha256 });
    }

    fn name(&self) -> String {
        self.file.to_string_lossy().into_owned()
    }
}

/// What a file is by its first bytes.
pub(super) fn kind(head: &[u8]) -> Kind {
    match head {
        [0x7f, b'E', b'L', b'F', ..]
        | [b'M', b'Z', ..]
        | [0, b'a', b's', b'm', ..]
        | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
        | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
        | [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] => Kind::Image,
        [0x1f, 0x8b, 8, ..] => Kind::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Packed("a zstd archive"),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Kind::Packed("an xz archive"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Kind::Packed("a bzip2 archive"),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Kind::Packed("a 7z archive"),
        [b'P', b'K', 3, 4, ..] => Kind::Packed("a zip archive"),
        [b'h', b's', b'q', b's', ..] => Kind::Packed("a squashfs image"),
        [0xed, 0xab, 0xee, 0xdb, ..] => Kind::Packed("an RPM package"),
        _ if head.starts_with(b"070701") || head.starts_with(b"070702") => Kind::Packed("a cpio archive"),
        // Others are static libraries, whose members were never linked.
        _ if head.starts_with(b"!<arch>\ndebian-binary") => Kind::Ar,
        _ if head.get(257..262) == Some(b"ustar") || archives::is_header(head) => Kind::Tar,
        _ => Kind::Other,
    }
}

/// Everything, if it is not too much; `bytes` are expected.
fn whole(from: &mut dyn Read, bytes: u64) -> io::Result<Vec<u8>> {
    let mut content = vec![];
    if bytes > IMAGE_BYTES {
        return Err(too_large());
    }
    // A byte more than expected, so that the end is found without growing.
    let room = usize::try_from(bytes + 1).map_err(|_| too_large())?;
    content.try_reserve_exact(room).map_err(io::Error::other)?;
    let read = from.take(IMAGE_BYTES + 1).read_to_end(&mut content)?;
    match read as u64 > IMAGE_BYTES {
        true => Err(too_large()),
        false => Ok(content),
    }
}

fn too_large() -> io::Error {
    io::Error::other(format!("it has more than {IMAGE_BYTES} bytes"))
}
