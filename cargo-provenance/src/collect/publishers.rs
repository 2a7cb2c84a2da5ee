//! Who publishes the packages of this workspace: their registries, whatever directory stands in for them.
//!
//! What the repository itself puts in the place of a registry (a vendor directory, a local registry, another address)
//! counts for builds, not for proofs: a pull request can bring it. Behind it counts what is configured outside the
//! repository, a company's mirror for instance.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use provenance_build::config::{Configuration, Replacement, Surroundings};
use provenance_build::locate::{self, Located};
use provenance_build::tree::Layout;
use provenance_build::{Error, LockedPackage, Lockfile, PackageName, Source, Version};

use super::situation::Situation;
use crate::cargo::CargoCommand;
use crate::index::Entries;
use crate::index::excerpt::Dependencies;
use crate::model::{Evidence, Release};
use crate::registry::index::local_entries;
use crate::registry::{Excerpt, Index};

/// The publishers of a workspace's packages.
#[derive(Clone, Debug)]
pub struct Publishers<'c> {
    index: Index,
    inside: &'c Configuration,
    outside: Configuration,
    cargo_home: PathBuf,
}

impl<'c> Publishers<'c> {
    /// Those that a workspace's `configuration` and the user's own name.
    pub fn of(configuration: &'c Configuration, cargo_home: &Path) -> Result<Self, Error> {
        let outside = Configuration::read(&Surroundings {
            root: cargo_home.to_owned(),
            starts: vec![],
            members: vec![],
            cargo_home: cargo_home.to_owned(),
            arguments: vec![],
            lockfile: None,
        })?;
        let (index, cargo_home) = (Index::open(cargo_home), cargo_home.to_owned());
        Ok(Self { index, inside: configuration, outside, cargo_home })
    }

    /// What the index in force for `source` says about a package.
    pub fn entries(&self, source: &Source, name: &PackageName) -> Result<Evidence<Entries>, Error> {
        for view in &self.outside.views {
            match view.replacement(source)? {
                Replacement::Url(url) => return Ok(self.index.entries_at(&url, name)),
                Replacement::LocalRegistry(directory) => return Ok(local_entries(&directory, name)),
                Replacement::None | Replacement::Directory(_) => {}
            }
        }
        Ok(self.index.entries(source, name))
    }

    /// The other registries of the repository's own configuration whose index, as far as it is at hand, has a package of this
    /// name and not these bytes of it. A registry at the same host cannot be told apart there, and is left out.
    pub fn elsewhere(
        &self,
        source: &Source,
        name: &PackageName,
        release: &Release,
    ) -> Result<Vec<String>, Error> {
        let mut names = vec![];
        let own = self.index_of(source)?;
        let is_own = |index: &str| {
            own.as_deref().is_some_and(|own| Index::share_caches(own, index))
                || Index::share_caches(source.url(), index)
        };
        for (registry, index) in self.inside.views.iter().flat_map(|view| &view.registries) {
            if names.contains(registry) || is_own(index) {
                continue;
            }
            let entries = self.index.entries_at(index, name);
            let others = entries.known().map(|entries| entries.versions.as_slice()).unwrap_or_default();
            let is_same = |it: &Release| it.version == release.version && it.checksum == release.checksum;
            // A mirror has the same bytes.
            if !others.is_empty() && !others.iter().any(is_same) {
                names.push(registry.clone());
            }
        }
        Ok(names)
    }

    /// Where the index in force for `source` is; `None` where a directory on this machine takes its place.
    pub fn index_of(&self, source: &Source) -> Result<Option<String>, Error> {
        for view in &self.outside.views {
            match view.replacement(source)? {
                Replacement::Url(url) => return Ok(Some(url)),
                Replacement::LocalRegistry(_) => return Ok(None),
                Replacement::None | Replacement::Directory(_) => {}
            }
        }
        Ok(Some(source.url().to_owned()))
    }

    /// When cargo last wrote what the index in force for `source` says about `name`; see [`Index::written_at`].
    pub fn written_at(&self, index: &str, name: &PackageName) -> Option<u64> {
        self.index.written_at(index, name)
    }

    /// The cargo that reaches the publishers of `packages`.
    pub fn cargo_for(
        &self,
        situation: &Situation,
        packages: &[&LockedPackage],
    ) -> Result<CargoCommand, Error> {
        let sources = packages.iter().filter_map(|package| package.id.source.as_ref());
        for source in sources.collect::<BTreeSet<_>>() {
            if is_vendored(self.inside, source)? {
                // Cargo fetches nothing where a directory takes the registry's place.
                return Ok(outside(situation));
            }
        }
        Ok(situation.cargo.clone())
    }

