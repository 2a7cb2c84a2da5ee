//! Bounds on what cargo may lock: while it resolves, a member of the shadow workspace asks for no more than certain versions.
//!
//! Of one semver line cargo locks one version, so that what a single member asks for binds every package that needs that
//! line. Cargo then finds the newest versions of everything else that go together with it, which nothing but its own
//! resolver can do; forcing one package after the other into an older version fails as soon as two need each other.

use std::fmt::Write as _;
use std::path::Path;

use provenance_build::{PackageName, Source, Version};

use super::Shadow;
use crate::cargo::error::Error;
use crate::cargo::home::index_of;

/// The most that may be locked of one package, among the versions that cargo takes for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The package.
    pub name: PackageName,
    /// Its registry.
    pub source: Source,
    /// The least version: what is locked, or the first of its semver line.
    pub least: Version,
    /// The newest version that may be locked.
    pub most: Version,
}

impl Shadow {
    /// Lets cargo `resolve` within `bounds`. They stand at the end of the shadow of `manifest`, which is a member's, and are
    /// gone from there afterwards; what they brought into the lockfile goes with the next resolution.
    pub fn within<T, E: From<Error>>(
        &self,
        bounds: &[Bound],
        manifest: &Path,
        resolve: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let before = self.read(manifest)?.unwrap_or_default();
        let bounded = [before.as_slice(), written(bounds).as_bytes()].concat();
        self.put(manifest, &bounded)?;
        let resolved = resolve();
        self.put(manifest, &before)?;
        resolved
    }
}

/// The lines of a manifest that ask for the bounds. No platform needs them.
fn written(bounds: &[Bound]) -> String {
    let mut text = "\n[target.'cfg(provenance_bounds)'.dependencies]\n".to_owned();
    for (number, bound) in bounds.iter().enumerate() {
        // A requirement never looks at build metadata.
        let plain = |version: &Version| version.as_str().split('+').next().unwrap_or_default().to_owned();
        let (least, most) = (plain(&bound.least), plain(&bound.most));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "provenance-bound-{number} = {{ package = \"{}\", version = \">={least}, <={most}\"",
            bound.name
        );
        if let Some(index) = index_of(&bound.source) {
            let _ = write!(text, ", registry-index = {}", toml_edit::Value::from(index));
        }
        text.push_str(", default-features = false }\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use provenance_build::name::CRATES_IO;

    use super::*;

    #[test]
    fn bounds_are_dependencies_that_no_platform_needs() {
        let bound = |name: &str, source: &str, least: &str, most: &str| Bound {
            name: PackageName::parse(name).expect("a name"),
            source: Source::parse(source).expect("a source"),
            least: Version::parse(least).expect("a version"),
            most: Version::parse(most).expect("a version"),
        };
        let text = written(&[
            bound("a", CRATES_IO, "0.4.0", "0.4.21+meta"),
            bound("b", "sparse+https://h/i/", "1.0.0-rc.1", "1.0.0-rc.3"),
        ]);
        assert_eq!(
            text,
            "\n[target.'cfg(provenance_bounds)'.dependencies]\n\
             provenance-bound-0 = { package = \"a\", version = \">=0.4.0, <=0.4.21\", default-features = false }\n\
             provenance-bound-1 = { package = \"b\", version = \">=1.0.0-rc.1, <=1.0.0-rc.3\", registry-index = \
             \"sparse+https://h/i/\", default-features = false }\n"
        );
        text.parse::<toml_edit::DocumentMut>().expect("TOML");
    }
}
