//! The direction of the arrows: which layer of the subcommand may use which.

use super::source::Source;
use super::{KERNEL, Offence, TOOL, inside};

const DOMAIN: &[&str] = &["exit_code", "finding", "model", "report"];
const KNOWLEDGE: &[&str] = &[
    "advisory", "archive", "artifact", "attest", "audit", "commit", "deploy", "graph", "helper", "index",
    "merge", "policy", "sbom", "survey", "vex",
];
const EDGES: &[&str] = &["cargo", "git", "keys", "net", "processes", "registry", "store"];

/// A layer and the groups of layers that it may use besides itself.
const LAYERS: &[(&str, &[&[&str]])] = &[
    ("model", &[]),
    ("finding", &[&["model"]]),
    ("report", &[&["finding", "model"]]),
    ("exit_code", &[&["report"]]),
    ("advisory", &[DOMAIN]),
    ("archive", &[DOMAIN]),
    ("artifact", &[DOMAIN]),
    ("attest", &[DOMAIN]),
    ("audit", &[DOMAIN]),
    ("commit", &[DOMAIN]),
    ("deploy", &[DOMAIN, &["attest", "policy"]]),
    ("graph", &[DOMAIN]),
    ("helper", &[DOMAIN, &["policy"]]),
    ("index", &[DOMAIN]),
    ("merge", &[DOMAIN]),
    ("policy", &[DOMAIN]),
    ("sbom", &[DOMAIN, &["artifact", "attest", "graph"]]),
    ("survey", &[DOMAIN, &["archive"]]),
    ("vex", &[DOMAIN]),
    ("vet", &[DOMAIN, KNOWLEDGE]),
    ("cargo", &[DOMAIN, KNOWLEDGE, &["store"]]),
    ("git", &[DOMAIN, KNOWLEDGE]),
    ("keys", &[DOMAIN]),
    ("net", &[DOMAIN]),
    ("processes", &[DOMAIN]),
    ("registry", &[DOMAIN, KNOWLEDGE]),
    ("store", &[DOMAIN, KNOWLEDGE]),
    ("collect", &[DOMAIN, KNOWLEDGE, &["vet"], EDGES]),
    ("ops", &[DOMAIN, KNOWLEDGE, &["vet"], EDGES, &["collect"]]),
    ("render", &[DOMAIN]),
    ("shell", &[DOMAIN, &["render"]]),
    // A program of its own that links next to nothing.
    ("guard", &[&["render"]]),
    ("cli", &[DOMAIN, KNOWLEDGE, &["vet"], EDGES, &["guard", "ops", "render", "shell"]]),
];

/// The roots of the binaries and the libraries, which only start what is in the layers, and what tests are made of.
const ROOTS: &[&str] = &["bin", "lib", "main", "samples"];

/// Checks the subcommand's layers, and that the kernel knows nothing of the subcommand.
pub(super) fn check(sources: &[&Source]) -> Vec<Offence> {
    sources
        .iter()
        .flat_map(|source| match inside(&source.file, TOOL) {
            Some(inside) => layer_offences(source, inside),
            None => kernel_offences(source),
        })
        .collect()
}

fn layer_offences(source: &Source, inside: &str) -> Vec<Offence> {
    let modules = modules(inside);
    let Some(layer) = modules.first().copied() else { return vec![] };
    if ROOTS.contains(&layer) {
        return vec![];
    }
    let Some((_, groups)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![Offence::new(
            &source.file,
            0,
            format!(
                "`{layer}` is no layer; add it to the table in `xtask/src/tidy/layers.rs` and to ARCHITECTURE.md"
            ),
        )];
    };
    let allowed = |used: &str| used == layer || groups.iter().any(|group| group.contains(&used));
    source
        .paths()
        .iter()
        .filter_map(|named| Some((named.line, used_layer(&named.path, &modules)?)))
        .filter(|(_, used)| !allowed(used))
        .map(|(line, used)| {
            Offence::new(&source.file, line, format!("layer `{layer}` must not use layer `{used}`"))
        })
        .collect()
}

fn kernel_offences(source: &Source) -> Vec<Offence> {
    if inside(&source.file, KERNEL).is_none() {
        return vec![];
    }
    let paths = source.paths();
    paths
        .iter()
        .filter(|named| named.path.starts_with("cargo_provenance"))
        .map(|named| Offence::new(&source.file, named.line, "the kernel must know nothing of the subcommand"))
        .collect()
}

// The modules that a file below `src` stands for: `ops/pin.rs` is `ops`, `pin`; `ops/mod.rs` is `ops`.
fn modules(inside: &str) -> Vec<&str> {
    let stem = inside.strip_suffix(".rs").unwrap_or(inside);
    stem.strip_suffix("/mod").unwrap_or(stem).split('/').collect()
}

// The layer that a path names, if it names one of this crate: by `crate::`, or by a chain of `super::` that reaches
// the crate's root.
fn used_layer(path: &str, modules: &[&str]) -> Option<String> {
    let mut segments = path.split("::").peekable();
    match segments.next()? {
        "crate" | "cargo_provenance" | "provenance_judge" => segments.next().map(str::to_owned),
        "super" => {
            let mut up = 1;
            while segments.next_if_eq(&"super").is_some() {
                up += 1;
            }
            (up >= modules.len()).then(|| segments.next().map(str::to_owned)).flatten()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(file: &str, text: &str) -> Vec<String> {
        check(&[&Source::parse(file, text)]).into_iter().map(|offence| offence.message).collect()
    }

    #[test]
    fn arrows_that_point_up_are_found() {
        for (file, text) in [
            ("cargo-provenance/src/render/json.rs", "use crate::ops::pin;"),
            ("cargo-provenance/src/render/json.rs", "fn f() { crate::ops::pin::run() }"),
            ("cargo-provenance/src/render/json.rs", "use super::super::ops;"),
            ("cargo-provenance/judge/src/policy.rs", "use super::store::write;"),
            ("cargo-provenance/judge/src/policy/mod.rs", "use crate::{finding::Finding, cli::settings};"),
        ] {
            assert_eq!(check_one(file, text).len(), 1, "{file}: {text}");
        }
    }

    #[test]
    fn arrows_that_point_down_pass() {
        for (file, text) in [
            (
                "cargo-provenance/src/ops/pin.rs",
                "use crate::store::Files; use super::verify::x; use crate::ops::y;",
            ),
            ("cargo-provenance/src/main.rs", "use cargo_provenance::cli;"),
            ("cargo-provenance/judge/src/policy/read.rs", "#[cfg(test)] mod tests { use crate::ops::pin; }"),
        ] {
            assert_eq!(check_one(file, text), [] as [&str; 0], "{file}: {text}");
        }
    }

    #[test]
    fn a_folder_that_is_no_layer_is_found() {
        assert_eq!(check_one("cargo-provenance/src/utils/text.rs", "fn f() {}").len(), 1);
    }

    #[test]
    fn a_kernel_that_uses_the_subcommand_is_found() {
        assert_eq!(check_one("provenance-build/src/tree.rs", "use cargo_provenance::model;").len(), 1);
    }
}
