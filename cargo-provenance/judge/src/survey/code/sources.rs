//! Which files of a package are compiled for what: modules and includes are followed from the roots.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use super::declared::{Module, Place};
use super::path::{folder, joined, stem};
use super::relevant::Relevant;
use super::scan::{self, Scanned};
use super::{BUDGET, FOLLOWED};
use crate::archive::File;
use crate::survey::Sources;

/// The files of a package with what was read of them.
pub(super) struct Files<'a> {
    /// By path, in the case of the smallest letters: where case does not matter, `mod a` is in `A.rs` too.
    by_path: BTreeMap<String, File<'a>>,
    renamed: Vec<(String, String)>,
    /// The names of the files, without their folders and in small letters.
    names: HashSet<String>,
    read: BTreeMap<&'a str, Rc<Scanned>>,
    /// How many more bytes are read, and how many more modules and the like are looked for.
    left: usize,
    lookups: usize,
    /// The files that are not read, or not followed to all that they bring in.
    unread: BTreeSet<&'a str>,
}

impl<'a> Files<'a> {
    pub(super) fn of(sources: &Sources<'a>) -> Self {
        let by_path = sources.files.iter().map(|file| (file.path.to_lowercase(), *file));
        let by_path = by_path.collect::<BTreeMap<_, _>>();
        let names = by_path.keys().filter_map(|path| path.rsplit('/').next().map(str::to_owned)).collect();
        let renamed = sources.dependencies.iter().filter(|it| it.key != it.package);
        let renamed = renamed.map(|it| (it.key.replace('-', "_"), it.package.replace('-', "_"))).collect();
        let (read, unread) = (BTreeMap::new(), BTreeSet::new());
        Self { by_path, renamed, names, read, left: BUDGET, lookups: FOLLOWED, unread }
    }

