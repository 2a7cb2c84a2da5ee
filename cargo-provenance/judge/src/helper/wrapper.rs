//! The guard in a workspace's cargo configuration.

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::EditError;

/// A configuration with the guard, and what it was put in front of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The new text.
    pub text: String,
    /// The wrapper that was there; the guard calls it in turn.
    pub inner: Option<String>,
}

/// Lets a configuration, empty where there is none, call `guard` before rustc, and tells the guard by the variables `workspace`
/// and `inner` which workspace it is in and what to call in turn. What else is there stays as it is.
///
/// # Errors
///
/// A text that is no TOML, or has something else than tables and text where these belong.
pub fn wrap(text: &str, guard: &str, workspace: &str, inner: &str) -> Result<Wrapped, EditError> {
    let mut document =
        text.parse::<DocumentMut>().map_err(|error| EditError::Syntax(error.message().to_owned()))?;
    let build = table(&mut document, "build")?;
    let old = match build.get("rustc-wrapper") {
        None => None,
        Some(old) => Some(old.as_str().ok_or(EditError::Shape("build.rustc-wrapper"))?.to_owned()),
    };
    if old.as_deref() != Some(guard) {
        build.insert("rustc-wrapper", toml_edit::value(guard));
        if let Some(mut key) = build.key_mut("rustc-wrapper") {
            let install = "cargo install --locked cargo-provenance";
            let comment = format!("# Without it every cargo command here fails: {install}\n");
            key.leaf_decor_mut().set_prefix(comment);
        }
    }
    let old = old.filter(|old| !old.is_empty() && old != guard);
    let env = table(&mut document, "env")?;
    let entry = forced(".", true);
    if env.get(workspace).is_none_or(|there| there.to_string().trim() != entry.to_string().trim()) {
        env.insert(workspace, entry);
    }
    if let Some(old) = &old {
        // A path counts from the folder of `.cargo`, a bare name from `PATH`, as with cargo's own key.
        env.insert(inner, forced(old, old.contains(['/', '\\'])));
    }
    let edited = document.to_string();
    let edited =
        if text.contains("\r\n") { edited.replace("\r\n", "\n").replace('\n', "\r\n") } else { edited };
    Ok(Wrapped { text: edited, inner: old })
}

fn table<'d>(document: &'d mut DocumentMut, name: &'static str) -> Result<&'d mut dyn TableLike, EditError> {
    document
        .entry(name)
        .or_insert(Item::Table(Table::new()))
        .as_table_like_mut()
        .ok_or(EditError::Shape(name))
}

// Forced, so that no environment says otherwise.
fn forced(text: &str, relative: bool) -> Item {
    let mut entry = InlineTable::new();
    entry.insert("value", text.into());
    if relative {
        entry.insert("relative", true.into());
    }
    entry.insert("force", true.into());
    Item::Value(Value::InlineTable(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str) -> Result<Wrapped, EditError> {
        wrap(text, "guard", "ROOT", "INNER")
    }

    const FRESH: &str = "[build]
# Without it every cargo command here fails: cargo install --locked cargo-provenance
rustc-wrapper = \"guard\"

[env]
ROOT = { value = \".\", relative = true, force = true }
";

    #[test]
    fn what_else_is_there_stays() {
        assert_eq!(wrapped("").expect("edited").text, FRESH);
        let text = "# mine\n[alias]\nx = \"run\" # y\n\n[env]\nA = \"b\"\n";
        let edited = wrapped(text).expect("edited").text;
        assert!(edited.starts_with(text), "{edited}");
        assert!(
            edited.ends_with(FRESH.split("\n\n[env]").next().expect("a part"))
                || edited.contains("rustc-wrapper = \"guard\"\n")
        );
        let crlf = wrapped("[env]\r\nA = \"b\"\r\n").expect("edited").text;
        assert_eq!(crlf.matches('\n').count(), crlf.matches("\r\n").count());
    }

    #[test]
    fn twice_is_once() {
        for text in ["", "[build]\nrustc-wrapper = \"sccache\"\n", "build.jobs = 1\n"] {
            let once = wrapped(text).expect(text).text;
            assert_eq!(wrapped(&once).expect(text).text, once);
        }
    }

    #[test]
    fn a_wrapper_that_was_there_is_called_in_turn() {
        for (text, entry) in [
            ("[build]\nrustc-wrapper = \"sccache\"\n", "INNER = { value = \"sccache\", force = true }"),
            (
                "build.rustc-wrapper = 'tools/w'\n",
                "INNER = { value = \"tools/w\", relative = true, force = true }",
            ),
        ] {
            let wrapped = wrapped(text).expect(text);
            assert!(wrapped.text.contains(entry), "{}", wrapped.text);
            assert!(wrapped.text.contains("rustc-wrapper = \"guard\""), "{}", wrapped.text);
            assert!(wrapped.inner.is_some());
        }
    }

    #[test]
    fn an_odd_shape_is_refused() {
        for text in ["[", "build = 1", "[build]\nrustc-wrapper = [\"x\"]", "env = []"] {
            assert!(wrapped(text).is_err(), "{text}");
        }
    }
}
