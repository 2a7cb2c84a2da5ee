//! Everything that the proofs of several packages need, gathered once: archives, commits, vendored forms.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cargo_metadata::Metadata;
use provenance_build::tree::{self, Layout, Tree};
use provenance_build::{LockedPackage, PackageId, Source, TreeDigest};

use super::described::{build_time, declared, described, license, strayed, strays};
use super::fetching::{Fetcher, Vendored};
use super::{Arrived, Entrant, Error, Homes, Proven};
use crate::archive;
use crate::cargo::{self, ScratchHome};
use crate::collect::publishers::{Publishers, is_vendored};
use crate::collect::records::Contents;
use crate::collect::situation::Situation;
use crate::git::{Databases, GitError};
use crate::model::{Evidence, Network};
use crate::registry::proof::Verdict;
use crate::registry::{self, Refusal};
use crate::report::failure::Explain;
use crate::report::progress::Progress;
use crate::vet::{Judgment, release};

/// Divides packages so that cargo can resolve each part: no graph has two versions of one semver line. That of a lockfile is
/// one part; whoever asks about versions of their own choice may name several of a line.
fn rounds<'p>(wanted: &[usize], id: impl Fn(usize) -> &'p PackageId) -> Vec<Vec<usize>> {
    let line = |id: &PackageId| semver::Version::parse(id.version.as_str()).ok().map(|it| release::line(&it));
    let apart = |a: &PackageId, b: &PackageId| {
        a.name != b.name || a.source != b.source || line(a).zip(line(b)).is_some_and(|(a, b)| a != b)
    };
    let mut rounds: Vec<Vec<usize>> = vec![];
    for &index in wanted {
        match rounds.iter_mut().find(|round| round.iter().all(|other| apart(id(index), id(*other)))) {
            Some(round) => round.push(index),
            None => rounds.push(vec![index]),
        }
    }
    rounds
}

