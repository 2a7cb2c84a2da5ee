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
        if let Some(index) = package.id.source.as_ref().and_then(index_of) {
            let _ = write!(text, ", registry-index = {}", toml_edit::Value::from(index));
        }
        text.push_str(", default-features = false }\n");
    }
    text
}

/// Its lockfile, in a format that every cargo in use reads.
pub(super) fn lockfile(packages: &[&LockedPackage]) -> String {
    let mut text = "version = 3\n".to_owned();
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
pub(in crate::cargo) fn index_of(source: &Source) -> Option<&str> {
    let id = source.as_str();
    (!source.is_crates_io()).then(|| id.strip_prefix("registry+").unwrap_or(id))
}

#[cfg(test)]
mod tests {
    use provenance_build::{Checksum, PackageName, Version};

    use super::*;

    fn package(name: &str, version: &str, source: &str) -> LockedPackage {
        LockedPackage {
            id: PackageId {
                name: PackageName::parse(name).expect("valid"),
                version: Version::parse(version).expect("valid"),
                source: Some(Source::parse(source).expect("valid")),
            },
            checksum: Some(Checksum::from_bytes([0xab; 32])),
            dependencies: vec!["other".to_owned()],
            line: 1,
        }
    }

    #[test]
    fn a_workspace_needs_exactly_what_is_wanted() {
        let crates_io = package("a", "1.0.0+x", provenance_build::name::CRATES_IO);
        let sparse = package("a", "2.0.0-rc.1", "sparse+https://h/i/");
        let git = package("b", "0.1.0", "registry+https://h/g");
        let manifest = manifest(&[&crates_io, &sparse, &git]);
        let dependencies = manifest.split("[dependencies]\n").nth(1).expect("dependencies");
        assert_eq!(
            dependencies,
            "d0 = { package = \"a\", version = \"=1.0.0\", default-features = false }\n\
             d1 = { package = \"a\", version = \"=2.0.0-rc.1\", registry-index = \"sparse+https://h/i/\", default-features = false }\n\
             d2 = { package = \"b\", version = \"=0.1.0\", registry-index = \"https://h/g\", default-features = false }\n"
        );
        manifest.parse::<toml_edit::DocumentMut>().expect("TOML");
        let lockfile = lockfile(&[&crates_io, &git]);
        let checksum = "ab".repeat(32);
        let expected = format!(
            "version = 3\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0+x\"\n\
             source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n\n\
             [[package]]\nname = \"b\"\nversion = \"0.1.0\"\nsource = \"registry+https://h/g\"\nchecksum = \"{checksum}\"\n\n\
             [[package]]\nname = \"provenance-errand\"\nversion = \"0.0.0\"\ndependencies = [\n \
             \"a 1.0.0+x (registry+https://github.com/rust-lang/crates.io-index)\",\n \"b 0.1.0 (registry+https://h/g)\",\n]\n"
        );
        assert_eq!(lockfile, expected);
    }
}
