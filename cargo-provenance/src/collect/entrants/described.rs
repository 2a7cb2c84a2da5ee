//! What cargo's metadata or a manifest says about a package that no archive describes.

use std::path::Path;

use cargo_metadata::{Metadata, TargetKind};
use provenance_build::manifest::BuildTime;
use provenance_build::members::normal;
use provenance_build::tree::Tree;
use provenance_build::{LockedPackage, Source};
use toml_edit::{DocumentMut, Item};

use super::Error;
use crate::archive::{License, is_stray, printable};
use crate::registry::Refusal;
use crate::registry::proof::Verdict;

pub(super) fn described<'m>(
    metadata: Option<&'m Metadata>,
    package: &LockedPackage,
) -> Result<&'m cargo_metadata::Package, Error> {
    let id = &package.id;
    // URL and commit say enough: the reference between them is spelled differently in lockfiles of format 3.
    let key = |source: &Source| (source.url().to_owned(), source.commit().map(str::to_owned));
    let is_it = |described: &&cargo_metadata::Package| {
        described.name.as_str() == id.name.as_str()
            && described.version.to_string() == id.version.as_str()
            && match (&described.source, &id.source) {
                (None, None) => true,
                (Some(described), Some(locked)) => {
                    Source::parse(&described.repr).is_some_and(|described| key(&described) == key(locked))
                }
                _ => false,
            }
    };
    let found = metadata.and_then(|metadata| metadata.packages.iter().find(is_it));
    found.ok_or_else(|| Error::Unplaced(id.to_string()))
}

pub(super) fn build_time(package: &cargo_metadata::Package) -> Vec<BuildTime> {
    let has = |wanted: TargetKind| package.targets.iter().any(|target| target.kind.contains(&wanted));
    let mut kinds = vec![];
    kinds.extend(has(TargetKind::CustomBuild).then_some(BuildTime::BuildScript));
    kinds.extend(has(TargetKind::ProcMacro).then_some(BuildTime::ProcMacro));
    kinds
}

pub(super) fn license(package: &cargo_metadata::Package) -> License {
    License::new(package.license.as_deref(), package.license_file.as_ref().map(|file| file.as_str()))
}

/// The checkout that a git package lies in, unless something was vendored in its place.
fn checkout<'p>(package: &'p cargo_metadata::Package, source: &Source) -> Option<&'p Path> {
    let manifest = package.manifest_path.as_std_path();
    let commit = source.commit().unwrap_or_default();
    // `HOME/git/checkouts/REPOSITORY/PREFIX-OF-THE-COMMIT`.
    let is_checkout = |folder: &&Path| {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let checkouts = folder.parent().and_then(Path::parent);
        !name.is_empty()
            && commit.starts_with(name)
            && checkouts.is_some_and(|checkouts| checkouts.ends_with("git/checkouts"))
    };
    let folders = manifest.ancestors().skip(1).collect::<Vec<_>>();
    folders.into_iter().rev().find(is_checkout)
}

/// The folder of a git package in its repository, `/`-separated, and empty for the whole.
pub(super) fn folder(
    package: &cargo_metadata::Package,
    source: &Source,
    tree: &Tree,
) -> Result<String, String> {
    let manifest = package.manifest_path.as_std_path();
    let known = checkout(package, source).and_then(|checkout| manifest.parent()?.strip_prefix(checkout).ok());
    let known = known.and_then(Path::to_str).map(|folder| folder.replace('\\', "/"));
    let has = |folder: &str| {
        let manifest =
            if folder.is_empty() { "Cargo.toml".to_owned() } else { format!("{folder}/Cargo.toml") };
        tree.entries().iter().any(|entry| entry.path == manifest)
    };
    known
        .filter(|folder| has(folder))
        .ok_or_else(|| "where it lies in its repository is not known".to_owned())
}

