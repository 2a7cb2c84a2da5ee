//! Where a workspace keeps its store of reviews: `supply-chain/` beside the workspace's manifest, or where that says.
//!
//! `[workspace.metadata.vet] store.path` and `[package.metadata.vet] store.path` of the manifest at the root count, as for
//! cargo-vet. Cargo-vet takes the path from wherever it is started, which is not the same in every folder; here it begins at
//! the manifest that has it.

use std::path::Path;

use toml_edit::{DocumentMut, Item, TableLike};

use super::situation::relative;
use crate::cargo::{normal, read_manifest, real, repository};

/// The folder of a store where nobody names another one, beside the workspace's manifest.
pub const FOLDER: &str = "supply-chain";

/// Bytes of a path: as many as systems take.
const PATH_BYTES: usize = 4_096;

/// The folder of the store relative to the workspace's root, `/`-separated; why that cannot be said, if so.
pub fn folder(root: &Path) -> Result<String, String> {
    let manifest = root.join("Cargo.toml");
    // Whoever asks without a workspace has no store of its own.
    if !manifest.is_file() {
        return Ok(FOLDER.to_owned());
    }
    let document = read_manifest(&manifest).map_err(|error| error.to_string())?;
    let Some(path) = named(&document)? else { return Ok(FOLDER.to_owned()) };
    let (wanted, repository) = (real(&root.join(&path)), repository(root));
    let within = wanted.starts_with(&repository) && wanted != repository;
    relative(&real(root), &wanted).filter(|_| within).ok_or_else(|| {
        format!(
            "`Cargo.toml` keeps the store of reviews in `{path}`, outside of the repository: what is not in version \
             control decides nothing; move it inside"
        )
    })
}

/// The same at another revision, by the manifest that lay there.
pub fn folder_before(root: &Path, manifest: Option<&str>) -> Result<String, String> {
    let Some(text) = manifest else { return Ok(FOLDER.to_owned()) };
    let document =
        text.parse::<DocumentMut>().map_err(|error| format!("`Cargo.toml`: {}", error.message()))?;
    let Some(path) = named(&document)? else { return Ok(FOLDER.to_owned()) };
    relative(root, &normal(&root.join(&path))).ok_or_else(|| format!("`{path}` is no path"))
}

/// The path that a manifest names.
fn named(manifest: &DocumentMut) -> Result<Option<String>, String> {
    let of =
        |kind: &str| table(manifest.get(kind)).and_then(|it| table(table(it.get("metadata"))?.get("vet")));
    let is_there = |kind: &str| {
        let metadata = table(manifest.get(kind)).and_then(|it| table(it.get("metadata")));
        metadata.is_some_and(|metadata| metadata.contains_key("vet"))
    };
    if is_there("workspace") && is_there("package") {
        return Err(
            "`Cargo.toml` has `[workspace.metadata.vet]` and `[package.metadata.vet]`: keep one".to_owned()
        );
    }
    for kind in ["workspace", "package"].into_iter().filter(|kind| is_there(kind)) {
        let wrong = || format!("`[{kind}.metadata.vet]` of `Cargo.toml` is not `store.path = \"FOLDER\"`");
        let Some(store) = of(kind).ok_or_else(wrong)?.get("store") else { continue };
        let Some(path) = table(Some(store)).ok_or_else(wrong)?.get("path") else { continue };
        let path = path.as_str().ok_or_else(wrong)?;
        let is_path =
            !path.is_empty() && path.len() <= PATH_BYTES && !path.chars().any(crate::model::is_harmful);
        if !is_path || Path::new(path).is_absolute() || path.contains('\\') {
            return Err(format!("{}, a path relative to it with `/`", wrong()));
        }
        // Git's folder is not in version control, and a `config.toml` in cargo's is cargo's.
        let taken =
            path.split('/').find(|it| [".git", ".cargo"].iter().any(|its| it.eq_ignore_ascii_case(its)));
        if let Some(taken) = taken {
            return Err(format!(
                "`Cargo.toml` keeps the store of reviews in `{taken}/`: move it to a folder of its own"
            ));
        }
        return Ok(Some(path.to_owned()));
    }
    Ok(None)
}

fn table(item: Option<&Item>) -> Option<&dyn TableLike> {
    item.and_then(Item::as_table_like)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_says_where_the_store_lies() {
        let root = Path::new("/w/app");
        for (manifest, expected) in [
            ("", Ok("supply-chain")),
            ("[workspace.metadata.vet]\nversion = 1\n", Ok("supply-chain")),
            ("[workspace.metadata.vet]\nstore = { path = \"audits/./vet\" }\n", Ok("audits/vet")),
            ("[package.metadata.vet.store]\npath = \"../vet\"\n", Ok("../vet")),
            ("[package.metadata]\nvet = 1\n", Err("is not `store.path")),
            ("[package.metadata.vet]\nstore = { path = 7 }\n", Err("is not `store.path")),
            ("[package.metadata.vet]\nstore = { path = \"/etc\" }\n", Err("a path relative to it")),
            ("[package.metadata.vet]\nstore = { path = \"\" }\n", Err("a path relative to it")),
            ("[package.metadata.vet]\nstore = { path = \".git\" }\n", Err("a folder of its own")),
            ("[package.metadata.vet]\nstore = { path = \"a/../.Cargo\" }\n", Err("a folder of its own")),
            ("[package.metadata.vet]\n[workspace.metadata.vet]\n", Err("keep one")),
        ] {
            match (folder_before(root, Some(manifest)), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{manifest}"),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{manifest}: {found}"),
                (found, _) => panic!("{manifest}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_store_outside_the_repository_decides_nothing() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let root = scratch.path().join("repository/app");
        std::fs::create_dir_all(root.join("../.git")).expect("a repository");
        let keep = |path: &str| {
            let text = format!("[workspace.metadata.vet]\nstore.path = \"{path}\"\n");
            std::fs::write(root.join("Cargo.toml"), text).expect("a manifest");
            folder(&root.canonicalize().expect("it is there"))
        };
        assert_eq!(keep("../shared/vet").as_deref(), Ok("../shared/vet"));
        for outside in ["../../elsewhere", "..", "link"] {
            #[cfg(unix)]
            let _ = std::os::unix::fs::symlink("/", root.join("link"));
            let error = keep(outside);
            assert!(
                cfg!(not(unix)) || error.is_err_and(|it| it.contains("outside of the repository")),
                "{outside}"
            );
        }
    }
}
