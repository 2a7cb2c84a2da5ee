//! Lets cargo work in scratch homes: it fetches what is missing, describes git packages and vendors them, and nothing is
//! unpacked or gets into the user's cache on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

use cargo_metadata::Metadata;
use provenance_build::{LockedPackage, PackageId, PackageName, Version};

use super::Error;
use crate::cargo::{CargoCommand, Extent, Lock, ScratchHome};
use crate::collect::publishers::{self, Publishers};
use crate::collect::situation::Situation;
use crate::index::excerpt::Dependencies;
use crate::report::progress::Progress;
use crate::vet::release;

/// Who fetches, for which workspace.
pub(super) struct Fetcher<'a> {
    pub(super) situation: &'a Situation,
    pub(super) publishers: &'a Publishers<'a>,
    pub(super) progress: &'a dyn Progress,
}

/// What cargo's own vendoring made of packages, unproven. Gone when dropped.
#[derive(Debug)]
pub struct Vendored {
    // Holds the directory.
    _home: ScratchHome,
    directory: PathBuf,
}

impl Vendored {
    /// The directory of a package.
    pub fn package(&self, id: &PackageId) -> PathBuf {
        self.directory.join(id.file_stem())
    }
}

impl Fetcher<'_> {
    /// Downloads the archives of `packages` into a scratch home.
    pub(super) fn archives(&self, packages: &[&LockedPackage]) -> Result<ScratchHome, Error> {
        let cargo = self.publishers.cargo_for(self.situation, packages)?;
        if !self.is_listed(packages)? {
            self.resolve(&cargo)?;
        }
        let home = self.home_of(&cargo)?;
        download(&home, &cargo, self.publishers, packages, self.progress)?;
        Ok(home)
    }

    /// Brings the git repositories of `packages` into the user's cargo home, as every resolution does. Nothing is checked out
    /// there.
    pub(super) fn repositories(&self, packages: &[&LockedPackage]) -> Result<(), Error> {
        self.resolve(&self.publishers.cargo_for(self.situation, packages)?)
    }

    fn resolve(&self, cargo: &CargoCommand) -> Result<(), Error> {
        let Situation { cargo_home, clock, manifest, .. } = self.situation;
        let home = ScratchHome::for_resolving(cargo_home, cargo.directory(), *clock)?;
        let cargo = home.as_ref().map_or_else(|| cargo.clone(), |home| home.cargo(cargo));
        cargo.check_lockfile(manifest, self.progress)?;
        Ok(())
    }

    /// What cargo says of all packages. What it says of those of registries is about their stand-ins.
    pub(super) fn metadata(&self) -> Result<Metadata, Error> {
        let cargo = &self.situation.cargo;
        let home = self.graph(cargo, &BTreeSet::new(), &BTreeMap::new())?;
        Ok(home.cargo(cargo).metadata(Some(&self.situation.manifest), Extent::Graph, Lock::Keep)?)
    }

    /// Vendors packages, named by their places in the lockfile, and no others. What is not among the `archives` at hand is
    /// downloaded.
    pub(super) fn vendor(
        &self,
        wanted: &BTreeSet<usize>,
        archives: &BTreeMap<usize, PathBuf>,
    ) -> Result<Vendored, Error> {
        let cargo = publishers::outside(self.situation);
        let home = self.graph(&cargo, wanted, archives)?;
        let directory = home.path().join("vendor");
        for (index, package) in self.situation.lockfile.packages.iter().enumerate() {
            if package.id.source.is_some() && !wanted.contains(&index) {
                ScratchHome::stand_in_vendored(&directory, &package.id)?;
            }
        }
        home.cargo(&cargo).vendor(&self.situation.manifest, &directory, self.progress)?;
        Ok(Vendored { _home: home, directory })
    }

    /// A scratch home in which cargo finds the whole graph: what the indices say of every package, stand-ins for all of them
    /// but those that are `wanted`, and the `archives` of these.
    fn graph(
        &self,
        cargo: &CargoCommand,
        wanted: &BTreeSet<usize>,
        archives: &BTreeMap<usize, PathBuf>,
    ) -> Result<ScratchHome, Error> {
        let home = self.home_of(cargo)?;
        let published = self.published().collect::<Vec<_>>();
        let packages = published.iter().map(|(_, package)| *package).collect::<Vec<_>>();
        let places =
            published.iter().map(|(index, package)| (&package.id, *index)).collect::<BTreeMap<_, _>>();
        for (directory, package) in bring(&home, self.publishers, &packages, Dependencies::Kept)? {
            let index = places[&package.id];
            match archives.get(&index) {
                Some(archive) if wanted.contains(&index) => {
                    home.bring_archive(&directory, &package.id, archive)?
                }
                None if wanted.contains(&index) => {}
                _ => {
                    home.stand_in(&directory, &package.id)?;
                    home.stand_in_archive(&directory, &package.id)?;
                }
            }
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

    /// The packages of registries, with their places in the lockfile.
    fn published(&self) -> impl Iterator<Item = (usize, &LockedPackage)> {
        let packages = self.situation.lockfile.packages.iter().enumerate();
        packages.filter(|(_, package)| package.id.source.as_ref().is_some_and(|source| !source.is_git()))
    }
}

/// Downloads archives into a scratch home, each of which the index caches at hand list.
fn download(
    home: &ScratchHome,
    cargo: &CargoCommand,
    publishers: &Publishers<'_>,
    packages: &[&LockedPackage],
    progress: &dyn Progress,
) -> Result<(), Error> {
    for (directory, package) in bring(home, publishers, packages, Dependencies::LeftOut)? {
        home.stand_in(&directory, &package.id)?;
    }
    for round in rounds(packages) {
        let (manifest, lockfile) = home.errand(&round)?;
        home.cargo(cargo).with_lockfile(Some(&lockfile)).fetch(&manifest, progress)?;
    }
    Ok(())
}

/// Parts packages so that cargo can resolve each part: it takes two compatible versions of one package for one.
fn rounds<'p>(packages: &[&'p LockedPackage]) -> Vec<Vec<&'p LockedPackage>> {
    let line = |version: &Version| semver::Version::parse(version.as_str()).ok().map(|it| release::line(&it));
    let mut taken = BTreeMap::new();
    let mut rounds: Vec<Vec<_>> = vec![];
    for package in packages {
        let PackageId { name, version, source } = &package.id;
        let round = taken.entry((name, source, line(version))).or_insert(0);
        if *round == rounds.len() {
            rounds.push(vec![]);
        }
        rounds[*round].push(*package);
        *round += 1;
    }
    rounds
}

