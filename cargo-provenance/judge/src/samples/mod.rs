//! Archives for tests, honest and hostile, built when the tests run, and what an index says of them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use provenance_build::{PackageId, PackageName, Source, Version};
use tar::{EntryType, Header};

mod index;

pub(crate) use index::{line, write_cache};

/// An archive under construction.
pub(crate) struct Sample {
    tar: Vec<u8>,
    root: String,
}

/// `NAME v1.0.0` from crates.io.
pub(crate) fn id(name: &str) -> PackageId {
    PackageId {
        name: PackageName::parse(name).expect("valid"),
        version: Version::parse("1.0.0").expect("valid"),
        source: Source::parse(provenance_build::name::CRATES_IO),
    }
}

impl Sample {
    /// An archive without any file.
    pub(crate) fn empty(id: &PackageId) -> Self {
        Self { tar: vec![], root: id.file_stem() }
    }

    /// An archive with the manifest of `id` and a library.
    pub(crate) fn new(id: &PackageId) -> Self {
        let manifest = format!("[package]\nname = \"{}\"\nversion = \"{}\"\n", id.name, id.version);
        Self::empty(id).file("Cargo.toml", manifest.as_bytes()).file("src/lib.rs", b"//! x\n")
    }

    /// Adds a regular file below the package root, as cargo does.
    pub(crate) fn file(self, path: &str, content: &[u8]) -> Self {
        let path = format!("{}/{path}", self.root);
        self.entry(path.as_bytes(), EntryType::Regular, 0o644, content)
    }

    /// Adds a file that can be run.
    pub(crate) fn program(self, path: &str, content: &[u8]) -> Self {
        let path = format!("{}/{path}", self.root);
        self.entry(path.as_bytes(), EntryType::Regular, 0o755, content)
    }

    /// Adds an entry with any path, kind and mode.
    pub(crate) fn entry(self, path: &[u8], kind: EntryType, mode: u32, content: &[u8]) -> Self {
        let mut this = self;
        if path.len() > 100 {
            let long = [path, b"\0"].concat();
            this = this.entry(b"././@LongLink", EntryType::GNULongName, 0o644, &long);
        }
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..path.len().min(100)].copy_from_slice(&path[..path.len().min(100)]);
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        this.raw(header, content)
    }

    /// Adds a header, whose checksum is set, and content.
    pub(crate) fn raw(mut self, mut header: Header, content: &[u8]) -> Self {
        header.set_cksum();
        self.tar.extend_from_slice(header.as_bytes());
        self.tar.extend_from_slice(content);
        self.tar.resize(self.tar.len().next_multiple_of(512), 0);
        self
    }

    /// Adds a PAX header for the next entry.
    pub(crate) fn pax(self, records: &[(&str, &str)]) -> Self {
        let mut text = String::new();
        for (key, value) in records {
            let length = key.len() + value.len() + 3;
            let digits = (length + 3).to_string().len();
            text.push_str(&format!("{} {key}={value}\n", length + digits));
        }
        self.entry(b"PaxHeaders/x", EntryType::XHeader, 0o644, text.as_bytes())
    }

    /// Adds bytes to the archive as they are.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.tar.extend_from_slice(bytes);
        self
    }

    /// The tar archive so far.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.tar
    }

    /// The `.crate`.
    pub(crate) fn build(self) -> Vec<u8> {
        self.bytes(&[0; 1024]).build_unterminated()
    }

    /// The `.crate` without the two blocks that end an archive.
    pub(crate) fn build_unterminated(self) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.tar).expect("memory");
        encoder.finish().expect("memory")
    }
}
