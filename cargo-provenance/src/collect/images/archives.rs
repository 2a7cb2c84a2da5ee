//! Looks into archives as they are read: tar, gzip, Debian packages. Nothing is unpacked to disk, and each has its budget.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use tar::Header;

use super::Content;
use super::content::{Examination, Kind, kind};
use super::limits::{DEPTH, EXTENDED, NAME};

const BLOCK: u64 = 512;

/// What extension headers say of the next file.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    size: Option<u64>,
    is_sparse: bool,
}

/// Unpacks no more than is allowed.
struct Limited<'a, R> {
    from: R,
    left: &'a mut u64,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => *self.left = left,
            None => return Err(io::Error::other("it unpacks to far more than it has bytes")),
        }
        Ok(read)
    }
}

impl Examination<'_> {
    /// What is packed alone: a program, or an archive.
    pub(super) fn gzip(&mut self, name: &str, from: &mut dyn Read, depth: usize) -> io::Result<()> {
        deep_enough(depth)?;
        let mut allowance = self.allowance;
        let mut from = Limited { from: MultiGzDecoder::new(BufReader::new(from)), left: &mut allowance };
        let mut head = vec![];
        let result = (&mut from).take(BLOCK).read_to_end(&mut head);
        let what = kind(&head);
        let result = match (result, what) {
            // Most of what is packed with gzip are texts; a file that merely begins like it is none of ours.
            (_, Kind::Other) => {
                self.other();
                Ok(())
            }
            (Err(error), _) => Err(error),
            // The checksum stands behind everything.
            (Ok(_), _) => self
                .within(name, &mut io::Cursor::new(head).chain(&mut from), 0, depth)
                .and_then(|()| io::copy(&mut from, &mut io::sink()).map(drop)),
        };
        self.allowance = self.allowance.min(allowance);
        result
    }

    /// A Debian package: `ar` with one archive for what it installs and one for what it runs then.
    pub(super) fn ar(&mut self, name: &str, from: &mut dyn Read, depth: usize) -> io::Result<()> {
        deep_enough(depth)?;
        skip(from, 8)?;
        loop {
            let mut header = [0; 60];
            match fill(from, &mut header)? {
                0 => return Ok(()),
                60 => {}
                _ => return Err(cut_off()),
            }
            let text =
                |range: std::ops::Range<usize>| std::str::from_utf8(&header[range]).ok().map(str::trim_end);
            let size = text(48..58).and_then(|size| size.parse::<u64>().ok());
            let (Some(member), Some(size), b"`\n") = (text(0..16), size, &header[58..]) else {
                return Err(malformed());
            };
            let mut content = (&mut *from).take(size);
            if member.starts_with("data.tar") || member.starts_with("control.tar") {
                self.within(&format!("{name} > {member}"), &mut content, size, depth)?;
            }
            let left = content.limit();
            skip(from, left + size % 2)?;
        }
    }

    /// The regular files of a tar archive.
    pub(super) fn tar(&mut self, name: &str, from: &mut dyn Read, depth: usize) -> io::Result<()> {
        deep_enough(depth)?;
        let mut extension = Extension::default();
        loop {
            let mut block = [0; BLOCK as usize];
            // Every packer writes blocks of zeros behind the last file.
            if fill(from, &mut block)? as u64 != BLOCK {
                return Err(cut_off());
            }
            if block.iter().all(|byte| *byte == 0) {
                return Ok(());
            }
            let header = Header::from_byte_slice(&block);
            // POSIX.1-2024 pax, "ustar interchange format": the sum of all bytes with the field itself as eight spaces.
            let sum =
                block[..148].iter().chain(&block[156..]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
            if header.cksum().ok() != Some(sum) {
                return Err(malformed());
            }
            let told = header.entry_size().map_err(|_| malformed())?;
            let flag = header.as_old().linkflag[0];
            match flag {
                b'L' => {
                    extension.path =
                        Some(taken(from, told, NAME)?.into_iter().take_while(|it| *it != 0).collect())
                }
                b'x' => extended(&taken(from, told, EXTENDED)?, &mut extension)?,
                b'K' | b'g' => drop(taken(from, told, EXTENDED)?),
                b'0' | 0 | b'7' | b'S' => {
                    let Extension { path, size, is_sparse } = std::mem::take(&mut extension);
                    let path = path.unwrap_or_else(|| header.path_bytes().into_owned());
                    let size = size.unwrap_or(told);
                    let inside = format!("{name} > {}", String::from_utf8_lossy(&path));
                    if flag == b'S' || is_sparse {
                        self.push(inside, Content::Packed("a sparse file of an archive"), None);
                        if flag == b'S' && is_extended(&block) {
                            return Err(io::Error::other("it holds a sparse file with more than four parts"));
                        }
                        skip(from, padded(size)?)?;
                        continue;
                    }
                    let mut content = (&mut *from).take(size);
                    self.within(&inside, &mut content, size, depth)?;
                    let left = content.limit();
                    skip(from, left + (padded(size)? - size))?;
                }
                // Links, folders and devices hold nothing.
                _ => {
                    extension = Extension::default();
                    skip(from, padded(told)?)?;
                }
            }
        }
    }
}