/// Collects what the packages' proofs need.
pub(super) struct Gathering<'a> {
    situation: &'a Situation,
    network: Network,
    progress: &'a dyn Progress,
    publishers: &'a Publishers<'a>,
    archives: Vec<Vec<PathBuf>>,
    vendored: Option<Vendored>,
    commits: BTreeMap<String, Result<Tree, Vec<Refusal>>>,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(
        situation: &'a Situation,
        network: Network,
        publishers: &'a Publishers<'a>,
        progress: &'a dyn Progress,
    ) -> Result<Self, Error> {
        Ok(Self {
            situation,
            network,
            progress,
            publishers,
            archives: publishers.archives(&situation.lockfile)?,
            vendored: None,
            commits: BTreeMap::new(),
        })
    }

    fn package(&self, index: usize) -> &'a LockedPackage {
        &self.situation.lockfile.packages[index]
    }

    fn fetcher(&self) -> Fetcher<'a> {
        Fetcher { situation: self.situation, publishers: self.publishers, progress: self.progress }
    }

    /// Lets cargo fetch what is missing of registry packages, and lies in none of `homes` either.
    pub(super) fn complete(&mut self, wanted: &[usize], mut homes: Homes) -> Result<Arrived, Error> {
        let mut archives = BTreeMap::new();
        for home in &homes.0 {
            self.find(home, &self.missing(wanted), &mut archives)?;
        }
        let missing = self.missing(wanted);
        // Where the network may not be used, each package that is missing is told of on its own.
        if self.network == Network::Allowed {
            for round in rounds(&missing, |index| &self.package(index).id) {
                let packages = round.iter().map(|index| self.package(*index)).collect::<Vec<_>>();
                let home = self.fetcher().archives(&packages)?;
                self.find(&home, &round, &mut archives)?;
                homes.0.push(home);
            }
        }
        Ok(Arrived { homes, archives })
    }

    fn missing(&self, wanted: &[usize]) -> Vec<usize> {
        let is_missing =
            |index: &usize| self.package(*index).checksum.is_some() && self.archives[*index].is_empty();
        wanted.iter().copied().filter(is_missing).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Finds the archives of packages in a scratch home.
    fn find(
        &mut self,
        home: &ScratchHome,
        missing: &[usize],
        archives: &mut BTreeMap<usize, Vec<PathBuf>>,
    ) -> Result<(), Error> {
        let mut fetched = self.publishers.archives_in(home.path(), &self.situation.lockfile)?;
        for index in missing {
            let found = std::mem::take(&mut fetched[*index]);
            if !found.is_empty() {
                self.archives[*index].clone_from(&found);
                archives.insert(*index, found);
            }
        }
        Ok(())
    }

    /// Vendors git packages where a directory takes their place.
    pub(super) fn vendor(&mut self, wanted: &[usize]) -> Result<(), Error> {
        let mut vendored = BTreeSet::new();
        for &index in wanted {
            if let Some(source) = &self.package(index).id.source
                && source.is_git()
                && is_vendored(&self.situation.configuration, source)?
            {
                vendored.insert(index);
            }
        }
        if !vendored.is_empty() {
            self.vendored = Some(self.fetcher().vendor(&vendored, &BTreeMap::new())?);
        }
        Ok(())
    }

    /// Reads the files of every commit that is wanted, each commit once.
    pub(super) fn checkouts(&mut self, wanted: &[usize]) -> Result<(), Error> {
        let commits = wanted
            .iter()
            .filter_map(|index| self.package(*index).id.source.as_ref()?.commit())
            .collect::<BTreeSet<_>>();
        let mut fetched = self.network == Network::Forbidden;
        for commit in commits {
            self.progress.status("Reading", &format!("commit {commit}"));
            let mut tree = Databases::of(&self.situation.cargo_home)?.commit_tree(commit);
            if matches!(tree, Err(GitError::Incomplete { .. })) && !fetched {
                let packages = wanted.iter().map(|index| self.package(*index)).collect::<Vec<_>>();
                self.fetcher().repositories(&packages)?;
                fetched = true;
                tree = Databases::of(&self.situation.cargo_home)?.commit_tree(commit);
            }
            let tree = match tree {
                Ok(tree) => Ok(tree),
                Err(error @ GitError::Incomplete { .. }) => Err(vec![Refusal {
                    check: "archive-missing",
                    verdict: Verdict::Undecided,
                    what: error.to_string(),
                    help: Explain::help(&error).join("; "),
                }]),
                Err(error @ GitError::Unacceptable { .. }) => Err(vec![Refusal {
                    check: "archive-path",
                    verdict: Verdict::Refused,
                    what: error.to_string(),
                    help: Explain::help(&error).join("; "),
                }]),
                Err(error) => return Err(error.into()),
            };
            self.commits.insert(commit.to_owned(), tree);
        }
        Ok(())
    }

    /// What cargo knows of git packages: where in its repository each lies is for cargo to find.
    pub(super) fn metadata(&self, wanted: &[usize]) -> Result<Option<Metadata>, Error> {
        let is_git = |index: &usize| self.package(*index).id.source.as_ref().is_some_and(Source::is_git);
        if !wanted.iter().any(is_git) {
            return Ok(None);
        }
        Ok(Some(self.fetcher().metadata()?))
    }

    pub(super) fn prove(
        &self,
        index: usize,
        metadata: Option<&Metadata>,
        inspect: &dyn Fn(Contents<'_>) -> Judgment,
    ) -> Result<Proven, Error> {
        let package = self.package(index);
        match &package.id.source {
            Some(source) if source.is_git() => self.git(package, source, metadata, inspect),
            Some(source) => self.published(package, source, &self.archives[index], inspect),
            None => self.path(package, inspect),
        }
    }

    fn published(
        &self,
        package: &LockedPackage,
        source: &Source,
        archives: &[PathBuf],
        inspect: &dyn Fn(Contents<'_>) -> Judgment,
    ) -> Result<Proven, Error> {
        let entries = self.publishers.entries(source, &package.id.name)?;
        Ok(registry::prove(package, archives, &entries).map(|proof| Entrant {
            path: None,
            checksum: Some(proof.checksum),
            tree: proof.tree,
            vendor_tree: proof.vendor_tree,
            build_time: proof.build_time,
            judgment: inspect(Contents { archive: Some(&proof.contents), license: &proof.license }),
            license: proof.license,
            releases: entries.map(|entries| entries.versions),
        }))
    }

    fn git(
        &self,
        package: &LockedPackage,
        source: &Source,
        metadata: Option<&Metadata>,
        inspect: &dyn Fn(Contents<'_>) -> Judgment,
    ) -> Result<Proven, Error> {
        let tree = match source.commit().and_then(|commit| self.commits.get(commit)) {
            Some(Ok(tree)) => tree,
            Some(Err(refusals)) => return Ok(Err(refusals.clone())),
            None => return Err(Error::Unplaced(package.id.to_string())),
        };
        let digest = tree.digest();
        let vendor_tree = match &self.vendored {
            Some(vendored) if is_vendored(&self.situation.configuration, source)? => {
                match self.vendored_tree(vendored, package, source, digest)? {
                    Ok(tree) => Some(tree),
                    Err(refusal) => return Ok(Err(vec![refusal])),
                }
            }
            _ => None,
        };
        let described = described(metadata, package)?;
        let license = license(described);
        let outside = strays(described, source);
        if !outside.is_empty() {
            return Ok(Err(strayed(&outside)));
        }
        Ok(Ok(Entrant {
            path: None,
            checksum: None,
            tree: digest,
            vendor_tree,
            build_time: build_time(described),
            judgment: inspect(Contents { archive: None, license: &license }),
            license,
            releases: Evidence::Absent,
        }))
    }

    /// Digest of what cargo's own vendoring made of a git package. It copies from the checkout, which therefore must be
    /// the commit.
    fn vendored_tree(
        &self,
        vendored: &Vendored,
        package: &LockedPackage,
        source: &Source,
        commit: TreeDigest,
    ) -> Result<Result<TreeDigest, Refusal>, Error> {
        let refused = |what: String, help: &str| Refusal {
            check: "checksum-changed",
            verdict: Verdict::Refused,
            what,
            help: help.to_owned(),
        };
        for directory in self.publishers.checkouts(package)? {
            let found = tree::read(&directory, Layout::Checkout)?.map(|tree| tree.digest());
            if found != Ok(commit) {
                let what = format!("its checkout `{}` is not commit `{source}`", directory.display());
                return Ok(Err(refused(what, "remove the checkout; cargo makes it anew")));
            }
        }
        let directory = vendored.package(&package.id);
        Ok(tree::read(&directory, Layout::Directory)?.map(|tree| tree.digest()).map_err(|odd| {
            refused(format!("it cannot be vendored: `{}` {}", odd.path, odd.what), "use a commit without it")
        }))
    }

    fn path(
        &self,
        package: &LockedPackage,
        inspect: &dyn Fn(Contents<'_>) -> Judgment,
    ) -> Result<Proven, Error> {
        let unplaced = || Error::Unplaced(package.id.to_string());
        let directory = self.situation.directory(package).ok_or_else(unplaced)?;
        let path = self.situation.relative(directory).ok_or_else(unplaced)?;
        let file = directory.join("Cargo.toml");
        let document = cargo::read_manifest(&file)?;
        // `target` is not hashed: builds write to it.
        let outside = archive::strays(&document, &["target"]);
        if !outside.is_empty() {
            return Ok(Err(strayed(&outside)));
        }
        let packages = &self.situation.workspace.path_packages;
        let workspace =
            packages.iter().find(|it| it.directory == directory).and_then(|it| it.workspace.as_ref());
        let workspace = workspace.map(|manifest| cargo::read_manifest(manifest)).transpose()?;
        let (build_time, license) = declared(&document, workspace.as_ref(), directory);
        Ok(tree::read(directory, Layout::Path)?
            .map(|tree| Entrant {
                path: Some(path.clone()),
                checksum: None,
                tree: tree.digest(),
                vendor_tree: None,
                build_time,
                judgment: inspect(Contents { archive: None, license: &license }),
                license,
                releases: Evidence::Absent,
            })
            .map_err(|odd| {
                vec![Refusal {
                    check: "archive-path",
                    verdict: Verdict::Refused,
                    what: format!("`{}` in `{path}` {}", odd.path, odd.what),
                    help: "remove it, or list the directory in `own` if it is the team's own".to_owned(),
                }]
            }))
    }
}

#[cfg(test)]
mod tests {
    use provenance_build::{PackageName, Version};

    use super::*;

    #[test]
    fn versions_of_one_semver_line_are_fetched_one_after_the_other() {
        let id = |(name, version): (&str, &str)| PackageId {
            name: PackageName::parse(name).expect("a name"),
            version: Version::parse(version).expect("a version"),
            source: Source::parse(provenance_build::name::CRATES_IO),
        };
        let all = [
            ("a", "1.0.0"),
            ("a", "2.0.0"),
            ("b", "1.0.0"),
            ("a", "1.1.0"),
            ("a", "0.1.0"),
            ("a", "1.1.0+x"),
        ];
        let all = all.map(id);
        let wanted = (0..all.len()).collect::<Vec<_>>();
        assert_eq!(rounds(&wanted, |index| &all[index]), [vec![0, 1, 2, 4], vec![3], vec![5]]);
        assert_eq!(rounds(&[], |index| &all[index]), [[0; 0]; 0]);
    }
}
