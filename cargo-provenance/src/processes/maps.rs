//! `/proc/PID/maps` (proc(5)): what a process has in its memory. Line feeds in names are escaped by the kernel, nothing else is.

use std::collections::BTreeSet;

/// A file of which code is in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    /// Its name in `map_files`.
    pub(super) range: String,
    /// The device, as `stat` has it.
    pub(super) device: u64,
    /// The inode.
    pub(super) inode: u64,
    /// The path, with the kernel's mark.
    pub(super) path: Vec<u8>,
}

/// The mappings of files that can be executed, the first of each file; `None` where a line is none that the kernel writes.
pub(super) fn parse(text: &[u8]) -> Option<Vec<Mapping>> {
    let (mut mappings, mut known) = (vec![], BTreeSet::new());
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut fields = line.splitn(6, |byte| *byte == b' ');
        let mut field = || std::str::from_utf8(fields.next()?).ok();
        let (range, rights, _, device, inode) = (field()?, field()?, field()?, field()?, field()?);
        let inode = inode.parse::<u64>().ok()?;
        let range = range_of(range)?;
        let device = device_of(device)?;
        if rights.len() != 4 {
            return None;
        }
        if inode == 0 || rights.as_bytes()[2] != b'x' || !known.insert((device, inode)) {
            continue;
        }
        let path = fields.next().unwrap_or_default().trim_ascii_start();
        mappings.push(Mapping { range, device, inode, path: unescaped(path) });
    }
    Some(mappings)
}

/// `maps` pads addresses to eight digits, `map_files` does not.
fn range_of(text: &str) -> Option<String> {
    let (start, end) = text.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some(format!("{:x}-{:x}", number(start)?, number(end)?))
}

/// `MAJOR:MINOR` in hex, put together as `makedev` of glibc does.
fn device_of(text: &str) -> Option<u64> {
    let (major, minor) = text.split_once(':')?;
    device(u64::from_str_radix(major, 16).ok()?, u64::from_str_radix(minor, 16).ok()?)
}

/// The number that `stat` has for a device.
pub(super) fn device(major: u64, minor: u64) -> Option<u64> {
    let fits = |number: u64| number <= u64::from(u32::MAX);
    (fits(major) && fits(minor))
        .then_some((major & 0xfff) << 8 | (major & !0xfff) << 32 | (minor & 0xff) | (minor & !0xff) << 12)
}

/// `\012` is a line feed. A path that holds these four characters itself cannot be told from that, and is then not found.
fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [first, more @ ..] = rest {
        match rest.strip_prefix(b"\\012") {
            Some(more) => {
                out.push(b'\n');
                rest = more;
            }
            None => {
                out.push(*first);
                rest = more;
            }
        }
    }
    out
}
