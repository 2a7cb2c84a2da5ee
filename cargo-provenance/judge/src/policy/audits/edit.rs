//! Edits of `[audits.import.NAME]` that leave every other byte of the policy as it is.

use std::fmt::Write as _;

use provenance_build::Checksum;
use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::model::{Date, WebAddress};

/// Why a policy was not edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportEditError {
    /// It has another shape than expected.
    #[error("the import `{0}` is written in a way that cannot be changed without rewriting it")]
    Shape(String),
    /// It is no TOML.
    #[error("{0}")]
    Syntax(String),
}

/// The policy with another digest and date for an import.
///
/// # Errors
///
/// An import that is not there, or not as a table.
pub fn with_pin(text: &str, name: &str, sha256: &Checksum, date: Date) -> Result<String, ImportEditError> {
    let mut document = text.parse::<DocumentMut>();
    let document = document.as_mut().map_err(|error| ImportEditError::Syntax(error.message().to_owned()))?;
    let mut item = Some(document.as_item_mut());
    for key in ["audits", "import", name] {
        item = item.and_then(Item::as_table_like_mut).and_then(|table| table.get_mut(key));
    }
    let table = item.and_then(Item::as_table_like_mut);
    let table = table.ok_or_else(|| ImportEditError::Shape(name.to_owned()))?;
    set(table, "sha256", &sha256.hex());
    set(table, "date", &date.to_string());
    let edited = document.to_string();
    // The editor ends every line alike.
    Ok(if has_carriage_returns(text) { edited.replace("\r\n", "\n").replace('\n', "\r\n") } else { edited })
}

/// Whether every line of a text ends as on Windows.
fn has_carriage_returns(text: &str) -> bool {
    let ends = text.matches('\n').count();
    ends > 0 && text.matches("\r\n").count() == ends
}

/// The policy with one import more, at its end.
pub fn with_import(text: &str, name: &str, urls: &[WebAddress], sha256: &Checksum, date: Date) -> String {
    let mut out = if text.is_empty() || text.ends_with('\n') { String::new() } else { "\n".to_owned() };
    let quoted = |url: &WebAddress| format!("\"{}\"", url.as_written());
    let source = match urls {
        // Where nothing is fetched, the copy is all there is.
        [] => format!("path = \"audits/{name}.toml\""),
        [url] => format!("url = {}", quoted(url)),
        urls => format!("url = [{}]", urls.iter().map(quoted).collect::<Vec<_>>().join(", ")),
    };
    // A name can hold a point, which would make two of it.
    let key = if name.contains('.') { format!("\"{name}\"") } else { name.to_owned() };
    let _ =
        write!(out, "\n[audits.import.{key}]\n{source}\nsha256 = \"{}\"\ndate = \"{date}\"\n", sha256.hex());
    if has_carriage_returns(text) {
        out = out.replace('\n', "\r\n");
    }
    format!("{text}{out}")
}

/// Puts a text in the place of another, with the white space and the comment that stand around it.
fn set(table: &mut dyn TableLike, key: &str, text: &str) {
    let mut value = Value::from(text);
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => drop(table.insert(key, Item::Value(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date() -> Date {
        Date::parse("2026-11-25").expect("a date")
    }

    fn pinned(text: &str) -> String {
        with_pin(text, "a", &Checksum::from_bytes([0xab; 32]), date()).expect("edited")
    }

    #[test]
    fn nothing_but_digest_and_date_changes() {
        let digest = "ab".repeat(32);
        let head = "# ours\nversion = 1 # one\n\n[audits.import.b]\nsha256 = \"old\"\n\n[audits.import.a] # theirs\n";
        let tail = "kinds   =   [ 'full' ]\n\n# next\n[checks]\nunsound = \"deny\"\n";
        let text =
            format!("{head}sha256 = 'old'   # see wiki\nurl='https://h/a'\ndate   = \"2020-01-01\"\n{tail}");
        let expected = format!(
            "{head}sha256 = \"{digest}\"   # see wiki\nurl='https://h/a'\ndate   = \"2026-11-25\"\n{tail}"
        );
        assert_eq!(pinned(&text), expected);
        assert_eq!(pinned(&text.replace('\n', "\r\n")), expected.replace('\n', "\r\n"));
        assert_eq!(pinned(&expected), expected);
    }

    #[test]
    fn what_is_missing_is_added_in_any_shape() {
        let digest = "ab".repeat(32);
        for text in [
            "[audits.import.a]\nurl = 'https://h/a'\n[checks]\n",
            "[audits]\nimport.a.url = 'https://h/a'\n",
            "[audits.import]\na = { url = 'https://h/a' }\n",
            "audits = { import = { a = { url = 'https://h/a' } } }\n",
        ] {
            let document = pinned(text).parse::<DocumentMut>().expect(text);
            let import = &document["audits"]["import"]["a"];
            assert_eq!(import["sha256"].as_str(), Some(&*digest), "{text}");
            assert_eq!(
                (import["date"].as_str(), import["url"].as_str()),
                (Some("2026-11-25"), Some("https://h/a"))
            );
        }
        let error = with_pin("[audits]\n", "a", &Checksum::from_bytes([0; 32]), date());
        assert_eq!(error, Err(ImportEditError::Shape("a".to_owned())));
    }

    #[test]
    fn a_new_import_comes_last_and_keeps_its_name() {
        let urls = ["https://h/a", "https://h/b"].map(|url| WebAddress::parse(url).expect("an address"));
        for name in ["mozilla", "a.b"] {
            let text = with_import("version = 1", name, &urls, &Checksum::from_bytes([0; 32]), date());
            assert!(text.starts_with("version = 1\n\n[audits.import."), "{text}");
            let document = text.parse::<DocumentMut>().expect("TOML");
            let urls = document["audits"]["import"][name]["url"].as_array().expect("a list").len();
            assert_eq!(urls, 2, "{text}");
        }
        let digest = Checksum::from_bytes([0; 32]);
        let windows = with_import("version = 1\r\n# ours\r\n", "a", &urls, &digest, date());
        assert_eq!(windows.matches("\r\n").count(), windows.matches('\n').count(), "{windows:?}");
    }
}
