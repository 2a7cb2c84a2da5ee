//! Looks into archives as they are read: tar, gzip, Debian packages. Nothing is unpacked to disk, and each has its budget.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use tar::Header;

use super::Content;
use super::content::{Examination, Kind, kind};
use super::limits::{DEPTH, EXTENDED, NAME};

const BLOCK: u64 = 512;

/// What extension headers say of the next file.
#[derive(Debug, Default, PartialEq, Eq)]
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
            // Not every reader stumbles where this one does.
            (Err(error), _) => Err(error),
            // Most of what is packed with gzip are texts.
            (Ok(_), Kind::Other) => {
                self.other();
                Ok(())
            }
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
        let mut has_ended = false;
        loop {
            let mut block = [0; BLOCK as usize];
            let filled = fill(from, &mut block)?;
            // Every packer writes blocks of zeros behind the last file. Some readers go on behind them.
            let (is_whole, is_empty) = (filled as u64 == BLOCK, block.iter().all(|byte| *byte == 0));
            match (is_whole, is_empty) {
                (true, true) => {
                    has_ended = true;
                    continue;
                }
                (true, false) => {}
                (false, true) if has_ended => return Ok(()),
                (false, _) => return Err(cut_off()),
            }
            if !is_header(&block) {
                return Err(malformed());
            }
            let header = Header::from_byte_slice(&block);
            let told = header.entry_size().map_err(|_| malformed())?;
            let flag = header.as_old().linkflag[0];
            match flag {
                b'L' => {
                    extension.path =
                        Some(taken(from, told, NAME)?.into_iter().take_while(|it| *it != 0).collect())
                }
                // Solaris writes `X`.
                b'x' | b'X' => {
                    let before = std::mem::take(&mut extension);
                    extended(&taken(from, told, EXTENDED)?, &mut extension)?;
                    // Whether the first still counts beside the second, each reader sees in its own way.
                    if before.size.is_some() || before.is_sparse {
                        return Err(malformed());
                    }
                    extension.path = extension.path.or(before.path);
                }
                b'g' => {
                    let mut all = Extension::default();
                    extended(&taken(from, told, EXTENDED)?, &mut all)?;
                    // Some readers take it for every file that follows, others for none.
                    if all.size.is_some() || all.is_sparse {
                        return Err(io::Error::other("a header of it gives one size to all its files"));
                    }
                }
                b'K' => drop(taken(from, told, EXTENDED)?),
                // Links, devices, folders and pipes hold nothing. What follows one that says otherwise is a file to some readers.
                b'1'..=b'6' => {
                    if told > 0 || std::mem::take(&mut extension).size.unwrap_or(0) > 0 {
                        return Err(io::Error::other("a link or folder of it has content"));
                    }
                }
                // An unknown kind is a regular file (POSIX.1-2024 pax, `typeflag`).
                _ => {
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
            }
        }
    }
}

/// Whether a block is the header of a file in a tar archive, of whichever time: the oldest have no mark, only a sum (POSIX.1-2024
/// pax, "ustar interchange format") of all bytes, with the field itself as eight spaces.
pub(super) fn is_header(block: &[u8]) -> bool {
    let Ok(block) = <&[u8; BLOCK as usize]>::try_from(block) else { return false };
    let sum = block[..148].iter().chain(&block[156..]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    // Some old packers added up signed bytes.
    let signed =
        block[..148].iter().chain(&block[156..]).map(|byte| i32::from(byte.cast_signed())).sum::<i32>()
            + 8 * 32;
    let told = Header::from_byte_slice(block).cksum().ok();
    told == Some(sum) || told.is_some() && told == u32::try_from(signed).ok()
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
