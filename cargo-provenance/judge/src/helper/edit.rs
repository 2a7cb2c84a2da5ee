//! Insertions into a `Cargo.toml` that leave every other byte as it is.
//!
//! The parser says where; the insertion itself is plain text, so that comments, order, white space and line endings
//! survive. The result is parsed again: what did not become the intended entry is an error, not a broken manifest.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike, Value};

use super::table;
use crate::policy::Glob;

/// What a dependency is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// A directory, relative to the manifest, and the version that a registry has it under.
    Path(String, Option<String>),
    /// A version requirement.
    Version(String),
    /// `[workspace.dependencies]`.
    Workspace,
}

/// The table that a dependency is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableName {
    /// `[build-dependencies]`.
    Build,
    /// `[dependencies]`.
    Normal,
    /// `[workspace.dependencies]`.
    Workspace,
}

/// Why a manifest was not edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It has a shape that cannot be added to line by line.
    #[error("its `{0}` is written in a way that cannot be added to without rewriting it")]
    Shape(&'static str),
    /// It is no TOML.
    #[error("{0}")]
    Syntax(String),
}

impl TableName {
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Build => &["build-dependencies"],
            Self::Normal => &["dependencies"],
            Self::Workspace => &["workspace", "dependencies"],
        }
    }

    /// The table's name as it stands in brackets.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build-dependencies",
            Self::Normal => "dependencies",
            Self::Workspace => "workspace.dependencies",
        }
    }
}

impl Spec {
    /// The line of a manifest.
    pub(super) fn line(&self, name: &str) -> String {
        match self {
            Self::Path(path, None) => format!("{name} = {{ path = {} }}", quoted(path)),
            Self::Path(path, Some(version)) => {
                format!("{name} = {{ path = {}, version = {} }}", quoted(path), quoted(version))
            }
            Self::Version(version) => format!("{name} = {}", quoted(version)),
            Self::Workspace => format!("{name} = {{ workspace = true }}"),
        }
    }
}

/// Whether a manifest has an entry for `name` in a table.
pub fn has_dependency(manifest: &str, table: TableName, name: &str) -> Result<bool, EditError> {
    let document = parse(manifest)?;
    Ok(find(&document, table.keys()).and_then(|item| item.get(name)).is_some())
}

/// Whether a workspace's manifest keeps dependencies for its members in `[workspace.dependencies]`.
pub fn shares_dependencies(manifest: &str) -> Result<bool, EditError> {
    Ok(find(&parse(manifest)?, TableName::Workspace.keys()).is_some())
}

/// Adds a dependency at the end of its table, which is made if it is not there. `None`: there is an entry already.
pub fn add_dependency(
    manifest: &str,
    name_of: TableName,
    name: &str,
    spec: &Spec,
) -> Result<Option<String>, EditError> {
    if has_dependency(manifest, name_of, name)? {
        return Ok(None);
    }
    let edited = insert_line(manifest, name_of.keys(), name_of.as_str(), &spec.line(name))?;
    match has_dependency(&edited, name_of, name) {
        Ok(true) => Ok(Some(edited)),
        _ => Err(EditError::Shape(name_of.as_str())),
    }
}

/// Adds a directory to `[workspace] members`, which is made if it is not there. `None`: a pattern matches it already.
pub fn add_member(manifest: &str, path: &str) -> Result<Option<String>, EditError> {
    let document = parse(manifest)?;
    let members = find(&document, &["workspace", "members"]);
    let edited = match members.and_then(Item::as_array) {
        Some(array) => {
            let matches = |value: &Value| {
                let pattern = value.as_str().unwrap_or_default().trim_end_matches('/');
                Glob::parse(pattern.trim_start_matches("./")).is_some_and(|glob| glob.matches(path))
            };
            if array.iter().any(matches) {
                return Ok(None);
            }
            let spans = array.iter().map(Value::span).collect::<Option<Vec<_>>>();
            match (array.span(), spans) {
                (Some(whole), Some(spans)) => insert_element(manifest, whole, &spans, &quoted(path)),
                _ => return Err(EditError::Shape("workspace.members")),
            }
        }
        None if members.is_some() => return Err(EditError::Shape("workspace.members")),
        None => insert_line(manifest, &["workspace"], "workspace", &format!("members = [{}]", quoted(path)))?,
    };
    let document = parse(&edited).map_err(|_| EditError::Shape("workspace.members"))?;
    let added = find(&document, &["workspace", "members"]).and_then(Item::as_array);
    match added.is_some_and(|array| array.iter().any(|value| value.as_str() == Some(path))) {
        true => Ok(Some(edited)),
        false => Err(EditError::Shape("workspace.members")),
    }
}

fn parse(manifest: &str) -> Result<Document<&str>, EditError> {
    Document::parse(manifest).map_err(|error| EditError::Syntax(error.message().to_owned()))
}

fn find<'d>(document: &'d Document<&str>, keys: &[&str]) -> Option<&'d Item> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(document.get(first)?, |item, key| item.get(key))
}