/// Brings what the index caches say of `packages`. Returns where it has brought them.
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
            brought.push((excerpt.directory, *package));
        }
    }
    Ok(brought)
}

#[cfg(test)]
mod tests {
    use provenance_build::Source;
    use provenance_build::name::CRATES_IO;

    use super::*;

    #[test]
    fn compatible_versions_are_fetched_one_after_the_other() {
        let package = |(name, version): &(&str, &str)| LockedPackage {
            id: PackageId {
                name: PackageName::parse(name).expect("a name"),
                version: Version::parse(version).expect("a version"),
                source: Source::parse(CRATES_IO),
            },
            checksum: None,
            dependencies: vec![],
            line: 0,
        };
        let wanted =
            [("a", "1.0.0"), ("a", "1.2.0"), ("b", "0.1.0"), ("a", "2.0.0"), ("b", "0.1.1"), ("a", "1.3.0")];
        let packages = wanted.iter().map(package).collect::<Vec<_>>();
        let rounds = rounds(&packages.iter().collect::<Vec<_>>());
        let names = rounds.iter().map(|round| round.iter().map(|it| it.id.short()).collect::<Vec<_>>());
        let expected =
            [vec!["a v1.0.0", "b v0.1.0", "a v2.0.0"], vec!["a v1.2.0", "b v0.1.1"], vec!["a v1.3.0"]];
        assert_eq!(names.collect::<Vec<_>>(), expected);
        assert!(super::rounds(&[]).is_empty());
    }
}
