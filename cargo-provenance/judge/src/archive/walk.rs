//! Walks the headers of a tar archive and accepts only those that every reader understands alike.
//!
//! The `tar` crate decides what cargo unpacks, so that the walk is repeated with it at the end and must agree. But every
//! cargo brings the version that it was built with, and they differ: up to 0.4.45, which cargo 1.95 has, the size of a
//! PAX header counted for an extension header that followed it. So what comes before that refuses every construct
//! through which two readers can be made to see different files, and is stricter than any of them.

use std::ops::Range;

use tar::Header;

use super::fault::{Fault, Faults, printable};
use super::limits::Limits;

const BLOCK: usize = 512;

/// A regular file as its headers describe it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) path: Vec<u8>,
    pub(super) mode: u32,
    pub(super) content: Range<usize>,
}

/// An extension header that waits for the member it describes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Extension {
    path: Option<Vec<u8>>,
}

/// Lists the regular files of `data`. Everything else, and every doubt, is a fault.
pub(super) fn members(data: &[u8], limits: &Limits, faults: &mut Faults) -> Vec<Member> {
    let members = match walk(data, limits, faults) {
        Ok(members) => members,
        // The walk cannot find the next header after this.
        Err(fault) => {
            faults.push(fault);
            return vec![];
        }
    };
    if faults.is_empty() && !agrees(data, &members) {
        faults.push(mismatch("its headers can be understood in two ways"));
    }
    members
}

