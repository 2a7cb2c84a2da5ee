//! What changes between two manifests, the dependencies first: what `cargo package` rearranges is noise, and hides one line that
//! matters.

use std::collections::BTreeMap;

use toml_edit::{Document, Item, TableLike, Value};

use crate::archive::{self, Build, Declared};

/// Changes that are told one by one: more than anybody reads.
const TOLD: usize = 60;

/// What changes, a line each. What cannot be read is told of and nothing else.
pub(super) fn changes(old: Option<&[u8]>, new: Option<&[u8]>) -> Vec<String> {
    let read = |bytes: Option<&[u8]>| bytes.map(|bytes| (archive::read_manifest(bytes), requirements(bytes)));
    let (Some((before, old)), Some((after, new))) = (read(old), read(new)) else { return vec![] };
    let (before, after) = match (before, after) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(why), _) => return vec![format!("the old manifest {why}")],
        (_, Err(why)) => return vec![format!("the new manifest {why}")],
    };
    let mut told = vec![];
    told.extend(
        new.iter().filter(|(key, _)| !old.contains_key(*key)).map(|(key, spec)| format!("new {key}: {spec}")),
    );
    for (key, spec) in &new {
        if let Some(was) = old.get(key).filter(|was| *was != spec) {
            told.push(format!("changed {key}: {was}, now {spec}"));
        }
    }
    told.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| format!("removed {key}")));
    told.sort_by_key(|line| line.contains("dev-dependency"));
    told.extend(others(&before, &after));
    if told.len() > TOLD {
        let more = told.len() - TOLD;
        told.truncate(TOLD);
        told.push(format!("and {more} more"));
    }
    told
}

fn others(before: &Declared, after: &Declared) -> Vec<String> {
    let mut told = vec![];
    if before.proc_macro != after.proc_macro {
        told.push(match after.proc_macro {
            true => "it is a procedural macro now".to_owned(),
            false => "it is no procedural macro any more".to_owned(),
        });
    }
    if before.build != after.build {
        told.push(format!("its build script is {} now, was {}", script(&after.build), script(&before.build)));
    }
    if before.links != after.links {
        let named = |links: &Option<String>| {
            links.as_ref().map_or("nothing".to_owned(), |links| format!("`{links}`"))
        };
        told.push(format!("it links {} now, was {}", named(&after.links), named(&before.links)));
    }
    let missing = |from: &Declared, of: &Declared| {
        let missing = of.features.iter().filter(|name| !from.features.contains(name));
        missing.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    for (word, names) in [("new", missing(before, after)), ("removed", missing(after, before))] {
        if !names.is_empty() {
            told.push(format!("{word} features: {names}"));
        }
    }
    told
}

fn script(build: &Build) -> String {
    match build {
        Build::Default => "`build.rs` if there is one".to_owned(),
        Build::Off => "none".to_owned(),
        Build::On => "`build.rs`".to_owned(),
        Build::Scripts(scripts) => {
            scripts.iter().map(|script| format!("`{script}`")).collect::<Vec<_>>().join(", ")
        }
    }
}

/// The dependencies of a manifest, by what they are for and what it calls them.
fn requirements(manifest: &[u8]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let text = std::str::from_utf8(manifest).unwrap_or_default();
    let Ok(document) = Document::parse(text) else { return found };
    collect(document.as_table(), "", &mut found);
    for (target, holder) in
        document.get("target").and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter)
    {
        if let Some(holder) = holder.as_table_like() {
            collect(holder, &format!(" for `{target}`"), &mut found);
        }
    }
    found
}

fn collect(holder: &dyn TableLike, target: &str, found: &mut BTreeMap<String, String>) {
    for (kind, spellings) in [
        ("dependency", &["dependencies"][..]),
        ("build-dependency", &["build-dependencies", "build_dependencies"]),
        ("dev-dependency", &["dev-dependencies", "dev_dependencies"]),
    ] {
        let table = spellings.iter().find_map(|spelling| holder.get(spelling)?.as_table_like());
        for (key, item) in table.into_iter().flat_map(TableLike::iter) {
            found.insert(format!("{kind} `{key}`{target}"), specification(item));
        }
    }
}

/// The rest of a dependency in one line and one spelling: cargo writes as a table what authors write inline.
fn specification(item: &Item) -> String {
    let Some(table) = item.as_table_like() else { return item.as_value().map(plain).unwrap_or_default() };
    let values = table.iter().filter_map(|(key, item)| Some((key, plain(item.as_value()?))));
    let parts = values.collect::<BTreeMap<_, _>>();
    match parts.get("version") {
        Some(version) if parts.len() == 1 => version.clone(),
        _ => parts.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", "),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", text.value()),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        other => other.to_string().trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(old: &str, new: &str) -> Vec<String> {
        changes(Some(old.as_bytes()), Some(new.as_bytes()))
    }

    #[test]
    fn new_dependencies_come_first_and_those_of_tests_last() {
        let old = "[package]\nname = 'a'\n[dependencies]\nb = '1'\ngone = '1'\n[features]\nx = []\n";
        let new = "[package]\nname = 'a'\nlinks = 'z'\nbuild = 'run.rs'\n[lib]\nproc-macro = true\n\
                   [dev-dependencies.t]\nversion = '1'\n[dependencies.b]\nversion = '2'\nfeatures = [\n  'f',\n]\n\
                   [target.'cfg(unix)'.build-dependencies]\nevil = { version = '9', package = 'other' }\n";
        assert_eq!(
            told(old, new),
            [
                "new build-dependency `evil` for `cfg(unix)`: package = \"other\", version = \"9\"",
                "changed dependency `b`: \"1\", now features = [\"f\"], version = \"2\"",
                "removed dependency `gone`",
                "new dev-dependency `t`: \"1\"",
                "it is a procedural macro now",
                "its build script is `run.rs` now, was `build.rs` if there is one",
                "it links `z` now, was nothing",
                "removed features: `x`",
            ]
        );
    }

    #[test]
    fn what_cargo_only_spells_differently_is_no_change() {
        let old = "[package]\nname = 'a'\n[dependencies]\nb = { version = \"1\", features = [\"x\", \"y\"] }\nc = \"1\"\n";
        let new = "[package]\nname = 'a'\n[dependencies.c]\nversion = \"1\"\n[dependencies.b]\nfeatures = [\n    \"x\",\n    \"y\",\n]\nversion = \"1\"\n";
        assert_eq!(told(old, new), [""; 0]);
    }

    #[test]
    fn a_manifest_that_cannot_be_read_is_told_of_and_a_flood_is_cut() {
        assert!(
            told("[package]", "[package")
                .first()
                .expect("told")
                .starts_with("the new manifest cannot be read")
        );
        let many = (0..200).map(|n| format!("d{n} = '1'\n")).collect::<String>();
        let told = told("[package]\n", &format!("[dependencies]\n{many}"));
        assert_eq!((told.len(), told.last().map(String::as_str)), (TOLD + 1, Some("and 140 more")));
    }
}