    /// What the index caches at hand say of some versions of a package, whichever registry cargo may ask for `source`.
    pub fn excerpts(
        &self,
        source: &Source,
        name: &PackageName,
        versions: &BTreeSet<&Version>,
        dependencies: Dependencies,
    ) -> Result<Vec<Excerpt>, Error> {
        let mut urls = BTreeSet::from([source.url().to_owned()]);
        for view in self.inside.views.iter().chain(&self.outside.views) {
            if let Replacement::Url(url) = view.replacement(source)? {
                urls.insert(url);
            }
        }
        let excerpts = urls.iter().flat_map(|url| self.index.excerpts(url, name, versions, dependencies));
        let mut excerpts = excerpts.collect::<Vec<_>>();
        excerpts.sort_by(|a, b| a.directory.cmp(&b.directory));
        excerpts.dedup_by(|a, b| a.directory == b.directory);
        Ok(excerpts)
    }

    /// The cached archives of each package, in the lockfile's order.
    pub fn archives(&self, lockfile: &Lockfile) -> Result<Vec<Vec<PathBuf>>, Error> {
        self.archives_in(&self.cargo_home, lockfile)
    }

    /// The same in another cargo home.
    pub fn archives_in(&self, cargo_home: &Path, lockfile: &Lockfile) -> Result<Vec<Vec<PathBuf>>, Error> {
        let mut all = vec![vec![]; lockfile.packages.len()];
        for configuration in [self.inside, &self.outside] {
            let located = locate::locate(lockfile, configuration, cargo_home)?;
            for (all, Located { archives, .. }) in all.iter_mut().zip(located) {
                all.extend(archives);
            }
        }
        for archives in &mut all {
            archives.sort();
            archives.dedup();
        }
        Ok(all)
    }

    /// The checkouts of a git package, also where a directory stands in for them.
    pub fn checkouts(&self, package: &LockedPackage) -> Result<Vec<PathBuf>, Error> {
        let one = Lockfile { version: 4, packages: vec![package.clone()] };
        let located = locate::locate(&one, &self.outside, &self.cargo_home)?;
        let places = located.into_iter().flat_map(|located| located.directories);
        Ok(places.filter(|place| place.layout == Layout::Checkout).map(|place| place.directory).collect())
    }
}

/// A cargo that runs outside the repository, so that the directory that stands in for the registries there does not count,
/// and a mirror that the user configured does.
pub fn outside(situation: &Situation) -> CargoCommand {
    let Situation { cargo, cargo_home, configuration, .. } = situation;
    let registries = configuration.views.iter().flat_map(|view| &view.registries);
    let registries = registries.map(|(name, index)| {
        let name = toml_edit::Key::new(name.as_str());
        format!("registries.{}.index={}", name.display_repr(), toml_edit::Value::from(index.as_str())).into()
    });
    let outside = cargo_home.ancestors().find(|directory| directory.is_dir());
    cargo.with_config(&registries.collect::<Vec<OsString>>()).within(outside.unwrap_or(cargo_home))
}

/// Whether a directory stands in for a source.
pub fn is_vendored(configuration: &Configuration, source: &Source) -> Result<bool, Error> {
    for view in &configuration.views {
        if matches!(view.replacement(source)?, Replacement::Directory(_)) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use provenance_build::config::View;
    use provenance_build::name::CRATES_IO;

    use super::*;
    use crate::samples::{line, write_cache};

    /// Puts a package of version 1.0.0 with bytes of its own into what is cached of an index.
    fn cached(home: &Path, directory: &str, name: &str, byte: &str) {
        let folder =
            home.join("registry/index").join(directory).join(".cache").join(&name[..2]).join(&name[2..4]);
        fs::create_dir_all(&folder).expect("created");
        let line = line(name, "1.0.0", byte);
        fs::write(folder.join(name), write_cache(&[("1.0.0", &line)])).expect("written");
    }

    #[test]
    fn a_package_of_the_same_name_elsewhere_counts_unless_it_has_the_same_bytes() {
        let home = tempfile::tempdir().expect("temp");
        for (directory, name, byte) in [
            ("index.crates.io-1949cf8c6b5b557f", "acme-core", "aa"),
            ("index.crates.io-1949cf8c6b5b557f", "mirrored", "aa"),
            ("index.crates.io-1949cf8c6b5b557f", "free", "aa"),
            ("corp.example-0123456789abcdef", "acme-core", "bb"),
            ("corp.example-0123456789abcdef", "mirrored", "aa"),
        ] {
            cached(home.path(), directory, name, byte);
        }
        let registries = [
            ("corp".to_owned(), "sparse+https://corp.example/index/".to_owned()),
            ("same".to_owned(), "sparse+https://index.crates.io/".to_owned()),
        ];
        let view = View { registries: registries.into(), ..View::default() };
        let configuration = Configuration { views: vec![view.clone(), view], ..Configuration::default() };
        let publishers = Publishers::of(&configuration, home.path()).expect("publishers");
        let source = Source::parse(CRATES_IO).expect("a source");
        for (name, expected) in [("acme-core", &["corp"][..]), ("mirrored", &[]), ("free", &[])] {
            let name = PackageName::parse(name).expect("a name");
            let entries = publishers.entries(&source, &name).expect("read");
            let release = &entries.known().expect("known").versions[0];
            assert_eq!(publishers.elsewhere(&source, &name, release).expect("read"), expected, "{name}");
        }
    }
}
