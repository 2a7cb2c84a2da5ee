//! `publishers.toml` of a `supply-chain/` folder: who published what, as crates.io said.

use std::path::Path;

use super::bytes;
use crate::audit::{Publications, Store};

/// The name of the file.
pub const FILE: &str = "publishers.toml";

/// The file with its bytes, if it is there; why it cannot be read, if so.
pub fn publications(root: &Path, folder: &str) -> Result<(Option<Vec<u8>>, Publications), String> {
    let shown = format!("{folder}/{FILE}");
    let found = bytes(&root.join(folder).join(FILE), &shown)?;
    let read = |found: &Vec<u8>| Publications::read(found, &Path::new(folder).join(FILE));
    let publications = found.as_ref().map(read).transpose().map_err(|error| error.to_string())?;
    Ok((found, publications.unwrap_or_default()))
}

/// Puts what the file says beside what the `imports.lock` of a store says. Neither goes before the other: where they contradict each
/// other, nobody knows.
pub fn join(store: &mut Store, publications: Publications) {
    for (krate, rows) in publications.rows {
        let known = store.imports.publications.entry(krate).or_default();
        for row in rows {
            let is_said = known
                .iter()
                .any(|it| (&it.version, &it.publisher, it.when) == (&row.version, &row.publisher, row.when));
            if !is_said {
                known.push(row);
            }
        }
    }
}
