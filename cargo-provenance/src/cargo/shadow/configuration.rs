//! Cargo configuration and toolchain files, rewritten so that they mean in the shadow, or in a scratch cargo home, what they
//! mean where they lie.
//!
//! Settings that only matter to compiling are left out: nothing compiles in the shadow, and what the repository would
//! have run (wrappers, runners, environment) has no business there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item, TableLike, Value};

use super::Error;
use crate::cargo::workspace::normal;

/// Tables that resolving and downloading do not read.
const LEFT_OUT: [&str; 10] = [
    "alias",
    "cargo-new",
    "doc",
    "env",
    "future-incompat-report",
    "host",
    "install",
    "profile",
    "target",
    "term",
];

/// What a configuration file says that matters to the copies of others.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cargo) struct Said {
    /// The real files that it includes.
    pub(in crate::cargo) includes: Vec<PathBuf>,
    /// The directory sources (`cargo vendor`) by name, with their real directories.
    pub(super) directories: Vec<(String, PathBuf)>,
}

/// Reads the configuration `text` of `file`.
pub(in crate::cargo) fn said(text: &str, file: &Path) -> Result<Said, Error> {
    let mut document = parsed(text, file)?;
    let (folder, base) = bases(file);
    let directories = tables(document.get_mut("source")).filter_map(|(name, source)| {
        let directory = source.get("directory").and_then(Item::as_str)?;
        Some((name, normal(&base.join(directory))))
    });
    let directories = directories.collect();
    let includes = includes(document.get_mut("include"), &|path| normal(&folder.join(path)), &Path::to_owned);
    Ok(Said { includes, directories })
}

/// Rewrites the configuration `text` of `file`. `shadowed` gives the place of a real path in the shadow, `mirrored`
/// says whether a package at a real path has one there; other paths become absolute real ones. No source of those named
/// in `put_by` takes another one's place.
pub(in crate::cargo) fn rewritten(
    text: &str,
    file: &Path,
    shadowed: &dyn Fn(&Path) -> PathBuf,
    mirrored: &dyn Fn(&Path) -> bool,
    put_by: &BTreeSet<String>,
) -> Result<String, Error> {
    let mut document = parsed(text, file)?;
    let (folder, base) = bases(file);
    let package = |path: &str| {
        let real = normal(&base.join(path));
        if mirrored(&real) { shadowed(&real) } else { real }
    };
    let real = |path: &str| normal(&base.join(path));
    let program = |path: &str| if path.contains(['/', '\\']) { real(path) } else { PathBuf::from(path) };

    let table = document.as_table_mut();
    LEFT_OUT.iter().for_each(|key| drop(table.remove(key)));
    if let Some(build) = table.get_mut("build").and_then(Item::as_table_like_mut) {
        let others: Vec<String> =
            build.iter().map(|(key, _)| key.to_owned()).filter(|key| key != "rustc").collect();
        others.iter().for_each(|key| drop(build.remove(key)));
        replace(build.get_mut("rustc"), &program);
    }
    if let Some(paths) = table.get_mut("paths").and_then(Item::as_array_mut) {
        replace_all(paths, &package);
    }
    for key in ["cainfo", "proxy-cainfo"] {
        replace(at(table, &["http", key]), &real);
    }
    unreplace(table.get_mut("source"), put_by);
    for (_, source) in tables(table.get_mut("source")) {
        for key in ["directory", "local-registry"] {
            replace(source.get_mut(key), &real);
        }
    }
    for (_, source) in tables(table.get_mut("patch")) {
        for (_, patch) in source.iter_mut() {
            replace(patch.as_table_like_mut().and_then(|patch| patch.get_mut("path")), &package);
        }
    }
    replace(at(table, &["resolver", "lockfile-path"]), &|path| shadowed(&real(path)));
    credential_providers(table, &program);
    includes(table.get_mut("include"), &|path| normal(&folder.join(path)), shadowed);
    Ok(document.to_string())
}

fn parsed(text: &str, file: &Path) -> Result<DocumentMut, Error> {
    text.parse().map_err(|e: toml_edit::TomlError| Error::unacceptable(file, e.message().to_owned()))
}

/// What paths are relative to, by cargo's rule: those of `include` to the directory that holds the file, all others to
/// its parent.
fn bases(file: &Path) -> (&Path, &Path) {
    let folder = file.parent().unwrap_or(Path::new(""));
    (folder, folder.parent().unwrap_or(folder))
}

/// A toolchain file of `directory`, with the path of a toolchain made absolute. A bare channel name is no TOML and
/// stays as it is.
pub(super) fn toolchain(text: &str, directory: &Path) -> String {
    let Ok(mut document) = text.parse::<DocumentMut>() else { return text.to_owned() };
    replace(at(document.as_table_mut(), &["toolchain", "path"]), &|path| normal(&directory.join(path)));
    document.to_string()
}

