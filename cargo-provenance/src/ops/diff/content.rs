//! What a file is to those who read a difference.

use crate::survey::content::{self, Format};

/// What kind of content a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// UTF-8 without NUL.
    Text,
    /// A program, a library or an archive, and which, with an article.
    Packed(&'static str),
    /// Anything else.
    Data,
}

impl Content {
    pub(super) fn of(path: &str, bytes: &[u8]) -> Self {
        // Text may begin with `MZ` or `BZh`; a program is none. An archive of object files can be all text.
        let is_text = !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok();
        match content::format(path, bytes) {
            Some(format) if !is_text || matches!(format, Format::Import | Format::Object(_)) => {
                Self::Packed(format.as_str())
            }
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
        for (bytes, expected) in [
            (&b""[..], Content::Text),
            (b"fn main() {}\n", Content::Text),
            (b"MZ is how programs begin\n", Content::Text),
            (b"BZh: a word\n", Content::Text),
            (b"\x7fELF\x02\x01", Content::Text),
            (b"\x7fELF\x02\x01\x01\0", Content::Packed("an ELF program or library")),
            (b"\0asm\x01\0\0\0", Content::Packed("a WebAssembly module")),
            (b"!<arch>\n", Content::Packed("an archive of object files")),
            (b"\x1f\x8b\x08\0", Content::Packed("gzip data")),
            (b"\xff\xfe", Content::Data),
            (b"a\0b", Content::Data),
        ] {
            assert_eq!(Content::of("a", bytes), expected, "{bytes:?}");
        }
    }
}
