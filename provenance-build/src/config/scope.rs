//! Which directories cargo reads configuration from, and which of them are the repository's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Surroundings;
use super::document::{Document, Loader, config_file};
use crate::error::Error;
use crate::members::normal;

/// The directories of one run, as the operating system spells them.
pub(super) struct Scope<'a> {
    given: &'a Surroundings,
    root: PathBuf,
    /// The nearest directory above the root, or the root, that holds `.git`; else the root.
    top: PathBuf,
    starts: Vec<PathBuf>,
    members: Vec<PathBuf>,
    cargo_home: PathBuf,
}

impl<'a> Scope<'a> {
    pub(super) fn new(given: &'a Surroundings) -> Self {
        let root = real(&given.root);
        let top =
            root.ancestors().find(|directory| directory.join(".git").exists()).unwrap_or(&root).to_owned();
        let mut starts = vec![root.clone()];
        for start in given.starts.iter().map(|start| real(start)) {
            if !starts.contains(&start) {
                starts.push(start);
            }
        }
        let members = given.members.iter().map(|member| real(member)).collect();
        Self { given, root, top, starts, members, cargo_home: real(&given.cargo_home) }
    }

    /// The directories that cargo may have been started in, the root first.
    pub(super) fn starts(&self) -> &[PathBuf] {
        &self.starts
    }

    /// Every directory of the repository whose configuration may come into force: those of root, members and starts, and
    /// those above them.
    pub(super) fn directories(&self) -> BTreeSet<PathBuf> {
        let mut directories = BTreeSet::new();
        for base in self.starts.iter().chain(&self.members) {
            for directory in base.ancestors().take_while(|directory| self.in_repository(directory)) {
                if !directories.insert(directory.to_owned()) {
                    break;
                }
            }
        }
        directories
    }

    /// The configuration files that cargo finds from `start`, the most important first (cargo's `walk_tree`).
    pub(super) fn files_seen_from(&self, start: &Path) -> Vec<PathBuf> {
        let directories = start.ancestors().map(|directory| directory.join(".cargo")).collect::<Vec<_>>();
        let home = &self.cargo_home;
        let seen = directories.iter().any(|directory| directory == home || real(directory) == *home);
        directories
            .iter()
            .chain((!seen).then_some(home))
            .filter_map(|directory| config_file(directory))
            .collect()
    }

    /// The documents of the `--config` arguments as cargo sees them from `start`, the last and most important first.
    pub(super) fn arguments(&self, start: &Path, loader: &mut Loader) -> Result<Vec<Rc<Document>>, Error> {
        let mut documents = vec![];
        for argument in self.given.arguments.iter().rev().filter(|argument| !argument.is_empty()) {
            let file = start.join(argument);
            if file.exists() {
                documents.append(&mut loader.chain(&file)?);
            } else if !self.starts.iter().any(|other| other.join(argument).exists()) {
                documents.append(&mut loader.argument(argument, start)?);
            }
        }
        Ok(documents)
    }

    /// Whether a configuration file is the repository's.
    pub(super) fn repository_file(&self, file: &Path) -> bool {
        let file = normal(file);
        let home = &self.cargo_home;
        let apart = !home.starts_with(&self.root) && !self.root.starts_with(home);
        self.in_repository(&file) && !(apart && file.starts_with(home))
    }

    /// The key under which the manifest records a setting of a file of the repository.
    pub(super) fn recorded_key(&self, file: &Path, key: String) -> Result<String, Error> {
        let file = normal(file);
        if file == self.root.join(".cargo").join("config.toml") {
            return Ok(key);
        }
        let common = self.root.ancestors().find(|directory| file.starts_with(directory));
        let common = common.unwrap_or(&self.root);
        let ups = self.root.components().count() - common.components().count();
        let below = file.strip_prefix(common).unwrap_or(&file);
        let mut names = vec![".."; ups];
        for component in below.components() {
            let Some(name) = component.as_os_str().to_str() else {
                return Err(Error::invalid(&file, 0, "the path is not UTF-8", "rename its directory"));
            };
            names.push(name);
        }
        Ok(format!("{}#{key}", names.join("/")))
    }

    fn in_repository(&self, path: &Path) -> bool {
        path.starts_with(&self.top) || self.members.iter().any(|member| path.starts_with(member))
    }
}

/// The path as the operating system spells it, which is how cargo knows the directory it is started in. On Windows both keep
/// the spelling that they were given.
fn real(path: &Path) -> PathBuf {
    if cfg!(windows) { path.to_owned() } else { path.canonicalize().unwrap_or_else(|_| path.to_owned()) }
}