fn walk(data: &[u8], limits: &Limits, faults: &mut Faults) -> Result<Vec<Member>, Fault> {
    let mut members = vec![];
    let mut waiting = None;
    let mut position = 0;
    for count in 0.. {
        let rest = data.get(position..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        let block = rest.get(..BLOCK).ok_or_else(|| malformed("it is cut off within a header"))?;
        if block.iter().all(|byte| *byte == 0) {
            if rest.iter().any(|byte| *byte != 0) {
                faults.push(Fault::new("archive-trailing", "data follows the end of the archive"));
            }
            break;
        }
        if count >= limits.headers {
            let what = format!("it has more than {} entries", limits.headers);
            return Err(Fault::new("archive-bomb", what));
        }
        let header = Header::from_byte_slice(block);
        let content = measure(header, data, position + BLOCK)?;
        let padded = content.end.next_multiple_of(BLOCK);
        let padding = data.get(content.end..padded).ok_or_else(|| malformed("it is cut off"))?;
        if padding.iter().any(|byte| *byte != 0) {
            let name = printable(&header.path_bytes());
            faults.push(Fault::new("archive-trailing", format!("bytes are hidden behind `{name}`")));
        }
        position = padded;
        if let Some(member) = step(header, content, data, limits, &mut waiting, faults) {
            members.push(member);
        }
    }
    if waiting.is_some() {
        return Err(malformed("its last header describes a file that is not there"));
    }
    Ok(members)
}

// Where the content of a header lies.
fn measure(header: &Header, data: &[u8], start: usize) -> Result<Range<usize>, Fault> {
    // POSIX.1-2024 pax, "ustar interchange format": the sum of all bytes with the field itself as eight spaces.
    let bytes = header.as_bytes();
    let sum: u32 = bytes[..148].iter().chain(&bytes[156..]).map(|byte| u32::from(*byte)).sum();
    if header.cksum().ok() != Some(sum + 8 * 32) {
        return Err(malformed("the checksum of a header is wrong"));
    }
    let size = header.entry_size().map_err(|_| malformed("the size in a header is not a number"))?;
    let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
    let end = end.filter(|end| *end <= data.len()).ok_or_else(|| malformed("it is cut off within a file"))?;
    // Signs, spaces in front and binary numbers are read by some and not by others. Every packer writes eleven digits.
    let (digits, terminator) = header.as_old().size.split_at(11);
    if !digits.iter().all(|digit| matches!(digit, b'0'..=b'7')) || !matches!(terminator, b"\0" | b" ") {
        return Err(mismatch("the size in a header is not written as eleven octal digits"));
    }
    Ok(start..end)
}

// One header: an extension is remembered, a regular file returned, the rest is a fault.
fn step(
    header: &Header,
    content: Range<usize>,
    data: &[u8],
    limits: &Limits,
    waiting: &mut Option<Extension>,
    faults: &mut Faults,
) -> Option<Member> {
    let short = header.path_bytes();
    let name = printable(&short);
    let kind = header.as_old().linkflag[0];
    if header.as_gnu().is_none() && header.as_ustar().is_none() {
        // Before POSIX a trailing slash made a folder of a file, and readers disagree about the rest.
        faults.push(mismatch(format!("`{name}` has a header of neither the POSIX nor the GNU format")));
    }
    match kind {
        b'0' | 0 => {
            let extension = waiting.take();
            if header.as_old().linkname[0] != 0 {
                faults.push(mismatch(format!("`{name}` is a file but names the target of a link")));
            }
            let path = match full_path(&short, extension) {
                Ok(path) => path,
                Err(what) => {
                    faults.push(mismatch(format!("`{name}` {what}")));
                    return None;
                }
            };
            let Ok(mode) = header.mode() else {
                faults.push(malformed("the mode in a header is not a number"));
                return None;
            };
            return Some(Member { path, mode, content });
        }
        b'L' | b'x' => {
            let text = &data[content];
            let read = match kind {
                b'L' => long_name(text, limits).map_err(|what| format!("a long name {what}")),
                _ => parse_pax(text).map_err(|what| format!("a PAX header {what}")),
            };
            let extension = read.unwrap_or_else(|what| {
                faults.push(mismatch(what));
                Extension::default()
            });
            if waiting.replace(extension).is_some() {
                // No packer of cargo's writes that, and readers disagree about whom the first of the two describes.
                faults.push(mismatch("an extension header stands between another one and its file"));
            }
        }
        other => {
            *waiting = None;
            faults.push(foreign(other, &name));
        }
    }
    None
}

// An entry that no `.crate` has.
fn foreign(kind: u8, name: &str) -> Fault {
    let (check, what) = match kind {
        b'1' => ("archive-link", "is a hard link"),
        b'2' => ("archive-link", "is a symbolic link"),
        b'K' => ("archive-link", "announces the target of a link"),
        b'S' => ("archive-header-mismatch", "is a sparse file"),
        b'g' => ("archive-header-mismatch", "is a PAX header for all files"),
        b'3' | b'4' => ("archive-special", "is a device"),
        b'5' => ("archive-special", "is a folder entry, which cargo does not write"),
        b'6' => ("archive-special", "is a named pipe"),
        _ => ("archive-special", "is of a kind that only some readers know"),
    };
    Fault::new(check, format!("`{name}` {what}"))
}

// The content of a GNU long name: one path and the NUL that ends it, nothing in which a header could hide.
fn long_name(text: &[u8], limits: &Limits) -> Result<Extension, &'static str> {
    let name = text.strip_suffix(b"\0").ok_or("does not end in a NUL byte")?;
    if name.contains(&0) {
        return Err("goes on after a NUL byte");
    }
    if name.len() > limits.path {
        return Err("is longer than any system allows");
    }
    Ok(Extension { path: Some(name.to_vec()) })
}

// The path of a file, given once: in its header, or longer in one extension that the header's path is cut from.
fn full_path(short: &[u8], extension: Option<Extension>) -> Result<Vec<u8>, &'static str> {
    let Some(long) = extension.and_then(|extension| extension.path) else { return Ok(short.to_vec()) };
    if long.contains(&0) || !long.starts_with(short) {
        return Err("has another name in its extension header");
    }
    Ok(long)
}

