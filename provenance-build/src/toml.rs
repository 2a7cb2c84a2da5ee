//! Bounded reading of the TOML that people write: `Cargo.toml`, cargo configuration, the policy.

use std::fs;
use std::io::Read;
use std::path::Path;

use toml_span::value::{Table, ValueInner};

use crate::error::Error;
use crate::limits;

/// Reads a text file of at most [`limits::TEXT_BYTES`].
pub fn read(file: &Path) -> Result<String, Error> {
    let failed = |source| Error::io("read", file, source);
    // Opening a named pipe would wait for ever, so the kind is looked at first.
    if !fs::metadata(file).map_err(failed)?.is_file() {
        return Err(Error::invalid(file, 0, "it is not a regular file", "remove it"));
    }
    let mut bytes = Vec::new();
    let opened = fs::File::open(file).map_err(failed)?;
    opened.take(limits::TEXT_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    text(&bytes, file, "make it smaller, and save it as UTF-8").map(str::to_owned)
}

/// Takes bytes for text, if they are UTF-8 and not too many; `file` is for messages only.
pub(crate) fn text<'b>(bytes: &'b [u8], file: &Path, help: &str) -> Result<&'b str, Error> {
    if bytes.len() as u64 > limits::TEXT_BYTES {
        let what = format!("it has more than the {} bytes that are read", limits::TEXT_BYTES);
        return Err(Error::invalid(file, 0, what, help));
    }
    std::str::from_utf8(bytes).map_err(|fault| {
        Error::invalid(file, line_at(&bytes[..fault.valid_up_to()]), "it is not UTF-8", help)
    })
}

/// Parses a document; `file` is for messages only.
pub fn parse<'t>(text: &'t str, file: &Path) -> Result<Table<'t>, Error> {
    match toml_span::parse(text).map(|mut value| value.take()) {
        Ok(ValueInner::Table(table)) => Ok(table),
        Ok(_) => Err(Error::invalid(file, 0, "it is not a TOML table", "correct the TOML")),
        Err(fault) => {
            let help = "correct the TOML, or resolve the merge in this file first";
            Err(Error::invalid(file, line(text, fault.span.start), fault.to_string(), help))
        }
    }
}

/// The line of a byte offset, counted from 1.
pub fn line(text: &str, offset: usize) -> u32 {
    line_at(&text.as_bytes()[..offset.min(text.len())])
}

fn line_at(before: &[u8]) -> u32 {
    1 + before.iter().filter(|byte| **byte == b'\n').count() as u32
}

/// The table under `key`.
pub fn table<'t, 'a>(holder: &'t Table<'a>, key: &str) -> Option<&'t Table<'a>> {
    holder.get(key).and_then(|value| value.as_table())
}

/// The text under `key`.
pub fn string<'t>(holder: &'t Table<'_>, key: &str) -> Option<&'t str> {
    holder.get(key).and_then(|value| value.as_str())
}
