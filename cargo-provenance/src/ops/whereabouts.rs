//! Where the workspace lies in its repository, looked up for reports that other programs read. It decides nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use provenance_build::{Lockfile, PackageId, toml};

use crate::collect::gate;
use crate::model::{Surroundings, Whereabouts};

/// The repository around the workspace, and the lines of its packages; as much of it as can be found.
pub fn find(surroundings: &Surroundings) -> Whereabouts {
    let root = gate::root(surroundings)
        .or_else(|_| gate::policy_in_force(surroundings).map(|(root, _)| root))
        .or_else(|_| fs::canonicalize(&surroundings.directory));
    let Ok(root) = root else { return Whereabouts::default() };
    Whereabouts { repository: repository(&root).to_owned(), locked: lines(&root), root }
}

/// The root of the repository that a folder lies in; the folder itself, where there is none.
pub(super) fn repository(folder: &Path) -> &Path {
    folder.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(folder)
}

fn lines(root: &Path) -> BTreeMap<PackageId, u32> {
    let file = root.join("Cargo.lock");
    let lockfile = toml::read(&file).ok().and_then(|text| Lockfile::parse(text.as_bytes(), &file).ok());
    let packages = lockfile.map(|lockfile| lockfile.packages).unwrap_or_default();
    packages.into_iter().map(|package| (package.id, package.line)).collect()
}