/// Adds a line at the end of the table that `keys` lead to, or the table with the line at the end of the file.
fn insert_line(manifest: &str, keys: &[&str], name: &'static str, line: &str) -> Result<String, EditError> {
    let document = parse(manifest)?;
    let ending = if manifest.contains("\r\n") { "\r\n" } else { "\n" };
    let found = find(&document, keys);
    let header = match found {
        Some(Item::Table(table)) if !table.is_implicit() && !table.is_dotted() => table.span(),
        Some(Item::Table(table)) if table.is_implicit() && !table.is_dotted() => None,
        None => None,
        Some(_) => return Err(EditError::Shape(name)),
    };
    let Some(header) = header else {
        let gap = match manifest {
            "" => String::new(),
            text if text.ends_with('\n') => ending.to_owned(),
            _ => format!("{ending}{ending}"),
        };
        return Ok(format!("{manifest}{gap}[{name}]{ending}{line}{ending}"));
    };
    let last = table(found).and_then(last_entry).unwrap_or(header.start);
    let at = manifest[last..].find('\n').map(|offset| last + offset + 1);
    Ok(match at {
        Some(at) => format!("{}{line}{ending}{}", &manifest[..at], &manifest[at..]),
        None => format!("{manifest}{ending}{line}{ending}"),
    })
}

/// Where the last entry ends that stands in the table itself, not below a header of its own.
fn last_entry(table: &dyn TableLike) -> Option<usize> {
    table
        .iter()
        .filter_map(|(_, item)| match item {
            Item::Value(value) => value.span().map(|span| span.end),
            Item::Table(inner) if inner.is_dotted() => last_entry(inner),
            _ => None,
        })
        .max()
}

