//! Package URLs of the type `cargo` (ECMA-427).

use std::fmt::Write as _;

use provenance_build::{PackageId, Source};

use super::text;

/// The package URL of a package that a registry or a git repository provides.
pub fn of(id: &PackageId) -> String {
    let qualifier =
        id.source.as_ref().filter(|source| !source.is_crates_io()).map(|source| match source.commit() {
            Some(commit) => ("vcs_url", format!("git+{}@{commit}", text::without_password(source.url()))),
            None => ("repository_url", text::without_password(index(source)).into_owned()),
        });
    with(
        id.name.as_str(),
        Some(id.version.as_str()),
        qualifier.as_ref().map(|(key, value)| (*key, value.as_str())),
    )
}

/// The package URL of a package in a directory relative to the workspace root.
pub fn of_path(name: &str, version: &str, path: &str) -> String {
    with(name, Some(version), Some(("download_url", path)))
}

/// The package URL of a package of crates.io, maybe of no particular version.
pub fn of_crates_io(name: &str, version: Option<&str>) -> String {
    with(name, version, None)
}

fn with(name: &str, version: Option<&str>, qualifier: Option<(&str, &str)>) -> String {
    let mut purl = format!("pkg:cargo/{}", encoded(name, b".-_~:"));
    if let Some(version) = version {
        purl.push('@');
        purl.push_str(&encoded(version, b".-_~:"));
    }
    if let Some((key, value)) = qualifier {
        let _ = write!(purl, "?{key}={}", encoded(value, b".-_~:/"));
    }
    purl
}

/// Where a registry's index is; the URL of a sparse one says so.
fn index(source: &Source) -> &str {
    let text = source.as_str();
    text.strip_prefix("registry+").unwrap_or(text)
}

/// Percent-encodes everything but ASCII letters, digits and `kept`. A slash in a value stays: ECMA-427 lets it, and that is how
/// the reference implementation writes it.
pub(super) fn encoded(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use provenance_build::{PackageName, Version};

    use super::*;

    #[test]
    fn each_source_has_its_qualifier() {
        let commit = "0".repeat(40);
        let git = format!("git+https://u:secret@h/r?branch=x#{commit}");
        for (version, source, expected) in [
            ("1.0.0+b-1", Some(provenance_build::name::CRATES_IO), "pkg:cargo/a_b@1.0.0%2Bb-1".to_owned()),
            (
                "1.0.0",
                Some("sparse+https://h/i/"),
                "pkg:cargo/a_b@1.0.0?repository_url=sparse%2Bhttps://h/i/".to_owned(),
            ),
            (
                "1.0.0",
                Some("registry+https://h/i"),
                "pkg:cargo/a_b@1.0.0?repository_url=https://h/i".to_owned(),
            ),
            ("1.0.0", Some(&git), format!("pkg:cargo/a_b@1.0.0?vcs_url=git%2Bhttps://h/r%40{commit}")),
        ] {
            let id = PackageId {
                name: PackageName::parse("a_b").expect("a name"),
                version: Version::parse(version).expect("a version"),
                source: source.map(|source| Source::parse(source).expect("a source")),
            };
            assert_eq!(of(&id), expected);
        }
        assert_eq!(of_path("a", "0.1.0", "../x y"), "pkg:cargo/a@0.1.0?download_url=../x%20y");
        assert_eq!(of_crates_io("a", None), "pkg:cargo/a");
    }
}
