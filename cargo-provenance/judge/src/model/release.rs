//! One release of a package, as its registry's index tells it (cargo book, "Registry index").

use provenance_build::{Checksum, PackageName, Version};

/// One line of a registry's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// SHA-256 of its `.crate`.
    pub checksum: Checksum,
    /// Whether it was withdrawn from new resolutions.
    pub yanked: bool,
    /// When it was published, in seconds since the Unix epoch; `None` where the registry does not say.
    pub published: Option<u64>,
    /// What it depends on, in index order.
    pub dependencies: Vec<Dependency>,
    /// The names of its features, sorted, each once.
    pub features: Vec<String>,
    /// The native library that it links.
    pub links: Option<String>,
}

/// A dependency of a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// The package's own name, whatever it is renamed to.
    pub package: PackageName,
    /// When it is used.
    pub kind: DependencyKind,
    /// Whether a feature brings it in.
    pub optional: bool,
}

/// When a dependency is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DependencyKind {
    /// By build scripts.
    Build,
    /// By tests, examples and benchmarks of the package itself.
    Dev,
    /// By the package.
    Normal,
}

impl Release {
    /// Whether it cannot do without another package.
    pub fn needs(&self, name: &PackageName) -> bool {
        let counts = |it: &&Dependency| !it.optional && it.kind != DependencyKind::Dev;
        self.dependencies.iter().filter(counts).any(|dependency| dependency.package == *name)
    }

    /// Days since it was published, if that is known; 0 for a time in the future.
    pub fn age_days(&self, now: super::Clock) -> Option<u64> {
        self.published.map(|published| now.0.saturating_sub(published) / 86_400)
    }
}
