//! Versions and requirements as cargo-vet writes them: `1.2.3`, `1.2.3@git:<40 hexadecimal digits>`, `^1.2`.

use std::fmt;

use provenance_build::PackageId;

/// A version that was, or is to be, reviewed. One of a git commit is another than the one that was published.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VetVersion {
    /// The version of the manifest.
    pub semver: semver::Version,
    /// The commit, where the package comes from git.
    pub git: Option<String>,
}

impl VetVersion {
    /// The version of a package of a lockfile; nothing where it cannot be compared.
    pub fn of(id: &PackageId) -> Option<Self> {
        let semver = semver::Version::parse(id.version.as_str()).ok()?;
        let git = id.source.as_ref().and_then(|source| source.commit()).map(str::to_owned);
        Some(Self { semver, git })
    }

    /// Reads `1.2.3` or `1.2.3@git:<commit>`.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((semver, revision)) = text.split_once('@') else {
            return Some(Self { semver: semver::Version::parse(text).ok()?, git: None });
        };
        let commit = revision.trim_start().strip_prefix("git:")?;
        let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        let semver = semver::Version::parse(semver.trim_end()).ok()?;
        is_commit.then(|| Self { semver, git: Some(commit.to_owned()) })
    }
}

impl fmt::Display for VetVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.git {
            Some(commit) => write!(f, "{}@git:{commit}", self.semver),
            None => self.semver.fmt(f),
        }
    }
}

/// Which versions a violation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement(semver::VersionReq);

impl Requirement {
    /// Reads a requirement as cargo writes them.
    pub fn parse(text: &str) -> Option<Self> {
        semver::VersionReq::parse(text).ok().map(Self)
    }

    /// Whether cargo-vet sees the version in it: the commit does not count, and a pre-release only where one is named.
    pub fn matches(&self, version: &VetVersion) -> bool {
        self.0.matches(&version.semver)
    }

    /// Whether the version, or the release that it comes before, is in it. `*` is meant to say every version.
    pub fn concerns(&self, version: &VetVersion) -> bool {
        if self.matches(version) {
            return true;
        }
        let mut release = version.semver.clone();
        release.pre = semver::Prerelease::EMPTY;
        !version.semver.pre.is_empty() && self.0.matches(&release)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> VetVersion {
        VetVersion::parse(text).expect(text)
    }

    #[test]
    fn versions_read_back_as_written() {
        let commit = "00112233445566778899aabbccddeeff00112233";
        for text in ["1.0.0", "1.0.0-rc.1+build.5", &format!("1.0.1@git:{commit}")] {
            assert_eq!(version(text).to_string(), text);
        }
        for bad in
            ["", "1", "1.0", "1.0.0@", "1.0.0@git:0011", "1.0.0@hg:00", &format!("1.0.0@git:{commit}g")]
        {
            assert_eq!(VetVersion::parse(bad), None, "{bad}");
        }
        assert!(version("1.0.0-rc.1") < version("1.0.0"));
        assert!(version("1.0.0") < version(&format!("1.0.0@git:{commit}")));
    }

    #[test]
    fn a_requirement_of_every_version_concerns_a_pre_release() {
        let every = Requirement::parse("*").expect("a requirement");
        assert!(!every.matches(&version("1.0.0-rc.1")));
        assert!(every.concerns(&version("1.0.0-rc.1")));
        let old = Requirement::parse("<1.0.0").expect("a requirement");
        assert!(old.concerns(&version("0.9.0-rc.1")) && !old.concerns(&version("1.0.0")));
    }
}
