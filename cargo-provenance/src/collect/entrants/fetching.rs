//! Lets cargo work in scratch homes: it fetches what is missing, describes git packages and vendors them, and nothing is
//! unpacked or gets into the user's cache on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cargo_metadata::Metadata;
use provenance_build::{LockedPackage, PackageName, Source, Version};

use super::Error;
use crate::cargo::{CargoCommand, Extent, Lock, ScratchHome};
use crate::collect::publishers::{Publishers, is_vendored};
use crate::collect::situation::Situation;
use crate::registry::Dependencies;
use crate::report::progress::Progress;

/// Who fetches, for which workspace.
pub(super) struct Fetcher<'a> {
    pub(super) situation: &'a Situation,
    pub(super) publishers: &'a Publishers<'a>,
    pub(super) progress: &'a dyn Progress,
}

/// What cargo's own vendoring made of the git packages.
pub(super) struct Vendored {
    // Holds the directory.
    _home: ScratchHome,
    directory: PathBuf,
}

impl Vendored {
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Fetcher<'_> {
    /// Downloads the archives of `packages` into a scratch home.
    pub(super) fn archives(&self, packages: &[&LockedPackage]) -> Result<ScratchHome, Error> {
        let cargo = self.cargo_for(packages)?;
        if !self.is_listed(packages)? {
            cargo.check_lockfile(&self.situation.manifest, self.progress)?;
        }
        let home = self.home_of(&cargo)?;
        download(&home, &cargo, self.publishers, packages, self.progress)?;
        Ok(home)
    }

    /// Brings the git repositories of `packages` into the user's cargo home, as every resolution does.
    pub(super) fn repositories(&self, packages: &[&LockedPackage]) -> Result<(), Error> {
        self.cargo_for(packages)?.check_lockfile(&self.situation.manifest, self.progress)?;
        Ok(())
    }

    /// What cargo says of all packages. What it says of those of registries is about their stand-ins.
    pub(super) fn metadata(&self) -> Result<Metadata, Error> {
        let cargo = &self.situation.cargo;
        let home = self.graph(cargo)?;
        Ok(home.cargo(cargo).metadata(Some(&self.situation.manifest), Extent::Graph, Lock::Keep)?)
    }

    /// Vendors the git packages.
    pub(super) fn vendor(&self) -> Result<Vendored, Error> {
        let cargo = self.outside();
        let home = self.graph(&cargo)?;
        let directory = home.path().join("vendor");
        for package in self.published() {
            ScratchHome::stand_in_vendored(&directory, &package.id)?;
        }
        home.cargo(&cargo).vendor(&self.situation.manifest, &directory, self.progress)?;
        Ok(Vendored { _home: home, directory })
    }

    /// A scratch home in which cargo finds the whole graph: what the indices say of every package, and stand-ins for all of
    /// them.
    fn graph(&self, cargo: &CargoCommand) -> Result<ScratchHome, Error> {
        let home = self.home_of(cargo)?;
        let packages = self.published().collect::<Vec<_>>();
        for (directory, package) in bring(&home, self.publishers, &packages, Dependencies::Kept)? {
            home.stand_in_archive(&directory, &package.id)?;
        }
        Ok(home)
    }

    fn home_of(&self, cargo: &CargoCommand) -> Result<ScratchHome, Error> {
        let Situation { cargo_home, clock, .. } = self.situation;
        Ok(ScratchHome::make(cargo_home, cargo.directory(), *clock)?)
    }

    /// Whether the index caches at hand know all of `packages`.
    fn is_listed(&self, packages: &[&LockedPackage]) -> Result<bool, Error> {
        for package in packages {
            let (id, Some(source)) = (&package.id, &package.id.source) else { continue };
            let version = BTreeSet::from([&id.version]);
            if self.publishers.excerpts(source, &id.name, &version, Dependencies::Kept)?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn published(&self) -> impl Iterator<Item = &LockedPackage> {
        let packages = self.situation.lockfile.packages.iter();
        packages.filter(|package| package.id.source.as_ref().is_some_and(|source| !source.is_git()))
    }

    /// The cargo that reaches the publishers of `packages`.
    fn cargo_for(&self, packages: &[&LockedPackage]) -> Result<CargoCommand, Error> {
        let sources =
            packages.iter().filter_map(|package| package.id.source.as_ref()).collect::<BTreeSet<_>>();
        let replaced = |source: &&Source| is_vendored(&self.situation.configuration, source);
        for source in &sources {
            if replaced(source)? {
                // Cargo fetches nothing where a directory takes the registry's place.
                return Ok(self.outside());
            }
        }
        Ok(self.situation.cargo.clone())
    }

    /// A cargo that runs outside the repository, so that the directory that stands in for the registries there does not
    /// count, and a mirror that the user configured does.
    fn outside(&self) -> CargoCommand {
        let Situation { cargo, cargo_home, configuration, .. } = self.situation;
        let registries = configuration.views.iter().flat_map(|view| &view.registries);
        let registries = registries.map(|(name, index)| {
            let name = toml_edit::Key::new(name.as_str());
            format!("registries.{}.index={}", name.display_repr(), toml_edit::Value::from(index.as_str()))
                .into()
        });
        let outside = cargo_home.ancestors().find(|directory| directory.is_dir());
        cargo.with_config(&registries.collect::<Vec<OsString>>()).within(outside.unwrap_or(cargo_home))
    }
}

/// Downloads archives into a scratch home, each of which the index caches at hand list.
pub(super) fn download(
    home: &ScratchHome,
    cargo: &CargoCommand,
    publishers: &Publishers<'_>,
    packages: &[&LockedPackage],
    progress: &dyn Progress,
) -> Result<(), Error> {
    bring(home, publishers, packages, Dependencies::LeftOut)?;
    let (manifest, lockfile) = home.errand(packages)?;
    home.cargo(cargo).with_lockfile(Some(&lockfile)).fetch(&manifest, progress)?;
    Ok(())
}

/// Brings what the index caches say of `packages`, and their stand-ins. Returns where it has brought them.
fn bring<'p>(
    home: &ScratchHome,
    publishers: &Publishers<'_>,
    packages: &[&'p LockedPackage],
    dependencies: Dependencies,
) -> Result<Vec<(OsString, &'p LockedPackage)>, Error> {
    // Registries may share a host, so that a package of one is found in the directory of another: every file gets all
    // versions of its name.
    let mut versions = BTreeMap::<&PackageName, BTreeSet<&Version>>::new();
    for package in packages {
        versions.entry(&package.id.name).or_default().insert(&package.id.version);
    }
    let mut indices = BTreeSet::new();
    let mut brought = vec![];
    for package in packages {
        let (name, Some(source)) = (&package.id.name, &package.id.source) else { continue };
        for excerpt in publishers.excerpts(source, name, &versions[name], dependencies)? {
            if indices.insert(excerpt.directory.clone()) {
                home.bring_index(&excerpt.directory)?;
            }
            home.bring_entries(&excerpt.directory, &excerpt.place, &excerpt.cache)?;
            home.stand_in(&excerpt.directory, &package.id)?;
            brought.push((excerpt.directory, *package));
        }
    }
    Ok(brought)
}
