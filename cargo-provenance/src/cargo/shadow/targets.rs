//! The target files whose existence cargo looks at when it reads a manifest.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::cargo::workspace::normal;

/// Directory entries that are looked at in one package: far above the number of targets of any.
const ENTRIES: usize = 20_000;

/// The files that need a stand-in: those that the manifest names, and those that exist where cargo discovers targets
/// by itself. (Existing ones only: what is not there must not be discovered in the shadow either.)
pub(super) fn stand_ins(directory: &Path, manifest: &DocumentMut) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for path in named(manifest) {
        files.insert(normal(&directory.join(path)));
    }
    let build = directory.join("build.rs");
    files.extend(build.is_file().then_some(build));
    let mut seen = 0;
    // The editions before 2018 also find `src/NAME.rs`.
    files.extend(entries(&directory.join("src"), &mut seen).filter(|path| is_source(path)));
    for folder in ["src/bin", "examples", "tests", "benches"] {
        for path in entries(&directory.join(folder), &mut seen) {
            let main = path.join("main.rs");
            if is_source(&path) {
                files.insert(path);
            } else if main.is_file() {
                files.insert(main);
            }
        }
    }
    files
}

fn named(manifest: &DocumentMut) -> Vec<String> {
    let mut paths = vec![];
    let mut push = |item: Option<&Item>| paths.extend(item.and_then(Item::as_str).map(str::to_owned));
    push(manifest.get("lib").and_then(|lib| lib.get("path")));
    for kind in ["bin", "example", "test", "bench"] {
        match manifest.get(kind) {
            Some(Item::ArrayOfTables(targets)) => {
                targets.iter().for_each(|target| push(target.get("path")));
            }
            // `bin = [{ name = "x", path = "y" }]`
            Some(Item::Value(Value::Array(targets))) => {
                let inline = targets.iter().filter_map(Value::as_inline_table);
                inline.for_each(|target| push(TableLike::get(target, "path")));
            }
            _ => {}
        }
    }
    match manifest.get("package").and_then(|package| package.get("build")) {
        Some(Item::Value(Value::Array(scripts))) => {
            paths.extend(scripts.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        script => paths.extend(script.and_then(Item::as_str).map(str::to_owned)),
    }
    paths
}

fn entries<'s>(folder: &Path, seen: &'s mut usize) -> impl Iterator<Item = PathBuf> + use<'s> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(io::Result::ok);
    entries.map(|entry| entry.path()).take_while(move |_| {
        *seen += 1;
        *seen <= ENTRIES
    })
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs") && path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_and_discovered_targets_get_a_stand_in() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let at = |path: &str| scratch.path().join(path);
        for file in [
            "build.rs",
            "src/main.rs",
            "src/deep/module.rs",
            "src/bin/one.rs",
            "src/bin/two/main.rs",
            "src/bin/two/part.rs",
            "tests/it.rs",
            "tests/data/input.txt",
            "examples/show.rs",
            "README.md",
        ] {
            fs::create_dir_all(at(file).parent().expect("inside")).expect("a directory");
            fs::write(at(file), "").expect("a file");
        }
        let manifest = "bench = [{ name = \"b\", path = \"../speed/b.rs\" }]\n[package]\nname = \"x\"\nbuild = \"scripts/build.rs\"\n\
             [lib]\npath = \"lib/x.rs\"\n[[bin]]\nname = \"odd\"\npath = \"./src/odd/../odd.rs\"\n";
        let found = stand_ins(scratch.path(), &manifest.parse().expect("TOML"));
        let expected = [
            "build.rs",
            "examples/show.rs",
            "lib/x.rs",
            "scripts/build.rs",
            "src/bin/one.rs",
            "src/bin/two/main.rs",
            "src/main.rs",
            "src/odd.rs",
            "tests/it.rs",
        ]
        .map(at);
        let outside = normal(&at("../speed/b.rs"));
        assert_eq!(found, expected.into_iter().chain([outside]).collect());
    }
}
