//! A TOML document as cargo-vet lays it out: `serialization.rs`, `to_formatted_toml`, of cargo-vet 0.10.

use super::text;

/// The length, in characters with key and ` = `, above which an array goes one item per line.
const ARRAY_CHARS: usize = 80;
/// The same for a table that stands in one line.
const INLINE_CHARS: usize = 120;

pub(super) enum Item {
    /// Anything that is not a list or a table, already spelled, and a comment behind it.
    Plain(String, Option<String>),
    List(Vec<String>),
    Table(Table),
    /// A table that stands in one line if that is short enough.
    Inline(Table),
    Tables(Vec<Table>),
}

/// The items of a table, in the order in which they are written.
#[derive(Default)]
pub(super) struct Table(pub(super) Vec<(String, Item)>);

impl Table {
    pub(super) fn put(&mut self, key: &str, item: Item) {
        self.0.push((key.to_owned(), item));
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.put(key, Item::Plain(text::string(text), None));
    }

    pub(super) fn flag(&mut self, key: &str, flag: bool) {
        self.put(key, Item::Plain(flag.to_string(), None));
    }

    /// A string where there is one, else a list.
    pub(super) fn list(&mut self, key: &str, list: &[String]) {
        match list {
            [one] => self.text(key, one),
            _ => self.put(key, Item::List(list.to_vec())),
        }
    }

    /// The same, left out where it is empty.
    pub(super) fn some(&mut self, key: &str, list: &[String]) {
        if !list.is_empty() {
            self.list(key, list);
        }
    }

    /// The document that this is the root of.
    pub(super) fn document(self) -> String {
        let mut out = String::new();
        if matches!(self.0.first(), Some((_, Item::Table(_) | Item::Tables(_)))) {
            out.push('\n');
        }
        let mut is_first = true;
        self.write(&mut out, &mut vec![], Header::None, &mut is_first);
        out
    }

    fn write(&self, out: &mut String, path: &mut Vec<String>, header: Header, is_first: &mut bool) {
        let lines = self.0.iter().filter_map(|(key, item)| line(key, item)).collect::<String>();
        let (open, close) = match header {
            Header::Tables => ("[[", "]]"),
            // A table that holds nothing but tables needs no header.
            Header::Table if !lines.is_empty() || self.0.is_empty() => ("[", "]"),
            Header::None | Header::Table => ("", ""),
        };
        if !open.is_empty() {
            if !*is_first {
                out.push('\n');
            }
            out.push_str(&format!("{open}{}{close}\n", path.join(".")));
        }
        *is_first &= open.is_empty() && lines.is_empty();
        out.push_str(&lines);
        for (key, item) in &self.0 {
            path.push(text::key(key));
            match item {
                Item::Plain(..) | Item::List(_) => {}
                Item::Inline(table) if inline(key, table).is_some() => {}
                Item::Inline(table) | Item::Table(table) => table.write(out, path, Header::Table, is_first),
                Item::Tables(tables) => {
                    tables.iter().for_each(|table| table.write(out, path, Header::Tables, is_first));
                }
            }
            path.pop();
        }
    }
}

enum Header {
    None,
    Table,
    Tables,
}

// The line, or lines, of an item that has no header.
fn line(key: &str, item: &Item) -> Option<String> {
    let value = match item {
        Item::Plain(value, None) => value.clone(),
        Item::Plain(value, Some(comment)) => format!("{value} # {comment}"),
        Item::List(list) => {
            let value = array(list);
            match length(key, &value) <= ARRAY_CHARS {
                true => value,
                false => {
                    let items = list.iter().map(|item| format!("\n    {},", text::string(item)));
                    format!("[{}\n]", items.collect::<String>())
                }
            }
        }
        Item::Inline(table) => inline(key, table)?,
        Item::Table(_) | Item::Tables(_) => return None,
    };
    Some(format!("{} = {value}\n", text::key(key)))
}

fn array(list: &[String]) -> String {
    format!("[{}]", list.iter().map(|item| text::string(item)).collect::<Vec<_>>().join(", "))
}

fn inline(key: &str, table: &Table) -> Option<String> {
    let entries = table.0.iter().map(|(key, item)| {
        let value = match item {
            Item::Plain(value, _) => value.clone(),
            Item::List(list) => array(list),
            Item::Inline(_) | Item::Table(_) | Item::Tables(_) => return None,
        };
        Some(format!("{} = {value}", text::key(key)))
    });
    let value = format!("{{ {} }}", entries.collect::<Option<Vec<_>>>()?.join(", "));
    (length(key, &value) <= INLINE_CHARS).then_some(value)
}

fn length(key: &str, value: &str) -> usize {
    key.chars().count() + " = ".len() + value.chars().count()
}