/// The records of a PAX header (POSIX.1-2024 pax, "pax Header Block"): `LENGTH KEY=VALUE\n`.
fn extended(records: &[u8], extension: &mut Extension) -> io::Result<()> {
    let mut rest = records;
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ').ok_or_else(malformed)?;
        let length = std::str::from_utf8(&rest[..space]).ok().and_then(|it| it.parse::<usize>().ok());
        let length =
            length.filter(|length| *length > space + 1 && *length <= rest.len()).ok_or_else(malformed)?;
        let (record, after) = rest.split_at(length);
        let record = record[space + 1..].strip_suffix(b"\n").ok_or_else(malformed)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(malformed)?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        match key {
            b"path" => extension.path = Some(value.to_vec()),
            b"size" => {
                let size = std::str::from_utf8(value).ok().and_then(|it| it.parse::<u64>().ok());
                extension.size = Some(size.ok_or_else(malformed)?);
            }
            _ if key.starts_with(b"GNU.sparse.") => extension.is_sparse = true,
            _ => {}
        }
        rest = after;
    }
    Ok(())
}

/// The content of an extension header.
fn taken(from: &mut dyn Read, size: u64, most: u64) -> io::Result<Vec<u8>> {
    if size > most {
        return Err(io::Error::other(format!("a header of it has {size} bytes")));
    }
    let mut bytes = vec![];
    (&mut *from).take(size).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < size {
        return Err(cut_off());
    }
    skip(from, padded(size)? - size)?;
    Ok(bytes)
}

/// Whether more blocks follow that say where the parts of a sparse file lie (GNU tar, `tar.h`).
fn is_extended(block: &[u8; BLOCK as usize]) -> bool {
    block[482] != 0
}

fn padded(size: u64) -> io::Result<u64> {
    size.checked_next_multiple_of(BLOCK).ok_or_else(malformed)
}

/// Reads past so many bytes, which must be there.
fn skip(from: &mut dyn Read, bytes: u64) -> io::Result<()> {
    match io::copy(&mut from.take(bytes), &mut io::sink())? == bytes {
        true => Ok(()),
        false => Err(cut_off()),
    }
}

/// Reads as many bytes as fit, and says how many there were.
fn fill(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn deep_enough(depth: usize) -> io::Result<()> {
    match depth > DEPTH {
        true => Err(io::Error::other(format!("archives lie more than {DEPTH} deep in each other"))),
        false => Ok(()),
    }
}

fn malformed() -> io::Error {
    io::Error::other("a header of it is malformed")
}

fn cut_off() -> io::Error {
    io::Error::other("it is cut off")
}

#[cfg(test)]
mod tests;
