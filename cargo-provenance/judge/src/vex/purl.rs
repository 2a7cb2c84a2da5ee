//! Package URLs of crates (ECMA-427), compared by their parts: four libraries write one of them in four ways.

use provenance_build::PackageId;

/// A package URL of type `cargo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purl {
    name: String,
    version: Option<String>,
    /// Whether it says more than name and version: another registry, a repository, a path in the package.
    is_qualified: bool,
}

impl Purl {
    /// Reads one. `None` for what is none, or is of another type.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        if !scheme.eq_ignore_ascii_case("pkg") {
            return None;
        }
        // Slashes behind the scheme mean nothing (section 5.6.1).
        let rest = rest.trim_start_matches('/');
        let (rest, subpath) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, rest) = rest.split_once('/')?;
        if !kind.eq_ignore_ascii_case("cargo") {
            return None;
        }
        let (name, version) = match rest.rsplit_once('@') {
            Some((name, version)) => (name, Some(decoded(version)?).filter(|version| !version.is_empty())),
            None => (rest, None),
        };
        let name = decoded(name.trim_matches('/'))?;
        // Crates have no namespace.
        let is_plain = !name.is_empty() && !name.contains(['/', '@']);
        let is_qualified = !subpath.is_empty() || qualifiers.split('&').any(|pair| !pair.is_empty());
        is_plain.then_some(Self { name, version, is_qualified })
    }

    /// Whether it names a package: every version of it, where it names none. One that says more than name and version is taken
    /// for another package, because what it says cannot be compared.
    pub fn is(&self, package: &PackageId) -> bool {
        !self.is_qualified
            && self.name == package.name.as_str()
            && self.version.as_deref().is_none_or(|version| version == package.version.as_str())
    }
}

/// Without percent encoding (RFC 3986, section 2.1).
fn decoded(text: &str) -> Option<String> {
    let mut bytes = vec![];
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, more @ ..] = more else { return None };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
        rest = more;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use provenance_build::{PackageName, Version};

    use super::*;

    fn package(name: &str, version: &str) -> PackageId {
        PackageId {
            name: PackageName::parse(name).expect("a name"),
            version: Version::parse(version).expect("a version"),
            source: None,
        }
    }

    #[test]
    fn one_package_in_several_spellings_is_one() {
        let package = package("a-b", "1.0.0+x.1");
        for text in [
            "pkg:cargo/a-b@1.0.0%2Bx.1",
            "pkg:cargo/a-b@1.0.0+x.1",
            "pkg:cargo/a%2Db@1.0.0%2bx.1",
            "pkg://cargo/a-b@1.0.0%2Bx.1",
            "PKG:Cargo/a-b@1.0.0%2Bx.1",
            "pkg:cargo/a-b",
            "pkg:cargo/a-b@",
        ] {
            assert!(Purl::parse(text).expect(text).is(&package), "{text}");
        }
    }

    #[test]
    fn other_packages_are_others() {
        let package = package("a-b", "1.0.0");
        for text in [
            "pkg:cargo/a-b@1.0.1",
            "pkg:cargo/a_b@1.0.0",
            "pkg:cargo/A-b@1.0.0",
            "pkg:cargo/a-b@1.0",
            "pkg:cargo/a-b@1.0.0?repository_url=https://registry.invalid",
            "pkg:cargo/a-b@1.0.0#src/lib.rs",
        ] {
            assert!(!Purl::parse(text).expect(text).is(&package), "{text}");
        }
        for text in [
            "",
            "a-b",
            "pkg:",
            "pkg:cargo",
            "pkg:cargo/",
            "pkg:npm/a-b@1.0.0",
            "pkg:cargo/x/a-b@1",
            "pkg:cargo/a%2",
            "pkg:cargo/%ff",
        ] {
            assert_eq!(Purl::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "\\PC*", near in "pkg:cargo/[a-z%@?#/&=+]{0,20}") {
            let _ = (Purl::parse(&text), Purl::parse(&near));
        }
    }
}
