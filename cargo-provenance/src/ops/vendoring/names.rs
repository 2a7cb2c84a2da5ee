//! How `cargo vendor` names the directories of packages (cargo's `ops/vendor.rs`, `sync`). Pure.

use std::collections::BTreeMap;

use provenance_build::{LockedPackage, PackageId};
use semver::Version;

/// Which directories carry the version in their name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// All of them: `--versioned-dirs`.
    Versioned,
    /// All but that of a package's newest version.
    Plain,
}

impl Style {
    /// The style of a folder by the directories that it holds. Plain where it holds none, as cargo does it by itself.
    pub(super) fn of<'a>(held: impl IntoIterator<Item = (&'a str, &'a PackageId)>) -> Self {
        let mut held = held.into_iter().peekable();
        let versioned = held.peek().is_some() && held.all(|(name, id)| name == id.file_stem());
        if versioned { Self::Versioned } else { Self::Plain }
    }
}

/// The names of the directories that the packages of a lockfile get, in its order. Those without a source get none.
pub(super) fn names(packages: &[LockedPackage], style: Style) -> Vec<Option<String>> {
    let version = |package: &LockedPackage| Version::parse(package.id.version.as_str()).ok();
    let mut newest = BTreeMap::<&str, Option<Version>>::new();
    let published = packages.iter().filter(|package| package.id.source.is_some());
    for package in published {
        let newest = newest.entry(package.id.name.as_str()).or_default();
        *newest = version(package).max(newest.take());
    }
    let name = |package: &LockedPackage| {
        let id = &package.id;
        id.source.as_ref()?;
        let is_newest = newest.get(id.name.as_str()) == Some(&version(package));
        Some(if style == Style::Plain && is_newest { id.name.to_string() } else { id.file_stem() })
    };
    packages.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use provenance_build::name::CRATES_IO;
    use provenance_build::{PackageName, Source};

    use super::*;

    fn package(spec: &str) -> LockedPackage {
        let (name, version) = spec.split_once(' ').expect("name and version");
        let (version, source) = match version.strip_suffix('*') {
            Some(version) => (version, None),
            None => (version, Source::parse(CRATES_IO)),
        };
        let id = PackageId {
            name: PackageName::parse(name).expect("a name"),
            version: provenance_build::Version::parse(version).expect("a version"),
            source,
        };
        LockedPackage { id, checksum: None, dependencies: vec![], line: 1 }
    }

    #[test]
    fn only_the_newest_version_goes_without() {
        let packages = [
            "a 1.0.0",
            "b 1.10.0",
            "b 1.9.0",
            "b 2.0.0-rc.1",
            "c 1.0.0+1",
            "c 1.0.0+2",
            "d 9.0.0*",
            "d 1.0.0",
        ]
        .map(package);
        let plain = ["a", "b-1.10.0", "b-1.9.0", "b", "c-1.0.0+1", "c", "", "d"];
        let versioned =
            ["a-1.0.0", "b-1.10.0", "b-1.9.0", "b-2.0.0-rc.1", "c-1.0.0+1", "c-1.0.0+2", "", "d-1.0.0"];
        for (style, expected) in [(Style::Plain, plain), (Style::Versioned, versioned)] {
            let names =
                names(&packages, style).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
            assert_eq!(names, expected, "{style:?}");
        }
    }

    #[test]
    fn a_folder_tells_how_it_was_made() {
        for (held, expected) in [
            (&[][..], Style::Plain),
            (&[("a", "a 1.0.0")][..], Style::Plain),
            (&[("a-1.0.0", "a 1.0.0")][..], Style::Versioned),
            (&[("a-1.0.0", "a 1.0.0"), ("b", "b 1.0.0")][..], Style::Plain),
            // A package whose name looks like a version.
            (&[("a-1", "a-1 1.0.0")][..], Style::Plain),
        ] {
            let packages = held.iter().map(|(name, spec)| (*name, package(spec).id)).collect::<Vec<_>>();
            assert_eq!(Style::of(packages.iter().map(|(name, id)| (*name, id))), expected, "{held:?}");
        }
    }
}
