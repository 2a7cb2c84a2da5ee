//! Which files of a package are compiled for what: modules and includes are followed from the roots.

use std::collections::{BTreeMap, BTreeSet};

use super::path::{folder, joined, stem};
use super::scan::{self, Module, Scanned};
use crate::archive::File;
use crate::survey::Sources;

/// The files of a package with what was read of them.
pub(super) struct Files<'a> {
    /// By path, in the case of the smallest letters: where case does not matter, `mod a` is in `A.rs` too.
    by_path: BTreeMap<String, File<'a>>,
    renamed: Vec<(String, String)>,
    read: BTreeMap<&'a str, Scanned>,
}

impl<'a> Files<'a> {
    pub(super) fn of(sources: &Sources<'a>) -> Self {
        let by_path = sources.files.iter().map(|file| (file.path.to_lowercase(), *file)).collect();
        let renamed = sources.dependencies.iter().filter(|it| it.key != it.package);
        let renamed = renamed.map(|it| (it.key.replace('-', "_"), it.package.replace('-', "_"))).collect();
        Self { by_path, renamed, read: BTreeMap::new() }
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

    /// What was read of a file.
    pub(super) fn scanned(&mut self, file: &File<'a>, is_build_time: bool) -> &Scanned {
        let renamed = &self.renamed;
        self.read.entry(file.path).or_insert_with(|| scan::scan(file.content, renamed, is_build_time))
    }

    /// What `roots` are compiled of, by path: themselves, their modules, and what they include. The second set is what only
    /// their tests have.
    pub(super) fn compiled(
        &mut self,
        roots: Vec<File<'a>>,
        is_build_time: bool,
    ) -> (Set<'a>, BTreeSet<&'a str>) {
        let mut found = Set::new();
        let (mut next, mut of_tests) = (roots, vec![]);
        while let Some(file) = next.pop() {
            if found.insert(file.path, file).is_some() {
                continue;
            }
            let (modules, tests) = self.brought_in(&file, is_build_time);
            next.extend(modules.into_iter().filter(|file| !found.contains_key(file.path)));
            if is_build_time {
                next.extend(tests);
            } else {
                of_tests.extend(tests);
            }
        }
        let mut only_tests = BTreeSet::new();
        while let Some(file) = of_tests.pop() {
            if !found.contains_key(file.path) && only_tests.insert(file.path) {
                let (modules, tests) = self.brought_in(&file, is_build_time);
                of_tests.extend(modules.into_iter().chain(tests));
            }
        }
        (found, only_tests)
    }

    /// The files that a source brings in, and those that only its tests do.
    fn brought_in(&mut self, file: &File<'a>, is_build_time: bool) -> (Vec<File<'a>>, Vec<File<'a>>) {
        let scanned = self.scanned(file, is_build_time);
        let (modules, includes) = (scanned.modules.clone(), scanned.includes.clone());
        let (mut found, mut tests) = (vec![], vec![]);
        for module in &modules {
            let files = self.files_of(file.path, module);
            if module.is_test { tests.extend(files) } else { found.extend(files) }
        }
        for include in &includes {
            let folder = if include.from_root { "" } else { folder(file.path) };
            found.extend(self.find(folder, &include.path));
        }
        (found, tests)
    }

    /// The files that a module may be in. Which of the folders counts depends on how its own source was found, so that both are
    /// looked into.
    fn files_of(&self, source: &str, module: &Module) -> Vec<File<'a>> {
        let own = folder(source);
        let below = format!("{own}/{}", stem(source));
        let (name, around) = module.path.split_last().map_or(("", &[][..]), |(name, around)| (name, around));
        let around = around.join("/");
        let mut found = vec![];
        for base in [own, &below] {
            let inner = format!("{base}/{around}");
            found.extend(self.find(&inner, &format!("{name}.rs")));
            found.extend(self.find(&inner, &format!("{name}/mod.rs")));
            for path in &module.file {
                found.extend(self.find(base, path));
                found.extend(self.find(&inner, path));
            }
        }
        found
    }
}

/// Files by their path.
pub(super) type Set<'a> = BTreeMap<&'a str, File<'a>>;