// The records `LENGTH KEY=VALUE\n` (POSIX.1-2024 pax, "pax extended header"). The `tar` crate splits at line feeds, so
// a value that holds one is refused.
fn parse_pax(mut text: &[u8]) -> Result<Extension, String> {
    let mut pax = Extension::default();
    let mut seen = vec![];
    while !text.is_empty() {
        let (key, value, rest) = pax_record(text).ok_or("cannot be read")?;
        text = rest;
        if seen.contains(&key) {
            return Err(format!("has `{}` twice", printable(key)));
        }
        match key {
            b"path" => pax.path = Some(value.to_vec()),
            // Readers disagree about which header it moves; no file that a package may have needs it.
            b"size" => return Err("gives a size, which belongs into the header of the file".into()),
            b"linkpath" => return Err("names the target of a link".into()),
            b"mtime" | b"atime" | b"ctime" | b"uid" | b"gid" | b"uname" | b"gname" | b"comment" => {}
            _ => return Err(format!("has the unknown key `{}`", printable(key))),
        }
        seen.push(key);
    }
    Ok(pax)
}

fn pax_record(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = text.iter().take(10).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&text[..space])?).ok()?;
    let record = text.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (&record[..equals], &record[equals + 1..]);
    (!record.contains(&b'\n')).then_some((key, value, &text[length..]))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

// Whether the `tar` crate, and so cargo, sees the same files at the same places.
fn agrees(data: &[u8], members: &[Member]) -> bool {
    let mut archive = tar::Archive::new(data);
    let Ok(entries) = archive.entries() else { return false };
    let mut expected = members.iter();
    for entry in entries {
        let (Ok(entry), Some(member)) = (entry, expected.next()) else { return false };
        let same = entry.path_bytes() == member.path
            && entry.header().entry_type().is_file()
            && usize::try_from(entry.raw_file_position()) == Ok(member.content.start)
            && usize::try_from(entry.size()) == Ok(member.content.len());
        if !same {
            return false;
        }
    }
    expected.next().is_none()
}

fn malformed(what: &str) -> Fault {
    Fault::new("archive-malformed", what)
}

fn mismatch(what: impl Into<String>) -> Fault {
    Fault::new("archive-header-mismatch", what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pax(records: &[(&str, &str)]) -> Result<Extension, String> {
        let mut text = Vec::new();
        for (key, value) in records {
            // Two digits are enough for what the tests write.
            let length = key.len() + value.len() + 5;
            text.extend_from_slice(format!("{length} {key}={value}\n").as_bytes());
        }
        parse_pax(&text)
    }

    #[test]
    fn pax_records_are_read_by_their_length() {
        let found = pax(&[("path", "some/path"), ("mtime", "1234567890.5")]);
        let expected = Extension { path: Some(b"some/path".to_vec()) };
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn doubtful_pax_records_are_refused() {
        let refused = [
            pax(&[("path", "some/path"), ("path", "some/path")]),
            pax(&[("size", "1234567890")]),
            pax(&[("linkpath", "anywhere")]),
            pax(&[("GNU.sparse.major", "1")]),
            pax(&[("SCHILY.xattr.x", "1")]),
            pax(&[("comment", "a\n12 path=xyz")]),
            parse_pax(b"12 path=abc"),
            parse_pax(b"99 path=abc\n"),
            parse_pax(b"0 path=abc\n"),
            parse_pax(b"18446744073709551616 a=b\n"),
            parse_pax(b"\n"),
        ];
        for result in refused {
            assert!(result.is_err(), "{result:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_pax_records_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), text in "[0-9]{1,3} [a-z=\n]{0,20}\n") {
            let _ = parse_pax(&bytes);
            let _ = parse_pax(text.as_bytes());
        }

        #[test]
        fn the_length_decides_where_a_pax_record_ends(value in "[a-z=0-9 ]{5,40}") {
            prop_assert_eq!(pax(&[("path", &value)]).map(|pax| pax.path), Ok(Some(value.into_bytes())));
        }
    }
}
