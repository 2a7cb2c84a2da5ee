//! `[patch]` of the workspace's manifest and of the repository's cargo configuration: packages that take the place of others.

use std::path::{Path, PathBuf};

use provenance_build::config::{Configuration, Setting};
use toml_edit::{Item, Key, TableLike, Value};

use crate::cargo::{self, real};
use crate::sbom::{Ancestor, Pedigree, purl, text};

/// An entry of `[patch]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    name: String,
    /// What is patched: `crates-io`, a registry's name, or a URL.
    of: String,
    with: With,
}

/// What takes the place.
#[derive(Clone, Debug, PartialEq, Eq)]
enum With {
    Directory(PathBuf),
    Git(String),
    Other,
}

/// Reads the patches of the workspace at `root`.
pub(super) fn read(root: &Path, configuration: &Configuration) -> Result<Vec<Patch>, cargo::Error> {
    let document = cargo::read_manifest(&root.join("Cargo.toml"))?;
    let mut patches = configuration.recorded.values().filter_map(configured).collect::<Vec<_>>();
    for (of, entries) in tables(document.get("patch")) {
        for (key, entry) in tables(Some(entries)) {
            let word = |name: &str| entry.get(name).and_then(Item::as_str);
            let with = match (word("path"), word("git")) {
                (Some(path), _) => With::Directory(real(&root.join(path))),
                (None, Some(url)) => With::Git(url.to_owned()),
                (None, None) => With::Other,
            };
            patches.push(Patch { name: word("package").unwrap_or(key).to_owned(), of: of.to_owned(), with });
        }
    }
    Ok(patches)
}

/// A patch of a configuration file, whose paths count from the folder above its own.
fn configured(setting: &Setting) -> Option<Patch> {
    let key = setting.key.rsplit_once('#').map_or(setting.key.as_str(), |(_, key)| key);
    let keys = Key::parse(key).ok()?;
    let [patch, of, name, kind] = &keys[..] else { return None };
    let value = setting.value.parse::<Value>().ok()?;
    let with = match (patch.get(), kind.get(), value.as_str()?) {
        ("patch", "path", path) => With::Directory(real(&setting.file.parent()?.parent()?.join(path))),
        ("patch", "git", url) => With::Git(url.to_owned()),
        _ => return None,
    };
    Some(Patch { name: name.get().to_owned(), of: of.get().to_owned(), with })
}

/// The pedigree of a package that takes another's place.
pub(super) fn pedigree(patches: &[Patch], package: &cargo_metadata::Package) -> Option<Pedigree> {
    let source = package.source.as_ref().map(|source| source.repr.as_str());
    let is_it = |patch: &&Patch| {
        let is_right = match &patch.with {
            With::Directory(directory) => {
                let own = package.manifest_path.parent();
                source.is_none() && own.is_some_and(|own| real(own.as_std_path()) == *directory)
            }
            With::Git(url) => source
                .and_then(|source| source.strip_prefix("git+"))
                .is_some_and(|source| source.split(['?', '#']).next() == Some(url.as_str())),
            With::Other => source.is_some_and(|source| source != provenance_build::name::CRATES_IO),
        };
        package.name.as_str() == patch.name && is_right
    };
    let patch = patches.iter().find(is_it)?;
    // Which version it was made from is not written down anywhere.
    let purl = (patch.of == "crates-io").then(|| purl::of_crates_io(&patch.name, None));
    let ancestor = Ancestor { name: patch.name.clone(), version: None, purl };
    let of = text::line(&text::without_password(&patch.of));
    let notes = format!("takes the place of `{}` of `{of}`, by `[patch]`", patch.name);
    Some(Pedigree { ancestor: Some(ancestor), notes })
}

fn tables(item: Option<&Item>) -> impl Iterator<Item = (&str, &Item)> {
    item.and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter)
}
