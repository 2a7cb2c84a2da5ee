//! Finds and loads configuration files in the order in which they override each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::document::{self, Item, Table};
use crate::error::Error;
use crate::limits;

/// One source of settings.
#[derive(Debug)]
pub(super) struct Document {
    /// The file, or `--config`.
    pub(super) file: PathBuf,
    /// What relative paths in it are relative to.
    pub(super) base: PathBuf,
    /// Its settings.
    pub(super) table: Table,
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
        let mut chain = vec![];
        self.follow(file, &mut BTreeSet::new(), &mut chain)?;
        Ok(chain)
    }

    /// The document of a `--config KEY=VALUE` and what it includes, seen from the directory cargo was started in.
    pub(super) fn argument(&mut self, text: &str, start: &Path) -> Result<Vec<Rc<Document>>, Error> {
        let file = PathBuf::from("--config");
        let document = Document { table: document::parse(text, &file)?, file, base: start.to_owned() };
        let mut chain = vec![];
        let includes = includes(&document, start)?;
        chain.push(Rc::new(document));
        for include in includes.iter().rev() {
            self.follow(include, &mut BTreeSet::new(), &mut chain)?;
        }
        Ok(chain)
    }

    fn follow(
        &mut self,
        file: &Path,
        seen: &mut BTreeSet<PathBuf>,
        chain: &mut Vec<Rc<Document>>,
    ) -> Result<(), Error> {
        let document = self.load(file)?;
        // Like cargo, this refuses any file that one chain includes twice, not only cycles.
        if !seen.insert(file.to_owned()) || seen.len() > limits::CONFIG_INCLUDES {
            let line = document.table.get("include").map_or(0, |node| node.line);
            let what = "is included twice, or the chain of `include` is too long";
            return Err(Error::invalid(file, line, what, "include each file once"));
        }
        let directory = file.parent().unwrap_or(file);
        let includes = includes(&document, directory)?;
        chain.push(document);
        includes.iter().rev().try_for_each(|include| self.follow(include, seen, chain))
    }

    fn load(&mut self, file: &Path) -> Result<Rc<Document>, Error> {
        if let Some(document) = self.loaded.get(file) {
            return Ok(document.clone());
        }
        // Cargo's `Definition::root`: relative to the directory that holds `.cargo`, whatever that is really called.
        let base = file.parent().and_then(Path::parent).unwrap_or(Path::new("/")).to_owned();
        let document = Rc::new(Document { file: file.to_owned(), base, table: document::read(file)? });
        self.loaded.insert(file.to_owned(), document.clone());
        Ok(document)
    }
}

/// The configuration file of a `.cargo` directory. Without an extension it wins (cargo's `get_file_path`).
pub(super) fn config_file(directory: &Path) -> Option<PathBuf> {
    ["config", "config.toml"].iter().map(|name| directory.join(name)).find(|file| file.exists())
}

/// The path without `.`, and without `..` as far as the text tells.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    normal
}

fn includes(document: &Document, directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let Some(node) = document.table.get("include") else { return Ok(vec![]) };
    let refuse = |what: &str| {
        let help =
            "write `include = [\"FILE.toml\"]` or `include = [{ path = \"FILE.toml\", optional = true }]`";
        Err(Error::invalid(&document.file, node.line, what, help))
    };
    let one = std::slice::from_ref(&node.item);
    let items = if let Item::List(items) = &node.item { items } else { one };
    let mut files = vec![];
    for item in items {
        let (path, optional) = match item {
            Item::Text(path) => (Some(path.as_str()), false),
            Item::Table(table) => {
                let optional = match table.get("optional").map(|node| &node.item) {
                    None => false,
                    Some(Item::Plain(truth)) if matches!(truth.as_str(), "true" | "false") => truth == "true",
                    Some(_) => return refuse("`include.optional` is not a boolean"),
                };
                (table.get("path").and_then(|node| node.item.text()), optional)
            }
            _ => (None, false),
        };
        let Some(path) = path else { return refuse("`include` does not name files") };
        if Path::new(path).extension() != Some("toml".as_ref())
            || path.contains(['*', '?', '[', ']', '{', '}'])
        {
            return refuse("`include` names a file that does not end in `.toml`, or has a pattern");
        }
        let file = directory.join(path);
        if !optional || file.exists() {
            files.push(file);
        }
    }
    Ok(files)
}
