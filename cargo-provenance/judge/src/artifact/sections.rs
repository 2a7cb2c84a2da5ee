//! Finds the two sections in an ELF, Mach-O, PE or WebAssembly file.

use std::fmt;

use object::read::macho::{FatArch, MachOFatFile, MachOFatFile32, MachOFatFile64};
use object::{FileKind, Object, ObjectSection};

use super::limits::PARTS;
use super::{ArtifactError, LIST, PINS, PINS_PE, unreadable};

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Linux, the BSDs, bare metal.
    Elf,
    /// macOS and its kin; universal files too.
    MachO,
    /// Windows.
    Pe,
    /// WebAssembly.
    Wasm,
}

/// What one program carries, still compressed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part<'b> {
    /// The data of `.dep-v0`.
    pub(super) list: Option<&'b [u8]>,
    /// The data of `.provenance-v1`.
    pub(super) pins: Option<&'b [u8]>,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elf => "ELF",
            Self::MachO => "Mach-O",
            Self::Pe => "PE",
            Self::Wasm => "WebAssembly",
        })
    }
}

impl<'b> Part<'b> {
    /// Keeps the data of a section if it is one of the two. A second of the same name is not seen by every reader.
    fn keep(&mut self, name: &[u8], data: &'b [u8]) -> Result<(), ArtifactError> {
        let Some((section, place)) = self.place(name) else { return Ok(()) };
        match place.replace(data) {
            None => Ok(()),
            Some(_) => Err(unreadable(section, "there are two")),
        }
    }

    fn place(&mut self, name: &[u8]) -> Option<(&'static str, &mut Option<&'b [u8]>)> {
        if name == LIST.as_bytes() {
            Some((LIST, &mut self.list))
        } else if name == PINS.as_bytes() || name == PINS_PE.as_bytes() {
            Some((PINS, &mut self.pins))
        } else {
            None
        }
    }
}

/// The sections of a file: of each of its programs where it is a universal one.
pub(super) fn find(bytes: &[u8]) -> Result<(Format, Vec<Part<'_>>), ArtifactError> {
    if let Some(module) = bytes.strip_prefix(b"\0asm\x01\0\0\0") {
        let part = custom_sections(module)?;
        return Ok((Format::Wasm, vec![part]));
    }
    let kind = FileKind::parse(bytes).map_err(|_| unknown_kind(bytes))?;
    let (format, parts) = match kind {
        FileKind::Elf32 | FileKind::Elf64 => (Format::Elf, vec![sections(Format::Elf, bytes)?]),
        FileKind::Pe32 | FileKind::Pe64 => (Format::Pe, vec![sections(Format::Pe, bytes)?]),
        FileKind::MachO32 | FileKind::MachO64 => (Format::MachO, vec![sections(Format::MachO, bytes)?]),
        FileKind::MachOFat32 => (Format::MachO, universal(MachOFatFile32::parse(bytes), bytes)?),
        FileKind::MachOFat64 => (Format::MachO, universal(MachOFatFile64::parse(bytes), bytes)?),
        _ => return Err(unknown_kind(bytes)),
    };
    Ok((format, parts))
}

/// What is to be said of a file whose kind the parser does not know. Linux starts an ELF file whatever class, byte order and version
/// its header names, and WebAssembly has components besides modules: these are programs, and nobody knows what is in them.
fn unknown_kind(bytes: &[u8]) -> ArtifactError {
    let damaged = |format, why: &str| ArtifactError::Damaged { format, why: why.to_owned() };
    match bytes {
        [0x7f, b'E', b'L', b'F', ..] => damaged(Format::Elf, "its header is of no known kind"),
        [0, b'a', b's', b'm', _, _, _, _, ..] => damaged(Format::Wasm, "it is no module of version 1"),
        _ => ArtifactError::NotExecutable,
    }
}

fn sections(format: Format, bytes: &[u8]) -> Result<Part<'_>, ArtifactError> {
    let damaged = |error: object::Error| ArtifactError::Damaged { format, why: error.to_string() };
    let file = object::File::parse(bytes).map_err(damaged)?;
    let mut part = Part::default();
    for section in file.sections() {
        // A name that cannot be read is not one that is sought: other readers find no list there either.
        let Ok(name) = section.name_bytes() else { continue };
        if let Some((section_name, _)) = part.place(name) {
            let data =
                section.data().map_err(|_| unreadable(section_name, "its data lies outside of the file"))?;
            part.keep(name, data)?;
        }
    }
    Ok(part)
}

fn universal<'b, A: FatArch>(
    file: object::Result<MachOFatFile<'b, A>>,
    bytes: &'b [u8],
) -> Result<Vec<Part<'b>>, ArtifactError> {
    let damaged =
        |error: object::Error| ArtifactError::Damaged { format: Format::MachO, why: error.to_string() };
    // The parser reads all that it is told there are, so that a Java class may end too early for it.
    let count = bytes.get(4..8).and_then(|count| count.try_into().ok()).map_or(0, u32::from_be_bytes);
    if !usize::try_from(count).is_ok_and(|count| (1..=PARTS).contains(&count)) {
        return Err(ArtifactError::NotExecutable);
    }
    let file = file.map_err(damaged)?;
    file.arches().iter().map(|arch| sections(Format::MachO, arch.data(bytes).map_err(damaged)?)).collect()
}

/// Walks the sections of a WebAssembly module (core specification, section 5.5): an id, a length, and for a custom one (id 0) a
/// name before its data.
fn custom_sections(module: &[u8]) -> Result<Part<'_>, ArtifactError> {
    let damaged = || ArtifactError::Damaged { format: Format::Wasm, why: "a section is cut off".into() };
    let mut part = Part::default();
    let mut rest = module;
    while let Some((id, after)) = rest.split_first() {
        let (content, after) = sized(after).ok_or_else(damaged)?;
        if *id == 0 {
            let (name, data) = sized(content).ok_or_else(damaged)?;
            part.keep(name, data)?;
        }
        rest = after;
    }
    Ok(part)
}

/// Splits off as many bytes as the number before them says: an unsigned LEB128 of 32 bits.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        length |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return bytes[at + 1..].split_at_checked(usize::try_from(length).ok()?);
        }
    }
    None
}
