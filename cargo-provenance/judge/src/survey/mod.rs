//! What the files of a package hold, as far as checks judge it. Pure: the bytes are handed in.

mod code;
pub mod content;
mod lex;

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::{Archive, Build, File, Requirement};

pub use code::{Change, Code, Part, Sighting, What};
pub use content::Content;

/// The files of a package, and which of them cargo compiles for what.
#[derive(Clone, Debug, Default)]
pub struct Sources<'a> {
    /// Its files; paths are relative to the package's root.
    pub files: Vec<File<'a>>,
    /// Its build scripts.
    pub build_scripts: Vec<String>,
    /// The root of its library.
    pub library: Option<String>,
    /// Whether the library is a procedural macro.
    pub proc_macro: bool,
    /// How many folders above its root belong to the same commit, which is pinned as a whole.
    pub above: usize,
    /// Folders with packages of their own, each with a slash at its end, whose files are not among these.
    pub nested: Vec<String>,
    /// What it depends on.
    pub dependencies: Vec<Requirement>,
}

/// What was found in the files of one package version. It is small: the bytes are gone when it is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// What its files are, whatever they are for.
    pub content: Content,
    /// What its Rust code can do, at build time and at run time.
    pub code: Code,
}

impl Survey {
    /// Looks through the files of a package.
    pub fn of(sources: &Sources<'_>) -> Self {
        let code = Code::of(sources);
        let build_time = code.build_files.iter().map(|file| &*file.path).collect();
        Self { content: Content::of(sources, &build_time), code }
    }
}

impl<'a> Sources<'a> {
    /// Those of a registry's package.
    pub fn of_archive(archive: &'a Archive) -> Self {
        let files = archive.files().collect::<Vec<_>>();
        // In any case: where case does not matter, cargo finds `Build.rs` too.
        let has = |name: &str| files.iter().find(|file| file.path.eq_ignore_ascii_case(name));
        let build_scripts = match &archive.declared().build {
            Build::Off => vec![],
            Build::Default => has("build.rs").map(|file| file.path.to_owned()).into_iter().collect(),
            Build::On => vec!["build.rs".to_owned()],
            Build::Scripts(scripts) => scripts.clone(),
        };
        let library = archive.library().map(str::to_owned);
        let library = library.or_else(|| has("src/lib.rs").map(|file| file.path.to_owned()));
        let (proc_macro, dependencies) =
            (archive.declared().proc_macro, archive.declared().dependencies.clone());
        Self { files, build_scripts, library, proc_macro, dependencies, above: 0, nested: vec![] }.settled()
    }

    /// The same, with the names of the files that cargo begins with, which a manifest may write in many ways.
    pub fn settled(mut self) -> Self {
        let by_name = self.files.iter().map(|file| (file.path.to_lowercase(), file.path));
        let by_name = by_name.collect::<BTreeMap<_, _>>();
        let exact = self.files.iter().map(|file| file.path).collect::<BTreeSet<_>>();
        let settle = |path: &String| {
            let path = normal(path);
            let other = || by_name.get(&path.to_lowercase()).map(|path| (*path).to_owned());
            if exact.contains(&*path) { path } else { other().unwrap_or(path) }
        };
        let scripts = self.build_scripts.iter().map(settle).collect::<BTreeSet<_>>();
        let library = self.library.as_ref().map(settle);
        (self.build_scripts, self.library) = (scripts.into_iter().collect(), library);
        self
    }
}

/// A path that a manifest names, as archives write theirs: `/` between its parts, without `.`, and with `..` only in front, as
/// it is for whatever lies outside of the package.
pub fn normal(path: &str) -> String {
    let is_absolute = path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':');
    let mut parts = if is_absolute { vec![".."] } else { vec![] };
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