    /// The file of a path that a manifest or a source names.
    pub(super) fn find(&self, folder: &str, path: &str) -> Option<File<'a>> {
        self.by_path.get(&joined(folder, path)?.to_lowercase()).copied()
    }

    /// The sources below `src`, in the order of their paths.
    pub(super) fn below_src(&self) -> Vec<File<'a>> {
        let is_source = |(path, _): &(&String, &File<'a>)| path.starts_with("src/") && path.ends_with(".rs");
        self.by_path.iter().filter(is_source).map(|(_, file)| *file).collect()
    }

    /// What was read of a file. What is more than the package may have is not read.
    pub(super) fn scanned(&mut self, file: &File<'a>, is_build_time: bool) -> Rc<Scanned> {
        if let Some(known) = self.read.get(file.path) {
            return known.clone();
        }
        let scanned = match self.left.checked_sub(file.content.len()) {
            Some(left) => {
                self.left = left;
                scan::scan(file.content, &self.renamed, &self.names, is_build_time)
            }
            None => {
                self.unread.insert(file.path);
                Scanned::default()
            }
        };
        let scanned = Rc::new(scanned);
        self.read.insert(file.path, scanned.clone());
        scanned
    }

    /// Whether a file is not read, or not followed to all that it brings in.
    pub(super) fn is_unread(&self, path: &str) -> bool {
        self.unread.contains(path)
    }

    /// The sources among `files` that can matter where a program runs, and what these include from elsewhere. What only tests
    /// compile is left out.
    pub(super) fn relevant(&mut self, files: Vec<File<'a>>) -> Set<'a> {
        let relevant = Relevant::new(&self.renamed);
        let known = files.iter().map(|file| file.path).collect::<BTreeSet<_>>();
        let mut found = Set::new();
        let mut next = files.into_iter().filter(|file| relevant.is(file.content)).collect::<Vec<_>>();
        while let Some(file) = next.pop() {
            if found.insert(file.path, file).is_none() {
                let (brought_in, _) = self.brought_in(&file, false);
                next.extend(brought_in.into_iter().filter(|file| !known.contains(file.path)));
            }
        }
        let sighted = found.keys().filter(|path| self.read.get(*path).is_some_and(|it| !it.seen.is_empty()));
        let only_tests =
            sighted.copied().collect::<Vec<_>>().into_iter().filter(|path| self.is_only_for_tests(path));
        let only_tests = only_tests.collect::<BTreeSet<_>>();
        found.retain(|path, _| !only_tests.contains(path));
        found
    }

    /// Whether a source is a module that only tests have, or lies below one, as far as its place tells.
    fn is_only_for_tests(&mut self, path: &str) -> bool {
        let mut path = path.to_owned();
        for _ in 0..path.matches('/').count() + 1 {
            let name = if stem(&path) == "mod" { stem(folder(&path)) } else { stem(&path) }.to_owned();
            let above = if stem(&path) == "mod" { folder(folder(&path)) } else { folder(&path) }.to_owned();
            let parents = [
                format!("{above}.rs"),
                format!("{above}/mod.rs"),
                format!("{above}/lib.rs"),
                format!("{above}/main.rs"),
            ];
            let parents = parents.iter().filter(|parent| **parent != path);
            let parents = parents.filter_map(|parent| self.find("", parent)).collect::<Vec<_>>();
            let mut declared = None;
            let mut parent_path = None;
            for parent in parents {
                let scanned = self.scanned(&parent, false);
                let is_it = |module: &&Module| matches!(&module.place, Place::Named(it) if *it == name);
                for module in scanned.declared.modules.iter().filter(is_it) {
                    declared = Some(declared.unwrap_or(true) && (module.is_test || scanned.is_test));
                    parent_path = Some(parent.path.to_owned());
                }
            }
            match (declared, parent_path) {
                (Some(true), _) => return true,
                (Some(false), Some(parent)) => path = parent,
                _ => return false,
            }
        }
        false
    }

    /// What `roots` are compiled of, by path: themselves, their modules, and what they include.
    pub(super) fn compiled(&mut self, roots: Vec<File<'a>>, is_build_time: bool) -> Set<'a> {
        let (mut found, mut next) = (Set::new(), roots);
        while let Some(file) = next.pop() {
            if found.insert(file.path, file).is_some() {
                continue;
            }
            let (modules, tests) = self.brought_in(&file, is_build_time);
            let brought_in = modules.into_iter().chain(tests.into_iter().filter(|_| is_build_time));
            next.extend(brought_in.filter(|file| !found.contains_key(file.path)));
        }
        found
    }

    /// The files that a source brings in, and those that only its tests do.
    fn brought_in(&mut self, file: &File<'a>, is_build_time: bool) -> (Vec<File<'a>>, Vec<File<'a>>) {
        let scanned = self.scanned(file, is_build_time);
        let declared = &scanned.declared;
        let (mut found, mut tests) = (vec![], vec![]);
        let looked_for = declared.modules.len() + declared.includes.len() + declared.literals.len();
        let Some(lookups) = self.lookups.checked_sub(looked_for) else {
            self.unread.insert(file.path);
            return (found, tests);
        };
        self.lookups = lookups;
        for module in &declared.modules {
            let files = self.files_of(file.path, module);
            if module.is_test { tests.extend(files) } else { found.extend(files) }
        }
        for include in &declared.includes {
            let folder = if include.from_root { "" } else { folder(file.path) };
            found.extend(self.find(folder, &include.path));
        }
        for path in &declared.literals {
            let files = [folder(file.path), ""].into_iter().filter_map(|folder| self.find(folder, path));
            found.extend(files.filter(|file| std::str::from_utf8(file.content).is_ok()));
        }
        (found, tests)
    }

    /// The files that a module may be in. Which of the folders counts depends on how its own source was found, so that both are
    /// looked into.
    fn files_of(&self, source: &str, module: &Module) -> Vec<File<'a>> {
        let own = folder(source);
        let below = format!("{own}/{}", stem(source));
        let around = module.folder();
        let mut found = vec![];
        for base in [own, &below] {
            let inner = format!("{base}/{around}");
            match &module.place {
                Place::Named(name) => {
                    found.extend(self.find(&inner, &format!("{name}.rs")));
                    found.extend(self.find(&inner, &format!("{name}/mod.rs")));
                }
                Place::At(path) => {
                    found.extend(self.find(base, path));
                    found.extend(self.find(&inner, path));
                }
            }
        }
        found
    }
}

/// Files by their path.
pub(super) type Set<'a> = BTreeMap<&'a str, File<'a>>;