/// Where one of the directories `put_by` stands in for a source, the shadow asks the source itself: a directory holds
/// what was there before, and never what shall enter.
fn unreplace(sources: Option<&mut Item>, put_by: &BTreeSet<String>) {
    for (_, source) in tables(sources) {
        let replacement = source.get("replace-with").and_then(Item::as_str);
        if replacement.is_some_and(|name| put_by.contains(name)) {
            source.remove("replace-with");
        }
    }
}

/// The programs that hand out credentials: text or an array, the program first.
fn credential_providers(table: &mut dyn TableLike, program: &dyn Fn(&str) -> PathBuf) {
    let first_word = |text: &str| match text.split_once(' ') {
        Some((first, rest)) => format!("{} {rest}", program(first).display()),
        None => program(text).display().to_string(),
    };
    let rewrite = |item: Option<&mut Item>| match item {
        Some(Item::Value(Value::Array(words))) => {
            if let Some(word) = words.get(0).and_then(Value::as_str).map(program) {
                words.replace(0, word.display().to_string());
            }
        }
        item => replace(item, &|text| PathBuf::from(first_word(text))),
    };
    rewrite(at(table, &["registry", "credential-provider"]));
    if let Some(providers) =
        at(table, &["registry", "global-credential-providers"]).and_then(Item::as_array_mut)
    {
        replace_all(providers, &|text| PathBuf::from(first_word(text)));
    }
    for (_, registry) in tables(table.get_mut("registries")) {
        rewrite(registry.get_mut("credential-provider"));
    }
    if let Some(aliases) = table.get_mut("credential-alias").and_then(Item::as_table_like_mut) {
        for (_, alias) in aliases.iter_mut() {
            rewrite(Some(alias));
        }
    }
}

/// Points every `include` at the copy of its file, and returns the real files.
fn includes(
    item: Option<&mut Item>,
    real: &dyn Fn(&str) -> PathBuf,
    shadowed: &dyn Fn(&Path) -> PathBuf,
) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut follow = |text: &str| {
        let file = real(text);
        let copy = shadowed(&file);
        found.push(file);
        copy
    };
    match item {
        Some(Item::Value(Value::Array(list))) => {
            for value in list.iter_mut() {
                match value {
                    Value::InlineTable(table) => {
                        if let Some(path) = table.get_mut("path") {
                            replace_value(path, &mut follow);
                        }
                    }
                    value => replace_value(value, &mut follow),
                }
            }
        }
        Some(Item::Value(value)) => replace_value(value, &mut follow),
        Some(Item::ArrayOfTables(tables)) => {
            for table in tables.iter_mut() {
                if let Some(path) = table.get_mut("path").and_then(Item::as_value_mut) {
                    replace_value(path, &mut follow);
                }
            }
        }
        _ => {}
    }
    found
}

fn at<'t>(table: &'t mut dyn TableLike, keys: &[&str; 2]) -> Option<&'t mut Item> {
    table.get_mut(keys[0])?.as_table_like_mut()?.get_mut(keys[1])
}

fn tables(item: Option<&mut Item>) -> impl Iterator<Item = (String, &mut dyn TableLike)> {
    let entries = item.and_then(Item::as_table_like_mut).into_iter().flat_map(|table| table.iter_mut());
    entries.filter_map(|(key, item)| Some((key.get().to_owned(), item.as_table_like_mut()?)))
}

fn replace(item: Option<&mut Item>, new: &dyn Fn(&str) -> PathBuf) {
    if let Some(value) = item.and_then(Item::as_value_mut) {
        replace_value(value, &mut |text| new(text));
    }
}

fn replace_all(values: &mut Array, new: &dyn Fn(&str) -> PathBuf) {
    values.iter_mut().for_each(|value| replace_value(value, &mut |text| new(text)));
}

