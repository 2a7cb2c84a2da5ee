//! The readers of audit files.
//!
//! A store of one's own is read as strictly as `cargo vet --locked` does: what cargo-vet would drop on its next write is an
//! error with its line. A set from elsewhere is read entry by entry: one that cannot be read is a loss that is told, and
//! the others count.

mod bindings;
mod dotted;
mod entries;
mod fields;
mod foreign;
mod store;

pub use foreign::{Loss, Published};

use std::path::Path;

use toml_span::Value;
use toml_span::value::{Table, ValueInner};

use super::AuditError;

/// Bytes of one file: twenty times what the largest published set has.
pub const FILE_BYTES: usize = 16 * 1024 * 1024;

/// Entries of one kind for one crate: every pair of some is compared, and published sets have fewer than a hundred.
const ENTRIES: usize = 1024;

/// What a text that is quoted in a message is cut to.
const QUOTED_CHARS: usize = 60;

type Result<T, E = AuditError> = std::result::Result<T, E>;

/// A file being read.
struct Reader<'t> {
    file: &'t Path,
    // Where each line begins.
    lines: Vec<usize>,
    // What to do about a key that nobody knows.
    unknown: &'static str,
}

impl<'t> Reader<'t> {
    /// The reader of a file, and its text.
    fn of(bytes: &'t [u8], file: &'t Path) -> Result<(Self, &'t str)> {
        if bytes.len() > FILE_BYTES {
            let what = format!("has {} bytes, and {FILE_BYTES} are read at most", bytes.len());
            return Err(AuditError::new(file, 0, what, "take over only what is needed of it"));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() + 1;
            AuditError::new(file, u32::try_from(line).unwrap_or(0), "is not UTF-8", "save the file as UTF-8")
        })?;
        let lines = [0].into_iter().chain(memchr::memchr_iter(b'\n', bytes).map(|at| at + 1)).collect();
        let reader = Self { file, lines, unknown: "remove it; cargo-vet would drop it" };
        match dotted::beyond(text) {
            None => Ok((reader, text)),
            Some(at) => {
                let what = format!("has more than {} dotted keys", dotted::KEYS);
                Err(reader.fault(at, &what, "write a table, `[a.b]`, instead of `a.b = `"))
            }
        }
    }

    fn table(&self, text: &'t str) -> Result<Table<'t>> {
        let root = toml_span::parse(text).map_err(|error| {
            let help = "correct the TOML syntax; a date stands in quotes";
            self.fault(error.span.start, &quoted(&error.to_string()), help)
        });
        match root?.take() {
            ValueInner::Table(table) => Ok(table),
            _ => Err(self.fault(0, "is not a table", "begin with `[audits]`")),
        }
    }

    fn fault(&self, at: usize, what: &str, help: &str) -> AuditError {
        AuditError::new(self.file, self.line(at), what, help)
    }

    fn wanted(&self, value: &Value<'_>, name: &str, wanted: &str) -> AuditError {
        let found = value.as_ref().type_str();
        self.fault(
            value.span.start,
            &format!("`{}` is not {wanted}, but {found}", quoted(name)),
            &format!("write {wanted}"),
        )
    }

    fn line(&self, at: usize) -> u32 {
        u32::try_from(self.lines.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }
}

/// Text of a file, cut to what a message can hold.
fn quoted(text: &str) -> String {
    let mut short = text.chars().take(QUOTED_CHARS).collect::<String>();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
