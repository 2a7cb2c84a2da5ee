//! The canonical form of a policy, which its digest is made of.
//!
//! A JSON text of what is written: keys sorted, no white space, empty tables left out. The entries of a list are
//! sorted as well, because every list of a policy is a set.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use toml_span::value::{Table, Value, ValueInner};

use crate::digest::Checksum;

/// What the hash begins with, so that no other text of the project can have the same digest.
const DOMAIN: &str = "cargo-provenance policy 1\n";

/// The digest of a policy's root table: comments, white space, the order of keys and the spelling of values make no
/// difference. Defaults are not filled in.
pub fn policy_digest(root: &Table<'_>) -> Checksum {
    let mut canonical = String::new();
    write_table(&mut canonical, root);
    let hash = Sha256::new().chain_update(DOMAIN).chain_update(canonical).finalize();
    Checksum::from_bytes(hash.into())
}

fn write_table(text: &mut String, table: &Table<'_>) {
    text.push('{');
    let mut first = true;
    for (key, value) in table {
        if value.as_table().is_some_and(is_empty) {
            continue;
        }
        if !first {
            text.push(',');
        }
        first = false;
        write_string(text, &key.name);
        text.push(':');
        write_value(text, value);
    }
    text.push('}');
}

fn is_empty(table: &Table<'_>) -> bool {
    table.values().all(|value| value.as_table().is_some_and(is_empty))
}

fn write_value(text: &mut String, value: &Value<'_>) {
    match value.as_ref() {
        ValueInner::String(string) => write_string(text, string),
        ValueInner::Integer(integer) => text.push_str(&integer.to_string()),
        // The bits, because two floats can print alike; no key of the format takes one.
        ValueInner::Float(float) => text.push_str(&format!("f{:016x}", float.to_bits())),
        ValueInner::Boolean(boolean) => text.push_str(if *boolean { "true" } else { "false" }),
        ValueInner::Array(array) => {
            let mut entries = array
                .iter()
                .map(|entry| {
                    let mut text = String::new();
                    write_value(&mut text, entry);
                    text
                })
                .collect::<Vec<_>>();
            entries.sort();
            entries.dedup();
            text.push('[');
            text.push_str(&entries.join(","));
            text.push(']');
        }
        ValueInner::Table(table) => write_table(text, table),
    }
}

/// A JSON string (RFC 8259 §7) with the short escapes where there are any.
fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            c if c < ' ' => drop(write!(text, "\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_those_of_json() {
        let mut text = String::new();
        write_string(&mut text, "a\"\\/\n\r\t\u{8}\u{c}\u{1}\u{1f}\u{7f}\u{e9}\u{2028}");
        assert_eq!(text, "\"a\\\"\\\\/\\n\\r\\t\\b\\f\\u0001\\u001f\u{7f}\u{e9}\u{2028}\"");
    }

    #[test]
    fn digests_stay_what_they_were() {
        let text = "version = 1\nown = [\"../b\", \"../a\"]\n[checks]\nlicense = \"deny\"\nx.days = 7\ny = false\n[empty]\n";
        let table = crate::toml::parse(text, std::path::Path::new("p")).expect("TOML");
        let json =
            r#"{"checks":{"license":"deny","x":{"days":7},"y":false},"own":["../a","../b"],"version":1}"#;
        let hash = Sha256::new().chain_update(DOMAIN).chain_update(json).finalize();
        assert_eq!(policy_digest(&table), Checksum::from_bytes(hash.into()));
    }
}
