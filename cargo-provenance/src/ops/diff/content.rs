//! What a file is by its first bytes.

/// Beginnings that tell programs, libraries and archives, each with its name. From the formats' own specifications.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x7fELF", "ELF program or library"),
    (b"MZ", "Windows program or library"),
    (b"\xfe\xed\xfa\xce", "Mach-O program or library"),
    (b"\xfe\xed\xfa\xcf", "Mach-O program or library"),
    (b"\xce\xfa\xed\xfe", "Mach-O program or library"),
    (b"\xcf\xfa\xed\xfe", "Mach-O program or library"),
    (b"\xca\xfe\xba\xbe", "universal Mach-O or Java class"),
    (b"\0asm", "WebAssembly module"),
    (b"!<arch>\n", "static library"),
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"PK\x03\x04", "zip archive"),
    (b"PK\x05\x06", "zip archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
];

/// Where a tar archive has its mark (POSIX.1-1988, "ustar").
const TAR: std::ops::Range<usize> = 257..262;

/// What kind of content a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// UTF-8 without NUL.
    Text,
    /// A program, a library or an archive, and which.
    Packed(&'static str),
    /// Anything else.
    Data,
}

impl Content {
    pub(super) fn of(bytes: &[u8]) -> Self {
        // Text may begin with `MZ` or `BZh`; a program is none.
        let is_text = !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok();
        let known = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, name)| *name);
        let known = known.or((bytes.get(TAR) == Some(b"ustar")).then_some("tar archive"));
        match known {
            Some(name) if !is_text || bytes.starts_with(b"!<arch>\n") => Self::Packed(name),
            _ if is_text => Self::Text,
            _ => Self::Data,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Packed(name) => name,
            Self::Data => "data that is no text",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_archives_are_told_from_text_that_begins_like_one() {
        let tar = [vec![b'a'; 257], b"ustar\0".to_vec(), vec![0; 200]].concat();
        for (bytes, expected) in [
            (&b""[..], Content::Text),
            (b"fn main() {}\n", Content::Text),
            (b"MZ is how programs begin\n", Content::Text),
            (b"BZh: a word\n", Content::Text),
            (b"MZ\x90\0", Content::Packed("Windows program or library")),
            (b"\x7fELF\x02\x01", Content::Text),
            (b"\x7fELF\x02\x01\x01\0", Content::Packed("ELF program or library")),
            (b"\0asm\x01\0\0\0", Content::Packed("WebAssembly module")),
            (b"!<arch>\n", Content::Packed("static library")),
            (b"\x1f\x8b\x08\0", Content::Packed("gzip data")),
            (b"\xff\xfe", Content::Data),
            (b"a\0b", Content::Data),
            (&tar, Content::Packed("tar archive")),
        ] {
            assert_eq!(Content::of(bytes), expected, "{bytes:?}");
        }
    }
}
