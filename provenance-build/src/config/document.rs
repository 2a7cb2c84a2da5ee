//! One TOML file as plain values with line numbers.
//!
//! What the parser does not accept is refused, so that no spelling of a key (quoted, dotted, escaped) hides a setting.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use toml_span::value::ValueInner;

use crate::error::Error;
use crate::limits;

/// A table: key to value.
pub(crate) type Table = BTreeMap<String, Node>;

/// A value and the line its key stands in.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) line: u32,
    pub(crate) item: Item,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    List(Vec<Item>),
    /// An integer, a float or a boolean, in canonical spelling.
    Plain(String),
    Table(Table),
    Text(String),
}

impl Item {
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        if let Self::Table(table) = self { Some(table) } else { None }
    }

    /// The value as one line of TOML that has no other spelling: basic strings, inline tables with sorted keys.
    pub(crate) fn canonical(&self) -> String {
        match self {
            Self::List(items) => {
                format!("[{}]", items.iter().map(Self::canonical).collect::<Vec<_>>().join(", "))
            }
            Self::Plain(text) => text.clone(),
            Self::Table(table) if table.is_empty() => "{}".to_owned(),
            Self::Table(table) => {
                let pairs =
                    table.iter().map(|(name, node)| format!("{} = {}", key(name), node.item.canonical()));
                format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
            }
            Self::Text(text) => quoted(text),
        }
    }
}

/// A key as TOML writes it: bare where it can be.
pub(crate) fn key(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { quoted(name) }
}

/// Reads a file, following links; it must be a regular file of bounded size in UTF-8.
pub(crate) fn read(file: &Path) -> Result<Table, Error> {
    parse(&read_text(file)?, file)
}

/// The text of a file that [`parse`] would read.
pub(crate) fn read_text(file: &Path) -> Result<String, Error> {
    let refuse = |what: &str, help: &str| Err(Error::invalid(file, 0, what, help));
    // Opening a named pipe would wait for ever, so the kind is looked at first.
    if !fs::metadata(file).map_err(|e| Error::io("read", file, e))?.is_file() {
        return refuse("is not a regular file", "remove it: cargo cannot read it either");
    }
    let mut bytes = vec![];
    File::open(file)
        .and_then(|open| open.take(limits::CONFIG_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|e| Error::io("read", file, e))?;
    if bytes.len() as u64 > limits::CONFIG_BYTES {
        return refuse("is too large to be read", "it may have 4 MiB at most");
    }
    String::from_utf8(bytes).or_else(|_| refuse("is not UTF-8", "save it as UTF-8"))
}

/// Reads the text of `file`.
pub(crate) fn parse(text: &str, file: &Path) -> Result<Table, Error> {
    let lines = Lines(text.match_indices('\n').map(|(at, _)| at).collect());
    let value = toml_span::parse(text).map_err(|e| {
        let what = format!("is not TOML that can be judged: {}", e.to_string().escape_debug());
        Error::invalid(file, lines.number(e.span.start), what, "correct that line")
    })?;
    match convert(value.as_ref(), &lines) {
        Item::Table(table) => Ok(table),
        _ => Ok(Table::new()),
    }
}

/// The offsets of the line breaks of a text.
struct Lines(Vec<usize>);

impl Lines {
    fn number(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|&at| at < offset) + 1).unwrap_or(u32::MAX)
    }
}

// The parser allows 128 levels, which bounds the recursion.
fn convert(value: &ValueInner<'_>, lines: &Lines) -> Item {
    match value {
        ValueInner::String(text) => Item::Text(text.to_string()),
        ValueInner::Integer(number) => Item::Plain(number.to_string()),
        ValueInner::Float(number) => Item::Plain(format!("{number:?}")),
        ValueInner::Boolean(truth) => Item::Plain(truth.to_string()),
        ValueInner::Array(items) => {
            Item::List(items.iter().map(|item| convert(item.as_ref(), lines)).collect())
        }
        ValueInner::Table(table) => {
            let node = |(key, value): (&toml_span::value::Key<'_>, &toml_span::Value<'_>)| {
                let line = lines.number(key.span.start);
                (key.name.to_string(), Node { line, item: convert(value.as_ref(), lines) })
            };
            Item::Table(table.iter().map(node).collect())
        }
    }
}

/// A basic string in which everything but printable ASCII is escaped: what is reviewed must not be able to hide.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // Writing to a string cannot fail.
            c if u32::from(c) <= 0xffff => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => drop(write!(quoted, "\\U{:08x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}
