//! `bindings.toml`, in one canonical form: crates by name, their reviews in cargo-vet's order.

use super::document::{Item, Table};
use crate::audit::{Binding, Bindings, Bytes};

const HEAD: &str =
    "\n# What reviews in `audits.toml` are of, byte for byte. Written by `cargo provenance certify`.\n";

impl Bindings {
    /// The file.
    pub fn text(&self) -> String {
        let mut root = Table::default();
        root.put("version", Item::Plain("1".to_owned(), None));
        let crates = self.crates.iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| {
            let mut list = list.iter().collect::<Vec<_>>();
            list.sort_by_key(|it| key(it));
            (name.clone(), Item::Tables(list.into_iter().map(binding).collect()))
        });
        let crates = crates.collect::<Vec<_>>();
        if !crates.is_empty() {
            root.put("bindings", Item::Table(Table(crates)));
        }
        format!("{HEAD}{}", root.document())
    }
}

/// Full reviews before those of changes, as cargo-vet has them. No two bindings are of the same review.
fn key(it: &Binding) -> impl Ord + '_ {
    (
        it.from.as_ref().map(|from| &from.version),
        &it.to.version,
        &it.criteria,
        &it.who,
        it.notes.map(|notes| notes.hex()),
    )
}

fn binding(binding: &Binding) -> Table {
    let mut table = Table::default();
    table.list("who", &binding.who);
    table.list("criteria", &binding.criteria);
    let Bytes { version, checksum, tree } = &binding.to;
    match &binding.from {
        None => table.text("version", &version.to_string()),
        Some(from) => {
            table.text("delta", &format!("{} -> {version}", from.version));
            digest(&mut table, "from-checksum", from.checksum);
            table.text("from-tree", &from.tree.to_string());
        }
    }
    digest(&mut table, "checksum", *checksum);
    table.text("tree", &tree.to_string());
    table.text("on", &binding.on.to_string());
    digest(&mut table, "notes", binding.notes);
    table.some("signatures", &binding.signatures);
    table
}

fn digest(table: &mut Table, key: &str, digest: Option<provenance_build::Checksum>) {
    if let Some(digest) = digest {
        table.text(key, &digest.to_string());
    }
}
