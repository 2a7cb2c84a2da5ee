//! The workspace that a scratch home fetches for: one package that depends on exactly the packages that are wanted.
//!
//! Its lockfile names them with their checksums, and what the scratch index says of them names no dependencies, so that
//! cargo downloads them and nothing else, whatever the real workspace looks like.

use std::fmt::Write as _;

use provenance_build::{LockedPackage, PackageId, Source};

/// The name of the package that depends on the wanted ones. No published package has it.
const NAME: &str = "provenance-errand";

/// The manifest of a package that stands in for another. Cargo reads it as that package's; nothing is ever built.
pub(super) fn stand_in(id: &PackageId) -> String {
    format!(
        "[package]\nname = \"{}\"\nversion = \"{}\"\nedition = \"2021\"\n\n[lib]\nname = \"stand_in\"\npath = \"Cargo.toml\"\n",
        id.name, id.version
    )
}

/// The manifest of the workspace.
pub(super) fn manifest(packages: &[&LockedPackage]) -> String {
    let mut text = format!(
        "[package]\nname = \"{NAME}\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\npath = \"Cargo.toml\"\n\n\
         [workspace]\n\n[dependencies]\n"
    );
    for (number, package) in packages.iter().enumerate() {
        // A requirement never looks at build metadata; cargo warns where it has some.
        let version = package.id.version.as_str();
        let version = version.split('+').next().unwrap_or(version);
        let _ = write!(text, "d{number} = {{ package = \"{}\", version = \"={version}\"", package.id.name);
        if let Some(index) = package.id.source.as_ref().and_then(index) {
            let _ = write!(text, ", registry-index = {}", toml_edit::Value::from(index));
        }
        text.push_str(", default-features = false }\n");
    }
    text
}

/// Its lockfile.
pub(super) fn lockfile(packages: &[&LockedPackage]) -> String {
    let mut text = "version = 4\n".to_owned();
    let mut entry = |id: &PackageId, rest: String| {
        let _ = write!(text, "\n[[package]]\nname = \"{}\"\nversion = \"{}\"\n{rest}", id.name, id.version);
    };
    for package in packages {
        let source = package.id.source.as_ref().map(|source| format!("source = \"{source}\"\n"));
        let checksum = package.checksum.map(|checksum| format!("checksum = \"{}\"\n", checksum.hex()));
        entry(&package.id, source.unwrap_or_default() + &checksum.unwrap_or_default());
    }
    let dependencies = packages.iter().map(|package| {
        let id = &package.id;
        let source = id.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
        format!(" \"{} {}{source}\",\n", id.name, id.version)
    });
    let dependencies = dependencies.collect::<String>();
    let _ = write!(
        text,
        "\n[[package]]\nname = \"{NAME}\"\nversion = \"0.0.0\"\ndependencies = [\n{dependencies}]\n"
    );
    text
}

/// The index that a manifest has to name for a source; nothing for crates.io.
fn index(source: &Source) -> Option<&str> {
    let id = source.as_str();
    (!source.is_crates_io()).then(|| id.strip_prefix("registry+").unwrap_or(id))
}
