//! Configuration files and arguments as flat lists of settings, in the order in which they override each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use toml_span::Value;
use toml_span::value::{Table, ValueInner};

use crate::error::Error;
use crate::limits;
use crate::manifest::quoted;
use crate::toml;

/// One source of settings.
#[derive(Debug)]
pub(super) struct Document {
    /// The file, or `--config`.
    pub(super) file: PathBuf,
    /// What relative paths in it are relative to.
    pub(super) base: PathBuf,
    /// Its settings, sorted by key. A table without keys is a setting, too: an empty `[target.TRIPLE.LINKS]` keeps a build
    /// script from running.
    pub(super) leaves: Vec<Leaf>,
    includes: Vec<PathBuf>,
}

/// One setting.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) path: Vec<String>,
    pub(super) line: u32,
    /// The value in the one spelling that the manifest records.
    pub(super) canonical: String,
    /// The value, if it is a string.
    pub(super) text: Option<String>,
    /// The value, if it is an array of strings.
    pub(super) texts: Option<Vec<String>>,
}

impl Document {
    /// Reads the text of `file`, whose `include` counts from `directory` and whose paths count from `base`.
    pub(super) fn parse(text: &str, file: &Path, directory: &Path, base: &Path) -> Result<Self, Error> {
        let table = toml::parse(text, file)?;
        let breaks = text.match_indices('\n').map(|(at, _)| at).collect::<Vec<_>>();
        let mut leaves = vec![];
        flatten(&table, &mut vec![], &breaks, &mut leaves);
        let includes = includes(&table, directory).map_err(|what| {
            let line = leaves.iter().find(|leaf| leaf.path[0] == "include").map_or(0, |leaf| leaf.line);
            Error::invalid(file, line, what, "write `include = [\"FILE.toml\"]`, each file once")
        })?;
        Ok(Self { file: file.to_owned(), base: base.to_owned(), leaves, includes })
    }
}

/// Loads each file once.
#[derive(Default)]
pub(super) struct Loader {
    loaded: BTreeMap<PathBuf, Rc<Document>>,
}

impl Loader {
    /// Every file that was read.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.loaded.keys()
    }

    /// A file and what it includes, most important first: the file itself, then its includes from the last to the first.
    pub(super) fn chain(&mut self, file: &Path) -> Result<Vec<Rc<Document>>, Error> {
        let document = self.load(file)?;
        self.expand(document)
    }

    /// The document of a `--config KEY=VALUE` and what it includes, seen from the directory cargo was started in.
    pub(super) fn argument(&mut self, text: &str, start: &Path) -> Result<Vec<Rc<Document>>, Error> {
        let document = Document::parse(text, Path::new("--config"), start, start)?;
        self.expand(Rc::new(document))
    }

    fn expand(&mut self, document: Rc<Document>) -> Result<Vec<Rc<Document>>, Error> {
        let mut chain = vec![];
        let mut seen = BTreeSet::new();
        let mut ahead = vec![document];
        while let Some(document) = ahead.pop() {
            // Like cargo, this refuses any file that one chain includes twice, not only cycles.
            if !seen.insert(document.file.clone()) || seen.len() > limits::CONFIG_INCLUDES {
                let what = "is included twice, or the chain of `include` is too long";
                return Err(Error::invalid(&document.file, 0, what, "include each file once"));
            }
            for include in &document.includes {
                ahead.push(self.load(include)?);
            }
            chain.push(document);
        }
        Ok(chain)
    }

    fn load(&mut self, file: &Path) -> Result<Rc<Document>, Error> {
        if let Some(document) = self.loaded.get(file) {
            return Ok(document.clone());
        }
        let directory = file.parent().unwrap_or(file);
        // Cargo's `Definition::root`: the directory that holds `.cargo`, whatever that is really called.
        let base = directory.parent().unwrap_or(directory);
        let document = Rc::new(Document::parse(&toml::read(file)?, file, directory, base)?);
        self.loaded.insert(file.to_owned(), document.clone());
        Ok(document)
    }
}

/// The configuration file of a `.cargo` directory. Without an extension it wins (cargo's `get_file_path`).
pub(super) fn config_file(directory: &Path) -> Option<PathBuf> {
    ["config", "config.toml"].iter().map(|name| directory.join(name)).find(|file| file.exists())
}

/// A value as one line of TOML that has no other spelling: basic strings, inline tables with sorted keys.
pub(crate) fn canonical(value: &Value<'_>) -> String {
    match value.as_ref() {
        ValueInner::String(text) => quoted(text),
        ValueInner::Integer(number) => number.to_string(),
        ValueInner::Float(number) => format!("{number:?}"),
        ValueInner::Boolean(truth) => truth.to_string(),
        ValueInner::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(", "))
        }
        ValueInner::Table(table) if table.is_empty() => "{}".to_owned(),
        ValueInner::Table(table) => {
            let pairs =
                table.iter().map(|(name, value)| format!("{} = {}", key(&name.name), canonical(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A key as TOML writes it: bare where it can be.
pub(super) fn key(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { quoted(name) }
}

// The parser allows 128 levels, which bounds the recursion here and above.
fn flatten(table: &Table<'_>, path: &mut Vec<String>, breaks: &[usize], leaves: &mut Vec<Leaf>) {
    for (name, value) in table {
        path.push(name.name.to_string());
        match value.as_table() {
            Some(table) if !table.is_empty() => flatten(table, path, breaks, leaves),
            _ => {
                let text = |value: &Value<'_>| value.as_str().map(str::to_owned);
                leaves.push(Leaf {
                    path: path.clone(),
                    line: breaks.partition_point(|&at| at < name.span.start) as u32 + 1,
                    canonical: canonical(value),
                    text: text(value),
                    texts: value.as_array().and_then(|items| items.iter().map(text).collect()),
                });
            }
        }
        path.pop();
    }
}

/// The files that a document includes, without optional ones that are not there.
fn includes(table: &Table<'_>, directory: &Path) -> Result<Vec<PathBuf>, &'static str> {
    let mut files = vec![];
    let Some(value) = table.get("include") else { return Ok(files) };
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    for item in items {
        let entry = item.as_table();
        let path = item.as_str().or_else(|| toml::string(entry?, "path"));
        let path = path.ok_or("`include` does not name files")?;
        if !path.ends_with(".toml") || path.contains(['*', '?', '[', ']', '{', '}']) {
            return Err("`include` names a file that does not end in `.toml`, or has a pattern");
        }
        let optional = entry.and_then(|entry| entry.get("optional"));
        let optional =
            optional.map_or(Some(false), Value::as_bool).ok_or("`include.optional` is not a boolean")?;
        let file = directory.join(path);
        if !optional || file.exists() {
            files.push(file);
        }
    }
    Ok(files)
}