/// Targets of a git package that are not hashed with it: they lie outside of the checkout, or of what was vendored.
pub(super) fn strays(package: &cargo_metadata::Package, source: &Source) -> Vec<String> {
    let checkout = checkout(package, source).or(package.manifest_path.as_std_path().parent());
    let kinds = |target: &&cargo_metadata::Target| {
        !target
            .kind
            .iter()
            .all(|kind| matches!(kind, TargetKind::Bench | TargetKind::Example | TargetKind::Test))
    };
    let is_outside = |file: &&Path| {
        let inner =
            checkout.and_then(|checkout| normal(file).strip_prefix(checkout).ok().map(Path::to_owned));
        inner.is_none_or(|inner| is_stray(&inner.to_string_lossy(), &[]))
    };
    let files = package.targets.iter().filter(kinds).map(|target| target.src_path.as_std_path());
    files.filter(is_outside).map(|file| file.display().to_string()).collect()
}

/// Why a package is not proven that compiles what is not hashed with it.
pub(super) fn strayed(paths: &[String]) -> Vec<Refusal> {
    let refusal = |path: &String| Refusal {
        check: "target-outside",
        verdict: Verdict::Refused,
        what: format!(
            "its `Cargo.toml` compiles `{}`, which is not hashed with it",
            printable(path.as_bytes())
        ),
        help: "move the file into the package, or do without the package".to_owned(),
    };
    paths.iter().map(refusal).collect()
}

/// What a path package's manifest says about code that runs at build time and about its license, by cargo's rules for
/// targets. `workspace` is the manifest that it inherits from, if that is another.
pub(super) fn declared(
    document: &DocumentMut,
    workspace: Option<&DocumentMut>,
    directory: &Path,
) -> (Vec<BuildTime>, License) {
    let package = document.get("package").or_else(|| document.get("project"));
    let of = |item: Option<&Item>, key: &str| item.and_then(|item| item.get(key)).cloned();
    let build_script = match of(package, "build") {
        Some(build) => build.as_bool() != Some(false),
        None => directory.join("build.rs").is_file(),
    };
    let library = document.get("lib");
    let flag = ["proc-macro", "proc_macro"]
        .iter()
        .filter_map(|key| of(library, key))
        .any(|flag| flag.as_bool() == Some(true));
    let kinds = ["crate-type", "crate_type"].iter().filter_map(|key| of(library, key));
    let kind = kinds
        .filter_map(|kinds| kinds.as_array().cloned())
        .any(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("proc-macro")));
    let mut build_time = vec![];
    build_time.extend(build_script.then_some(BuildTime::BuildScript));
    build_time.extend((flag || kind).then_some(BuildTime::ProcMacro));
    let shared =
        workspace.unwrap_or(document).get("workspace").and_then(|workspace| workspace.get("package"));
    let text = |key| {
        let item = of(package, key)?;
        let is_inherited = item.get("workspace").and_then(Item::as_bool) == Some(true);
        let item = if is_inherited { of(shared, key)? } else { item };
        item.as_str().map(str::to_owned)
    };
    (build_time, License::new(text("license").as_deref(), text("license-file").as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_license_may_stand_in_the_workspace() {
        let shared = "[workspace.package]\nlicense = 'MIT'\nlicense-file = 'L'\n";
        for (package, workspace, expected) in [
            ("license = 'ISC'", Some(shared), License::new(Some("ISC"), None)),
            ("license.workspace = true", Some(shared), License::new(Some("MIT"), None)),
            ("license-file = { workspace = true }", Some(shared), License::new(None, Some("L"))),
            ("license.workspace = true", Some("[workspace]"), License::new(None, None)),
            (
                "license.workspace = true\n[workspace.package]\nlicense = 'MIT'",
                None,
                License::new(Some("MIT"), None),
            ),
            ("license.workspace = false", Some(shared), License::new(None, None)),
        ] {
            let read = |text: &str| text.parse::<DocumentMut>().expect("valid TOML");
            let package = read(&format!("[package]\nname = 'a'\n{package}"));
            let workspace = workspace.map(read);
            let (_, license) = declared(&package, workspace.as_ref(), Path::new("/none"));
            assert_eq!(license, expected, "{package}");
        }
    }
}