fn replace_value(value: &mut Value, new: &mut dyn FnMut(&str) -> PathBuf) {
    if let Some(text) = value.as_str() {
        *value = new(text).display().to_string().into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "/srv/ws/.cargo/config.toml";

    fn copied(text: &str) -> String {
        let shadowed = |real: &Path| Path::new("/shadow").join(real.strip_prefix("/").unwrap_or(real));
        let mirrored = |real: &Path| real == Path::new("/srv/ws/libs/near");
        let put_by = BTreeSet::from(["v".to_owned()]);
        rewritten(text, Path::new(FILE), &shadowed, &mirrored, &put_by).expect("TOML")
    }

    #[test]
    fn relative_paths_keep_their_meaning() {
        for (text, expected) in [
            ("paths = [\"../over\"]\n", "paths = [\"/srv/over\"]\n"),
            ("paths = [\"libs/near\"]\n", "paths = [\"/shadow/srv/ws/libs/near\"]\n"),
            ("build.rustc = \"tools/rustc\"\n", "build.rustc =\"/srv/ws/tools/rustc\"\n"),
            ("build.rustc = \"rustc-custom\"\n", "build.rustc =\"rustc-custom\"\n"),
            ("[http]\ncainfo = \"ca.pem\"\n", "[http]\ncainfo =\"/srv/ws/ca.pem\"\n"),
            ("[source.v]\ndirectory = \"vendor\"\n", "[source.v]\ndirectory =\"/srv/ws/vendor\"\n"),
            (
                "source.\"v\".\"local-registry\" = \"reg\"\n",
                "source.\"v\".\"local-registry\" =\"/srv/ws/reg\"\n",
            ),
            ("source = { v = { directory = \"/abs\" } }\n", "source = { v = { directory =\"/abs\" } }\n"),
            (
                "[patch.crates-io]\na = { path = \"libs/near\" }\nb.path = \"x/../b\"\n",
                "[patch.crates-io]\na = { path =\"/shadow/srv/ws/libs/near\" }\nb.path =\"/srv/ws/b\"\n",
            ),
            (
                "resolver.lockfile-path = \"locks/Cargo.lock\"\n",
                "resolver.lockfile-path =\"/shadow/srv/ws/locks/Cargo.lock\"\n",
            ),
            (
                "[registries.corp]\nindex = \"sparse+https://h/\"\ncredential-provider = [\"tools/get\", \"--x\"]\n",
                "[registries.corp]\nindex = \"sparse+https://h/\"\ncredential-provider = [\"/srv/ws/tools/get\", \"--x\"]\n",
            ),
            (
                "registry.global-credential-providers = [\"cargo:token\", \"./get a b\"]\n",
                "registry.global-credential-providers = [\"cargo:token\",\"/srv/ws/get a b\"]\n",
            ),
            ("[credential-alias]\nme = \"bin/me x\"\n", "[credential-alias]\nme =\"/srv/ws/bin/me x\"\n"),
        ] {
            let squeeze = |text: &str| text.replace(' ', "");
            assert_eq!(squeeze(&copied(text)), squeeze(expected));
        }
    }

    #[test]
    fn what_would_run_code_is_left_out() {
        let text = "[alias]\nadd = \"x\"\n[build]\nrustc-wrapper = \"./evil\"\nrustflags = [\"-C\", \"linker=evil\"]\n\
                    [env]\nPATH = { value = \"bin\", relative = true, force = true }\n\
                    [target.'cfg(all())']\nrunner = \"./evil\"\n[net]\noffline = true\n";
        assert_eq!(copied(text).replace("[build]\n", ""), "[net]\noffline = true\n");
    }

    #[test]
    fn only_what_is_put_by_loses_the_place_of_the_source() {
        let text = "[source.crates-io]\nreplace-with = \"v\"\n[source.mirror]\nregistry = \"https://h/i\"\n\
                    [source.corp]\nreplace-with = \"mirror\"\n[source.v]\ndirectory = \"/v\"\n";
        let expected = text.replace("replace-with = \"v\"\n", "").replace("directory = ", "directory =");
        assert_eq!(copied(text).replace("directory = ", "directory ="), expected);
    }

    #[test]
    fn directory_sources_are_found_in_every_spelling() {
        for text in [
            "[source.v]\ndirectory = \"vendor\"\n",
            "source.v.directory = \"./sub/../vendor\"\n",
            "source = { \"v\" = { directory = \"/srv/ws/vendor\" } }\n",
        ] {
            let directories = said(text, Path::new(FILE)).expect("TOML").directories;
            assert_eq!(directories, [("v".to_owned(), PathBuf::from("/srv/ws/vendor"))], "{text}");
        }
    }

    #[test]
    fn included_files_are_copied_along() {
        for text in [
            "include = \"more.toml\"\n",
            "include = [\"more.toml\"]\n",
            "include = [{ path = \"more.toml\", optional = true }]\n",
            "[[include]]\npath = \"../.cargo/more.toml\"\n",
        ] {
            let includes = said(text, Path::new(FILE)).expect("TOML").includes;
            assert_eq!(includes, [Path::new("/srv/ws/.cargo/more.toml")], "{text}");
            let copied = copied(text);
            assert!(copied.contains("\"/shadow/srv/ws/.cargo/more.toml\""), "{copied}");
        }
    }

    #[test]
    fn a_toolchain_by_path_stays_the_same_toolchain() {
        let at = |text| toolchain(text, Path::new("/srv/ws"));
        assert_eq!(at("stable\n"), "stable\n");
        assert_eq!(at("[toolchain]\nchannel = \"1.95\"\n"), "[toolchain]\nchannel = \"1.95\"\n");
        assert!(at("[toolchain]\npath = \"../tc\"\n").contains("\"/srv/tc\""));
    }
}
