//! Package names, versions and sources as they stand in `Cargo.lock`: text that is checked once and carried as a type.

use std::fmt;

/// A package name: ASCII letters, digits, `-` and `_`, at most 128 bytes. Crates.io allows 64; cargo has no bound, but a
/// name and a version of 126 bytes still make one file name of 255, the most that common file systems take.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageName(String);

/// A semantic version in the spelling that cargo writes: digits, letters, `.`, `-`, `+`, at most 128 bytes, beginning
/// with `MAJOR.MINOR.PATCH`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(String);

/// A source id as `Cargo.lock` writes it: `registry+URL`, `sparse+URL` or `git+URL#commit`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(String);

/// Name, version and source: what identifies a package in `Cargo.lock`. Members and path packages have no source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId {
    /// The package's name.
    pub name: PackageName,
    /// The package's version.
    pub version: Version,
    /// Where it comes from; `None` for members and path packages.
    pub source: Option<Source>,
}

/// The source id under which `Cargo.lock` lists packages of crates.io, whichever protocol fetched them.
pub const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

impl PackageName {
    /// Accepts a name that can stand in a path and in a message without harm.
    pub fn parse(text: &str) -> Option<Self> {
        let ok = (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        ok.then(|| Self(text.to_owned()))
    }
}

impl Version {
    /// Accepts a version in cargo's spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let core = text.split(['-', '+']).next()?;
        let numbers = core.split('.').collect::<Vec<_>>();
        let numeric = |n: &&str| {
            !n.is_empty()
                && n.len() <= 20
                && n.bytes().all(|b| b.is_ascii_digit())
                && (n.len() == 1 || !n.starts_with('0'))
        };
        let ok = text.len() <= 128
            && numbers.len() == 3
            && numbers.iter().all(numeric)
            && !text.ends_with(['-', '+', '.'])
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'));
        ok.then(|| Self(text.to_owned()))
    }
}

impl Source {
    /// Accepts a source id of a kind that the gate knows: printable ASCII without quotes or spaces.
    pub fn parse(text: &str) -> Option<Self> {
        let printable = text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'));
        let known = match text.split_once('+')? {
            ("registry" | "sparse", url) => is_url(url),
            ("git", url) => url.split_once('#').is_some_and(|(url, commit)| is_url(url) && is_commit(commit)),
            _ => false,
        };
        (text.len() <= 2_048 && printable && known).then(|| Self(text.to_owned()))
    }

    /// Whether the package comes from a git repository.
    pub fn is_git(&self) -> bool {
        self.0.starts_with("git+")
    }

    /// The full commit of a git source.
    pub fn commit(&self) -> Option<&str> {
        self.is_git().then(|| self.0.rsplit_once('#').map(|(_, commit)| commit)).flatten()
    }

    /// The URL without the kind before it, without a query and without the commit: `https://host/path`.
    pub fn url(&self) -> &str {
        let url = self.0.split_once('+').map_or(self.0.as_str(), |(_, url)| url);
        url.split(['?', '#']).next().unwrap_or(url)
    }

    /// Whether this is crates.io.
    pub fn is_crates_io(&self) -> bool {
        self.0 == CRATES_IO
    }

    /// The name for screens: `crates-io`, or the URL.
    pub fn display_name(&self) -> &str {
        if self.is_crates_io() { "crates-io" } else { self.url() }
    }
}

impl PackageId {
    /// `name v1.2.3`, the way cargo shows a package.
    pub fn short(&self) -> String {
        format!("{} v{}", self.name, self.version)
    }

    /// `name-1.2.3`, the way registries name archives and directories.
    pub fn file_stem(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

/// A scheme (RFC 3986, section 3.1) in lowercase and something below it, without a fragment.
fn is_url(text: &str) -> bool {
    let scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.'))
    };
    !text.contains('#') && text.split_once("://").is_some_and(|(kind, rest)| scheme(kind) && !rest.is_empty())
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

macro_rules! text {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text!(PackageName, Version, Source);

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.name, self.version)?;
        match &self.source {
            Some(source) if source.is_crates_io() => Ok(()),
            Some(source) => write!(f, " ({source})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_a_directory_are_refused() {
        for bad in ["", "..", "a/b", "a\\b", "a b", "a\n", "é", &"x".repeat(129)] {
            assert!(PackageName::parse(bad).is_none(), "{bad:?}");
        }
        assert!(PackageName::parse("serde_json-2").is_some());
    }

    #[test]
    fn versions_have_three_numbers() {
        for good in ["1.0.0", "0.0.0-alpha.1", "1.2.3+build-5", "1.0.0-rc.1+x"] {
            assert!(Version::parse(good).is_some(), "{good}");
        }
        for bad in ["1", "1.0", "01.0.0", "1.0.0-", "1.0.0/..", "1.0.0 ", "v1.0.0", "1..0"] {
            assert!(Version::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn git_sources_need_a_full_commit() {
        let commit = "a".repeat(40);
        let source = Source::parse(&format!("git+https://h/r?branch=x#{commit}")).expect("valid");
        assert_eq!(source.url(), "https://h/r");
        assert_eq!(source.commit(), Some(commit.as_str()));
        for bad in [
            "git+https://h/r",
            "git+https://h/r#abc",
            "path+file:///x",
            "registry+x",
            "registry+https://a b",
            "registry+https://",
            "registry+http#://a",
            "sparse+https://a/#b",
        ] {
            assert!(Source::parse(bad).is_none(), "{bad}");
        }
    }
}