/// Adds an element to an array, on a line of its own where the array has such lines.
fn insert_element(text: &str, whole: Range<usize>, elements: &[Range<usize>], element: &str) -> String {
    let Some(last) = elements.last() else {
        return format!("{}{element}{}", &text[..whole.start + 1], &text[whole.start + 1..]);
    };
    let line_start = text[..last.start].rfind('\n').map_or(0, |at| at + 1);
    if line_start <= whole.start || !text[line_start..last.start].trim().is_empty() {
        // Several elements share a line: the new one joins them.
        return format!("{}, {element}{}", &text[..last.end], &text[last.end..]);
    }
    let indent = &text[line_start..last.start];
    let line_end = text[last.end..whole.end].find('\n').map_or(whole.end, |at| last.end + at + 1);
    let rest = &text[last.end..line_end];
    let ending = if rest.ends_with("\r\n") { "\r\n" } else { "\n" };
    if line_end == whole.end {
        // The closing bracket follows on the same line.
        return format!("{},{ending}{indent}{element}{}", &text[..last.end], &text[last.end..]);
    }
    let comma = if rest.trim_start().starts_with(',') { "" } else { "," };
    format!("{}{comma}{rest}{indent}{element},{ending}{}", &text[..last.end], &text[line_end..])
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn build(manifest: &str) -> Option<String> {
        add_dependency(manifest, TableName::Build, "provenance-build", &Spec::Version("0.1.0".into()))
            .expect(manifest)
    }

    #[test]
    fn a_dependency_is_added_and_nothing_else_is_touched() {
        for (before, after) in [
            (
                "[package]\nname = \"a\"\n",
                "[package]\nname = \"a\"\n\n[build-dependencies]\nprovenance-build = \"0.1.0\"\n",
            ),
            (
                "[package]\nname = \"a\"",
                "[package]\nname = \"a\"\n\n[build-dependencies]\nprovenance-build = \"0.1.0\"\n",
            ),
            (
                "# top\n[build-dependencies] # why\ncc = '1' # c\n\n# next\n[features]\nx=[ ]\n",
                "# top\n[build-dependencies] # why\ncc = '1' # c\nprovenance-build = \"0.1.0\"\n\n# next\n[features]\nx=[ ]\n",
            ),
            (
                "[build-dependencies]\r\ncc = \"1\"\r\n\r\n[features]\r\n",
                "[build-dependencies]\r\ncc = \"1\"\r\nprovenance-build = \"0.1.0\"\r\n\r\n[features]\r\n",
            ),
            (
                "[build-dependencies]\ncc = {\n  version = \"1\",\n}",
                "[build-dependencies]\ncc = {\n  version = \"1\",\n}\nprovenance-build = \"0.1.0\"\n",
            ),
            ("[build-dependencies]\n[x]\n", "[build-dependencies]\nprovenance-build = \"0.1.0\"\n[x]\n"),
            (
                "[build-dependencies]\ncc.version = \"1\"\ncc.features = [\n \"x\",\n]\n\n[build-dependencies.b]\nversion = \"1\"\n",
                "[build-dependencies]\ncc.version = \"1\"\ncc.features = [\n \"x\",\n]\nprovenance-build = \"0.1.0\"\n\n[build-dependencies.b]\nversion = \"1\"\n",
            ),
            (
                "[build-dependencies.cc]\nversion = \"1\"\n",
                "[build-dependencies.cc]\nversion = \"1\"\n\n[build-dependencies]\nprovenance-build = \"0.1.0\"\n",
            ),
            ("", "[build-dependencies]\nprovenance-build = \"0.1.0\"\n"),
        ] {
            assert_eq!(build(before).as_deref(), Some(after), "{before}");
            assert_eq!(build(after), None, "twice: {before}");
        }
    }

    #[test]
    fn a_shape_that_would_have_to_be_rewritten_is_left_alone() {
        for text in ["build-dependencies = { cc = \"1\" }\n", "build-dependencies.cc = \"1\"\n"] {
            let result = add_dependency(text, TableName::Build, "provenance-build", &Spec::Workspace);
            assert_eq!(result, Err(EditError::Shape("build-dependencies")), "{text}");
        }
    }

    #[test]
    fn specs_are_written_as_cargo_writes_them() {
        for (spec, line) in [
            (Spec::Path("../x".into(), None), "x = { path = \"../x\" }"),
            (Spec::Path("../x".into(), Some("0.1.0".into())), "x = { path = \"../x\", version = \"0.1.0\" }"),
            (Spec::Version("1".into()), "x = \"1\""),
            (Spec::Workspace, "x = { workspace = true }"),
        ] {
            let edited = add_dependency("[dependencies]\n", TableName::Normal, "x", &spec).expect("edited");
            assert_eq!(edited, Some(format!("[dependencies]\n{line}\n")));
        }
    }

    #[test]
    fn a_member_is_added_in_the_manner_of_the_list() {
        for (before, after) in [
            ("[workspace]\nmembers = []\n", "[workspace]\nmembers = [\"g\"]\n"),
            (
                "[workspace]\nmembers = [\"a\", \"b\"] # c\n",
                "[workspace]\nmembers = [\"a\", \"b\", \"g\"] # c\n",
            ),
            (
                "[workspace]\nmembers = [\n    \"a\",\n    \"b\",\n]\n",
                "[workspace]\nmembers = [\n    \"a\",\n    \"b\",\n    \"g\",\n]\n",
            ),
            (
                "[workspace]\nmembers = [\n  \"a\" # why\n]\n",
                "[workspace]\nmembers = [\n  \"a\", # why\n  \"g\",\n]\n",
            ),
            (
                "[workspace]\r\nmembers = [\r\n  \"a\", # why\r\n  # end\r\n]\r\n",
                "[workspace]\r\nmembers = [\r\n  \"a\", # why\r\n  \"g\",\r\n  # end\r\n]\r\n",
            ),
            (
                "[workspace]\nmembers = [\n  \"a\",\n  \"b\"]\n",
                "[workspace]\nmembers = [\n  \"a\",\n  \"b\",\n  \"g\"]\n",
            ),
            ("[workspace]\nresolver = \"3\"\n", "[workspace]\nresolver = \"3\"\nmembers = [\"g\"]\n"),
            ("[package]\nname = \"a\"\n", "[package]\nname = \"a\"\n\n[workspace]\nmembers = [\"g\"]\n"),
            (
                "[workspace.dependencies]\na = \"1\"\n",
                "[workspace.dependencies]\na = \"1\"\n\n[workspace]\nmembers = [\"g\"]\n",
            ),
        ] {
            assert_eq!(add_member(before, "g").expect(before).as_deref(), Some(after), "{before}");
        }
        for matched in ["[workspace]\nmembers = [\"*\"]\n", "[workspace]\nmembers = [\"./g/\"]\n"] {
            assert_eq!(add_member(matched, "g"), Ok(None), "{matched}");
        }
    }

    proptest! {
        #[test]
        fn an_insertion_keeps_every_byte(
            entries in prop::collection::vec(("[a-z]{1,8}", 0..4_usize), 0..6), crlf in any::<bool>(), tail in any::<bool>()
        ) {
            let mut text = String::from("[package]\nname = \"a\" # \"x\n[build-dependencies]\n");
            for (n, (name, shape)) in entries.iter().enumerate() {
                text.push_str(&match shape {
                    0 => format!("{name}{n} = \"1\" # [x]\n"),
                    1 => format!("{name}{n} = {{ version = \"1\", features = [\n \"a\", # b\n] }}\n"),
                    2 => format!("# comment\n\n{name}{n}.version = '''1'''\n"),
                    _ => format!("\t\"{name}{n}\" = \"\"\"\n1\n\"\"\"\n"),
                });
            }
            if tail {
                text.push_str("\n[features]\ndefault = []\n");
            }
            let text = if crlf { text.replace('\n', "\r\n") } else { text };
            let Some(edited) = build(&text) else { return Err(TestCaseError::fail("nothing added")) };
            let added = edited.len() - text.len();
            let cut = (0..=text.len()).any(|at| {
                text.is_char_boundary(at) && edited[..at] == text[..at] && edited[at + added..] == text[at..]
            });
            prop_assert!(cut, "{edited}");
        }
    }
}
