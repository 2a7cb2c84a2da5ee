//! What cargo's metadata or a manifest says about a package that no archive describes.

use std::path::Path;

use cargo_metadata::{Metadata, TargetKind};
use provenance_build::manifest::BuildTime;
use provenance_build::{LockedPackage, Source};
use toml_edit::{DocumentMut, Item};

use super::Error;
use crate::archive::License;

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
    License {
        expression: package.license.clone(),
        file: package.license_file.as_ref().map(|file| file.to_string()),
    }
}

/// What a path package's manifest says about code that runs at build time and about its license, by cargo's rules for
/// targets.
pub(super) fn declared(document: &DocumentMut, directory: &Path) -> (Vec<BuildTime>, License) {
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
    let text = |key| of(package, key).and_then(|item| item.as_str().map(str::to_owned));
    (build_time, License { expression: text("license"), file: text("license-file") })
}
